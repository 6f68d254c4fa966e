"""Entries of the disclosure log: written with their release, read back by subject, erased.

Numbers, tree and checkpoints are log.py's. What an entry says is consent.log.entry's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, select, update

from hub.store import database
from hub.store.database import Statement, among
from hub.store.tables import Disclosure, Leaf, SubjectKeyRow


@dataclass(frozen=True, slots=True)
class NewDisclosure:
    """An entry ready to be written. leaf: what it commits to in the tree (32 bytes)."""

    account: bytes
    subject_digest: bytes
    sealed_subject: bytes
    subject_hash: bytes | None
    leaf: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredDisclosure:
    """An entry as it rests; number: None while it is pending. wrapped_key: of its subject, if there is one."""

    id: int
    number: int | None
    account: bytes
    subject_digest: bytes
    sealed_subject: bytes | None
    subject_hash: bytes | None
    recorded_at: datetime
    wrapped_key: bytes | None


def write(connection: Connection, one: NewDisclosure, *, is_last: bool = False) -> int:
    """Write an entry, pending, in the transaction of what it tells of; its id.

    is_last: commit with it, in one round trip; the transaction is `database.open_transaction`'s then.
    """
    values = {
        "account": one.account,
        "digest": one.subject_digest,
        "sealed": one.sealed_subject,
        "hash": one.subject_hash,
        "leaf": one.leaf,
        "at": one.recorded_at,
    }
    if not is_last:
        return int(_WRITE.send(connection, values).fetchone()[0])
    with database.pipelined(connection):
        entry = _WRITE.send(connection, values)
        database.commit(connection)
    return int(entry.fetchone()[0])


_WRITE: Final = Statement("""
    WITH entry AS (
        INSERT INTO disclosures (account, subject_digest, sealed_subject, subject_hash, recorded_at)
        VALUES (%(account)b, %(digest)b, %(sealed)b, %(hash)b, %(at)s)
        RETURNING id
    )
    INSERT INTO log_pending (disclosure_id, leaf, recorded_at)
    SELECT id, %(leaf)b, %(at)s FROM entry
    RETURNING disclosure_id
""")


_COLUMNS: Final = (
    Disclosure.id,
    Leaf.number,
    Disclosure.account,
    Disclosure.subject_digest,
    Disclosure.sealed_subject,
    Disclosure.subject_hash,
    Disclosure.recorded_at,
    SubjectKeyRow.wrapped_key,
)


def of_subjects(connection: Connection, subject_hashes: Sequence[bytes]) -> list[StoredDisclosure]:
    """The entries about those subjects, in the order they were written."""
    return _stored(connection, among(Disclosure.subject_hash, subject_hashes))


def find(connection: Connection, id_: int) -> StoredDisclosure | None:
    """That entry; None where there is none."""
    return next(iter(_stored(connection, Disclosure.id == id_)), None)


def _stored(connection: Connection, which: ColumnElement[bool]) -> list[StoredDisclosure]:
    rows = connection.execute(
        select(*_COLUMNS)
        .select_from(Disclosure)
        .outerjoin(Leaf, Leaf.disclosure_id == Disclosure.id)
        .outerjoin(SubjectKeyRow, SubjectKeyRow.subject_hash == Disclosure.subject_hash)
        .where(which)
        .order_by(Disclosure.id)
    ).all()
    return [StoredDisclosure(*row) for row in rows]


def erase(connection: Connection, subject_hashes: Sequence[bytes]) -> int:
    """Drop the subject part of every entry about those subjects; how many. Their leaves stay what they are."""
    erased = connection.execute(
        update(Disclosure)
        .where(among(Disclosure.subject_hash, subject_hashes))
        .values(sealed_subject=None, subject_hash=None)
    )
    return erased.rowcount
