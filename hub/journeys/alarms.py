"""Alarms that a client's day of look-ups looks like trying people out: when one is due, and who reads them.

Decides the rules. An alarm is raised beside the answer, by a thread of its own, once a client, rule and day: the
client gets the same answers at the same times. What to do about it is an officer's to decide.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum, unique
from fractions import Fraction
from typing import Final, TypeAlias

import structlog

from hub.journeys.context import Hub
from hub.journeys.metrics import LOOKING_UP
from hub.journeys.paging import Page, paged
from hub.store import budgets, database
from hub.store.budgets import AlarmRow, Counted

_told = structlog.get_logger(__name__)

#: Fewer misses in a day are an office's typing errors, whatever their share.
MISSES_MIN: Final = 100

#: Who asks about people in front of her finds most of them; who tries people out finds few.
MISSES_SHARE_MIN: Final = Fraction(1, 2)

#: The budget is set well above a client's ordinary day: whoever comes so near is to be looked at before it stops.
SPENT_SHARE_MIN: Final = Fraction(4, 5)

#: Runs a piece of work beside what calls it.
Beside: TypeAlias = Callable[[Callable[[], None]], None]


@unique
class AlarmRule(StrEnum):
    """What a client's day did.

    TRYING_OUT: at least MISSES_MIN answers gave nothing, and they were at least MISSES_SHARE_MIN of all.
    BUDGET_NEARLY_SPENT: at least SPENT_SHARE_MIN of the different questions it may ask were asked.
    """

    TRYING_OUT = "trying_out"
    BUDGET_NEARLY_SPENT = "budget_nearly_spent"


@dataclass(frozen=True, slots=True)
class AlarmView:
    """An alarm with the figures of the moment it was raised: of that client, on that day."""

    number: int
    client: str
    rule: AlarmRule
    day: date
    asked: int
    asked_distinct: int
    missed: int
    raised_at: datetime


def is_trying_out(counted: Counted) -> bool:
    """Whether so much of a day gave nothing."""
    return counted.missed >= MISSES_MIN and counted.missed >= MISSES_SHARE_MIN * counted.asked


def is_nearly_spent(counted: Counted, distinct_max: int) -> bool:
    """Whether so much of a day's budget is spent."""
    return counted.asked_distinct >= SPENT_SHARE_MIN * distinct_max


def in_a_thread(work: Callable[[], None]) -> None:
    """Run it beside, waiting for nothing."""
    threading.Thread(target=work, name="alarm", daemon=True).start()


def raise_once(hub: Hub, rule: AlarmRule, counted: Counted, beside: Beside) -> None:
    """Raise an alarm of a client's day, unless this process has. One that fails is raised by the next question."""
    raised = hub.kept.get(_Raised, _Raised)
    if raised.is_first(rule, counted):
        beside(lambda: _raise(hub, raised, rule, counted))


def _raise(hub: Hub, raised: _Raised, rule: AlarmRule, counted: Counted) -> None:
    try:
        with database.transaction(hub.engine) as connection:
            is_new = budgets.raise_alarm(connection, rule.value, counted, hub.now())
    except Exception as error:  # noqa: BLE001 (a thread has nobody above it; the next question tries again)
        raised.forget(rule, counted)
        _told.error("look_up_alarm_not_raised", rule=rule.value, kind=type(error).__name__)
        return
    if is_new:
        LOOKING_UP.alarms.labels(rule=rule.value).inc()
        _told.warning(
            "look_up_alarm",
            client=counted.client,
            rule=rule.value,
            day=counted.day.isoformat(),
            asked=counted.asked,
            asked_distinct=counted.asked_distinct,
            missed=counted.missed,
        )


class _Raised:
    """What this process raised of one day, so that no further question of it asks the database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._day: date | None = None
        self._raised: set[tuple[str, AlarmRule]] = set()

    def is_first(self, rule: AlarmRule, counted: Counted) -> bool:
        one = (counted.client, rule)
        with self._lock:
            if counted.day != self._day:
                self._day = counted.day
                self._raised.clear()
            if one in self._raised:
                return False
            self._raised.add(one)
            return True

    def forget(self, rule: AlarmRule, counted: Counted) -> None:
        with self._lock:
            self._raised.discard((counted.client, rule))


def list_alarms(
    hub: Hub, *, client: str | None = None, after: int | None = None, limit: int = 100
) -> Page[AlarmView, int]:
    """Alarms for officers and auditors, the newest first; after: a page's `next`. Raises PageInvalid."""
    with database.transaction(hub.engine) as connection:
        return paged(
            limit,
            lambda rows: [
                _view(one)
                for one in budgets.alarms(connection, client=client, after=after, limit=rows)
            ],
            lambda view: view.number,
        )


def _view(row: AlarmRow) -> AlarmView:
    return AlarmView(
        row.id,
        row.client,
        AlarmRule(row.rule),
        row.day,
        row.asked,
        row.asked_distinct,
        row.missed,
        row.raised_at,
    )
