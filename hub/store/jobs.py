"""The queue's tables: a job put in with its cause, jobs of dead workers taken up again, counts, and what is old.

The queue itself, who fetches which job and when it is tried again, is the library's; its tables stand in the
schema `jobs`. Nothing here commits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from procrastinate import SyncPsycopgConnector
from procrastinate.jobs import Job as QueuedJob
from procrastinate.manager import JobManager
from sqlalchemy import Connection, text

from hub.domain.jobs import Job, JobArgument
from hub.store.database import LOCK_JOBS, driver, lock_in_transaction

QUEUE: Final = "hub"

#: Without a pool: it is handed the connection of each call.
_MANAGER: Final = JobManager(SyncPsycopgConnector())


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """How the queue stands. waiting: jobs to be done, those to be tried again later too.

    oldest_s: how long the one that waits longest could have been begun; 0 where none could.
    failed: jobs given up, as long as they are kept.
    """

    waiting: int
    oldest_s: float
    failed: int


@dataclass(frozen=True, slots=True)
class TakenUp:
    """Jobs of dead workers: put back, and given up since they were begun too often."""

    again: int
    given_up: int


def defer(connection: Connection, job: Job, **arguments: JobArgument) -> int:
    """Put a job into the caller's transaction and answer its number: it is there if that commits, and only then.

    Jobs of one name and the same arguments are done one after the other. Raises TypeError for an argument
    that could be a person's value.
    """
    given = {name: _plain(name, value) for name, value in arguments.items()}
    lock = ":".join([job.value, *(f"{name}={value}" for name, value in sorted(given.items()))])
    _find_tables(connection)
    queued = QueuedJob(
        queue=QUEUE, task_name=job.value, lock=lock, queueing_lock=None, task_kwargs=dict(given)
    )
    number = _MANAGER.defer_job(queued, connection=driver(connection)).id
    if number is None:
        raise LookupError("the queue gave the job no number")
    return number


def _plain(name: str, value: JobArgument) -> int | str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, int):
        return value
    raise TypeError(f"{name}: a job is told numbers, ids and kinds, and nothing else")


def _find_tables(connection: Connection) -> None:
    """Let the library's statements find its tables until the transaction ends; the hub's own come first."""
    connection.execute(_FIND_TABLES)


_FIND_TABLES: Final = text(
    "SELECT set_config('search_path', current_setting('search_path') || ', jobs', true)"
)


def take_up(connection: Connection, *, dead_after: timedelta, attempts_max: int) -> TakenUp:
    """Put back the jobs whose worker gave no sign of life for so long, or give them up after so many attempts.

    The library's own way reads first and puts back later: two that do so at once can put back a job that a
    third has begun meanwhile. Here one does it at a time, in one statement.
    """
    lock_in_transaction(connection, LOCK_JOBS)
    _find_tables(connection)
    rows = connection.execute(
        _TAKE_UP, {"dead_after": dead_after, "attempts_max": attempts_max}
    ).all()
    given_up = sum(1 for row in rows if row.is_given_up)
    return TakenUp(again=len(rows) - given_up, given_up=given_up)


_TAKE_UP: Final = text(
    """
    WITH left_behind AS MATERIALIZED (
        SELECT j.id, j.attempts + 1 >= :attempts_max AS is_given_up
        FROM jobs.procrastinate_jobs j
        WHERE j.status = 'doing' AND NOT EXISTS (
            SELECT 1 FROM jobs.procrastinate_workers w
            WHERE w.id = j.worker_id AND w.last_heartbeat >= now() - :dead_after
        )
        FOR UPDATE OF j SKIP LOCKED
    )
    SELECT is_given_up, CASE WHEN is_given_up
        THEN procrastinate_finish_job_v1(id, 'failed', false)::text
        ELSE procrastinate_retry_job_v2(id, now(), NULL, NULL, NULL)::text END
    FROM left_behind
    """
)


def leave(connection: Connection, worker_id: int) -> None:
    """Say that a worker is gone, so that others take up at once what it had in hand."""
    _find_tables(connection)
    connection.execute(
        text("SELECT procrastinate_unregister_worker_v1(:worker_id)"), {"worker_id": worker_id}
    )


def facts(connection: Connection) -> QueueFacts:
    """How the queue stands now, by the database's clock."""
    row = connection.execute(_FACTS).one()
    return QueueFacts(row.waiting, float(row.oldest_s), row.failed)


_FACTS: Final = text(
    """
    SELECT count(*) FILTER (WHERE j.status = 'todo') AS waiting,
        coalesce(extract(epoch FROM max(now() - d.due_at) FILTER (
            WHERE j.status = 'todo' AND d.due_at <= now()
        )), 0) AS oldest_s,
        count(*) FILTER (WHERE j.status = 'failed') AS failed
    FROM jobs.procrastinate_jobs j
    CROSS JOIN LATERAL (
        SELECT coalesce(j.scheduled_at, (
            SELECT min(e.at) FROM jobs.procrastinate_events e
            WHERE e.job_id = j.id AND e.type = 'deferred'
        )) AS due_at
    ) d
    WHERE j.status IN ('todo', 'failed')
    """
)


def remove_old(connection: Connection, *, done_for: timedelta, failed_for: timedelta) -> int:
    """Remove the jobs that ended so long ago, with their events; answers how many."""
    _find_tables(connection)
    return connection.execute(
        _REMOVE_OLD, {"done_for": done_for, "failed_for": failed_for}
    ).rowcount


_REMOVE_OLD: Final = text(
    """
    DELETE FROM jobs.procrastinate_jobs j
    WHERE j.status NOT IN ('todo', 'doing') AND NOT EXISTS (
        SELECT 1 FROM jobs.procrastinate_events e
        WHERE e.job_id = j.id
            AND e.at >= now() - CASE j.status WHEN 'failed' THEN CAST(:failed_for AS interval)
                ELSE CAST(:done_for AS interval) END
    )
    """
)
