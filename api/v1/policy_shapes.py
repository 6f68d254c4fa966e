"""What the routes of the policy answer: the policy, its versions, differences, changes and proposals, as they read.

Decides the shapes alone; how they are come by is agreements.py's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from consent.difference import Change
from consent.policy import Agreement
from consent.vocabulary import Assurance, DataCategory, LegalBasis, Purpose
from hub.journeys.policies import InForce, VersionLine
from hub.journeys.policy_changes import PolicyChange
from hub.journeys.policy_proposals import ProposalView


class AgencyOut(BaseModel):
    """A public body that gives records, receives them, or both."""

    id: str
    label: str
    is_suspended: bool


class PurposeOut(BaseModel):
    """A purpose by the name requests use, and what it is to DPV."""

    id: str
    broader: Purpose
    label: str


class TermsOut(BaseModel):
    """One revision of what source agencies share with a recipient; both days are included."""

    id: str
    revision: int
    sources: list[str]
    recipient: str
    purpose: str
    categories: list[DataCategory]
    legal_basis: LegalBasis
    citation: str
    starts_on: date
    ends_on: date
    matching_allowed: bool
    assurance_min: Annotated[str, Field(examples=["low", "substantial", "high"])]
    compatible_revisions: list[int]


class AgreementOut(TermsOut):
    """A revision, and what became of it. approved_by: null to an agency."""

    approved_by: list[str] | None
    ended_at: datetime | None


class PolicyOut(BaseModel):
    """The policy in force; to an agency what concerns it. digest: SHA-256 of the whole, by which the log names it."""

    version: int
    digest: str
    agencies: list[AgencyOut]
    purposes: list[PurposeOut]
    agreements: list[AgreementOut]


class VersionOut(BaseModel):
    """A version of the policy that was stated."""

    version: int
    digest: str
    author: str
    reason: str
    stated_at: datetime


class FieldOut(BaseModel):
    """One field of a statement, in words."""

    name: str
    old: str
    new: str


class DifferenceOut(BaseModel):
    """One statement that is new, gone or different."""

    kind: Annotated[str, Field(examples=["added", "removed", "changed"])]
    what: Annotated[str, Field(examples=["agency", "purpose", "agreement"])]
    id: str
    fields: list[FieldOut]


class ComparisonOut(BaseModel):
    """What a policy states otherwise than the version in force."""

    version: int
    changes: list[DifferenceOut]


class RefOut(BaseModel):
    """One revision of an agreement."""

    id: str
    revision: int


class ChangeOut(BaseModel):
    """What a change of the policy did. version: in force afterwards; no change, no new one.

    apart, joined: sources whose records stand apart, or may be linked, from the next link on.
    """

    version: int
    changes: list[DifferenceOut]
    ended: list[RefOut]
    apart: list[str]
    joined: list[str]


class ProposedOut(BaseModel):
    """A proposal waits for two officers under this number."""

    number: int


class ApprovedOut(BaseModel):
    """What an approval did. change: null while another officer must approve, too."""

    change: ChangeOut | None


class ProposalOut(BaseModel):
    """A proposal. officers: who approved it so far. outcome: null while it waits."""

    number: int
    agreement: TermsOut
    proposed_by: str
    proposed_at: datetime
    officers: list[str]
    outcome: str | None
    closed_by: str | None
    closed_at: datetime | None


def policy_out(found: InForce, *, is_staff: bool) -> PolicyOut:
    """A policy, without its officers where its reader is an agency."""
    policy = found.policy
    return PolicyOut(
        version=found.version,
        digest=found.digest.hex(),
        agencies=[
            AgencyOut(id=one.id, label=one.label, is_suspended=one.is_suspended)
            for one in policy.agencies
        ],
        purposes=[
            PurposeOut(id=one.id, broader=one.broader, label=one.label) for one in policy.purposes
        ],
        agreements=[
            AgreementOut(
                **_terms(one),
                approved_by=list(one.approved_by) if is_staff else None,
                ended_at=one.ended_at,
            )
            for one in policy.agreements
        ],
    )


def version_out(one: VersionLine) -> VersionOut:
    """A version of it."""
    return VersionOut(
        version=one.version,
        digest=one.digest.hex(),
        author=one.author,
        reason=one.reason,
        stated_at=one.stated_at,
    )


def _terms(one: Agreement) -> dict[str, Any]:
    """What a revision states."""
    return {
        "id": one.id,
        "revision": one.revision,
        "sources": sorted(one.sources),
        "recipient": one.recipient,
        "purpose": one.purpose,
        "categories": sorted(one.categories),
        "legal_basis": one.legal_basis,
        "citation": one.citation,
        "starts_on": one.starts_on,
        "ends_on": one.ends_on,
        "matching_allowed": one.matching_allowed,
        "assurance_min": Assurance(one.assurance_min).name.lower(),
        "compatible_revisions": sorted(one.compatible_revisions),
    }


def differences_out(found: Iterable[Change]) -> list[DifferenceOut]:
    """What differs."""
    return [
        DifferenceOut(
            kind=one.kind,
            what=one.what,
            id=one.id,
            fields=[
                FieldOut(name=field.name, old=field.old, new=field.new) for field in one.fields
            ],
        )
        for one in found
    ]


def change_out(done: PolicyChange) -> ChangeOut:
    """What a change did."""
    return ChangeOut(
        version=done.version,
        changes=differences_out(done.changes),
        ended=[RefOut(id=one.id, revision=one.revision) for one in done.ended],
        apart=list(done.matching.apart),
        joined=list(done.matching.joined),
    )


def proposal_out(one: ProposalView) -> ProposalOut:
    """A proposal."""
    return ProposalOut(
        number=one.number,
        agreement=TermsOut(**_terms(one.agreement.terms)),
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        officers=list(one.officers),
        outcome=one.outcome,
        closed_by=one.closed_by,
        closed_at=one.closed_at,
    )
