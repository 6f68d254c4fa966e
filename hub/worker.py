"""What runs in the background, on the queue library: which journey each job calls, when, and how often it is tried.

Decides that nothing of an error but its kind and place reaches the log, that a worker asked to stop ends within
a bound, and that jobs of dead workers are looked for as long as any worker lives. Every job may be run twice:
its journey sees to that. What a job is told is hub.domain.jobs'.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import procrastinate
import psycopg
import structlog
from procrastinate.job_context import JobContext
from procrastinate.middleware import AsyncCallNext
from procrastinate.worker import Worker

from hub.domain.errors import HubError
from hub.domain.jobs import Job
from hub.domain.records import ConstituentKind
from hub.journeys import agency_feed, catching_up, feed, housekeeping
from hub.journeys.context import Hub
from hub.journeys.jobs import ATTEMPTS_MAX, DEAD_AFTER, leave, take_up
from hub.journeys.metrics import JOBS

STOPPED_WITHIN_S: Final = 60.0

_EVERY_MINUTE: Final = "* * * * *"
_EVERY_HOUR: Final = "7 * * * *"
_ALIVE_EVERY_S: Final = 10.0

#: A job that waited for another of its name is not announced when that one ends.
_ASKED_EVERY_S: Final = 1.0

#: One for each name and kind there is: nothing short waits behind a link.
_AT_ONCE: Final = 5

#: Seconds before the next attempt, to the power of its number: 4 s, 16 s, ... 68 min.
_WAIT_BASE_S: Final = 4

#: Connections of the library's own: to fetch, to end, to defer and to say that the worker lives.
_CONNECTIONS_MAX: Final = 4

#: A database that gives no connection so long is lost: the worker ends, and whoever runs it starts it again.
_CONNECTED_WITHIN_S: Final = 10.0

_FRAMES_TOLD: Final = 12
_CUT_OFF: Final = 1
_LEFT_WITHIN_S: Final = 5.0

_told = structlog.get_logger(__name__)


class JobFailed(HubError):
    """A job failed. Holds the kind of the error alone, for a library's words may quote a value."""


class WorkerLost(HubError):
    """The worker ended unasked: it cannot work without the queue."""


@dataclass(slots=True)
class WorkReport:
    """What one worker did."""

    done: int = 0
    failed: int = 0


def work(
    hub: Hub, *, is_once: bool = False, stopped_within_s: float = STOPPED_WITHIN_S
) -> WorkReport:
    """Do jobs until SIGTERM or SIGINT, or with is_once what is waiting now.

    Asked to stop, it ends the jobs in hand; past `stopped_within_s`, or asked again, it ends the process
    (exit 1) and leaves them to others, as if it had been killed. To be called in the main thread. Raises
    WorkerLost where it ends otherwise.
    """
    _tell_without_values()
    return asyncio.run(_Working(hub, is_once=is_once, stopped_within_s=stopped_within_s).run())


class _Working:
    def __init__(self, hub: Hub, *, is_once: bool, stopped_within_s: float) -> None:
        self._hub = hub
        self._is_once = is_once
        self._stopped_within_s = stopped_within_s
        self._report = WorkReport()
        self._is_asked_to_stop = False
        self._app = _app(hub, is_periodic=not is_once)
        # One at a time where it ends with the queue: a job may wait for another of its name.
        self._worker = Worker(
            self._app,
            concurrency=1 if is_once else _AT_ONCE,
            wait=not is_once,
            install_signal_handlers=False,
            fetch_job_polling_interval=_ASKED_EVERY_S,
            update_heartbeat_interval=_ALIVE_EVERY_S,
            stalled_worker_timeout=DEAD_AFTER.total_seconds(),
            worker_middleware=[self._measured],
        )

    async def run(self) -> WorkReport:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        try:
            await self._take_up()
            async with self._app.open_async():
                looking = asyncio.create_task(self._look_for_dead_workers())
                try:
                    await self._worker.run()  # type: ignore[no-untyped-call]
                finally:
                    looking.cancel()
                    await asyncio.gather(looking, return_exceptions=True)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
        if not (self._is_once or self._is_asked_to_stop):
            raise WorkerLost(
                "the worker lost the queue; start it again when the database answers (hub doctor)"
            )
        return self._report

    def _stop(self) -> None:
        if self._is_asked_to_stop:
            self._cut_off()
        self._is_asked_to_stop = True
        self._worker.stop()  # type: ignore[no-untyped-call]
        asyncio.get_running_loop().call_later(self._stopped_within_s, self._cut_off)

    def _cut_off(self) -> None:
        """End the process, whatever its threads do: what they had not committed the database rolls back."""
        _told.error("worker_cut_off", within_s=self._stopped_within_s)
        worker_id = self._worker.worker_id
        if worker_id is not None:
            # In a thread: a database that does not answer must not keep the process.
            leaving = threading.Thread(target=self._leave, args=(worker_id,), daemon=True)
            leaving.start()
            leaving.join(_LEFT_WITHIN_S)
        os._exit(_CUT_OFF)

    def _leave(self, worker_id: int) -> None:
        # Where it fails, others find out in half a minute.
        with suppress(Exception):
            leave(self._hub, worker_id)

    async def _look_for_dead_workers(self) -> None:
        while True:
            await asyncio.sleep(DEAD_AFTER.total_seconds())
            try:
                await self._take_up()
            except Exception as error:  # noqa: BLE001 (told of; where the queue is lost the worker ends by itself)
                _told.error("jobs_not_taken_up", **_of(error))

    async def _take_up(self) -> None:
        taken = await asyncio.to_thread(take_up, self._hub)
        if taken.again or taken.given_up:
            _told.warning("jobs_taken_up", again=taken.again, given_up=taken.given_up)

    async def _measured(
        self,
        call_next: AsyncCallNext,
        context: JobContext,
        worker: Worker,  # noqa: ARG002 (the shape of the library's middleware)
    ) -> Any:
        job = context.job
        try:
            answer = await call_next()
        except Exception as error:  # noqa: BLE001 (told and counted here, and raised without its words)
            self._report.failed += 1
            JOBS.failed.labels(job.task_name).inc()
            _told.error(
                "job_failed",
                job=job.task_name,
                number=job.id,
                attempt=job.attempts + 1,
                **_of(error),
            )
            # The library writes what it is given into its log, message and trace.
            raise JobFailed(type(error).__name__) from None
        self._report.done += 1
        JOBS.done.labels(job.task_name).inc()
        return answer


def _of(error: Exception) -> dict[str, Any]:
    """What may be told of an error: its kind and where it arose; its words where they are the hub's own."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    told: dict[str, Any] = {
        "kind": type(error).__name__,
        "places": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }
    if isinstance(error, HubError):
        told["reason"] = str(error)
    if isinstance(error, ExceptionGroup):
        told["parts"] = [_of(part) for part in error.exceptions if isinstance(part, Exception)]
    return told


# --- which journey each job calls ----------------------------------------------------------------


def _app(hub: Hub, *, is_periodic: bool) -> procrastinate.App:
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=hub.url.replace("+psycopg", "", 1),
            min_size=1,
            max_size=_CONNECTIONS_MAX,
            timeout=_CONNECTED_WITHIN_S,
            configure=_find_tables,
        )
    )
    again = procrastinate.RetryStrategy(
        max_attempts=ATTEMPTS_MAX - 1, exponential_wait=_WAIT_BASE_S
    )

    @app.task(name=Job.RESOLVE_PENDING.value, retry=again)
    def resolve_pending(kind: str) -> None:
        catching_up.link_pending(hub, ConstituentKind(kind))

    @app.task(name=Job.REMATCH.value, retry=again)
    def rematch(kind: str) -> None:
        catching_up.rematch(hub, ConstituentKind(kind))

    # The next one comes by itself.
    @app.task(name=Job.SEQUENCE.value, lock=Job.SEQUENCE.value, queueing_lock=Job.SEQUENCE.value)
    def sequence(timestamp: int = 0) -> None:  # noqa: ARG001 (given to every periodic job)
        feed.sequence_all(hub)
        agency_feed.distribute(hub)

    @app.task(
        name=Job.HOUSEKEEPING.value,
        retry=again,
        lock=Job.HOUSEKEEPING.value,
        queueing_lock=Job.HOUSEKEEPING.value,
    )
    def keep_house(timestamp: int = 0) -> None:  # noqa: ARG001
        housekeeping.keep_house(hub)

    if is_periodic:
        app.periodic(cron=_EVERY_MINUTE)(sequence)
        app.periodic(cron=_EVERY_HOUR)(keep_house)
    return app


async def _find_tables(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute("SET search_path TO jobs")
    await connection.commit()


# --- what is told of it --------------------------------------------------------------------------


class _WithoutValues(logging.Handler):
    """Passes a library's warnings on by their kind alone: their words may quote what a database said."""

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        _told.warning(
            "queue_warning",
            of=record.name,
            action=getattr(record, "action", None),
            kind=type(error).__name__ if error else None,
        )


def _tell_without_values() -> None:
    """For the rest of the process: a task that failed may be told of when it is collected, long after its loop ended."""
    for name in ("procrastinate", "psycopg", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [_WithoutValues(logging.WARNING)], False
