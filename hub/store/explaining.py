"""What an explanation of two records reads: each with all that bears on who it is, and the judgements near it.

Read only, without locks: the caller reads within one snapshot. What it all means is hub.journeys.why's to
say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.records import ConstituentKind
from hub.domain.reviews import Verdict
from hub.store.database import driver
from hub.store.surroundings import SealedFeatures, Tag


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """A present record as it stands. `source` names its source; `source_id` is that source's number.

    component_id: None where the partition has not seen it; resolved_version: the version it has seen.
    may_match: some agreement lets its source's records be linked. is_apart: none does, or its constituent
    objected to linkage. constituent_id, public_id: None where it has no id yet.
    """

    id: int
    version: int
    kind: ConstituentKind
    source_id: int
    source: str
    is_duplicate_free: bool
    is_poor: bool
    may_match: bool
    is_apart: bool
    key_hash: bytes
    component_id: int | None
    resolved_version: int | None
    constituent_id: int | None
    public_id: UUID | None
    features: SealedFeatures
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A standing judgement, by number, on two present records."""

    id: int
    verdict: Verdict
    left: int
    right: int


_STANDING: Final = """
    SELECT r.id, r.version, s.kind, s.id, s.name, s.is_duplicate_free, r.is_poor, s.may_match,
        o.id IS NOT NULL OR NOT s.may_match, r.key_hash, c.component_id, c.version, l.constituent_id, i.public_id, k.wrapped_key, r.match,
        t.tags, t.rules
    FROM records r
    JOIN sources s ON s.id = r.source_id
    JOIN record_keys k ON k.record_id = r.id
    LEFT JOIN components c ON c.record_id = r.id
    LEFT JOIN links l ON l.record_id = r.id AND l.recorded_until IS NULL
    LEFT JOIN constituents i ON i.id = l.constituent_id
    LEFT JOIN objections o ON o.key_hash = r.key_hash AND o.withdrawn_at IS NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(tag) AS tags, array_agg(rule) AS rules FROM tags WHERE record_id = r.id
    ) t ON true
    WHERE r.id = ANY(%s::bigint[]) AND r.removed_at IS NULL
    ORDER BY r.id
"""

_JUDGED: Final = """
    WITH keys AS MATERIALIZED (SELECT key_hash FROM records WHERE id = ANY(%s::bigint[])),
    touching AS (
        SELECT j.id, j.verdict, j.left_key_hash, j.right_key_hash FROM keys
        JOIN judgements j ON j.left_key_hash = keys.key_hash AND j.withdrawn_at IS NULL
        UNION SELECT j.id, j.verdict, j.left_key_hash, j.right_key_hash FROM keys
        JOIN judgements j ON j.right_key_hash = keys.key_hash AND j.withdrawn_at IS NULL
    )
    SELECT t.id, t.verdict, l.id, r.id FROM touching t
    JOIN records l ON l.key_hash = t.left_key_hash AND l.removed_at IS NULL
    JOIN records r ON r.key_hash = t.right_key_hash AND r.removed_at IS NULL
    ORDER BY t.id
"""

_IN_COMPONENT: Final = """
    SELECT c.record_id FROM components c JOIN records r ON r.id = c.record_id
    WHERE c.component_id = %s AND r.removed_at IS NULL ORDER BY c.record_id
"""

_ACTIVE: Final = "SELECT model_id FROM active_models WHERE kind = %s"


def standing(connection: Connection, record_ids: Sequence[int]) -> list[StandingRecord]:
    """Those of the records that are present, in order of their numbers."""
    cursor = driver(connection).execute(_STANDING, (list(record_ids),), binary=True)
    rows: Any = cursor.fetchall()
    return [_standing(row) for row in rows]


def _standing(row: tuple[Any, ...]) -> StandingRecord:
    wrapped_key, match, tags, rules = row[14:]
    features = SealedFeatures(row[0], row[1], wrapped_key, match)
    tied = tuple(zip(tags or (), rules or (), strict=True))
    read: Any = (*row[:2], ConstituentKind(row[2]), *row[3:14], features, tied)
    return StandingRecord(*read)


def judged(connection: Connection, record_ids: Sequence[int]) -> list[JudgedPair]:
    """The standing judgements on any of those records whose records are both present, oldest first."""
    rows: Any = driver(connection).execute(_JUDGED, (list(record_ids),)).fetchall()
    return [JudgedPair(row[0], Verdict(row[1]), row[2], row[3]) for row in rows]


def in_component(connection: Connection, component_id: int) -> list[int]:
    """The present records of a component, ascending."""
    rows: Any = driver(connection).execute(_IN_COMPONENT, (component_id,)).fetchall()
    return [row[0] for row in rows]


def active_model(connection: Connection, kind: ConstituentKind) -> int | None:
    """The number of the model that kind is linked with."""
    row: Any = driver(connection).execute(_ACTIVE, (kind.value,)).fetchone()
    return None if row is None else row[0]
