"""The counters of what each client asks in a day, a statement each time, and the alarms raised.

Whether a question may still be asked is decided here, for only under the lock of the client's row is that exact; what the
bounds are, and when an alarm is due, is the journeys' to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection, Engine, delete, select
from sqlalchemy.dialects.postgresql import insert

from hub.store.database import Statement, each_alone
from hub.store.tables import Alarm, LookUpBudget, LookUpQuestion


@dataclass(frozen=True, slots=True)
class Counted:
    """A client's day so far: questions, different ones that were let through, and answers that gave nothing."""

    client: str
    day: date
    asked: int
    asked_distinct: int
    missed: int


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """An alarm as it was raised, with the figures of that moment."""

    id: int
    client: str
    rule: str
    day: date
    asked: int
    asked_distinct: int
    missed: int
    raised_at: datetime


# One statement each, and so a transaction of its own; what stands last in each keeps its commit from waiting for the disk.

# The client's row is locked first, and read as it stands then: others of the client wait, so that the bound is exact.
# `known` sees what stood before the wait, the insert what stands after it. Nothing, where the client has no row yet.
_SPEND: Final = Statement("""
    WITH held AS MATERIALIZED (
        SELECT asked_distinct < %(distinct_max)s::bigint AS has_room FROM look_up_budgets
        WHERE client = %(client)s::text AND day = %(day)s::date
        FOR UPDATE
    ),
    known AS MATERIALIZED (
        SELECT FROM look_up_questions
        WHERE day = %(day)s::date AND question_hash = %(question_hash)s::bytea
    ),
    fresh AS (
        INSERT INTO look_up_questions (day, question_hash)
        SELECT %(day)s::date, %(question_hash)s::bytea FROM held WHERE has_room
        ON CONFLICT DO NOTHING RETURNING 1
    )
    INSERT INTO look_up_budgets AS b (client, day, asked, asked_distinct, missed)
    SELECT %(client)s::text, %(day)s::date, 1, (SELECT count(*) FROM fresh), 0 FROM held
    WHERE set_config('synchronous_commit', 'off', true) = 'off'
    ON CONFLICT (client, day) DO UPDATE
    SET asked = b.asked + 1, asked_distinct = b.asked_distinct + excluded.asked_distinct
    RETURNING asked, asked_distinct, missed, (SELECT has_room FROM held) OR EXISTS (SELECT FROM known)
""")

_BEGIN_DAY: Final = Statement("""
    INSERT INTO look_up_budgets (client, day, asked, asked_distinct, missed)
    SELECT %(client)s::text, %(day)s::date, 0, 0, 0 WHERE set_config('synchronous_commit', 'off', true) = 'off'
    ON CONFLICT DO NOTHING
""")

_MISSED: Final = Statement("""
    INSERT INTO look_up_budgets AS b (client, day, asked, asked_distinct, missed)
    SELECT %(client)s::text, %(day)s::date, 0, 0, 1 WHERE set_config('synchronous_commit', 'off', true) = 'off'
    ON CONFLICT (client, day) DO UPDATE SET missed = b.missed + 1
    RETURNING asked, asked_distinct, missed
""")


def spend(
    engine: Engine, client: str, day: date, question_hash: bytes, distinct_max: int
) -> tuple[Counted, bool]:
    """Count a question, in a transaction of its own and one round trip; whether it may be asked.

    One that was asked that day already may be, whatever is spent. One that may not counts as asked, not as a
    different one.
    """
    values = {
        "client": client,
        "day": day,
        "question_hash": question_hash,
        "distinct_max": distinct_max,
    }
    with each_alone(engine) as connection:
        row = _SPEND.send(connection, values).fetchone()
        if row is None:
            _BEGIN_DAY.send(connection, {"client": client, "day": day})
            row = _SPEND.send(connection, values).fetchone()
    asked, distinct, missed, is_allowed = row
    return Counted(client, day, asked, distinct, missed), is_allowed


def miss(engine: Engine, client: str, day: date) -> Counted:
    """Count an answer that gave nothing, likewise."""
    with each_alone(engine) as connection:
        row = _MISSED.send(connection, {"client": client, "day": day}).fetchone()
    return Counted(client, day, *row)


def read(connection: Connection, client: str, day: date) -> Counted:
    """A client's day so far."""
    row = connection.execute(
        select(LookUpBudget.asked, LookUpBudget.asked_distinct, LookUpBudget.missed).where(
            LookUpBudget.client == client, LookUpBudget.day == day
        )
    ).one_or_none()
    return Counted(client, day, *((0, 0, 0) if row is None else row))


def forget(connection: Connection, *, questions_before: date, counters_before: date) -> int:
    """Remove what was asked, and what was counted, on days before those; how many rows."""
    questions = connection.execute(
        delete(LookUpQuestion).where(LookUpQuestion.day < questions_before)
    )
    counters = connection.execute(delete(LookUpBudget).where(LookUpBudget.day < counters_before))
    return questions.rowcount + counters.rowcount


# --- alarms ---------------------------------------------------------------------------------------


def raise_alarm(connection: Connection, rule: str, counted: Counted, at: datetime) -> bool:
    """Write an alarm; False where that client's day has it already."""
    added = connection.execute(
        insert(Alarm)
        .values(
            client=counted.client,
            rule=rule,
            day=counted.day,
            asked=counted.asked,
            asked_distinct=counted.asked_distinct,
            missed=counted.missed,
            raised_at=at,
        )
        .on_conflict_do_nothing(index_elements=[Alarm.client, Alarm.rule, Alarm.day])
        .returning(Alarm.id)
    ).one_or_none()
    return added is not None


def alarms(
    connection: Connection, *, client: str | None, after: int | None, limit: int
) -> list[AlarmRow]:
    """Alarms, the newest first; after: those before that one."""
    statement = select(
        Alarm.id,
        Alarm.client,
        Alarm.rule,
        Alarm.day,
        Alarm.asked,
        Alarm.asked_distinct,
        Alarm.missed,
        Alarm.raised_at,
    ).order_by(Alarm.id.desc())
    if client is not None:
        statement = statement.where(Alarm.client == client)
    if after is not None:
        statement = statement.where(Alarm.id < after)
    return [AlarmRow(*row) for row in connection.execute(statement.limit(limit)).all()]
