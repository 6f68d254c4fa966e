"""What the real-time path reads: a record under its key, who shares a tag with it, and what surrounds these.

Statements that do not wait for each other's answer are sent together (psycopg's pipeline), each lock as a
statement of its own before the one that reads. Their order is the journeys' (hub.journeys.change).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.reviews import Verdict
from hub.store import database
from hub.store.constituents import AliasOf
from hub.store.database import LOCK_LOAD, LOCK_PARTITION, Statement, driver, int_array, pipelined
from hub.store.reviews import PASSING, OpenReview, subject
from hub.store.single_records import SingleRecord

Tag = tuple[int, int]
"""A blocking tag and the number of its rule."""


@dataclass(frozen=True, slots=True)
class Known:
    """A present record under a key. `is_resolved`: the partition has seen this version of it."""

    id: int
    version: int
    content_hash: bytes
    component_id: int | None
    is_resolved: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """A record by its number, before it is locked. is_linked: it stands under an id already."""

    key_hash: bytes
    version: int
    is_removed: bool
    is_linked: bool
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a change starts from: the active model's number, and an id's age number never given before.

    lock_s: seconds waited for the partition.
    """

    model_id: int | None
    fresh_constituent: int
    lock_s: float


@dataclass(frozen=True, slots=True)
class SealedFeatures:
    """A record's comparable values as they rest, with what opening them needs."""

    id: int
    version: int
    wrapped_key: bytes
    match: bytes


@dataclass(frozen=True, slots=True)
class Touched:
    """A record of a touched component, present or removed (then `features` is None).

    component_id: None where it has none yet. resolved_version: the version its component rests on.
    since: the later of when its link and its home were recorded.
    """

    id: int
    version: int
    component_id: int | None
    resolved_version: int | None
    source_id: int
    is_duplicate_free: bool
    is_poor: bool
    is_apart: bool
    key_hash: bytes
    constituent_id: int | None
    home_id: int | None
    since: datetime | None
    features: SealedFeatures | None
    tags: tuple[Tag, ...]


# Each of these statements follows a handful of rows by index, which is right whatever the tables hold. Right
# after a large load the planner has no statistics yet, and would hash whole tables; and planning eight joins
# anew would cost more than running them.
PLANNING: Final = ", ".join(
    f"set_config('{name}', '{value}', true)"
    for name, value in (
        ("enable_hashjoin", "off"),
        ("enable_hashagg", "off"),
        ("enable_mergejoin", "off"),
        ("enable_seqscan", "off"),
        ("plan_cache_mode", "force_generic_plan"),
    )
)

# statement_timestamp is when the statement came in: what lies between is the wait for the lock. Of a source
# that is not asked for the answer is null, which is not false.
_WAITED: Final = "extract(epoch FROM clock_timestamp() - statement_timestamp())::float8"
_SHARE: Final = Statement(f"""
    SELECT pg_advisory_xact_lock_shared({LOCK_PARTITION}, 0), {_WAITED},
        pg_try_advisory_xact_lock_shared({LOCK_LOAD}, %s::int), {PLANNING}
""")
# Over a subquery's rows in their order: the planner does not merge one that is sorted with what reads it.
_LOCK: Final = Statement(f"""
    SELECT count(pg_advisory_xact_lock(k)), {_WAITED}
    FROM (SELECT DISTINCT unnest(%s::bigint[]) AS k ORDER BY k) AS wanted
""")
_LOCK_RECORD: Final = Statement(f"""
    WITH standing AS MATERIALIZED (
        SELECT id, version FROM records WHERE key_hash = %(key_hash)s AND removed_at IS NULL
    )
    SELECT (SELECT id FROM standing), (SELECT version FROM standing),
        count(pg_advisory_xact_lock(k)), {_WAITED}
    FROM (
        SELECT unnest(%(numbers)s::bigint[]) AS k
        UNION SELECT tag FROM standing JOIN tags ON record_id = id
        ORDER BY k
    ) AS wanted
""")

_BEGIN: Final = Statement("""
    SELECT (SELECT model_id FROM active_models WHERE kind = %s), nextval('constituent_numbers')
""")

_CANDIDATES: Final = """
    SELECT r.id, r.version, k.wrapped_key, r.match, c.component_id
    FROM (
        SELECT record_id FROM tags WHERE tag = ANY(%(first)s::bigint[])
        UNION SELECT record_id FROM tags WHERE tag = ANY(%(second)s::bigint[]) AND (%(is_poor)s::boolean OR is_poor)
    ) near
    JOIN components c ON c.record_id = near.record_id
    JOIN records r ON r.id = near.record_id AND r.removed_at IS NULL
    JOIN record_keys k ON k.record_id = r.id
"""

_ASK: Final = Statement(_CANDIDATES)

_CHOSEN: Final = """
    WITH chosen AS MATERIALIZED (
        SELECT record_id FROM components WHERE component_id = ANY (ARRAY(
            SELECT component_id FROM components WHERE record_id = ANY(%(seeds)s::bigint[])
        ))
        UNION SELECT unnest(%(seeds)s::bigint[])
    )
"""

_TOUCHED: Final = Statement(f"""{_CHOSEN}
    SELECT r.id, r.version, c.component_id, c.version, r.source_id, s.is_duplicate_free, r.is_poor,
        o.id IS NOT NULL OR NOT s.may_match, r.key_hash, l.constituent_id, h.constituent_id,
        greatest(l.recorded_from, h.recorded_from), k.wrapped_key, r.match, t.tags, t.rules,
        i.public_id
    FROM chosen
    JOIN records r ON r.id = chosen.record_id
    JOIN sources s ON s.id = r.source_id
    LEFT JOIN components c ON c.record_id = r.id
    LEFT JOIN record_keys k ON k.record_id = r.id AND r.removed_at IS NULL
    LEFT JOIN links l ON l.record_id = r.id AND l.recorded_until IS NULL
    LEFT JOIN constituents i ON i.id = l.constituent_id
    LEFT JOIN homes h ON h.record_id = r.id AND h.recorded_until IS NULL
    LEFT JOIN objections o ON o.key_hash = r.key_hash AND o.withdrawn_at IS NULL
    LEFT JOIN LATERAL (
        SELECT array_agg(tag) AS tags, array_agg(rule) AS rules FROM tags WHERE record_id = r.id
    ) t ON true
    ORDER BY r.id
""")

# Judgements on them, ids that resolve to theirs, open questions about them: each a row under a name of its
# own, in one statement, since each statement costs as much as its rows. Nothing of a kind: no row of it.
_HANGING: Final = Statement(f"""{_CHOSEN},
    keys AS MATERIALIZED (
        SELECT key_hash FROM records WHERE id = ANY (ARRAY(SELECT record_id FROM chosen))
    ),
    touching AS MATERIALIZED (
        SELECT j.verdict, j.left_key_hash, j.right_key_hash FROM keys
        JOIN judgements j ON j.left_key_hash = keys.key_hash AND j.withdrawn_at IS NULL
        UNION SELECT j.verdict, j.left_key_hash, j.right_key_hash FROM keys
        JOIN judgements j ON j.right_key_hash = keys.key_hash AND j.withdrawn_at IS NULL
    )
    SELECT 'judged', t.verdict, l.id, lc.component_id, r.id, rc.component_id, NULL::uuid
    FROM touching t
    JOIN records l ON l.key_hash = t.left_key_hash AND l.removed_at IS NULL
    JOIN records r ON r.key_hash = t.right_key_hash AND r.removed_at IS NULL
    LEFT JOIN components lc ON lc.record_id = l.id
    LEFT JOIN components rc ON rc.record_id = r.id
    UNION ALL
    SELECT 'alias', NULL, a.constituent_id, a.current_id, a.follows_id, NULL, i.public_id
    FROM aliases a JOIN constituents i ON i.id = a.constituent_id
    WHERE a.recorded_until IS NULL AND a.current_id = ANY (ARRAY(
        SELECT l.constituent_id FROM chosen JOIN links l USING (record_id)
        WHERE l.recorded_until IS NULL
    ))
    UNION ALL
    SELECT 'review', v.reason, v.id, v.left_record_id, v.right_record_id, v.weight_microbits, NULL
    FROM chosen CROSS JOIN LATERAL (
        SELECT id, left_record_id, right_record_id, reason, weight_microbits FROM reviews
        WHERE left_record_id = chosen.record_id AND closed_at IS NULL
        OFFSET 0
    ) v
""")


def begin(connection: Connection, kind: str) -> Beginning:
    """Share the partition with other changes until the transaction ends.

    Waits while a batch publishes: what it publishes is seen by every later statement.
    """
    with pipelined(connection):
        shared = _SHARE.send(connection, (None,))
        begun = _BEGIN.send(connection, (kind,))
    _, lock_s, *_ = shared.fetchone()
    model_id, constituent = begun.fetchone()
    return Beginning(model_id, constituent, lock_s)


@dataclass(frozen=True, slots=True)
class Asking:
    """What a record asks for its candidates with: its tags by tier, and whether it is poor."""

    first_tags: Sequence[int]
    second_tags: Sequence[int]
    is_poor: bool


@dataclass(frozen=True, slots=True)
class Met:
    """What a change of one record starts from: what stands under its key, and the candidates asked for.

    is_shared: the source is not being loaded. is_overtaken: another stood under the key when the tags to
    lock were read. is_suppressed: the record was erased, and what comes under the key stays out. is_judged: a
    standing judgement names the key. fresh_id: a record number never given before. candidates: each with
    its component.
    """

    beginning: Beginning
    is_shared: bool
    is_overtaken: bool
    is_suppressed: bool
    is_judged: bool
    fresh_id: int
    known: Known | None
    candidates: list[tuple[SealedFeatures, int]]


def meet(
    connection: Connection,
    kind: str,
    source_lock: int,
    numbers: Sequence[int],
    hashes: tuple[bytes, bytes | None],
    asking: Asking,
) -> Met:
    """Begin the open transaction, lock a record's key and tags, the old ones too, and see what stands under the key and who is near.

    source_lock: shared as well, without waiting for a load. numbers: to be locked. hashes: key, content;
    where the record stands already with that content, no candidates are looked for.
    """
    key_hash, content_hash = hashes
    asked = {"kind": kind, "key_hash": key_hash, "content_hash": content_hash, **_asked(asking)}
    with pipelined(connection):
        database.begin(connection)
        shared = _SHARE.send(connection, (source_lock,))
        locked = _LOCK_RECORD.send(
            connection, {"key_hash": key_hash, "numbers": int_array(numbers)}
        )
        met = _MEET.send(connection, asked)
    _, shared_s, is_shared, *_ = shared.fetchone()
    *stood, _, locked_s = locked.fetchone()
    rows = met.fetchall()
    model_id, constituent, record, is_suppressed, is_judged, *known = rows[0][:10]
    return Met(
        beginning=Beginning(model_id, constituent, shared_s + locked_s),
        is_shared=is_shared,
        is_overtaken=stood != known[:2],
        is_suppressed=is_suppressed,
        is_judged=is_judged,
        fresh_id=record,
        known=None if known[0] is None else Known(*known),
        candidates=[(SealedFeatures(*row[10:14]), row[14]) for row in rows if row[10] is not None],
    )


_MEET: Final = Statement(f"""
    SELECT fresh.*, known.*, near.*
    FROM (
        SELECT (SELECT model_id FROM active_models WHERE kind = %(kind)s),
            nextval('constituent_numbers'), nextval('record_numbers'),
            EXISTS (SELECT FROM suppressions WHERE key_hash = %(key_hash)s),
            EXISTS (
                SELECT FROM judgements
                WHERE left_key_hash = %(key_hash)s AND withdrawn_at IS NULL
            ) OR EXISTS (
                SELECT FROM judgements
                WHERE right_key_hash = %(key_hash)s AND withdrawn_at IS NULL
            )
        OFFSET 0
    ) AS fresh
    LEFT JOIN LATERAL (
        SELECT r.id, r.version, r.content_hash, c.component_id,
            coalesce(c.version = r.version, false) AS is_resolved
        FROM records r LEFT JOIN components c ON c.record_id = r.id
        WHERE r.key_hash = %(key_hash)s AND r.removed_at IS NULL
    ) AS known ON true
    LEFT JOIN LATERAL (
        SELECT * FROM ({_CANDIDATES}) AS candidates
        WHERE (known.is_resolved AND known.content_hash = %(content_hash)s) IS NOT TRUE
        OFFSET 0
    ) AS near ON true
""")


def share_partition(connection: Connection) -> None:
    """Share the partition until the transaction ends, for what changes no record but needs them still."""
    _SHARE.send(connection, (None,))


def row_of(connection: Connection, number: int) -> Stored:
    """The record of that number as it is now."""
    row: Any = driver(connection).execute(_STORED, (number,), binary=True).fetchone()
    return Stored(row[0], row[1], row[2], row[3], _tags(row[4], row[5]))


_STORED: Final = """
    SELECT r.key_hash, r.version, r.removed_at IS NOT NULL,
        EXISTS (SELECT FROM links l WHERE l.record_id = r.id AND l.recorded_until IS NULL),
        t.tags, t.rules
    FROM records r
    LEFT JOIN LATERAL (
        SELECT array_agg(tag) AS tags, array_agg(rule) AS rules FROM tags WHERE record_id = r.id
    ) t ON true
    WHERE r.id = %s
"""


def lock_values(connection: Connection, numbers: Sequence[int]) -> float:
    """Lock 64-bit numbers until the transaction ends; seconds waited.

    In their order, so that no two transactions can wait for each other.
    """
    return _waited(_locked(connection, numbers))


def _locked(connection: Connection, numbers: Sequence[int]) -> Any:
    return _LOCK.send(connection, (int_array(numbers),))


def candidates(connection: Connection, asking: Asking) -> list[tuple[SealedFeatures, int]]:
    """Records of the partition that share a tag: of the first tier, or of the second where one is poor.

    Each with its component.
    """
    rows = _ASK.send(connection, _asked(asking)).fetchall()
    return [(SealedFeatures(*row[:4]), row[4]) for row in rows]


def _asked(asking: Asking) -> dict[str, object]:
    return {
        "first": int_array(asking.first_tags),
        "second": int_array(asking.second_tags),
        "is_poor": asking.is_poor,
    }


@dataclass(frozen=True, slots=True)
class JudgedRecords:
    """A standing judgement on two records, each with its component; None for one not in the partition."""

    verdict: Verdict
    left: tuple[int, int | None]
    right: tuple[int, int | None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that placing the records of some components anew must know.

    judged: the judgements on any of them. aliases: what resolves to their ids. public_ids: of all these.
    reviews: open questions of the partition about them.
    """

    rows: list[Touched]
    judged: list[JudgedRecords]
    aliases: dict[int, AliasOf]
    public_ids: dict[int, UUID]
    reviews: list[OpenReview]
    lock_s: float


def nothing_around(one: SingleRecord) -> Surroundings:
    """What surrounds a new record that leads to nobody and that no judgement names."""
    row = Touched(
        id=one.id,
        version=one.version,
        component_id=None,
        resolved_version=None,
        source_id=one.source_id,
        # Nobody is there whom this would hold it apart from.
        is_duplicate_free=False,
        is_poor=one.is_poor,
        is_apart=False,
        key_hash=one.key_hash,
        constituent_id=None,
        home_id=None,
        since=None,
        features=SealedFeatures(one.id, one.version, one.wrapped_key, one.match),
        tags=one.tags,
    )
    return Surroundings([row], [], {}, {}, [], 0.0)


def surroundings(
    connection: Connection, seeds: Sequence[int], components_to_lock: Sequence[int]
) -> Surroundings:
    """Lock components, then read the seeds and everyone in their components, with all that hangs on them."""
    chosen = {"seeds": int_array(seeds)}
    with pipelined(connection):
        locked = _locked(connection, components_to_lock) if components_to_lock else None
        rows = _TOUCHED.send(connection, chosen)
        hanging = _HANGING.send(connection, chosen)
    read = rows.fetchall()
    found: dict[str, list[Any]] = {"judged": [], "alias": [], "review": []}
    for what, *row in hanging.fetchall():
        found[what].append(row)
    return Surroundings(
        rows=[_touched(row[:-1]) for row in read],
        judged=[
            JudgedRecords(Verdict(verdict), (left, left_component), (right, right_component))
            for verdict, left, left_component, right, right_component, _ in found["judged"]
        ],
        aliases={id_: AliasOf(current, follows) for _, id_, current, follows, *_ in found["alias"]},
        public_ids={row[9]: row[-1] for row in read if row[9] is not None}
        | {row[1]: row[-1] for row in found["alias"]},
        reviews=[
            OpenReview(id_, subject(left, right, reason), reason, microbits)
            for reason, id_, left, right, microbits, _ in found["review"]
            if reason in PASSING
        ],
        lock_s=_waited(locked) if locked else 0.0,
    )


def _touched(row: tuple[Any, ...]) -> Touched:
    wrapped_key, match, tags, rules = row[12:]
    features = None if wrapped_key is None else SealedFeatures(row[0], row[1], wrapped_key, match)
    read: Any = (*row[:12], features, _tags(tags, rules))
    return Touched(*read)


def _tags(tags: Sequence[int] | None, rules: Sequence[int] | None) -> tuple[Tag, ...]:
    return tuple(zip(tags or (), rules or (), strict=True))


def _waited(locked: Any) -> float:
    return float(locked.fetchone()[1])
