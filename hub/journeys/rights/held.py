"""What is held on a constituent: every source's record as it stands, why it is linked, and what was said of her.

Decides what she is told. All values of her own records; of other people nothing: a relationship is told by its kind,
a representation without the representative, a judgement without its reason and author, for people write of others
there. A legal hold is not told here: it can give away an inquiry she is not to know of, and who asks for erasure is
told of it then. She is told that she is held to be at risk, for that protects her. Her view is an entry of the log.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from consent.log.entry import Permitted
from hub.domain.records import Record
from hub.domain.reviews import Verdict
from hub.journeys.context import Hub
from hub.journeys.counter import Counter, Sight
from hub.journeys.profile import read_stated
from hub.journeys.rights import corrections as proposals
from hub.journeys.rights.corrections import CorrectionView
from hub.journeys.rights.plainly import plainly
from hub.journeys.rights.requests import RightsAction, RightsRequest, all_of, log_own
from hub.journeys.rights.said import (
    HeldConsent,
    HeldRepresentation,
    HeldRestriction,
    Said,
)
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.journeys.surviving import Stated
from hub.journeys.why import why_records
from hub.store import (
    constituents,
    corrections,
    judgements,
    pairwise,
    records,
    sources,
)


@dataclass(frozen=True, slots=True)
class HeldRecord:
    """What one source holds: the record without those it names besides her, and why it is linked, in sentences.

    relationships: their kinds.
    """

    source: str
    agency: str
    label: str
    as_of: date | None
    record: Record
    relationships: tuple[str, ...]
    linked_because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldJudgement:
    """That a member of staff judged two records; `withdrawn_at` None while it stands."""

    number: int
    verdict: Verdict
    judged_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldObjection:
    """That linking one of her records was objected to."""

    source: str
    made_at: datetime
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ShownId:
    """The id an agency knows her by, since when."""

    agency: str
    pairwise_id: UUID
    shown_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """Everything held on a constituent. entry: of the log, that tells of this view of it."""

    id: UUID
    kind: str
    aliases: tuple[UUID, ...]
    records: tuple[HeldRecord, ...]
    judgements: tuple[HeldJudgement, ...]
    objections: tuple[HeldObjection, ...]
    consents: tuple[HeldConsent, ...]
    restrictions: tuple[HeldRestriction, ...]
    representations: tuple[HeldRepresentation, ...]
    corrections: tuple[CorrectionView, ...]
    shown_to: tuple[ShownId, ...]
    entry: int


def held(hub: Hub, reference: str, request: RightsRequest, at: Counter | None = None) -> Held:
    """What is held on the constituent that an id or a record's `source:key` stands for, logged as her own view.

    at: the portal she reads it at. Raises as in_subject_change, ScorerMismatch, SealBroken.
    """

    def work(subject: HeldSubject) -> Held:
        sight = None if at is None else at.sight(hub, subject)
        if sight is None or sight.is_whole:
            return held_of(hub, subject, RightsAction.OWN_VIEW, request)
        return _held_at(hub, subject, request, sight)

    return in_subject_change(hub, reference, work)


def _held_at(hub: Hub, subject: HeldSubject, request: RightsRequest, sight: Sight) -> Held:
    """What there would be to tell, were there no records but the agency's own; and what was said at it."""
    connection = subject.connection
    members = constituents.members(connection, subject.ids.current)
    registered = sources.every(connection)
    labels = {source.name: source.label for source in registered}
    stated = [
        one
        for one in read_stated(hub, connection, subject.kind, members, registered)
        if one.source in sight.own
    ]
    numbers = {one.key_hash: one.id for one in records.present(connection, members)}
    oldest = min(numbers[one.key_hash] for one in stated)
    said = Said(hub, subject, sight.counter.is_signed_here)
    entry = log_own(hub, subject, RightsAction.OWN_VIEW, request, permitted_of(stated))
    agency = sight.counter.agency
    proposed = proposals.views(hub, connection, corrections.of_records(connection, members))
    shown = pairwise.shown_for(connection, subject.ids.standing)
    return Held(
        id=subject.public_id,
        kind=subject.kind.value,
        aliases=(),
        records=tuple(
            _record(
                one,
                labels[one.source],
                tuple(plainly(why_records(hub, connection, oldest, numbers[one.key_hash]))),
            )
            for one in stated
        ),
        judgements=(),
        objections=(),
        consents=tuple(said.consents()),
        restrictions=tuple(said.restrictions()),
        representations=(),
        corrections=tuple(one for one in proposed if one.record.source in sight.own),
        shown_to=tuple(ShownId(*one) for one in shown if one[0] == agency),
        entry=entry,
    )


def held_of(hub: Hub, subject: HeldSubject, action: RightsAction, request: RightsRequest) -> Held:
    """The same of one held still, logged under that action."""
    connection = subject.connection
    number = subject.ids.current
    members = constituents.members(connection, number)
    registered = sources.every(connection)
    stated = read_stated(hub, connection, subject.kind, members, registered)
    labels = {source.name: source.label for source in registered}
    numbers = {one.key_hash: one.id for one in records.present(connection, members)}
    of_source = {one.key_hash: one.source for one in stated}
    keys = [one.key_hash for one in stated]
    said = Said(hub, subject)
    entry = log_own(hub, subject, action, request, permitted_of(stated))
    return Held(
        id=subject.public_id,
        kind=subject.kind.value,
        aliases=tuple(constituents.alias_ids(connection, number)),
        records=tuple(
            _record(
                one,
                labels[one.source],
                tuple(plainly(why_records(hub, connection, members[0], numbers[one.key_hash]))),
            )
            for one in stated
        ),
        judgements=tuple(
            HeldJudgement(row.id, row.verdict, row.judged_at, row.withdrawn_at)
            for row in judgements.of_keys(connection, keys)
        ),
        objections=tuple(
            HeldObjection(of_source[row.key_hash], row.made_at, row.withdrawn_at)
            for row in judgements.objections_of(connection, keys)
        ),
        consents=tuple(said.consents()),
        restrictions=tuple(said.restrictions()),
        representations=tuple(said.representations()),
        corrections=tuple(
            proposals.views(hub, connection, corrections.of_records(connection, members))
        ),
        shown_to=tuple(
            ShownId(*shown) for shown in pairwise.shown_for(connection, subject.ids.standing)
        ),
        entry=entry,
    )


def permitted_of(stated: Iterable[Stated]) -> list[Permitted]:
    """What she is given, as an entry of the log states it: by agency and category."""
    by_agency: dict[str, list[Record]] = {}
    for one in stated:
        by_agency.setdefault(one.agency, []).append(one.record)
    return [
        permitted for agency in sorted(by_agency) for permitted in all_of(agency, by_agency[agency])
    ]


def without_others(record: Record) -> Record:
    """A record without those it names besides her."""
    return replace(record, relationships=())


def _record(one: Stated, label: str, linked_because: tuple[str, ...]) -> HeldRecord:
    return HeldRecord(
        one.source,
        one.agency,
        label,
        one.as_of,
        without_others(one.record),
        tuple(relation.kind.value for relation in one.record.relationships),
        linked_because,
    )
