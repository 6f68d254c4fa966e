"""A thread that keeps the disclosure log sealed while a process serves: numbers what waits, signs what is due.

Decides how often it looks and what becomes of a failure: it is counted and told, the thread goes on, and the
lag that follows stops releases (log_lag.py). Several at once are harmless: each works under the log's lock.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Final, Self

import structlog

from hub.domain.errors import HubError
from hub.journeys import disclosure_log, log_lag
from hub.journeys.context import Hub
from hub.journeys.metrics import SEALING
from hub.store import database

SEQUENCED_EVERY_S: Final = 0.2

#: After a failure: soon enough that no lag limit is met by one, seldom enough to leave a sick database alone.
_TRIED_AGAIN_AFTER_S: Final = 1.0
_STOPPED_WITHIN_S: Final = 60.0

_told = structlog.get_logger(__name__)


class SealingWorker:
    """Seals the log of a hub from `start` to `stop`, which signs a last checkpoint; or as a `with` block."""

    def __init__(self, hub: Hub, *, every_s: float = SEQUENCED_EVERY_S) -> None:
        self._hub = hub
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sealing", daemon=True)
        self._failure: str | None = None
        self._unsigned = 0
        self._signed_s: float | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin. To be called once."""
        self._thread.start()

    def stop(self) -> None:
        """Seal what is left and end; waits for it, a minute at most."""
        self._stopping.set()
        self._thread.join(_STOPPED_WITHIN_S)

    @property
    def failure(self) -> str | None:
        """The kind of error the last round failed with; None where it did not."""
        return self._failure

    def _run(self) -> None:
        while not self._stopping.wait(
            self._every_s if self._failure is None else _TRIED_AGAIN_AFTER_S
        ):
            self._round(is_last=False)
        self._round(is_last=True)

    def _round(self, *, is_last: bool) -> None:
        try:
            self._seal(is_last=is_last)
        except Exception as error:  # noqa: BLE001 (whatever it is, the process goes on and the lag tells)
            self._failed(error)
            return
        if self._failure is not None:
            _told.info("disclosure_log_sealed_again")
            self._failure = None

    def _seal(self, *, is_last: bool) -> None:
        with database.transaction(self._hub.engine) as connection:
            SEALING.lag_seconds.set(log_lag.lag_s(self._hub, connection))
        numbered = disclosure_log.sequence_all(self._hub)
        SEALING.entries.inc(numbered)
        self._unsigned += numbered
        if not (is_last or self._may_be_due()):
            return
        sealed = disclosure_log.seal(self._hub, is_forced=is_last)
        self._unsigned, self._signed_s = 0, time.monotonic()
        if sealed is not None:
            SEALING.checkpoints.inc()

    def _may_be_due(self) -> bool:
        """Whether to ask: what is due is the database's to say, for others may have signed."""
        waited_s = None if self._signed_s is None else time.monotonic() - self._signed_s
        return (
            waited_s is None
            or waited_s >= self._hub.log.checkpoint_every_s
            or self._unsigned >= disclosure_log.CHECKPOINT_ENTRIES
        )

    def _failed(self, error: Exception) -> None:
        SEALING.failures.inc()
        kind = type(error).__name__
        if kind != self._failure:
            # A library's words may quote a value; the hub's own never do.
            reason = str(error) if isinstance(error, HubError) else ""
            _told.error("disclosure_log_not_sealed", kind=kind, reason=reason)
        self._failure = kind
