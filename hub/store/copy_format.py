"""PostgreSQL's binary COPY format, written by hand because a row is made a million times.

One function per bulk table packs one row; `framed` adds the header and trailer. Format: PostgreSQL
documentation, COPY, "Binary Format". Column orders are the `*_COLUMNS` beside each function.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from struct import Struct
from typing import Final

HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"
EMPTY: Final = HEADER + TRAILER
NULL: Final = b"\xff\xff\xff\xff"

_EPOCH_DAY = date(2000, 1, 1).toordinal()
_EPOCH = datetime.fromisoformat("2000-01-01T00:00:00+00:00")

_length = Struct(">i").pack
_day = Struct(">ii").pack
_record_head = Struct(">hiqihiqiq").pack
_record_flag_and_hashes = Struct(">i?i16si16s").pack
_time = Struct(">iq").pack
_record_id = Struct(">hiq").pack
_tag = Struct(">hiqiqihi?").pack
_link = Struct(">hiqiqiq").pack
_child_head = Struct(">hiqih").pack
_two_ids = Struct(">hiqiq").pack

RECORDS_COLUMNS: Final = (
    "id, source_id, version, run_id, is_poor, key_hash, content_hash, "
    "core, contact, sensitive, match, loaded_at"
)
KEYS_COLUMNS: Final = "record_id, wrapped_key"
TAGS_COLUMNS: Final = "tag, record_id, rule, is_poor"
HOLDINGS_COLUMNS: Final = "record_id, position, type, status, valid_from, valid_until"
RELATIONSHIPS_COLUMNS: Final = "record_id, position, kind, other_key_hash"
LINKS_COLUMNS: Final = "record_id, constituent_id, recorded_from"
COMPONENTS_COLUMNS: Final = "record_id, component_id, version"
SEEN_COLUMNS: Final = "run_id, record_id"


def framed(rows: Iterable[bytes]) -> bytes:
    """Packed rows as one complete COPY stream."""
    return HEADER + b"".join(rows) + TRAILER


def microseconds(at: datetime) -> int:
    """An aware time as PostgreSQL's microseconds since 2000-01-01 UTC."""
    delta = at - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def pack_day(value: date | None) -> bytes:
    """A nullable date field."""
    return NULL if value is None else _day(4, value.toordinal() - _EPOCH_DAY)


def pack_bytes(value: bytes | None) -> bytes:
    """A nullable bytea field."""
    return NULL if value is None else _length(len(value)) + value


def pack_text(value: str | None) -> bytes:
    """A nullable text field."""
    return NULL if value is None else pack_bytes(value.encode())


def record_row(
    record_id: int,
    source_id: int,
    version: int,
    run_id: int,
    is_poor: bool,
    hashes: tuple[bytes, bytes],
    blobs: tuple[bytes, bytes | None, bytes | None, bytes],
    loaded_us: int,
) -> bytes:
    """One row of records. `hashes`: key, content (16 bytes each); `blobs`: core, contact, sensitive, match."""
    key_hash, content_hash = hashes
    return b"".join(
        (
            _record_head(12, 8, record_id, 2, source_id, 8, version, 8, run_id),
            _record_flag_and_hashes(1, is_poor, 16, key_hash, 16, content_hash),
            *map(pack_bytes, blobs),
            _time(8, loaded_us),
        )
    )


def key_row(record_id: int, wrapped_key: bytes) -> bytes:
    """One row of record_keys."""
    return _record_id(2, 8, record_id) + _length(len(wrapped_key)) + wrapped_key


def tag_row(tag: int, record_id: int, rule: int, is_poor: bool) -> bytes:
    """One row of tags."""
    return _tag(4, 8, tag, 8, record_id, 2, rule, 1, is_poor)


def holding_row(
    record_id: int,
    position: int,
    type_: str | None,
    status: str | None,
    valid_from: date | None,
    valid_until: date | None,
) -> bytes:
    """One row of holdings."""
    return b"".join(
        (
            _child_head(6, 8, record_id, 2, position),
            pack_text(type_),
            pack_text(status),
            pack_day(valid_from),
            pack_day(valid_until),
        )
    )


def relationship_row(record_id: int, position: int, kind: str, other_key_hash: bytes) -> bytes:
    """One row of relationships."""
    return _child_head(4, 8, record_id, 2, position) + pack_text(kind) + pack_bytes(other_key_hash)


def link_row(record_id: int, constituent_id: int, recorded_us: int) -> bytes:
    """One row of links or homes, open-ended."""
    return _link(3, 8, record_id, 8, constituent_id, 8, recorded_us)


def component_row(record_id: int, component_id: int, version: int) -> bytes:
    """One row of components."""
    return _link(3, 8, record_id, 8, component_id, 8, version)


def seen_row(run_id: int, record_id: int) -> bytes:
    """One row of seen."""
    return _two_ids(2, 8, run_id, 8, record_id)
