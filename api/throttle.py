"""How often a caller may call: a rate a client, counted by each process for its share.

Decides rates alone. How many constituents a client may ask about in a day is a budget that all processes keep
together (hub/journeys/budgets.py). The generic cell rate algorithm (ITU-T I.371), of one number a caller: the `limits`
library's storage in memory starts a thread for each window of each caller, 0.6 ms of the event loop at every other call.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Final

#: Of whoever is not yet known, a network address: tokens and enrolments.
_STRANGERS_PER_SECOND: Final = 50

#: Callers kept in mind; who has been quiet for a second is forgotten first, and is as one never heard of.
_CALLERS_MAX: Final = 20_000

#: What may come at once, as seconds of the rate.
_BURST_S: Final = 1.0


class TooFast(Exception):
    """The rate is used up. retry_after_s: whole seconds until there is room."""

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(retry_after_s)


class Rate:
    """So many calls a second by each caller, and as many at once after a second of quiet.

    clock: monotonic seconds.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._each_s = 1.0 / per_second
        self._clock = clock
        # Until when the calls so far would take at the rate alone.
        self._busy_until_s: dict[str, float] = {}
        self._lock = threading.Lock()

    def require_room(self, caller: str) -> None:
        """Count a call. Raises TooFast, which is not counted."""
        with self._lock:
            self._count(caller)

    def _count(self, caller: str) -> None:
        now_s = self._clock()
        busy_until_s = max(self._busy_until_s.get(caller, now_s), now_s) + self._each_s
        over_s = busy_until_s - now_s - max(_BURST_S, self._each_s)
        if over_s > 1e-9:
            raise TooFast(max(1, math.ceil(over_s)))
        if len(self._busy_until_s) >= _CALLERS_MAX and caller not in self._busy_until_s:
            self._forget_quiet(now_s)
        self._busy_until_s[caller] = busy_until_s

    def _forget_quiet(self, now_s: float) -> None:
        busy = {who: until for who, until in self._busy_until_s.items() if until > now_s}
        # So many busy at once are no callers: whoever floods with names must not fill the memory.
        self._busy_until_s = busy if len(busy) < _CALLERS_MAX else {}


class Throttle:
    """Counts calls by client, and by address of whoever has no token yet.

    processes: among how many of the hub's processes calls are spread; each counts its share.
    """

    def __init__(self, calls_per_second: int, processes: int = 1) -> None:
        self._clients = Rate(calls_per_second / processes)
        self._strangers = Rate(_STRANGERS_PER_SECOND / processes)

    def require_room(self, client: str) -> None:
        """Count a call of a client. Raises TooFast."""
        self._clients.require_room(client)

    def require_room_for_stranger(self, address: str) -> None:
        """Count a call from an address. Raises TooFast."""
        self._strangers.require_room(address)
