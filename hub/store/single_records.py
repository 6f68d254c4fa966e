"""One record that came on its own, with all that hangs on it: written in a statement, or two.

Decides nothing that records.py does not decide for a chunk of a load; here the number of statements is what
costs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import Connection

from hub.store.database import Statement, int_array


@dataclass(frozen=True, slots=True)
class SingleRecord:
    """One record that came on its own, sealed. holdings: type, status, from, until, in their order;
    relationships: kind and the other's key hash."""

    id: int
    source_id: int
    version: int
    run_id: int
    is_poor: bool
    key_hash: bytes
    content_hash: bytes
    core: bytes
    contact: bytes | None
    sensitive: bytes | None
    match: bytes
    loaded_at: datetime
    wrapped_key: bytes
    tags: tuple[tuple[int, int], ...]
    holdings: tuple[tuple[str, str | None, date | None, date | None], ...]
    relationships: tuple[tuple[str, bytes], ...]


def write_single(connection: Connection, one: SingleRecord, *, is_change: bool) -> None:
    """Write one record, in place of what stood under its number, and close its rows in the quarantine.

    Waits for no answer.
    """
    row = {
        "id": one.id,
        "source_id": one.source_id,
        "version": one.version,
        "run_id": one.run_id,
        "is_poor": one.is_poor,
        "key_hash": one.key_hash,
        "content_hash": one.content_hash,
        "core": one.core,
        "contact": one.contact,
        "sensitive": one.sensitive,
        "match": one.match,
        "loaded_at": one.loaded_at,
        "wrapped_key": one.wrapped_key,
        "tags": int_array(tag for tag, _ in one.tags),
        "rules": int_array(rule for _, rule in one.tags),
        "types": [type_ for type_, _, _, _ in one.holdings],
        "statuses": [status for _, status, _, _ in one.holdings],
        "froms": [since for _, _, since, _ in one.holdings],
        "untils": [until for _, _, _, until in one.holdings],
        "kinds": [kind for kind, _ in one.relationships],
        "others": [other for _, other in one.relationships],
    }
    if is_change:
        # A statement of its own: parts of one statement see the same rows, and a key is there once.
        _CLEAR_SINGLE.send(connection, {"id": one.id})
    (_CHANGE_SINGLE if is_change else _INSERT_SINGLE).send(connection, row)


_CLEAR_SINGLE: Final = Statement("""
    WITH t AS (DELETE FROM tags WHERE record_id = %(id)s),
    h AS (DELETE FROM holdings WHERE record_id = %(id)s),
    r AS (DELETE FROM relationships WHERE record_id = %(id)s)
    DELETE FROM record_keys WHERE record_id = %(id)s
""")

# What hangs on a record; sent with the record itself, since each statement costs as much as its rows.
_SINGLE_PARTS: Final = """,
    tagged AS (
        INSERT INTO tags (record_id, is_poor, tag, rule)
        SELECT %(id)s, %(is_poor)s, * FROM unnest(%(tags)s::bigint[], %(rules)s::smallint[])
    ),
    held AS (
        INSERT INTO holdings (record_id, position, type, status, valid_from, valid_until)
        SELECT %(id)s, place - 1, type, status, since, until
        FROM unnest(%(types)s::text[], %(statuses)s::text[], %(froms)s::date[], %(untils)s::date[])
            WITH ORDINALITY AS h (type, status, since, until, place)
    ),
    tied AS (
        INSERT INTO relationships (record_id, position, kind, other_key_hash)
        SELECT %(id)s, place - 1, kind, other
        FROM unnest(%(kinds)s::text[], %(others)s::bytea[]) WITH ORDINALITY AS r (kind, other, place)
    ),
    closed AS (
        UPDATE quarantine SET resolved_at = %(loaded_at)s, sealed_row = NULL
        WHERE source_id = %(source_id)s AND resolved_at IS NULL AND key_hash = %(key_hash)b
    )
    INSERT INTO record_keys (record_id, wrapped_key) VALUES (%(id)s, %(wrapped_key)b)
"""
_INSERT_SINGLE: Final = Statement(
    """
    WITH written AS (
        INSERT INTO records (id, source_id, version, run_id, is_poor, key_hash, content_hash, core,
            contact, sensitive, match, loaded_at)
        VALUES (%(id)s, %(source_id)s, %(version)s, %(run_id)s, %(is_poor)s, %(key_hash)b,
            %(content_hash)b, %(core)b, %(contact)b, %(sensitive)b, %(match)b, %(loaded_at)s)
    )"""
    + _SINGLE_PARTS
)
_CHANGE_SINGLE: Final = Statement(
    """
    WITH written AS (
        UPDATE records SET source_id = %(source_id)s, version = %(version)s, run_id = %(run_id)s,
            is_poor = %(is_poor)s, key_hash = %(key_hash)b, content_hash = %(content_hash)b,
            core = %(core)b, contact = %(contact)b, sensitive = %(sensitive)b, match = %(match)b,
            loaded_at = %(loaded_at)s
        WHERE id = %(id)s
    )"""
    + _SINGLE_PARTS
)
