"""Representations: by what right somebody acts for a constituent, until when, and its early end.

Decides who may be named. Whether a representation carries an answer is consent.checks'; what a guardian said
for a child ends with the guardianship by consent.standing's own rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection

from consent.policy import Policy, Representation
from consent.rules import PolicyInvalid, Problem, Rule
from consent.vocabulary import RepresentationKind
from hub.domain.records import RecordKey
from hub.journeys.context import Hub
from hub.journeys.profile import resolve
from hub.journeys.references import id_in
from hub.journeys.saying import (
    FactChange,
    Recorded,
    number_in,
    read_facts,
    require_author,
    standing_fact,
)
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.store import database, records
from hub.store.subjects import SealedKind
from hub.vault.tags import Hasher


@dataclass(frozen=True, slots=True)
class RepresentationView:
    """A representation as an officer, or she, reads it; ended ones too."""

    id: str
    representative: str
    kind: RepresentationKind
    starts_on: date
    ends_on: date
    purposes: tuple[str, ...] | None
    evidence: str
    author: str
    recorded_at: datetime
    ended_at: datetime | None
    ended_by: tuple[str, ...]


def add_representation(
    hub: Hub,
    reference: str,
    *,
    representative: str,
    kind: RepresentationKind,
    ends_on: date | None,
    evidence: str,
    author: str,
    starts_on: date | None = None,
    purposes: Iterable[str] | None = None,
) -> Recorded:
    """Record who acts for a constituent.

    representative: a constituent's id or a record's `source:key`, or in words who it is. starts_on: None for
    today. purposes: None for all. evidence: a hash of what proves it. Raises PolicyInvalid naming the rule it
    breaks, and as in_subject_change; then nothing is written.
    """
    require_author(author)

    def work(held: HeldSubject) -> Recorded:
        chosen = None if purposes is None else frozenset(purposes)
        _require_declared(chosen or frozenset(), held.in_force.policy)
        named = _named(hub, held, representative)
        at = hub.now()
        change = FactChange.of(hub, held.connection, held.ids.current, author=author, at=at)
        number = change.number(SealedKind.REPRESENTATION)
        made = Representation(
            id=f"r{number}",
            subject=change.subject,
            representative=named,
            kind=kind,
            starts_on=hub.day_of(at) if starts_on is None else starts_on,
            # The rule that every representation ends has a name of its own there.
            ends_on=ends_on,  # type: ignore[arg-type]
            evidence=evidence,
            purposes=chosen,
        )
        change.add_representation(number, made)
        return Recorded((made.id,))

    return in_subject_change(hub, reference, work)


def end_representation(hub: Hub, reference: str, representation: str, *, author: str) -> Recorded:
    """End a representation before its time: from today it carries nothing, and what rests on it no more.

    Raises FactUnknown where none stands, PolicyInvalid, and as in_subject_change.
    """
    require_author(author)
    number = number_in("r", representation)

    def work(held: HeldSubject) -> Recorded:
        kind = SealedKind.REPRESENTATION
        under, row, _ = standing_fact(hub, held.connection, held.ids.standing, kind, number)
        change = FactChange.of(hub, held.connection, under, author=author, at=hub.now())
        change.end(kind, row.id, [author])
        return Recorded((f"r{number}",))

    return in_subject_change(hub, reference, work)


def list_representations(hub: Hub, reference: str) -> list[RepresentationView]:
    """Every representation of a constituent, the oldest first, ended ones too.

    Raises ConstituentUnknown, RecordUnknown, SealBroken.
    """
    with database.transaction(hub.engine) as connection:
        told = read_facts(hub, connection, reference)
    found = []
    for row in told.facts:
        if row.kind is SealedKind.REPRESENTATION and told.opener.can(row):
            one = told.opener.representation(row, is_ended=row.ended_at is not None)
            found.append(
                RepresentationView(
                    id=one.id,
                    representative=one.representative,
                    kind=one.kind,
                    starts_on=one.starts_on,
                    ends_on=one.ends_on,
                    purposes=None if one.purposes is None else tuple(sorted(one.purposes)),
                    evidence=one.evidence,
                    author=told.opener.author_of(row),
                    recorded_at=row.recorded_at,
                    ended_at=row.ended_at,
                    ended_by=told.opener.ended_by(row),
                )
            )
    return found


def _require_declared(purposes: frozenset[str], policy: Policy) -> None:
    unknown = purposes - {one.id for one in policy.purposes}
    if unknown:
        raise PolicyInvalid(
            Problem("purposes", Rule.UNKNOWN_PURPOSE, one) for one in sorted(unknown)
        )


def _named(hub: Hub, held: HeldSubject, representative: str) -> str:
    """Who represents her, as it is kept: a constituent's id, where there is one, or the words."""
    words = representative.strip()
    if not words:
        raise PolicyInvalid([Problem("representative", Rule.EMPTY)])
    if id_in(words) is None and not _is_record(hub, held.connection, words):
        return words
    number, public_id = resolve(hub, held.connection, words)
    if number in held.ids.standing:
        raise PolicyInvalid([Problem("representative", Rule.REPRESENTS_HERSELF)])
    return str(public_id)


def _is_record(hub: Hub, connection: Connection, words: str) -> bool:
    try:
        key = RecordKey.parse(words)
    except ValueError:
        return False
    return records.find_by_key(connection, Hasher(hub.keys).key(str(key))) is not None
