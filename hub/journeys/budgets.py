"""What one client may ask in a day: every question is counted, and of different ones only so many are answered.

Decides what makes two questions the same, when no more may be asked, and how long the counters are kept. They
count questions, not hits, so that what is left of a budget tells of nobody. When a day is alarming is alarms.py's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeAlias

from hub.domain.calendar import zone_of
from hub.domain.errors import HubError
from hub.domain.records import RecordKey
from hub.journeys.alarms import (
    AlarmRule,
    Beside,
    in_a_thread,
    is_nearly_spent,
    is_trying_out,
    raise_once,
)
from hub.journeys.asking import ByShown, LookUp, Whom
from hub.journeys.context import Hub
from hub.journeys.verify import Verify
from hub.store import budgets, database
from hub.vault.keyring import Purpose
from hub.vault.tags import keyed_hash

#: So long a client's counters are kept, for officers to compare its days.
KEPT: Final = timedelta(days=35)

#: Hashes of what was asked serve their own day alone; a day more, for processes whose clocks differ at midnight.
_QUESTIONS_KEPT: Final = timedelta(days=1)

Question: TypeAlias = LookUp | Verify


class BudgetSpent(HubError):
    """The client asked as many different questions as it may that day. resets_at: aware UTC."""

    def __init__(self, resets_at: datetime) -> None:
        self.resets_at = resets_at
        super().__init__(
            "the client has asked as many different look-ups as it may in a day; "
            f"the next day begins at {resets_at.isoformat()}"
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """A client's day so far. distinct_left: different questions that it may still ask; resets_at: aware UTC."""

    asked: int
    asked_distinct: int
    missed: int
    distinct_left: int
    resets_at: datetime


def spend(
    hub: Hub,
    client: str,
    question: Question,
    *,
    distinct_max: int | None = None,
    beside: Beside = in_a_thread,
) -> Spent:
    """Count a question before it is asked. Raises BudgetSpent for a new one past the budget.

    A question asked that day before may be asked again. To verify other claims of somebody is another question:
    else values could be tried out for the price of one. distinct_max: the client's, where it is not every
    client's (HUB_LOOK_UPS_DISTINCT_PER_DAY).

    The counters have a transaction of their own, which does not wait for the disk (synchronous_commit off): a
    budget is a brake and no proof, and a machine that loses its power loses the last half second of counting,
    while the look-up's own entry in the log waits for the disk as ever. A killed process loses nothing.
    """
    bound = hub.limits.look_ups_distinct_per_day if distinct_max is None else distinct_max
    day = hub.day_of(hub.now())
    asked = keyed_hash(hub.keys, Purpose.QUESTION, client, day.isoformat(), *_said(question))
    counted, is_allowed = budgets.spend(hub.engine, client, day, asked, bound)
    if is_nearly_spent(counted, bound):
        raise_once(hub, AlarmRule.BUDGET_NEARLY_SPENT, counted, beside)
    resets_at = _next_day(hub, day)
    if not is_allowed:
        raise BudgetSpent(resets_at)
    return Spent(
        counted.asked,
        counted.asked_distinct,
        counted.missed,
        max(0, bound - counted.asked_distinct),
        resets_at,
    )


def missed(hub: Hub, client: str, *, beside: Beside = in_a_thread) -> None:
    """Count an answer that gave nothing: a look-up that released nothing, a verify none of whose claims was true."""
    counted = budgets.miss(hub.engine, client, hub.day_of(hub.now()))
    if is_trying_out(counted):
        raise_once(hub, AlarmRule.TRYING_OUT, counted, beside)


def forget_old(hub: Hub) -> int:
    """Remove the counters of days that are over for KEPT, and all hashes of what was asked on earlier days.

    Answers how many rows went. Alarms stay.
    """
    today = hub.day_of(hub.now())
    with database.transaction(hub.engine) as connection:
        return budgets.forget(
            connection, questions_before=today - _QUESTIONS_KEPT, counters_before=today - KEPT
        )


def _next_day(hub: Hub, day: date) -> datetime:
    begins = datetime.combine(day + timedelta(days=1), time(), zone_of(hub.limits.time_zone))
    return begins.astimezone(UTC)


def _said(question: Question) -> Iterator[str]:
    """What makes a question the one it is, part by part; never stored but as a keyed hash of the whole."""
    yield from _whom(question.whom)
    if isinstance(question, Verify):
        for claim in sorted(question.claims, key=lambda claim: claim.topic):
            yield claim.topic
            yield claim.comparable() or ""


def _whom(whom: Whom) -> Iterator[str]:
    if isinstance(whom, RecordKey):
        yield "key"
        yield str(whom)
    elif isinstance(whom, ByShown):
        yield "shown"
        yield whom.pairwise_id.hex
    else:
        yield "described"
        yield whom.kind.value
        yield from (value or "" for value in whom.features().values)
