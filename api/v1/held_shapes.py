"""What is held on a constituent and who looked, as officers and she herself read it.

Decides the shapes, and how numbers of the hub's own are told: to an officer as they are, at a portal as ids of that
portal's alone.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from pydantic import BaseModel

from consent.log.entry import Outcome
from consent.vocabulary import ConsentState, DataCategory, RepresentationKind, RestrictionKind
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Verdict
from hub.journeys.access.admission import Caller
from hub.journeys.context import Hub
from hub.journeys.rights.corrections import CorrectionView
from hub.journeys.rights.held import Held
from hub.journeys.rights.who_looked import Use
from hub.vault.opaque import OpaqueIds


class HeldRecordOut(BaseModel):
    """What one source holds, without those it names besides her, and why it is linked with the others."""

    source: str
    agency: str
    label: str
    as_of: date | None
    record: dict[str, Any]
    relationships: list[str]
    linked_because: list[str]


class JudgementOut(BaseModel):
    """That a member of staff judged two records; withdrawn_at null while it stands."""

    number: int
    verdict: Verdict
    judged_at: datetime
    withdrawn_at: datetime | None


class ObjectionOut(BaseModel):
    """That linking one of her records was objected to."""

    source: str
    made_at: datetime
    withdrawn_at: datetime | None


class HeldConsentOut(BaseModel):
    """What she said of an agreement, once."""

    agreement: str
    revision: int
    purpose: str
    state: ConsentState
    categories: list[DataCategory]
    given_on: date
    valid_until: date | None
    notice: str
    language: str
    recorded_at: datetime


class HeldRestrictionOut(BaseModel):
    """A restriction in force or announced. id: of staff its number, at a portal that portal's own."""

    id: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None


class HeldRepresentationOut(BaseModel):
    """By what right somebody acts or acted for her."""

    kind: RepresentationKind
    starts_on: date
    ends_on: date
    purposes: list[str] | None
    ended_at: datetime | None


class CorrectionOut(BaseModel):
    """A proposal to the agency that owns a record; answer null while it waits. key: null where that was erased."""

    id: UUID
    agency: str
    source: str
    key: str | None
    field: str
    proposed: str
    reason: str
    made_at: datetime
    answer: str | None
    note: str | None
    answered_at: datetime | None


class ShownOut(BaseModel):
    """That an agency knows her, since when; by which id is told to officers alone."""

    agency: str
    shown_at: datetime
    id: UUID | None


class HeldOut(BaseModel):
    """Everything held on a constituent. id, aliases: told to officers alone. disclosure: the entry of this look."""

    id: UUID | None
    aliases: list[UUID]
    kind: ConstituentKind
    records: list[HeldRecordOut]
    judgements: list[JudgementOut]
    objections: list[ObjectionOut]
    consents: list[HeldConsentOut]
    restrictions: list[HeldRestrictionOut]
    representations: list[HeldRepresentationOut]
    corrections: list[CorrectionOut]
    shown_to: list[ShownOut]
    disclosure: str


class ReleasedOut(BaseModel):
    """Fields of one agency's records that were let through, and under which law."""

    source: str
    source_label: str
    category: str
    fields: list[str]
    agreement: str | None
    revision: int | None
    legal_basis: str | None
    citation: str | None


class HeldBackOut(BaseModel):
    """A category that was asked for and held back."""

    source: str | None
    category: str
    reasons: list[str]


class UseOut(BaseModel):
    """Who looked, when, why and under which law; refused attempts and her own views too. user: a pseudonym.

    disclosure: the entry's name: of staff its number, at a portal that portal's own.
    """

    disclosure: str
    at: datetime
    action: str
    outcome: Outcome
    agency: str
    agency_label: str
    system: str
    user: str | None
    purpose: str
    purpose_label: str
    agreement: str | None
    released: list[ReleasedOut]
    withheld: list[HeldBackOut]
    reasons: list[str]


class Telling:
    """How one caller is told of numbers of the hub's own."""

    def __init__(self, hub: Hub, caller: Caller) -> None:
        self.is_staff = caller.agency is None
        self._correction = OpaqueIds(hub.keys, "correction", caller.agency or caller.client)
        self._disclosure = OpaqueIds(hub.keys, "disclosure", caller.client)
        self._restriction = OpaqueIds(hub.keys, "restriction", caller.client)

    def disclosure(self, entry: int) -> str:
        """An entry of the log."""
        return str(entry if self.is_staff else self._disclosure.of(entry))

    def restriction(self, id_: str) -> str:
        """A restriction."""
        if self.is_staff:
            return id_
        return str(self._restriction.of(int(id_.removeprefix("x"))))

    def restriction_named(self, shown: UUID) -> str:
        """The restriction that was told so; one that is nobody's where none was."""
        number = self._restriction.number(shown)
        return f"x{0 if number is None else number}"

    def correction(self, one: CorrectionView) -> CorrectionOut:
        """A correction, by an id of its reader's agency."""
        return CorrectionOut(
            id=self.correction_id(one.number),
            agency=one.agency,
            source=one.record.source,
            key=one.record.local_id,
            field=one.field,
            proposed=one.proposed,
            reason=one.reason,
            made_at=one.made_at,
            answer=one.answer,
            note=one.note,
            answered_at=one.answered_at,
        )

    def correction_id(self, number: int) -> UUID:
        """A correction's id alone."""
        return self._correction.of(number)

    def correction_named(self, shown: UUID) -> int:
        """The correction that was told so; 0, which none has, where none was."""
        return self._correction.number(shown) or 0


def use_out(one: Use, telling: Telling) -> UseOut:
    """One use."""
    return UseOut(
        disclosure=telling.disclosure(one.entry),
        at=one.at,
        action=one.action,
        outcome=one.outcome,
        agency=one.agency,
        agency_label=one.agency_label,
        system=one.system,
        user=one.user,
        purpose=one.purpose,
        purpose_label=one.purpose_label,
        agreement=one.agreement,
        released=[ReleasedOut(**msgspec.to_builtins(item)) for item in one.released],
        withheld=[
            HeldBackOut(source=item.source, category=item.category, reasons=list(item.reasons))
            for item in one.withheld
        ],
        reasons=list(one.reasons),
    )


def held_out(found: Held, telling: Telling) -> HeldOut:
    """All that is held."""
    return HeldOut(
        id=found.id if telling.is_staff else None,
        aliases=list(found.aliases) if telling.is_staff else [],
        kind=ConstituentKind(found.kind),
        records=[
            HeldRecordOut(
                source=one.source,
                agency=one.agency,
                label=one.label,
                as_of=one.as_of,
                record=msgspec.to_builtins(one.record, enc_hook=str),
                relationships=list(one.relationships),
                linked_because=list(one.linked_because),
            )
            for one in found.records
        ],
        judgements=[JudgementOut(**_of(one)) for one in found.judgements],
        objections=[ObjectionOut(**_of(one)) for one in found.objections],
        consents=[HeldConsentOut(**_of(one)) for one in found.consents],
        restrictions=[
            HeldRestrictionOut(**_of(one) | {"id": telling.restriction(one.id)})
            for one in found.restrictions
        ],
        representations=[HeldRepresentationOut(**_of(one)) for one in found.representations],
        corrections=[telling.correction(one) for one in found.corrections],
        shown_to=[
            ShownOut(
                agency=one.agency,
                shown_at=one.shown_at,
                id=one.pairwise_id if telling.is_staff else None,
            )
            for one in found.shown_to
        ],
        disclosure=telling.disclosure(found.entry),
    )


def _of(value: Any) -> dict[str, Any]:
    """A value's fields by name, as they are."""
    return {one.name: getattr(value, one.name) for one in fields(value)}
