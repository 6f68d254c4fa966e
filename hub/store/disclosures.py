"""Entries of the disclosure log: written with their release, read back by subject, erased.

Numbers, tree and checkpoints are log.py's. What an entry says is consent.log.entry's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, select, update

from hub.store.database import among, driver
from hub.store.tables import Disclosure, Leaf


@dataclass(frozen=True, slots=True)
class NewDisclosure:
    """An entry ready to be written. leaf: what it commits to in the tree (32 bytes).

    offered_key: a wrapped key for a subject that has none yet; None where nobody was found, or she has one.
    """

    account: bytes
    subject_digest: bytes
    sealed_subject: bytes
    subject_hash: bytes | None
    leaf: bytes
    recorded_at: datetime
    offered_key: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredDisclosure:
    """An entry as it rests; number: None while it is pending."""

    id: int
    number: int | None
    account: bytes
    subject_digest: bytes
    sealed_subject: bytes | None
    subject_hash: bytes | None
    recorded_at: datetime


def write(connection: Connection, one: NewDisclosure) -> int:
    """Write an entry, pending, in the transaction of what it tells of; its id."""
    row: Any = (
        driver(connection)
        .execute(
            _WRITE,
            {
                "account": one.account,
                "digest": one.subject_digest,
                "sealed": one.sealed_subject,
                "hash": one.subject_hash,
                "leaf": one.leaf,
                "at": one.recorded_at,
            },
            prepare=True,
        )
        .fetchone()
    )
    return int(row[0])


_WRITE: Final = """
    WITH entry AS (
        INSERT INTO disclosures (account, subject_digest, sealed_subject, subject_hash, recorded_at)
        VALUES (%(account)b, %(digest)b, %(sealed)b, %(hash)b, %(at)s)
        RETURNING id
    )
    INSERT INTO log_pending (disclosure_id, leaf, recorded_at)
    SELECT id, %(leaf)b, %(at)s FROM entry
    RETURNING disclosure_id
"""


def offer_key(connection: Connection, subject_hash: bytes, wrapped_key: bytes) -> bytes:
    """Give a subject a key unless she has one; the one that stands."""
    raw = driver(connection)
    written: Any = raw.execute(
        "INSERT INTO subject_keys (subject_hash, wrapped_key) VALUES (%b, %b) "
        "ON CONFLICT (subject_hash) DO NOTHING RETURNING wrapped_key",
        (subject_hash, wrapped_key),
        prepare=True,
    ).fetchone()
    if written is not None:
        return wrapped_key
    row: Any = raw.execute(
        "SELECT wrapped_key FROM subject_keys WHERE subject_hash = %b", (subject_hash,)
    ).fetchone()
    return bytes(row[0])


_COLUMNS: Final = (
    Disclosure.id,
    Leaf.number,
    Disclosure.account,
    Disclosure.subject_digest,
    Disclosure.sealed_subject,
    Disclosure.subject_hash,
    Disclosure.recorded_at,
)


def of_subjects(connection: Connection, subject_hashes: Sequence[bytes]) -> list[StoredDisclosure]:
    """The entries about those subjects, in the order they were written."""
    rows = connection.execute(
        select(*_COLUMNS)
        .outerjoin(Leaf, Leaf.disclosure_id == Disclosure.id)
        .where(among(Disclosure.subject_hash, subject_hashes))
        .order_by(Disclosure.id)
    ).all()
    return [StoredDisclosure(*row) for row in rows]


def find(connection: Connection, id_: int) -> StoredDisclosure | None:
    """That entry; None where there is none."""
    row = connection.execute(
        select(*_COLUMNS)
        .outerjoin(Leaf, Leaf.disclosure_id == Disclosure.id)
        .where(Disclosure.id == id_)
    ).one_or_none()
    return None if row is None else StoredDisclosure(*row)


def erase(connection: Connection, subject_hashes: Sequence[bytes]) -> int:
    """Drop the subject part of every entry about those subjects; how many. Their leaves stay what they are."""
    erased = connection.execute(
        update(Disclosure)
        .where(among(Disclosure.subject_hash, subject_hashes))
        .values(sealed_subject=None, subject_hash=None)
    )
    return erased.rowcount
