"""The queue of a hub as the tests look at it: what is in it, what its owner does to it, and a worker that empties it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import text

from hub.domain.jobs import Job, JobArgument
from hub.journeys.context import Hub
from hub.store import database, jobs
from hub.worker import WorkReport, work
from tests.conftest import Server


def queued(hub: Hub, *states: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and arguments of each job, in order; of those in these states, or of all."""
    with database.transaction(hub.engine) as connection:
        rows = connection.execute(
            text("SELECT task_name, args, status::text FROM jobs.procrastinate_jobs ORDER BY id")
        ).all()
    return [(row[0], row[1]) for row in rows if not states or row[2] in states]


def put(hub: Hub, job: Job, **arguments: JobArgument) -> int:
    """Put a job in, in a transaction of its own."""
    with database.transaction(hub.engine) as connection:
        return jobs.defer(connection, job, **arguments)


def once(hub: Hub) -> WorkReport:
    """A worker of this process does what is waiting; the loggers it quietened are then as before."""
    loggers = [logging.getLogger(name) for name in ("procrastinate", "psycopg", "asyncio")]
    before = [(logger, logger.handlers, logger.propagate) for logger in loggers]
    try:
        return work(hub, is_once=True)
    finally:
        for logger, handlers, does_propagate in before:
            logger.handlers, logger.propagate = handlers, does_propagate


@dataclass(frozen=True, slots=True)
class QueueOwner:
    """Whoever owns the queue's tables, and can make time pass in them."""

    url: str

    @classmethod
    def of(cls, server: Server, hub: Hub) -> QueueOwner:
        return cls(server.urls(hub.engine.url.database or "").owner.replace("+psycopg", ""))

    def __call__(self, statement: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.url, options="-c search_path=public,jobs") as connection:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def silence(self, seconds: int) -> None:
        """So long ago was every worker last heard of."""
        self(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - make_interval(secs => %s)",
            seconds,
        )

    def let_begin(self, number: int, *, attempts: int = 0) -> None:
        """The state in which a worker stands that has just begun a job."""
        self("INSERT INTO procrastinate_workers DEFAULT VALUES")
        self(
            "UPDATE procrastinate_jobs SET status = 'doing', attempts = %s, "
            "worker_id = (SELECT max(id) FROM procrastinate_workers) WHERE id = %s",
            attempts,
            number,
        )
