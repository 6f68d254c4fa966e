"""The queue as an operator and a worker see it: how it stands, what a dead worker left, and what is long done.

Decides after how long silence a worker is dead, how often a job is begun at most, and how long ended jobs are
kept. What a job does is the journey's it names.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from hub.journeys.context import Hub
from hub.journeys.metrics import JOBS
from hub.store import database, jobs
from hub.store.jobs import QueueFacts, TakenUp

__all__ = ["ATTEMPTS_MAX", "DEAD_AFTER", "QueueFacts", "TakenUp", "leave", "queue_facts"]

#: Begun so often and never ended well, a job is given up: with the waits between, after an hour and a half.
ATTEMPTS_MAX: Final = 7

#: A worker says every 10 s that it lives.
DEAD_AFTER: Final = timedelta(seconds=30)

_DONE_KEPT_FOR: Final = timedelta(days=7)
_FAILED_KEPT_FOR: Final = timedelta(days=30)


def queue_facts(hub: Hub) -> QueueFacts:
    """How many jobs wait, since when, and how many were given up."""
    with database.transaction(hub.engine) as connection:
        return jobs.facts(connection)


def take_up(hub: Hub) -> TakenUp:
    """Put back what workers that died had in hand; a job that was begun too often is given up instead."""
    with database.transaction(hub.engine) as connection:
        taken = jobs.take_up(connection, dead_after=DEAD_AFTER, attempts_max=ATTEMPTS_MAX)
    JOBS.taken_up.inc(taken.again + taken.given_up)
    return taken


def leave(hub: Hub, worker_id: int) -> None:
    """Let others take up at once what a worker has in hand, for it ends now."""
    with database.transaction(hub.engine) as connection:
        jobs.leave(connection, worker_id)


def forget_ended(hub: Hub) -> int:
    """Remove jobs done a week ago, and those given up a month ago; answers how many."""
    with database.transaction(hub.engine) as connection:
        return jobs.remove_old(connection, done_for=_DONE_KEPT_FOR, failed_for=_FAILED_KEPT_FOR)
