"""What an erasure destroys beside records: subject keys, reasons, proposals, rows set aside; and what stays out.

Records themselves are records.py's, entries of the log disclosures.py's. Who is erased is the journeys' to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from hub.store.database import among
from hub.store.tables import (
    Alias,
    Correction,
    Disclosure,
    Judgement,
    Objection,
    Pin,
    Quarantined,
    Record,
    Source,
    Subject,
    SubjectKeyRow,
    Suppression,
)

#: In place of a sealed text that was erased.
EMPTY = b""


def suppress(connection: Connection, key_hashes: Sequence[bytes], at: datetime) -> None:
    """Keep rows under those keys out from now on."""
    if key_hashes:
        connection.execute(
            insert(Suppression)
            .values([{"key_hash": one, "erased_at": at} for one in key_hashes])
            .on_conflict_do_nothing(index_elements=[Suppression.key_hash])
        )


def suppressed(connection: Connection, key_hashes: Sequence[bytes]) -> set[bytes]:
    """Those of the keys that are kept out."""
    return set(
        connection.scalars(
            select(Suppression.key_hash).where(among(Suppression.key_hash, key_hashes))
        )
    )


def all_suppressed(connection: Connection) -> list[bytes]:
    """Every key that is kept out."""
    return list(connection.scalars(select(Suppression.key_hash)))


def suppressed_records(connection: Connection) -> list[tuple[int, bytes, str]]:
    """Records that are present though their keys are kept out: number, key, kind. A restored backup has some."""
    rows = connection.execute(
        select(Record.id, Record.key_hash, Source.kind)
        .join(Suppression, Suppression.key_hash == Record.key_hash)
        .join(Source, Source.id == Record.source_id)
        .where(Record.removed_at.is_(None))
        .order_by(Record.id)
    ).all()
    return [(row[0], row[1], row[2]) for row in rows]


def subjects_without_key(connection: Connection) -> list[bytes]:
    """Subjects with entries that no key opens any more."""
    return list(
        connection.scalars(
            select(Disclosure.subject_hash)
            .where(
                Disclosure.subject_hash.is_not(None),
                ~exists().where(SubjectKeyRow.subject_hash == Disclosure.subject_hash),
            )
            .distinct()
        )
    )


def all_tombstones(connection: Connection) -> list[int]:
    """Every id that nobody answers to any more."""
    return list(
        connection.scalars(
            select(Alias.constituent_id).where(
                Alias.recorded_until.is_(None), Alias.current_id.is_(None)
            )
        )
    )


def tombstones(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Those of the ids that nobody answers to any more."""
    return list(
        connection.scalars(
            select(Alias.constituent_id)
            .where(
                among(Alias.constituent_id, numbers),
                Alias.recorded_until.is_(None),
                Alias.current_id.is_(None),
            )
            .order_by(Alias.constituent_id)
        )
    )


def destroy_keys(
    connection: Connection, subject_hashes: Sequence[bytes], at: datetime
) -> list[bytes]:
    """Destroy the keys of those subjects and note it of each; the subjects that had one."""
    destroyed = connection.scalars(
        delete(SubjectKeyRow)
        .where(among(SubjectKeyRow.subject_hash, subject_hashes))
        .returning(SubjectKeyRow.subject_hash)
    ).all()
    for subject_hash in subject_hashes:
        connection.execute(
            insert(Subject)
            .values(subject_hash=subject_hash, epoch=1, erased_at=at)
            .on_conflict_do_update(
                index_elements=[Subject.subject_hash],
                set_={"epoch": Subject.epoch + 1, "erased_at": at},
            )
        )
    return sorted(destroyed)


def empty_reasons(connection: Connection, key_hashes: Sequence[bytes]) -> int:
    """Empty the reasons of every pin, judgement and objection on those keys; how many.

    An act has one reason for all that was judged or objected to in it, so all of the act's go.
    """
    of_key = among(Judgement.left_key_hash, key_hashes) | among(
        Judgement.right_key_hash, key_hashes
    )
    judged = connection.execute(
        update(Judgement)
        .where(
            Judgement.act_id.in_(select(Judgement.act_id).where(of_key)),
            Judgement.sealed_reason != EMPTY,
        )
        .values(sealed_reason=EMPTY)
    )
    acts = select(Objection.act_id).where(among(Objection.key_hash, key_hashes))
    objected = connection.execute(
        update(Objection)
        .where(Objection.act_id.in_(acts), Objection.sealed_reason != EMPTY)
        .values(sealed_reason=EMPTY)
    )
    pinned = connection.execute(
        update(Pin)
        .where(among(Pin.key_hash, key_hashes), Pin.sealed_reason != EMPTY)
        .values(sealed_reason=EMPTY)
    )
    return judged.rowcount + objected.rowcount + pinned.rowcount


def empty_corrections(connection: Connection, record_ids: Sequence[int]) -> int:
    """Empty every proposal on those records, with the agency's note; how many."""
    emptied = connection.execute(
        update(Correction)
        .where(among(Correction.record_id, record_ids), Correction.sealed != EMPTY)
        .values(sealed=EMPTY, sealed_note=None)
    )
    return emptied.rowcount


def empty_quarantine(connection: Connection, key_hashes: Sequence[bytes], at: datetime) -> int:
    """Close the rows set aside under those keys, and keep nothing of them; how many."""
    emptied = connection.execute(
        update(Quarantined)
        .where(among(Quarantined.key_hash, key_hashes), Quarantined.sealed_row.is_not(None))
        .values(resolved_at=at, sealed_row=None)
    )
    return emptied.rowcount
