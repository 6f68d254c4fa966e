"""Nothing is released while the disclosure log lags: how long the oldest entry has waited, and how long it may.

Decides that a process asks the database once a second at most; what is written down is disclosing.py's.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.store import log

ASKED_EVERY: Final = timedelta(seconds=1)


class DisclosureLogBehind(HubError):
    """The disclosure log is not sealed in time: nothing is released until it is."""

    def __init__(self, lag_s: float, lag_max_s: int) -> None:
        self.lag_s = lag_s
        super().__init__(
            f"the oldest disclosure has waited {lag_s:.0f} s for its place in the log, more than the "
            f"{lag_max_s} s that HUB_LOG_LAG_MAX_S allows: nothing is released; is `hub serve` running?"
        )


class _Watch:
    """The moment since which the oldest entry waits, as last asked: one a process, for all its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at: datetime | None = None
        self._waits_since: datetime | None = None

    def waits_since(self, connection: Connection, at: datetime) -> datetime | None:
        with self._lock:
            # A clock that was set back is asked by again at once.
            if self._asked_at is None or not self._asked_at <= at < self._asked_at + ASKED_EVERY:
                self._waits_since = log.oldest_pending(connection)
                self._asked_at = at
            return self._waits_since


def require_keeping_up(hub: Hub, connection: Connection) -> None:
    """Raise DisclosureLogBehind while an entry waits for its place longer than it may.

    Before anything is read that is to be released.
    """
    at = hub.now()
    since = hub.kept.get(_Watch, _Watch).waits_since(connection, at)
    if since is not None and at - since > timedelta(seconds=hub.limits.log_lag_max_s):
        raise DisclosureLogBehind((at - since).total_seconds(), hub.limits.log_lag_max_s)


def lag_s(hub: Hub, connection: Connection) -> float:
    """Seconds that the oldest entry has waited; 0 where none waits."""
    since = log.oldest_pending(connection)
    return 0.0 if since is None else max(0.0, (hub.now() - since).total_seconds())
