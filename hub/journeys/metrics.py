"""What an operator is told in Prometheus's forms, of resolution, look-ups, the disclosure log and jobs: times, counts, lag.

Decides the names and the buckets. Counts and seconds only: no label holds a key, an id, a client or a source's word.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from hub.journeys.change import Measured

_SECONDS: Final = (0.001, 0.002, 0.003, 0.005, 0.008, 0.012, 0.02, 0.05, 0.1, 0.5, 2.0)
_RECORDS: Final = (0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 1_000)


class Resolving:
    """The measures of every record that was resolved by this process."""

    def __init__(self) -> None:
        self._seconds = Histogram(
            "hub_resolve_seconds", "From a mapped row to its commit", buckets=_SECONDS
        )
        self._candidates = Histogram(
            "hub_resolve_candidates", "Records that shared a tag", buckets=_RECORDS
        )
        self._component = Histogram(
            "hub_resolve_component_records", "Records divided anew", buckets=_RECORDS
        )
        self._lock_seconds = Histogram(
            "hub_resolve_lock_wait_seconds", "Waiting for other changes", buckets=_SECONDS
        )
        self._restarts = Counter(
            "hub_resolve_restarts", "Times a record was begun anew since others overtook it"
        )

    @contextmanager
    def timed(self) -> Iterator[Callable[[Measured], None]]:
        """Time a resolution; what it yields is to be told what the resolution measured."""
        started = time.perf_counter()

        def told(measured: Measured) -> None:
            self._seconds.observe(time.perf_counter() - started)
            self._candidates.observe(measured.candidates)
            self._component.observe(measured.component_records)
            self._lock_seconds.observe(measured.lock_s)
            self._restarts.inc(measured.restarts)

        yield told


class Sealing:
    """The measures of the disclosure log, as far as this process seals it."""

    def __init__(self) -> None:
        self.lag_seconds = Gauge(
            "hub_log_lag_seconds",
            "How long the oldest disclosure waited for its number when last looked",
            multiprocess_mode="max",
        )
        self.entries = Counter("hub_log_entries", "Disclosures numbered")
        self.checkpoints = Counter("hub_log_checkpoints", "Checkpoints signed")
        self.failures = Counter("hub_log_sealing_failures", "Rounds of sealing that failed")


class Jobs:
    """The measures of the background work, as far as this process does it; labelled with the job's name."""

    def __init__(self) -> None:
        self.done = Counter("hub_jobs_done", "Jobs done", ["job"])
        self.failed = Counter(
            "hub_jobs_failed", "Times a job failed, whether it is tried again or not", ["job"]
        )
        self.taken_up = Counter("hub_jobs_taken_up", "Jobs that a dead worker had in hand")


class LookingUp:
    """The measures of look-ups, as far as this process answers them."""

    def __init__(self) -> None:
        self.alarms = Counter(
            "hub_look_up_alarms", "Days of clients that an alarm was raised of", ["rule"]
        )


RESOLVING: Final = Resolving()
SEALING: Final = Sealing()
JOBS: Final = Jobs()
LOOKING_UP: Final = LookingUp()
"""One each a process, for Prometheus keeps its measures so."""
