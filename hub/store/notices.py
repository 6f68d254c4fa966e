"""Notices to recipients: written with what they tell of, and taken by the agency they are for.

What a notice says is sealed; who is told what is the journeys' to know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, text, update

from hub.store.tables import Notice


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as it rests; taken_at: None while it waits."""

    id: int
    agency: str
    sealed: bytes
    made_at: datetime
    taken_at: datetime | None = None


def take_numbers(connection: Connection, amount: int) -> list[int]:
    """The numbers of the next notices, taken before they are written: what is sealed is bound to its own."""
    return list(
        connection.scalars(
            text(
                "SELECT nextval(pg_get_serial_sequence('notices', 'id')) FROM generate_series(1, :n)"
            ),
            {"n": amount},
        )
    )


def add(connection: Connection, notices: Sequence[StoredNotice]) -> None:
    """Write notices under numbers taken before."""
    if notices:
        connection.execute(
            insert(Notice),
            [
                {"id": one.id, "agency": one.agency, "sealed": one.sealed, "made_at": one.made_at}
                for one in notices
            ],
        )


def of_agency(connection: Connection, agency: str, *, is_all: bool) -> list[StoredNotice]:
    """An agency's notices in the order they were made: those that wait, or all."""
    statement = select(
        Notice.id, Notice.agency, Notice.sealed, Notice.made_at, Notice.taken_at
    ).where(Notice.agency == agency)
    if not is_all:
        statement = statement.where(Notice.taken_at.is_(None))
    return [StoredNotice(*row) for row in connection.execute(statement.order_by(Notice.id))]


def take(connection: Connection, agency: str, number: int, at: datetime) -> bool:
    """Note that the agency took the notice; False where none of that number waits for it."""
    taken = connection.execute(
        update(Notice)
        .where(Notice.id == number, Notice.agency == agency, Notice.taken_at.is_(None))
        .values(taken_at=at)
    )
    return taken.rowcount == 1
