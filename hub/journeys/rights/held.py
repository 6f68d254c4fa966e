"""What is held on a constituent: every source's record as it stands, why it is linked, and what was said of her.

Decides what she is told. All values of her own records; of other people nothing: a relationship is told by its kind,
a representation without the representative, a judgement without its reason and author, for people write of others
there. A legal hold is not told here: it can give away an inquiry she is not to know of, and who asks for erasure is
told of it then. She is told that she is held to be at risk, for that protects her. Her view is an entry of the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from consent.log.entry import Permitted
from consent.vocabulary import ConsentState, RepresentationKind, RestrictionKind
from hub.domain.records import Record
from hub.domain.reviews import Verdict
from hub.journeys.context import Hub
from hub.journeys.facts import Opener
from hub.journeys.profile import read_stated
from hub.journeys.rights import corrections as proposals
from hub.journeys.rights.corrections import CorrectionView
from hub.journeys.rights.hers import Hers
from hub.journeys.rights.plainly import plainly
from hub.journeys.rights.requests import RightsAction, RightsRequest, all_of, log_own
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
    subjects,
)
from hub.store.subjects import SealedKind, StoredFact

#: Kinds of restriction that she is not told of here.
NOT_TOLD: Final = frozenset({RestrictionKind.LEGAL_HOLD})


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
class HeldConsent:
    """What she said of an agreement, once."""

    id: str
    agreement: str
    revision: int
    purpose: str
    state: ConsentState
    categories: tuple[str, ...]
    given_on: date
    valid_until: date | None
    notice: str
    language: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class HeldRestriction:
    """A restriction in force or announced."""

    id: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldRepresentation:
    """By what right somebody acts or acted for her."""

    id: str
    kind: RepresentationKind
    starts_on: date
    ends_on: date
    purposes: tuple[str, ...] | None
    ended_at: datetime | None


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


def held(hub: Hub, reference: str, request: RightsRequest) -> Held:
    """What is held on the constituent that an id or a record's `source:key` stands for, logged as her own view.

    Raises as in_subject_change, ScorerMismatch, SealBroken.
    """
    return in_subject_change(
        hub, reference, lambda subject: held_of(hub, subject, RightsAction.OWN_VIEW, request)
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
    said = _Said(hub, subject)
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


class _Said:
    """What was said and decided of her, as far as it is hers."""

    def __init__(self, hub: Hub, subject: HeldSubject) -> None:
        self._hers = Hers(hub, subject.connection, subject.ids)
        self._stored = subjects.read(subject.connection, self._hers.subject_hashes)
        self._opener = Opener(hub.keys, self._stored)

    def consents(self) -> Iterator[HeldConsent]:
        for row in self._stored.consents:
            if self._hers.are(row.subject_hash, row.recorded_at):
                event = self._opener.consent(row)
                yield HeldConsent(
                    event.id,
                    event.agreement.id,
                    event.agreement.revision,
                    event.purpose,
                    event.state,
                    tuple(sorted(event.categories)),
                    event.given_on,
                    event.valid_until,
                    event.notice,
                    event.language,
                    event.at,
                )

    def restrictions(self) -> Iterator[HeldRestriction]:
        for row in self._facts(SealedKind.RESTRICTION):
            one = self._opener.restriction(row)
            if row.ended_epoch is None and one.kind not in NOT_TOLD:
                yield HeldRestriction(one.id, one.kind, one.authority, one.starts_at, one.ends_at)

    def representations(self) -> Iterator[HeldRepresentation]:
        for row in self._facts(SealedKind.REPRESENTATION):
            one = self._opener.representation(row, is_ended=row.ended_epoch is not None)
            purposes = None if one.purposes is None else tuple(sorted(one.purposes))
            yield HeldRepresentation(
                one.id, one.kind, one.starts_on, one.ends_on, purposes, one.ended_at
            )

    def _facts(self, kind: SealedKind) -> Iterator[StoredFact]:
        for row in self._stored.facts:
            is_hers = self._hers.are(row.subject_hash, row.recorded_at)
            if row.kind is kind and is_hers and self._opener.can(row):
                yield row
