"""Facts about constituents under their keyed hashes: locked, read together, added, ended.

What a sealed fact says is the journeys' to read. Whoever reads facts to decide by takes the subject's lock
first, in a statement of its own: shared for a release, alone for a change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, exists, func, insert, select, text, update
from sqlalchemy.dialects import postgresql

from hub.store.database import LOCK_SUBJECT, Statement, among, int_array
from hub.store.tables import (
    Component,
    ConsentEventRow,
    Link,
    RepresentationRow,
    RestrictionRow,
    Subject,
    SubjectKeyRow,
)

_LOCK_NUMBERS: Final = 2**31


class SealedKind(StrEnum):
    """The two kinds of fact that are sealed whole."""

    REPRESENTATION = "representation"
    RESTRICTION = "restriction"


_TABLES: Final[dict[SealedKind, type[RepresentationRow | RestrictionRow]]] = {
    SealedKind.REPRESENTATION: RepresentationRow,
    SealedKind.RESTRICTION: RestrictionRow,
}


@dataclass(frozen=True, slots=True)
class SubjectIds:
    """The ids under which facts about a constituent stand, by age number.

    standing: those that answer with her current id now, that one first. former: other ids that records of
    hers were under, each with the moment the last of them left it.
    """

    standing: tuple[int, ...]
    former: tuple[tuple[int, datetime], ...] = ()

    @property
    def current(self) -> int:
        return self.standing[0]

    @property
    def all(self) -> tuple[int, ...]:
        return (*self.standing, *(number for number, _ in self.former))


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """A consent event as it rests."""

    id: int
    subject_hash: bytes
    epoch: int
    agreement: str
    revision: int
    purpose: str
    state: str
    categories: tuple[str, ...]
    given_on: date
    valid_until: date | None
    representation_id: int | None
    sealed: bytes
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A representation or restriction as it rests; ended ones too."""

    id: int
    kind: SealedKind
    subject_hash: bytes
    epoch: int
    sealed: bytes
    recorded_at: datetime
    ended_epoch: int | None
    ended_at: datetime | None
    sealed_end: bytes | None


@dataclass(slots=True)
class StoredFacts:
    """All that stands under some hashes. epochs: of those whose facts ever changed."""

    epochs: dict[bytes, int] = field(default_factory=dict)
    erased: set[bytes] = field(default_factory=set)
    wrapped_keys: dict[bytes, bytes] = field(default_factory=dict)
    consents: list[StoredConsent] = field(default_factory=list)
    facts: list[StoredFact] = field(default_factory=list)


def ids_of(connection: Connection, number: int) -> SubjectIds:
    """The ids that stand for the constituent whose current id is `number`."""
    return ids_of_many(connection, [number])[number]


def ids_of_many(connection: Connection, numbers: Sequence[int]) -> dict[int, SubjectIds]:
    """The same of several constituents, by current id."""
    return ids_from(numbers, _IDS.send(connection, {"numbers": int_array(numbers)}).fetchall())


def ids_from(
    numbers: Iterable[int], rows: Iterable[tuple[int, int, datetime | None]]
) -> dict[int, SubjectIds]:
    """The same from rows: a current id, and another with the moment its records left it, or one that answers
    with it and null."""
    aliases: dict[int, list[int]] = {number: [] for number in numbers}
    left: dict[int, list[tuple[int, datetime]]] = {number: [] for number in aliases}
    for number, id_, until in rows:
        if until is None:
            aliases[number].append(id_)
        else:
            left[number].append((id_, until))
    return {
        number: SubjectIds(
            (number, *sorted(answering)),
            tuple(sorted(one for one in left[number] if one[0] not in (number, *answering))),
        )
        for number, answering in aliases.items()
    }


#: Of each number: its aliases, each with null, and ids its records were under before, with when they left. For OFFSET 0
#: see lookups.py.
_IDS: Final = Statement("""
    SELECT current_id, constituent_id, NULL::timestamptz FROM aliases
    WHERE current_id = ANY(%(numbers)s::bigint[]) AND recorded_until IS NULL
    UNION ALL
    SELECT l.constituent_id, p.constituent_id, max(p.recorded_until) FROM links l
    CROSS JOIN LATERAL (
        SELECT constituent_id, recorded_until FROM links WHERE record_id = l.record_id OFFSET 0
    ) p
    WHERE l.constituent_id = ANY(%(numbers)s::bigint[]) AND l.recorded_until IS NULL
        AND p.recorded_until IS NOT NULL
    GROUP BY l.constituent_id, p.constituent_id
""")


def spells_of(connection: Connection, number: int) -> dict[int, tuple[datetime, datetime]]:
    """From when until when records now under `number` were under each other id, taken together."""
    members = select(Link.record_id).where(
        Link.constituent_id == number, Link.recorded_until.is_(None)
    )
    rows = connection.execute(
        select(Link.constituent_id, func.min(Link.recorded_from), func.max(Link.recorded_until))
        .where(
            Link.record_id.in_(members),
            Link.recorded_until.is_not(None),
            Link.constituent_id != number,
        )
        .group_by(Link.constituent_id)
    ).all()
    return {row[0]: (row[1], row[2]) for row in rows if row[2] is not None}


def lock(connection: Connection, numbers: Iterable[int], *, is_shared: bool) -> None:
    """Lock ids until the transaction ends, in their order: shared to release, alone to change facts."""
    wanted = sorted({number % _LOCK_NUMBERS for number in numbers})
    (_SHARE if is_shared else _LOCK).send(connection, (int_array(wanted),))


_LOCK: Final = Statement(
    f"SELECT pg_advisory_xact_lock({LOCK_SUBJECT}, k) FROM unnest(%s::int[]) AS k"
)
_SHARE: Final = Statement(
    f"SELECT pg_advisory_xact_lock_shared({LOCK_SUBJECT}, k) FROM unnest(%s::int[]) AS k"
)


def components_of(connection: Connection, number: int) -> list[int]:
    """The components that the records of that constituent are in, sorted: what a change of it locks."""
    members = select(Link.record_id).where(
        Link.constituent_id == number, Link.recorded_until.is_(None)
    )
    return list(
        connection.scalars(
            select(Component.component_id)
            .where(Component.record_id.in_(members))
            .distinct()
            .order_by(Component.component_id)
        )
    )


def read(connection: Connection, subject_hashes: Sequence[bytes]) -> StoredFacts:
    """Every fact under those hashes, with epochs and wrapped keys; in the order they were added."""
    return facts_from(FACTS.send(connection, {"hashes": list(subject_hashes)}).fetchall())


def facts_from(rows: Iterable[Any]) -> StoredFacts:
    """The same from the rows of `FACTS`, for who sends it together with others."""
    found = StoredFacts()
    for what, *row in rows:
        subject_hash, id_, epoch, sealed, recorded_at = row[:5]
        if what == "subject":
            found.epochs[subject_hash] = epoch
            if recorded_at is not None:
                found.erased.add(subject_hash)
        elif what == "key":
            found.wrapped_keys[subject_hash] = sealed
        elif what == "consent":
            agreement, revision, purpose, state, categories, given_on, until, by = row[8:]
            found.consents.append(
                StoredConsent(
                    id_,
                    subject_hash,
                    epoch,
                    agreement,
                    revision,
                    purpose,
                    state,
                    tuple(categories),
                    given_on,
                    until,
                    by,
                    sealed,
                    recorded_at,
                )
            )
        else:
            found.facts.append(
                StoredFact(
                    id_, SealedKind(what), subject_hash, epoch, sealed, recorded_at, *row[5:8]
                )
            )
    return found


# One statement: mostly it finds nothing, and each statement costs as much as its rows.
FACTS: Final = Statement("""
    WITH asked AS (SELECT unnest(%(hashes)s::bytea[]) AS subject_hash)
    SELECT 'subject', subject_hash, NULL::bigint, s.epoch, NULL::bytea, s.erased_at, NULL::bigint,
        NULL::timestamptz, NULL::bytea, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text[],
        NULL::date, NULL::date, NULL::bigint
    FROM asked JOIN subjects s USING (subject_hash)
    UNION ALL
    SELECT 'key', subject_hash, NULL, NULL, k.wrapped_key, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL
    FROM asked JOIN subject_keys k USING (subject_hash)
    UNION ALL
    (SELECT 'consent', subject_hash, c.id, c.epoch, c.sealed, c.recorded_at, NULL, NULL, NULL,
        c.agreement, c.revision, c.purpose, c.state, c.categories, c.given_on, c.valid_until,
        c.representation_id
    FROM asked JOIN consent_events c USING (subject_hash) ORDER BY c.id)
    UNION ALL
    (SELECT 'representation', subject_hash, f.id, f.epoch, f.sealed, f.recorded_at, f.ended_epoch,
        f.ended_at, f.sealed_end, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM asked JOIN representations f USING (subject_hash) ORDER BY f.id)
    UNION ALL
    (SELECT 'restriction', subject_hash, f.id, f.epoch, f.sealed, f.recorded_at, f.ended_epoch,
        f.ended_at, f.sealed_end, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM asked JOIN restrictions f USING (subject_hash) ORDER BY f.id)
""")


def ensure_key(connection: Connection, subject_hash: bytes, offered: bytes) -> bytes:
    """The subject's wrapped key: what stands, else what is offered, from now on."""
    if _OFFER.send(connection, (subject_hash, offered)).fetchone() is not None:
        return offered
    return connection.execute(
        select(SubjectKeyRow.wrapped_key).where(SubjectKeyRow.subject_hash == subject_hash)
    ).scalar_one()


_OFFER: Final = Statement("""
    INSERT INTO subject_keys (subject_hash, wrapped_key) VALUES (%b, %b)
    ON CONFLICT (subject_hash) DO NOTHING RETURNING subject_hash
""")


def raise_epoch(connection: Connection, subject_hash: bytes) -> int:
    """Count a change of the subject's facts; its number. Under the subject's lock, held alone."""
    statement = postgresql.insert(Subject).values(subject_hash=subject_hash, epoch=1)
    return connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Subject.subject_hash], set_={"epoch": Subject.epoch + 1}
        ).returning(Subject.epoch)
    ).scalar_one()


def take_number(connection: Connection, kind: SealedKind | None = None) -> int:
    """The number the next fact of that kind, or (None) the next consent event, gets.

    Taken before it is written, for what is sealed is bound to it.
    """
    table = ConsentEventRow if kind is None else _TABLES[kind]
    found: int = connection.execute(
        text("SELECT nextval(pg_get_serial_sequence(:table, 'id'))"),
        {"table": table.__tablename__},
    ).scalar_one()
    return found


def add_consent(connection: Connection, one: StoredConsent) -> None:
    """Append a consent event under a number taken before."""
    connection.execute(
        insert(ConsentEventRow).values(
            id=one.id,
            subject_hash=one.subject_hash,
            epoch=one.epoch,
            agreement=one.agreement,
            revision=one.revision,
            purpose=one.purpose,
            state=one.state,
            categories=list(one.categories),
            given_on=one.given_on,
            valid_until=one.valid_until,
            representation_id=one.representation_id,
            sealed=one.sealed,
            recorded_at=one.recorded_at,
        )
    )


def add_fact(connection: Connection, one: StoredFact) -> None:
    """Append a representation or restriction under a number taken before."""
    connection.execute(
        insert(_TABLES[one.kind]).values(
            id=one.id,
            subject_hash=one.subject_hash,
            epoch=one.epoch,
            sealed=one.sealed,
            recorded_at=one.recorded_at,
        )
    )


def end_fact(
    connection: Connection, kind: SealedKind, id_: int, *, epoch: int, sealed: bytes, at: datetime
) -> bool:
    """End a fact that stands; False where it does not. sealed: by whom."""
    table = _TABLES[kind]
    ended = connection.execute(
        update(table)
        .where(table.id == id_, table.ended_epoch.is_(None))
        .values(ended_epoch=epoch, ended_at=at, sealed_end=sealed)
    )
    return ended.rowcount == 1


def subject_of(connection: Connection, kind: SealedKind, id_: int) -> bytes | None:
    """Whose fact it is; None where there is none of that number."""
    table = _TABLES[kind]
    return connection.scalar(select(table.subject_hash).where(table.id == id_))


def has_standing(connection: Connection, kind: SealedKind) -> bool:
    """Whether any fact of a kind stands, of whomever."""
    table = _TABLES[kind]
    return bool(connection.scalar(select(exists().where(table.ended_epoch.is_(None)))))


def standing_facts(connection: Connection, kind: SealedKind) -> list[StoredFact]:
    """Every fact of a kind that was not ended, of all subjects: they are few."""
    table = _TABLES[kind]
    rows = connection.execute(
        select(
            table.id,
            table.subject_hash,
            table.epoch,
            table.sealed,
            table.recorded_at,
            table.ended_epoch,
            table.ended_at,
            table.sealed_end,
        )
        .where(table.ended_epoch.is_(None))
        .order_by(table.id)
    ).all()
    return [StoredFact(row[0], kind, *row[1:]) for row in rows]


def wrapped_keys(connection: Connection, subject_hashes: Sequence[bytes]) -> dict[bytes, bytes]:
    """The wrapped keys of those subjects that have one."""
    rows = connection.execute(
        select(SubjectKeyRow.subject_hash, SubjectKeyRow.wrapped_key).where(
            among(SubjectKeyRow.subject_hash, subject_hashes)
        )
    ).all()
    return {row[0]: row[1] for row in rows}
