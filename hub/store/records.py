"""Records, their keys, tags, holdings and relationships: written in bulk by a load, read in bulk by a link.

A chunk arrives packed as COPY streams (copy_format.py); this module decides only where they go. Every
write of one chunk belongs to the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
from psycopg import Connection as DriverConnection
from sqlalchemy import ColumnElement, Connection, delete, exists, func, select, text, update

from hub.store.copy_format import (
    EMPTY,
    HOLDINGS_COLUMNS,
    KEYS_COLUMNS,
    RECORDS_COLUMNS,
    RELATIONSHIPS_COLUMNS,
    SEEN_COLUMNS,
    TAGS_COLUMNS,
    framed,
    seen_row,
)
from hub.store.database import among, driver, read_fixed
from hub.store.tables import (
    Component,
    Holding,
    Link,
    Record,
    RecordKeyRow,
    Relationship,
    Seen,
    Source,
    tags,
)


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """What a load needs of a record already stored."""

    id: int
    version: int
    content_hash: bytes
    is_of_this_run: bool


@dataclass(frozen=True, slots=True)
class PackedChunk:
    """A chunk's rows as COPY streams: new records, changed records, and what hangs on both."""

    new_records: bytes
    changed_records: bytes
    keys: bytes
    tags: bytes
    holdings: bytes
    relationships: bytes
    changed_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it rests, with all that opening it needs."""

    id: int
    source: str
    version: int
    wrapped_key: bytes
    core: bytes
    contact: bytes | None
    sensitive: bytes | None


#: A sealed match row as `stream_matches` yields it: id, source number, version, is_poor, key hash,
#: wrapped key, match blob.
MatchRow = tuple[int, int, int, bool, bytes, bytes, bytes]


def take_numbers(connection: Connection, count: int) -> list[int]:
    """The next `count` record numbers; a number not used is never used again."""
    return list(
        connection.scalars(
            text("SELECT nextval('record_numbers') FROM generate_series(1, :count)"),
            {"count": count},
        )
    )


def known(
    connection: Connection, key_hashes: Sequence[bytes], run_id: int
) -> dict[bytes, KnownRecord]:
    """Present records by key hash, of those asked for; `is_of_this_run` if this run wrote or met it."""
    was_seen = (
        select(Seen.record_id).where(Seen.run_id == run_id, Seen.record_id == Record.id).exists()
    )
    rows = connection.execute(
        select(
            Record.key_hash,
            Record.id,
            Record.version,
            Record.content_hash,
            (Record.run_id == run_id) | was_seen,
        ).where(among(Record.key_hash, key_hashes), Record.removed_at.is_(None))
    ).all()
    return {row[0]: KnownRecord(*row[1:]) for row in rows}


def _copy(connection: DriverConnection[tuple[object, ...]], target: str, stream: bytes) -> None:
    if stream == EMPTY:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {target} FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.write(stream)


def write_chunk(connection: Connection, chunk: PackedChunk) -> None:
    """Write a chunk: new records are added, changed ones replace what hung on them."""
    raw = driver(connection)
    if chunk.changed_ids:
        _clear_dependents(connection, chunk.changed_ids)
        connection.execute(
            delete(RecordKeyRow).where(among(RecordKeyRow.record_id, chunk.changed_ids))
        )
        connection.execute(text("CREATE TEMP TABLE changed (LIKE records) ON COMMIT DROP"))
        _copy(raw, f"changed ({RECORDS_COLUMNS})", chunk.changed_records)
        connection.execute(_REPLACE_CHANGED)
    _copy(raw, f"records ({RECORDS_COLUMNS})", chunk.new_records)
    _copy(raw, f"record_keys ({KEYS_COLUMNS})", chunk.keys)
    _copy(raw, f"tags ({TAGS_COLUMNS})", chunk.tags)
    _copy(raw, f"holdings ({HOLDINGS_COLUMNS})", chunk.holdings)
    _copy(raw, f"relationships ({RELATIONSHIPS_COLUMNS})", chunk.relationships)


_REPLACE_CHANGED = text(
    """
    UPDATE records SET version = changed.version, run_id = changed.run_id,
        is_poor = changed.is_poor, content_hash = changed.content_hash, core = changed.core,
        contact = changed.contact, sensitive = changed.sensitive, match = changed.match,
        loaded_at = changed.loaded_at
    FROM changed WHERE records.id = changed.id
    """
)


def _clear_dependents(connection: Connection, record_ids: Sequence[int]) -> None:
    connection.execute(delete(tags).where(among(tags.c.record_id, record_ids)))
    connection.execute(delete(Holding).where(among(Holding.record_id, record_ids)))
    connection.execute(delete(Relationship).where(among(Relationship.record_id, record_ids)))


def mark_seen(connection: Connection, run_id: int, record_ids: Sequence[int]) -> None:
    """Note unchanged records that a running snapshot load met."""
    if record_ids:
        stream = framed(seen_row(run_id, record_id) for record_id in record_ids)
        _copy(driver(connection), f"seen ({SEEN_COLUMNS})", stream)


def _missing(source_id: int, run_id: int) -> tuple[ColumnElement[bool], ...]:
    was_seen = exists().where(Seen.run_id == run_id, Seen.record_id == Record.id)
    return (
        Record.source_id == source_id,
        Record.removed_at.is_(None),
        Record.run_id != run_id,
        ~was_seen,
    )


def count_present(connection: Connection, source_id: int) -> int:
    """Records of a source that are not removed."""
    statement = select(func.count()).where(
        Record.source_id == source_id, Record.removed_at.is_(None)
    )
    return connection.execute(statement).scalar_one()


def count_missing(connection: Connection, source_id: int, run_id: int) -> int:
    """Present records that a complete snapshot run did not meet."""
    return connection.execute(
        select(func.count()).select_from(Record).where(*_missing(source_id, run_id))
    ).scalar_one()


def remove(connection: Connection, record_ids: Sequence[int], at: datetime) -> None:
    """Mark records removed, and destroy their keys, tags and terms: nothing finds or opens them again."""
    connection.execute(update(Record).where(among(Record.id, record_ids)).values(removed_at=at))
    _clear_dependents(connection, record_ids)
    connection.execute(delete(RecordKeyRow).where(among(RecordKeyRow.record_id, record_ids)))


def remove_missing(connection: Connection, source_id: int, run_id: int, at: datetime) -> int:
    """Remove what a complete snapshot run did not meet; answers how many.

    A key that returns is a new record, so nothing is lost that could be used.
    """
    missing = connection.scalars(select(Record.id).where(*_missing(source_id, run_id))).all()
    if missing:
        remove(connection, missing, at)
    return len(missing)


def forget_seen(connection: Connection, run_id: int) -> None:
    """Drop a finished run's notes."""
    connection.execute(delete(Seen).where(Seen.run_id == run_id))


def number_range(connection: Connection, source_ids: Sequence[int]) -> tuple[int, int]:
    """The smallest and largest record number of those sources, (0, 0) when there is none."""
    statement = select(func.min(Record.id), func.max(Record.id)).where(
        among(Record.source_id, source_ids)
    )
    low, high = connection.execute(statement).one()
    return low or 0, high or 0


def stream_matches(
    connection: Connection, source_ids: Sequence[int], low: int, high: int, batch: int = 20_000
) -> Iterator[list[MatchRow]]:
    """Sealed match rows of present records of those sources with low <= id < high, in order of id."""
    with driver(connection).cursor(name="matches", binary=True) as cursor:
        cursor.execute(_MATCHES, {"sources": list(source_ids), "low": low, "high": high})
        while rows := cursor.fetchmany(batch):
            yield rows  # type: ignore[misc]  # the columns of _MATCHES, in order


_MATCHES = """
    SELECT r.id, r.source_id, r.version, r.is_poor, r.key_hash, k.wrapped_key, r.match
    FROM records r JOIN record_keys k ON k.record_id = r.id
    WHERE r.id >= %(low)s AND r.id < %(high)s AND r.removed_at IS NULL
        AND r.source_id = ANY(%(sources)s)
    ORDER BY r.id
"""


def read_tags(
    connection: Connection, rules: Sequence[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int16]]:
    """All tags of those rules as three columns: tag, record, rule."""
    query = f"SELECT tag, record_id, rule FROM tags WHERE rule IN ({', '.join(map(str, rules))})"  # noqa: S608 (integers)
    columns = read_fixed(connection, query, ["tag:i8", "record:i8", "rule:i2"])
    return columns["tag"], columns["record"], columns["rule"]


def sealed(connection: Connection, record_ids: Sequence[int]) -> list[SealedRecord]:
    """Those records as they rest, in order of id."""
    rows = connection.execute(
        select(
            Record.id,
            Source.name,
            Record.version,
            RecordKeyRow.wrapped_key,
            Record.core,
            Record.contact,
            Record.sensitive,
        )
        .join(Source, Source.id == Record.source_id)
        .join(RecordKeyRow, RecordKeyRow.record_id == Record.id)
        .where(among(Record.id, record_ids))
        .order_by(Record.id)
    ).all()
    return [SealedRecord(*row) for row in rows]


def find_by_key(connection: Connection, key_hash: bytes) -> int | None:
    """The present record under that keyed hash."""
    return connection.scalar(
        select(Record.id).where(Record.key_hash == key_hash, Record.removed_at.is_(None))
    )


def source_of(connection: Connection, record_id: int) -> str:
    """The name of a record's source."""
    statement = select(Source.name).join(Record, Record.source_id == Source.id)
    return connection.execute(statement.where(Record.id == record_id)).scalar_one()


def source_numbers(connection: Connection, record_ids: Sequence[int]) -> list[int]:
    """The number of each record's source, in no particular order."""
    return list(connection.scalars(select(Record.source_id).where(among(Record.id, record_ids))))


def related(connection: Connection, record_ids: Sequence[int]) -> list[tuple[int, str, int]]:
    """Relationships from or to those records whose other side is present: (from, kind, to)."""
    other = select(Record.id, Record.key_hash).where(Record.removed_at.is_(None)).subquery()
    statement = select(Relationship.record_id, Relationship.kind, other.c.id).join(
        other, other.c.key_hash == Relationship.other_key_hash
    )
    outgoing = connection.execute(statement.where(among(Relationship.record_id, record_ids))).all()
    incoming = connection.execute(statement.where(among(other.c.id, record_ids))).all()
    return sorted({(row[0], row[1], row[2]) for row in (*outgoing, *incoming)})


@dataclass(frozen=True, slots=True)
class PresentRecord:
    """A record that is not removed, as far as acts on it need it.

    constituent: the age number of the id it is linked to, None before its first link. resolved_version:
    the version that the partition has seen.
    """

    id: int
    source: str
    kind: str
    version: int
    resolved_version: int | None
    constituent: int | None
    key_hash: bytes
    content_hash: bytes

    @property
    def is_pending(self) -> bool:
        """Whether where this version of it leads to is still to be seen."""
        return self.resolved_version != self.version


def present(connection: Connection, record_ids: Sequence[int]) -> list[PresentRecord]:
    """Those records that are not removed, oldest first."""
    return _present(connection, among(Record.id, record_ids))


def present_by_key(connection: Connection, key_hashes: Sequence[bytes]) -> list[PresentRecord]:
    """The present records under those keys, oldest first."""
    return _present(connection, among(Record.key_hash, key_hashes))


def _present(connection: Connection, which: ColumnElement[bool]) -> list[PresentRecord]:
    is_linked = (Link.record_id == Record.id) & Link.recorded_until.is_(None)
    rows = connection.execute(
        select(
            Record.id,
            Source.name,
            Source.kind,
            Record.version,
            Component.version,
            Link.constituent_id,
            Record.key_hash,
            Record.content_hash,
        )
        .join(Source, Source.id == Record.source_id)
        .outerjoin(Component, Component.record_id == Record.id)
        .outerjoin(Link, is_linked)
        .where(which, Record.removed_at.is_(None))
        .order_by(Record.id)
    ).all()
    return [PresentRecord(*row) for row in rows]


def tags_of(connection: Connection, record_ids: Sequence[int]) -> list[tuple[int, int]]:
    """The tags that those records offer, each with the number of its rule."""
    statement = select(tags.c.tag, tags.c.rule).where(among(tags.c.record_id, record_ids))
    return [(row[0], row[1]) for row in connection.execute(statement.distinct()).all()]
