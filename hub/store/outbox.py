"""The outbox and the feed: events written with their change, numbered once that change is committed.

Nothing is ever read by `id > cursor` from the outbox: a transaction with a smaller id may commit later.
Positions are given by `sequence` alone, one transaction at a time, so whoever has read up to a position
has missed nothing before it. What is told of a change is hub.domain.events' to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, func, select, text
from sqlalchemy.dialects import postgresql

from hub.domain.events import EventKind
from hub.store.database import (
    LOCK_EVENTS,
    Statement,
    among,
    driver,
    is_pipelined,
    lock_in_transaction,
)
from hub.store.tables import Event, EventCursor

#: What one transaction of the sequencer moves at most: a few seconds' work.
SEQUENCE_BATCH: Final = 300_000

#: From so many events on, COPY is quicker than an INSERT.
_COPY_FROM: Final = 20


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event as a journey writes it: public ids, and no value of anybody."""

    kind: EventKind
    constituent: UUID | None
    others: tuple[UUID, ...] = ()
    review_id: int | None = None


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """An event in its place in the feed. `occurred_at` may be out of order; `position` never is."""

    position: int
    kind: EventKind
    constituent: UUID | None
    others: tuple[UUID, ...]
    review_id: int | None
    occurred_at: datetime


def put(connection: Connection, events: Sequence[OutgoingEvent], at: datetime) -> None:
    """Write events in the caller's transaction: they are told if it commits, and only then."""
    if len(events) >= _COPY_FROM and not is_pipelined(connection):
        _copy(connection, events, at)
        return
    for event in events:
        _PUT.send(
            connection,
            (event.kind.value, event.constituent, list(event.others), event.review_id, at),
        )


_PUT: Final = Statement("""
    INSERT INTO outbox (kind, constituent, others, review_id, occurred_at)
    VALUES (%s, %s::uuid, %s::uuid[], %s, %s)
""")


def _copy(connection: Connection, events: Sequence[OutgoingEvent], at: datetime) -> None:
    columns = "kind, constituent, others, review_id, occurred_at"
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(f"COPY outbox ({columns}) FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(["text", "uuid", "uuid[]", "int8", "timestamptz"])
        for event in events:
            copy.write_row(
                (event.kind.value, event.constituent, list(event.others), event.review_id, at)
            )


def sequence(connection: Connection, batch: int = SEQUENCE_BATCH) -> int:
    """Give the oldest committed events of the outbox, at most `batch`, their places at the feed's end.

    Answers how many. To be called in a transaction of its own (READ COMMITTED), committed at once:
    others who would number wait until it ends.
    """
    # A statement before the one that reads: that one must see what the last sequencer committed.
    lock_in_transaction(connection, LOCK_EVENTS)
    return connection.execute(_SEQUENCE, {"batch": batch}).rowcount


_SEQUENCE = text(
    """
    WITH taken AS (
        DELETE FROM outbox
        WHERE id = ANY (ARRAY(SELECT id FROM outbox ORDER BY id LIMIT :batch))
        RETURNING id, kind, constituent, others, review_id, occurred_at
    )
    INSERT INTO events (position, kind, constituent, others, review_id, occurred_at)
    SELECT (SELECT coalesce(max(position), 0) FROM events) + row_number() OVER (ORDER BY id),
        kind, constituent, others, review_id, occurred_at
    FROM taken
    """
)


def read(connection: Connection, after: int, limit: int) -> list[FeedEvent]:
    """The next events after a position, at most `limit`, in order."""
    return _events(connection, Event.position > after, limit)


def of_constituent(connection: Connection, public_ids: Sequence[UUID]) -> list[FeedEvent]:
    """The numbered events about any of those ids, in order."""
    return _events(connection, among(Event.constituent, public_ids), None)


def _events(
    connection: Connection, which: ColumnElement[bool], limit: int | None
) -> list[FeedEvent]:
    rows = connection.execute(
        select(
            Event.position,
            Event.kind,
            Event.constituent,
            Event.others,
            Event.review_id,
            Event.occurred_at,
        )
        .where(which)
        .order_by(Event.position)
        .limit(limit)
    ).all()
    return [
        FeedEvent(
            row.position,
            EventKind(row.kind),
            row.constituent,
            tuple(row.others),
            row.review_id,
            row.occurred_at,
        )
        for row in rows
    ]


def last_position(connection: Connection) -> int:
    """The feed's end; 0 while nothing was numbered."""
    return connection.execute(select(func.coalesce(func.max(Event.position), 0))).scalar_one()


def cursor_of(connection: Connection, consumer: str) -> int:
    """The last position a consumer has taken in; 0 for one that never did."""
    return (
        connection.scalar(select(EventCursor.position).where(EventCursor.consumer == consumer)) or 0
    )


def move_cursor(
    connection: Connection, consumer: str, position: int, at: datetime, *, is_replay: bool = False
) -> bool:
    """Set a consumer's cursor: on, or in a replay back. False, and nothing done, the other way."""
    statement = postgresql.insert(EventCursor).values(
        consumer=consumer, position=position, moved_at=at
    )
    stands = EventCursor.position
    moved = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[EventCursor.consumer],
            set_={"position": position, "moved_at": at},
            where=stands >= position if is_replay else stands <= position,
        ).returning(EventCursor.position)
    ).one_or_none()
    return moved is not None
