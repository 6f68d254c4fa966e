"""Who was who at a past moment, and every change since: links and aliases with their times.

Rows are ended, never changed, so a moment is read back with `recorded_from <= at < recorded_until`. Values
have no versions; nothing here gives any. What a sequence of rows means is hub.journeys.history's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects import postgresql

from hub.store.database import among
from hub.store.tables import Alias, Constituent, Link, Record, RecordKeyRow, Source


@dataclass(frozen=True, slots=True)
class IssuedId:
    """An id ever issued."""

    number: int
    public_id: UUID
    kind: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class LinkSpan:
    """A record under an id, from a moment until another; `until` None: still."""

    record_id: int
    number: int
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class AliasSpan:
    """An id that answered with another (None: a tombstone), since a moment until another."""

    number: int
    current: int | None
    follows: int | None
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record's place, and its core as it rests; `wrapped_key` None: destroyed."""

    id: int
    key_hash: bytes
    source: str
    kind: str
    version: int
    wrapped_key: bytes | None
    core: bytes


def issued(connection: Connection, public_id: UUID) -> IssuedId | None:
    """The id of that public id; None where it was never issued."""
    found = connection.execute(_ISSUED.where(Constituent.public_id == public_id)).one_or_none()
    return None if found is None else IssuedId(*found)


def by_number(connection: Connection, numbers: Sequence[int]) -> dict[int, IssuedId]:
    """Those ids, by age number."""
    rows = connection.execute(_ISSUED.where(among(Constituent.id, numbers))).all()
    return {row.id: IssuedId(*row) for row in rows}


_ISSUED = select(
    Constituent.id, Constituent.public_id, Constituent.kind, Constituent.issued_at
).order_by(Constituent.id)


def records_of_key(connection: Connection, key_hash: bytes) -> list[int]:
    """All records ever stored under a key, oldest first: a key that returns is a new record."""
    return list(
        connection.scalars(select(Record.id).where(Record.key_hash == key_hash).order_by(Record.id))
    )


def link_at(connection: Connection, record_ids: Sequence[int], at: datetime) -> int | None:
    """The id that the newest of those records was linked to at that moment, removed ones left out."""
    return connection.scalar(
        select(Link.constituent_id)
        .join(Record, Record.id == Link.record_id)
        .where(
            among(Link.record_id, record_ids),
            Link.recorded_from <= at,
            Link.recorded_until.is_(None) | (Link.recorded_until > at),
            Record.removed_at.is_(None) | (Record.removed_at > at),
        )
        .order_by(Link.record_id.desc())
        .limit(1)
    )


def last_under(connection: Connection, record_ids: Sequence[int]) -> dict[int, int]:
    """The id that each of those records is under, or was last."""
    rows = connection.execute(
        select(Link.record_id, Link.constituent_id)
        .ext(postgresql.distinct_on(Link.record_id))
        .where(among(Link.record_id, record_ids))
        .order_by(Link.record_id, Link.recorded_from.desc())
    ).all()
    return {row[0]: row[1] for row in rows}


def answering(connection: Connection, numbers: Sequence[int]) -> dict[int, int]:
    """What each of those ids answers with now: a current id, and a tombstone, with itself."""
    rows = connection.execute(
        select(Alias.constituent_id, Alias.current_id).where(
            among(Alias.constituent_id, numbers), Alias.recorded_until.is_(None)
        )
    ).all()
    current = {number: number for number in numbers}
    return current | {alias: id_ for alias, id_ in rows if id_ is not None}


def alias_at(connection: Connection, number: int, at: datetime) -> AliasSpan | None:
    """What an id answered with at that moment; None where it was current itself."""
    found = connection.execute(
        select(*_ALIAS_COLUMNS).where(
            Alias.constituent_id == number,
            Alias.recorded_from <= at,
            Alias.recorded_until.is_(None) | (Alias.recorded_until > at),
        )
    ).one_or_none()
    return None if found is None else AliasSpan(*found)


_ALIAS_COLUMNS = (
    Alias.constituent_id,
    Alias.current_id,
    Alias.follows_id,
    Alias.recorded_from,
    Alias.recorded_until,
)


def members_at(connection: Connection, number: int, at: datetime) -> list[int]:
    """The records under an id at that moment, oldest first; those removed by then are left out."""
    return list(connection.scalars(_MEMBERS_AT, {"number": number, "at": at}))


# In two parts, for each has its index: of links that stand, and of links that ended.
_MEMBERS_AT = text(
    """
    SELECT held.record_id FROM (
        SELECT record_id FROM links
        WHERE constituent_id = :number AND recorded_until IS NULL AND recorded_from <= :at
        UNION ALL
        SELECT record_id FROM links
        WHERE constituent_id = :number AND recorded_until > :at AND recorded_from <= :at
    ) held
    LEFT JOIN records ON records.id = held.record_id
    WHERE records.removed_at IS NULL OR records.removed_at > :at
    ORDER BY held.record_id
    """
)


def aliases_at(connection: Connection, number: int, at: datetime) -> list[UUID]:
    """The public ids that answered with this one at that moment, oldest first."""
    return list(
        connection.scalars(
            select(Constituent.public_id)
            .join(Alias, Alias.constituent_id == Constituent.id)
            .where(
                Alias.current_id == number,
                Alias.recorded_from <= at,
                Alias.recorded_until.is_(None) | (Alias.recorded_until > at),
            )
            .order_by(Constituent.id)
        )
    )


def link_spans(connection: Connection, record_ids: Sequence[int]) -> list[LinkSpan]:
    """Every link those records ever had, by record and time."""
    rows = connection.execute(
        select(Link.record_id, Link.constituent_id, Link.recorded_from, Link.recorded_until)
        .where(among(Link.record_id, record_ids))
        .order_by(Link.record_id, Link.recorded_from)
    ).all()
    return [LinkSpan(*row) for row in rows]


def records_ever_under(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """The records ever linked to any of those ids, oldest first."""
    return list(connection.scalars(_EVER_UNDER, {"numbers": list(numbers)}))


_EVER_UNDER = text(
    """
    SELECT record_id FROM links WHERE constituent_id = ANY(:numbers) AND recorded_until IS NULL
    UNION
    SELECT record_id FROM links WHERE constituent_id = ANY(:numbers) AND recorded_until IS NOT NULL
    ORDER BY record_id
    """
)


def alias_spans(connection: Connection, numbers: Sequence[int]) -> list[AliasSpan]:
    """Everything that any id answered with, of the ids that are among those or ever answered with one."""
    ever = select(Alias.constituent_id).where(among(Alias.current_id, numbers))
    rows = connection.execute(
        select(*_ALIAS_COLUMNS)
        .where(among(Alias.constituent_id, numbers) | Alias.constituent_id.in_(ever))
        .order_by(Alias.constituent_id, Alias.recorded_from)
    ).all()
    return [AliasSpan(*row) for row in rows]


def stored(connection: Connection, record_ids: Sequence[int]) -> dict[int, StoredRecord]:
    """Those records as they rest, removed ones too."""
    rows = connection.execute(_STORED.where(among(Record.id, record_ids))).all()
    return {row.id: StoredRecord(*row) for row in rows}


def stored_by_key(connection: Connection, key_hashes: Sequence[bytes]) -> dict[bytes, StoredRecord]:
    """The newest record of each of those keys, removed ones too."""
    rows = connection.execute(_STORED.where(among(Record.key_hash, key_hashes))).all()
    return {row.key_hash: StoredRecord(*row) for row in rows}


_STORED = (
    select(
        Record.id,
        Record.key_hash,
        Source.name,
        Source.kind,
        Record.version,
        RecordKeyRow.wrapped_key,
        Record.core,
    )
    .join(Source, Source.id == Record.source_id)
    .outerjoin(RecordKeyRow, RecordKeyRow.record_id == Record.id)
    .order_by(Record.id)
)
