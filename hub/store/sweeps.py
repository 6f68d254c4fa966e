"""The decision of consent.decision as one statement over many constituents: the same rules, as a set.

Decides which categories are permitted of each source agency, and no reasons; whoever releases decides again,
one constituent at a time. What rests sealed is handed in as arrays, opened: an array lives in the backend's
memory, a temporary table would lie on the disk. tests/journeys/test_sweeps.py holds this equal to `decide`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from psycopg.types.json import Jsonb
from sqlalchemy import Connection

from consent.decision import Request
from consent.vocabulary import ConsentState, DataCategory, LegalBasis, Purpose, RestrictionKind
from hub.store.database import driver, int_array

#: A category is a bit: what is permitted of a source is one number.
BITS: Final = {category: 1 << place for place, category in enumerate(DataCategory)}


class Point(NamedTuple):
    """A hash that facts about a constituent stand under; until: of a former id, when the last record left it."""

    constituent: int
    subject_hash: bytes
    until: datetime | None


class Binding(NamedTuple):
    """A restriction in force that binds the caller for the purpose."""

    subject_hash: bytes
    kind: RestrictionKind
    recorded_at: datetime


class Right(NamedTuple):
    """A representation whose scope holds the purpose. ended_on: the day from which it counts no more."""

    id: int
    subject_hash: bytes
    is_guardian: bool
    starts_on: date
    ends_on: date
    ended_on: date | None


class Ruled(NamedTuple):
    """What is permitted of one source agency's records, as BITS; `source` None where no agency holds one."""

    constituent: int
    own_records_only: bool
    source: str | None
    permitted: int


@dataclass(frozen=True, slots=True)
class Question:
    """What is the same for every constituent of a sweep. policy: as consent.stored writes it.

    clocks_differ_s: how much later than a record left an id a fact may be recorded there and still count.
    """

    request: Request
    policy: dict[str, Any]
    bindings: Sequence[Binding]
    clocks_differ_s: float


def represented(
    connection: Connection, subject_hashes: Sequence[bytes], purpose: str
) -> list[bytes]:
    """The subjects of the representations by which consent to a purpose was given under those hashes."""
    parameters = {"hashes": list(subject_hashes), "purpose": purpose, "valid": _VALID}
    rows: Any = driver(connection).execute(_REPRESENTED, parameters).fetchall()
    return [row[0] for row in rows]


_REPRESENTED: Final = """
    SELECT DISTINCT r.subject_hash
    FROM unnest(%(hashes)b::bytea[]) AS asked (subject_hash)
    JOIN consent_events c USING (subject_hash)
    JOIN representations r ON r.id = c.representation_id
    WHERE c.purpose = %(purpose)s AND c.state = ANY(%(valid)s)
"""


def rule(
    connection: Connection,
    question: Question,
    numbers: Sequence[int],
    points: Sequence[Point],
    rights: Sequence[Right],
) -> Iterator[Ruled]:
    """Rule on the constituents of those current ids: a row for each agency with a record, or one with none.

    points: every hash that facts about them stand under. rights: of all those subjects that matter.
    """
    request = question.request
    _plan_for(connection, len(numbers))
    cursor = driver(connection).execute(
        _RULE,
        {
            "caller": request.caller,
            "purpose": request.purpose,
            "on": request.on,
            "agreement": request.agreement,
            "assurance": int(request.assurance),
            "agencies": Jsonb(question.policy["agencies"]),
            "purposes": Jsonb(question.policy["purposes"]),
            "agreements": Jsonb(question.policy["agreements"]),
            **_categories(request),
            **_WORDS,
            "clocks_differ_s": question.clocks_differ_s,
            "numbers": int_array(numbers),
            **_columns("point", Point._fields, points),
            **_columns("binding", Binding._fields, question.bindings),
            **_columns("right", Right._fields, rights),
        },
        binary=True,
    )
    rows: Any = cursor
    return map(Ruled._make, rows)


def _plan_for(connection: Connection, constituents: int) -> None:
    """Until the transaction ends. Few are found by index; of many the planner, which cannot know how many
    rows the parts of the statement give one another, would compare each with each."""
    nested = "on" if constituents <= _FEW else "off"
    driver(connection).execute(_PLAN, (nested,))


_FEW: Final = 500
# Compiling a statement of many small parts takes longer than it runs.
_PLAN: Final = "SELECT set_config('enable_nestloop', %s, true), set_config('jit', 'off', true)"


def _categories(request: Request) -> dict[str, Any]:
    """What is asked for and in scope: existence is asked with everything."""
    asked = request.requested | {DataCategory.EXISTENCE} if request.requested else frozenset()
    reached = sorted(asked & request.scope)
    return {
        "categories": [category.value for category in reached],
        "bits": [BITS[category] for category in reached],
    }


def _columns(name: str, fields: Sequence[str], rows: Sequence[Any]) -> dict[str, list[Any]]:
    return {f"{name}_{field}": [row[place] for row in rows] for place, field in enumerate(fields)}


_VALID: Final = [state.value for state in ConsentState if state.is_valid]

#: The words that the rules hang on, as consent.vocabulary has them.
_WORDS: Final[dict[str, Any]] = {
    "existence": BITS[DataCategory.EXISTENCE],
    "prompting": Purpose.COMMUNICATION_MANAGEMENT.value,
    "statutory": [basis.value for basis in LegalBasis if basis.is_statutory],
    "open_to_objection": [basis.value for basis in LegalBasis if basis.is_open_to_objection],
    "valid": _VALID,
    "at_risk": RestrictionKind.AT_RISK.value,
    "shutting": [
        RestrictionKind.AT_RISK.value,
        RestrictionKind.RESTRICTED_PROCESSING.value,
        RestrictionKind.DISPUTED.value,
    ],
    "objection": RestrictionKind.OBJECTION.value,
    "objection_to_linkage": RestrictionKind.OBJECTION_TO_LINKAGE.value,
    "deceased": RestrictionKind.DECEASED.value,
}

_RULE: Final = """
    WITH
    -- The policy: what the agreements give the caller for the purpose, by source and category.
    active AS (
        SELECT id FROM jsonb_to_recordset(%(agencies)s) AS a (id text, is_suspended boolean)
        GROUP BY id HAVING NOT bool_or(is_suspended)
    ),
    declared AS (
        SELECT broader FROM jsonb_to_recordset(%(purposes)s) AS p (id text, broader text)
        WHERE id = %(purpose)s
    ),
    wanted AS (
        SELECT category, bit
        FROM unnest(%(categories)s::text[], %(bits)s::bigint[]) AS w (category, bit)
        WHERE EXISTS (SELECT FROM declared) AND %(caller)s IN (SELECT id FROM active)
    ),
    given AS (
        SELECT a.id AS agreement, a.revision, a.compatible_revisions, s.source, w.category, w.bit,
            a.legal_basis = ANY(%(statutory)s) AS is_statutory,
            a.legal_basis = ANY(%(open_to_objection)s) AS is_open_to_objection,
            a.legal_basis <> ALL(%(statutory)s)
                OR %(prompting)s IN (SELECT broader FROM declared) AS ends_with_life
        FROM jsonb_to_recordset(%(agreements)s) AS a (id text, revision bigint, sources text[],
            recipient text, purpose text, categories text[], legal_basis text, starts_on date,
            ends_on date, ended_at timestamptz, assurance_min int, compatible_revisions bigint[])
        CROSS JOIN unnest(a.sources) AS s (source)
        JOIN active ON active.id = s.source
        JOIN wanted w ON w.category = ANY(a.categories)
        WHERE a.recipient = %(caller)s AND a.purpose = %(purpose)s
            AND (%(agreement)s::text IS NULL OR a.id = %(agreement)s)
            AND a.ended_at IS NULL AND %(on)s BETWEEN a.starts_on AND a.ends_on
            AND a.assurance_min <= %(assurance)s
    ),
    by_law AS (
        SELECT source, objects, is_deceased, bit_or(bit) AS permitted
        FROM given
        CROSS JOIN (VALUES (false, false), (false, true), (true, false), (true, true))
            AS her (objects, is_deceased)
        WHERE is_statutory AND NOT (objects AND is_open_to_objection)
            AND NOT (is_deceased AND ends_with_life)
        GROUP BY source, objects, is_deceased
    ),
    -- Who holds a record, and what was said: of a former id, only what is from before she left it.
    asked AS (SELECT unnest(%(numbers)s::bigint[]) AS constituent),
    held AS (
        SELECT constituent, source, count(*) OVER (PARTITION BY constituent) AS sources
        FROM (
            SELECT DISTINCT asked.constituent, s.agency AS source
            FROM asked
            JOIN links l ON l.constituent_id = asked.constituent AND l.recorded_until IS NULL
            JOIN records r ON r.id = l.record_id AND r.removed_at IS NULL
            JOIN sources s ON s.id = r.source_id
        ) AS found
    ),
    points AS (
        SELECT constituent, subject_hash, until IS NOT NULL AS is_former,
            coalesce(until + make_interval(secs => %(clocks_differ_s)s), 'infinity') AS before
        FROM unnest(%(point_constituent)s::bigint[], %(point_subject_hash)b::bytea[],
            %(point_until)s::timestamptz[]) AS p (constituent, subject_hash, until)
    ),
    bound AS (
        SELECT p.constituent, bool_or(kind = %(at_risk)s) AS is_at_risk,
            bool_or(kind = ANY(%(shutting)s)) AS is_shut,
            bool_or(kind = %(objection)s) AS objects,
            bool_or(kind = %(objection_to_linkage)s) AS objects_to_linkage,
            bool_or(kind = %(deceased)s) AS is_deceased
        FROM unnest(%(binding_subject_hash)b::bytea[], %(binding_kind)s::text[],
            %(binding_recorded_at)s::timestamptz[]) AS b (subject_hash, kind, recorded_at)
        JOIN points p ON p.subject_hash = b.subject_hash AND b.recorded_at < p.before
        GROUP BY p.constituent
    ),
    -- Consent: the newest word of each subject on each category of each agreement.
    on_consent AS (SELECT * FROM given WHERE NOT is_statutory),
    said AS (
        SELECT p.constituent, p.is_former, c.agreement, c.revision, c.purpose, c.state, c.given_on,
            c.valid_until, c.representation_id, w.category,
            c.epoch = max(c.epoch) OVER (
                PARTITION BY p.constituent, p.subject_hash, c.agreement, w.category
            ) AS is_newest
        FROM points p
        JOIN consent_events c ON c.subject_hash = p.subject_hash AND c.recorded_at < p.before
        JOIN wanted w ON w.category = ANY(c.categories)
        WHERE c.agreement IN (SELECT agreement FROM on_consent)
    ),
    rights AS (
        SELECT p.constituent, r.id, r.is_guardian, r.starts_on,
            least(r.ends_on, r.ended_on - 1) AS ends_on
        FROM unnest(%(right_id)s::bigint[], %(right_subject_hash)b::bytea[],
            %(right_is_guardian)s::boolean[], %(right_starts_on)s::date[], %(right_ends_on)s::date[],
            %(right_ended_on)s::date[])
            AS r (id, subject_hash, is_guardian, starts_on, ends_on, ended_on)
        JOIN points p ON p.subject_hash = r.subject_hash AND NOT p.is_former
    ),
    heard AS (
        SELECT s.constituent, s.agreement, s.revision, s.category,
            s.state = ANY(%(valid)s) AS is_yes,
            s.state = ANY(%(valid)s) AND NOT s.is_former AND s.purpose = %(purpose)s
                AND coalesce(s.valid_until >= %(on)s, true)
                AND (s.representation_id IS NULL
                    OR (s.given_on BETWEEN r.starts_on AND r.ends_on
                        AND (NOT r.is_guardian OR %(on)s BETWEEN r.starts_on AND r.ends_on)))
                AS counts
        FROM said s
        LEFT JOIN rights r ON r.constituent = s.constituent AND r.id = s.representation_id
        WHERE s.is_newest
    ),
    agreed AS (
        SELECT h.constituent, g.source, g.bit
        FROM on_consent g
        JOIN heard h ON h.agreement = g.agreement AND h.category = g.category
        GROUP BY h.constituent, g.source, g.agreement, g.revision, g.bit
        HAVING bool_and(h.is_yes) AND bool_or(
            h.counts AND (h.revision = g.revision OR h.revision = ANY(g.compatible_revisions))
        )
    ),
    by_consent AS (
        SELECT constituent, source, bit_or(bit) AS permitted FROM agreed
        GROUP BY constituent, source
    ),
    ruled AS (
        SELECT asked.constituent, coalesce(b.is_at_risk, false) AS own_records_only, h.source,
            CASE
                WHEN h.source = %(caller)s THEN (SELECT coalesce(bit_or(bit), 0) FROM wanted)
                WHEN b.is_shut OR (b.objects_to_linkage AND h.sources > 1) THEN 0
                ELSE coalesce(law.permitted, 0)
                    | CASE WHEN b.is_deceased THEN 0 ELSE coalesce(hers.permitted, 0) END
            END AS permitted
        FROM asked
        LEFT JOIN held h ON h.constituent = asked.constituent
        LEFT JOIN bound b ON b.constituent = asked.constituent
        LEFT JOIN by_law law ON law.source = h.source
            AND law.objects = coalesce(b.objects, false)
            AND law.is_deceased = coalesce(b.is_deceased, false)
        LEFT JOIN by_consent hers
            ON hers.constituent = asked.constituent AND hers.source = h.source
    )
    SELECT constituent, own_records_only, source,
        CASE WHEN permitted & %(existence)s <> 0 THEN permitted ELSE 0 END
    FROM ruled ORDER BY constituent, source
"""
