"""Proposals to correct records: added, read for their agency or their records, answered once. What they say is sealed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, text, update

from hub.store.database import among
from hub.store.tables import Correction

#: What is left of a proposal whose record was erased.
_ERASED = b""


@dataclass(frozen=True, slots=True)
class StoredCorrection:
    """A proposal as it rests; `answer` None while it waits, `sealed` empty once its record is erased."""

    id: int
    agency: str
    record_id: int
    subject_hash: bytes
    sealed: bytes
    made_at: datetime
    answer: str | None = None
    sealed_note: bytes | None = None
    answered_by: str | None = None
    answered_at: datetime | None = None


_COLUMNS = (
    Correction.id,
    Correction.agency,
    Correction.record_id,
    Correction.subject_hash,
    Correction.sealed,
    Correction.made_at,
    Correction.answer,
    Correction.sealed_note,
    Correction.answered_by,
    Correction.answered_at,
)


def take_number(connection: Connection) -> int:
    """The number the next proposal gets; taken before it is written, for what is sealed is bound to it."""
    found: int = connection.execute(
        text("SELECT nextval(pg_get_serial_sequence('corrections', 'id'))")
    ).scalar_one()
    return found


def add(connection: Connection, one: StoredCorrection) -> None:
    """Add a proposal under a number taken before."""
    connection.execute(
        insert(Correction).values(
            id=one.id,
            agency=one.agency,
            record_id=one.record_id,
            subject_hash=one.subject_hash,
            sealed=one.sealed,
            made_at=one.made_at,
        )
    )


def find(connection: Connection, agency: str, number: int) -> StoredCorrection | None:
    """The proposal to that agency of that number; None where there is none."""
    row = connection.execute(
        select(*_COLUMNS).where(Correction.id == number, Correction.agency == agency)
    ).one_or_none()
    return None if row is None else _row(row)


def of_agency(connection: Connection, agency: str, *, is_all: bool) -> list[StoredCorrection]:
    """The proposals that wait for an agency, the oldest first; is_all: the answered ones too."""
    which = [Correction.agency == agency, Correction.sealed != _ERASED]
    if not is_all:
        which.append(Correction.answer.is_(None))
    return _read(connection, *which)


def of_records(connection: Connection, record_ids: Sequence[int]) -> list[StoredCorrection]:
    """The proposals on those records, the oldest first."""
    return _read(connection, among(Correction.record_id, record_ids), Correction.sealed != _ERASED)


def _read(connection: Connection, *which: ColumnElement[bool]) -> list[StoredCorrection]:
    rows = connection.execute(select(*_COLUMNS).where(*which).order_by(Correction.id)).all()
    return [_row(row) for row in rows]


def _row(row: Any) -> StoredCorrection:
    return StoredCorrection(*row)


def answer(
    connection: Connection, number: int, answer_: str, sealed_note: bytes, by: str, at: datetime
) -> bool:
    """Answer a proposal that waits; False where it does not, or was erased meanwhile."""
    answered = connection.execute(
        update(Correction)
        .where(Correction.id == number, Correction.answer.is_(None), Correction.sealed != _ERASED)
        .values(answer=answer_, sealed_note=sealed_note, answered_by=by, answered_at=at)
    )
    return answered.rowcount == 1
