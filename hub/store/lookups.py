"""What a look-up reads: whom a reference leads to, and once she is locked, her records and ids as they rest.

Statements that do not wait for each other's answer are sent together, each lock before what is read under it.
Whether anything of it may be opened is the journeys' to decide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from hub.store.database import LOCK_POLICY, Statement, begin, driver, pipelined
from hub.store.subjects import (
    FACTS,
    StoredFacts,
    SubjectIds,
    facts_from,
    ids_from,
    lock,
)
from hub.store.surroundings import PLANNING


@dataclass(frozen=True, slots=True)
class Reached:
    """The policy in force, and the current id a reference leads to by its age number, if any.

    shown: the id that the agency was shown, by its age number; agency: whose record a key named.
    """

    policy_version: int
    number: int | None
    shown: int | None = None
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """A present record of a constituent as it rests, with the source that states it."""

    id: int
    version: int
    source: str
    agency: str
    is_sensitive: bool
    key_hash: bytes
    wrapped_key: bytes
    core: bytes
    contact: bytes | None
    sensitive: bytes | None


@dataclass(frozen=True, slots=True)
class Declared:
    """A registered source's agency, and its rank in the attributes it has authority over."""

    agency: str
    authority: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PinnedValue:
    """A standing pin: of a record, by attribute, on the value that has this keyed hash."""

    key_hash: bytes
    attribute: str
    value_hash: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A constituent as a look-up finds her under her lock.

    is_current: her id stands for her still, and not for another or nobody. shown: what the asking agency was shown for the oldest id that answers with hers. declared: every source
    of her kind. facts: those under the current id alone.
    """

    ids: SubjectIds
    is_current: bool
    kind: str
    records: tuple[HeldRecord, ...]
    pins: tuple[PinnedValue, ...]
    shown: UUID | None
    declared: tuple[Declared, ...]
    facts: StoredFacts


_SHARE_POLICY: Final = Statement(
    f"SELECT pg_advisory_xact_lock_shared({LOCK_POLICY}, 0), {PLANNING}"
)

_VERSION: Final = "(SELECT coalesce(max(version), 0) FROM policies)"

_BY_KEY: Final = Statement(f"""
    SELECT {_VERSION}, l.constituent_id, NULL::bigint, s.agency
    FROM (VALUES (%(key_hash)s::bytea)) AS asked (key_hash)
    LEFT JOIN records r ON r.key_hash = asked.key_hash AND r.removed_at IS NULL
    LEFT JOIN sources s ON s.id = r.source_id
    LEFT JOIN links l ON l.record_id = r.id AND l.recorded_until IS NULL
""")

# An id that is an alias stands for the one it resolves to; a tombstone for nobody.
_BY_SHOWN: Final = Statement(f"""
    SELECT {_VERSION},
        CASE WHEN a.constituent_id IS NULL THEN p.constituent_id ELSE a.current_id END,
        p.constituent_id, NULL
    FROM (VALUES (%(agency)s::text, %(pairwise_id)s::uuid)) AS asked (agency, pairwise_id)
    LEFT JOIN pairwise_ids p
        ON p.pairwise_id = asked.pairwise_id AND p.agency = asked.agency
    LEFT JOIN aliases a ON a.constituent_id = p.constituent_id AND a.recorded_until IS NULL
""")

_VERSION_ONLY: Final = Statement(f"SELECT {_VERSION}, NULL::bigint, NULL::bigint, NULL::text")


def reach_by_key(connection: Connection, key_hash: bytes) -> Reached:
    """Begin, share the policy, then see whom a present record's key leads to."""
    return _reached(connection, _BY_KEY, {"key_hash": key_hash})


def reach_by_shown(connection: Connection, agency: str, pairwise_id: UUID) -> Reached:
    """Begin, share the policy, then see whom an agency was shown under an id."""
    return _reached(connection, _BY_SHOWN, {"agency": agency, "pairwise_id": pairwise_id})


def reach_nobody(connection: Connection) -> Reached:
    """Begin and share the policy, where who is meant is still to be found."""
    return _reached(connection, _VERSION_ONLY, {})


def _reached(connection: Connection, query: Statement, values: Mapping[str, object]) -> Reached:
    with pipelined(connection):
        begin(connection)
        _SHARE_POLICY.send(connection)
        found = query.send(connection, values)
    return Reached(*found.fetchone())


def hold(connection: Connection, agency: str, number: int, subject_hash: bytes) -> Held:
    """Share an id's lock until the transaction ends, then read all that stands under it for this agency.

    subject_hash: what her facts are filed under; those of her other ids are still to be read.
    """
    asked = {"number": number, "agency": agency}
    with pipelined(connection):
        lock(connection, [number], is_shared=True)
        read = _RECORDS.send(connection, asked)
        hanging = _HANGING.send(connection, asked)
        facts = FACTS.send(connection, {"hashes": [subject_hash]})
    found: dict[str, list[Any]] = {"id": [], "pin": [], "source": [], "herself": []}
    for what, *row in hanging.fetchall():
        found[what].append(row)
    [herself] = found["herself"]
    return Held(
        ids=ids_from([number], [(number, row[0], row[1]) for row in found["id"]])[number],
        is_current=herself[2],
        kind=herself[3],
        records=tuple(HeldRecord(*row) for row in read.fetchall()),
        pins=tuple(PinnedValue(row[4], row[3], row[5], row[1]) for row in found["pin"]),
        shown=herself[6],
        declared=tuple(Declared(row[3], row[7]) for row in found["source"]),
        facts=facts_from(facts.fetchall()),
    )


_RECORDS: Final = Statement("""
    SELECT r.id, r.version, s.name, s.agency, s.is_sensitive, r.key_hash, k.wrapped_key, r.core, r.contact,
        r.sensitive
    FROM links l
    JOIN records r ON r.id = l.record_id AND r.removed_at IS NULL
    JOIN sources s ON s.id = r.source_id
    JOIN record_keys k ON k.record_id = r.id
    WHERE l.constituent_id = %(number)s AND l.recorded_until IS NULL
    ORDER BY r.id
""")

# What hangs on her, in one statement, since each costs as much as its rows: ids that answer with hers (no
# moment) and ids her records were under (with when the last left), pins, sources of her kind, and herself: is
# she current, of what kind, and what the agency was shown for the oldest of her ids.
_HANGING: Final = Statement("""
    WITH answering AS (
        SELECT constituent_id FROM aliases
        WHERE current_id = %(number)s AND recorded_until IS NULL
    ),
    mine AS (
        SELECT record_id FROM links WHERE constituent_id = %(number)s AND recorded_until IS NULL
    ),
    herself AS (SELECT kind FROM constituents WHERE id = %(number)s)
    SELECT 'id', constituent_id, NULL::timestamptz, NULL::boolean, NULL::text, NULL::bytea, NULL::bytea,
        NULL::uuid, NULL::jsonb
    FROM answering
    UNION ALL
    SELECT 'id', p.constituent_id, max(p.recorded_until), NULL, NULL, NULL, NULL, NULL, NULL
    FROM mine CROSS JOIN LATERAL (
        SELECT constituent_id, recorded_until FROM links WHERE record_id = mine.record_id OFFSET 0
    ) p
    WHERE p.recorded_until IS NOT NULL
    GROUP BY p.constituent_id
    UNION ALL
    SELECT 'pin', NULL, p.made_at, NULL, p.attribute, p.key_hash, p.value_hash, NULL, NULL
    FROM mine JOIN records r ON r.id = mine.record_id
    JOIN pins p ON p.key_hash = r.key_hash AND p.withdrawn_at IS NULL
    UNION ALL
    SELECT 'source', NULL, NULL, NULL, s.agency, NULL, NULL, NULL, s.authority
    FROM herself JOIN sources s USING (kind)
    UNION ALL
    SELECT 'herself', NULL, NULL,
        NOT EXISTS (
            SELECT FROM aliases WHERE constituent_id = %(number)s AND recorded_until IS NULL
        ),
        herself.kind, NULL, NULL, (
            SELECT p.pairwise_id FROM pairwise_ids p
            WHERE p.agency = %(agency)s AND p.constituent_id = ANY (ARRAY(
                SELECT %(number)s::bigint UNION ALL SELECT constituent_id FROM answering
            ))
            ORDER BY p.constituent_id LIMIT 1
        ), NULL
    FROM herself
""")


def constituents_of(
    connection: Connection, record_ids: Sequence[int]
) -> dict[int, tuple[int, str]]:
    """The current id and the agency of each of those records that is linked, present or not."""
    rows: Any = (
        driver(connection)
        .execute(
            "SELECT l.record_id, l.constituent_id, s.agency FROM links l "
            "JOIN records r ON r.id = l.record_id JOIN sources s ON s.id = r.source_id "
            "WHERE l.record_id = ANY(%s::bigint[]) AND l.recorded_until IS NULL",
            (list(record_ids),),
        )
        .fetchall()
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def held_by(connection: Connection, numbers: Sequence[int]) -> dict[int, frozenset[str]]:
    """The agencies that hold a present record of each of those constituents."""
    rows: Any = (
        driver(connection)
        .execute(
            "SELECT l.constituent_id, array_agg(DISTINCT s.agency) FROM links l "
            "JOIN records r ON r.id = l.record_id AND r.removed_at IS NULL "
            "JOIN sources s ON s.id = r.source_id "
            "WHERE l.constituent_id = ANY(%s::bigint[]) AND l.recorded_until IS NULL "
            "GROUP BY l.constituent_id",
            (list(numbers),),
        )
        .fetchall()
    )
    return {row[0]: frozenset(row[1]) for row in rows}
