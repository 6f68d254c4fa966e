"""How often a caller may call: a rate a client, counted by each process for its share.

Decides rates alone. How many constituents a client may ask about in a day is a budget that all processes keep
together (hub/journeys/budgets.py).
"""

from __future__ import annotations

import math
import time
from typing import Final

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

#: Of whoever is not yet known, a network address: tokens and enrolments.
_STRANGERS_PER_SECOND: Final = 50


class TooFast(Exception):
    """The rate is used up. retry_after_s: whole seconds until there is room."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(retry_after_s)


class Throttle:
    """Counts calls by client, and by address of whoever has no token yet.

    processes: among how many of the hub's processes calls are spread; each counts its share.
    """

    def __init__(self, calls_per_second: int, processes: int = 1) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._clients = _share(calls_per_second, processes)
        self._strangers = _share(_STRANGERS_PER_SECOND, processes)

    def require_room(self, client: str) -> None:
        """Count a call of a client. Raises TooFast."""
        self._count(self._clients, "client", client)

    def require_room_for_stranger(self, address: str) -> None:
        """Count a call from an address. Raises TooFast."""
        self._count(self._strangers, "address", address)

    def _count(self, rate: RateLimitItemPerSecond, *who: str) -> None:
        if not self._limiter.hit(rate, *who):
            resets_at = self._limiter.get_window_stats(rate, *who).reset_time
            raise TooFast(max(1, math.ceil(resets_at - time.time())))


def _share(per_second: int, processes: int) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(max(1, math.ceil(per_second / processes)))
