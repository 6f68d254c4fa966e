"""`/v1/profile-lookups`: one constituent, as far as the calling agency may see her.

Decides the shape of question and answer. Who is found, what of her is released, and that it is written down before it
leaves, is hub.journeys.look_up's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.guard import CallerOf, HubOf, brief, guarded_router, needs
from api.log_head import log_head
from api.problems import Problem, problem
from api.silence import PauseOf
from api.v1.words import (
    EACH_ONCE,
    DescriptionIn,
    PolicyName,
    RecordRef,
    ShownId,
    Strict,
    Text,
    one_way,
)
from consent.decision import Reason, Told
from consent.log.entry import Outcome
from consent.vocabulary import Assurance, DataCategory
from hub.access.scopes import Scope
from hub.domain.records import ConstituentKind, HoldingStatus
from hub.journeys.access.admission import Caller
from hub.journeys.context import Hub
from hub.journeys.counted import look_up
from hub.journeys.disclosing import Asker
from hub.journeys.look_up import Answer, ByShown, LookUp, Whom
from hub.vault.opaque import OpaqueIds

router = guarded_router(tags=["Profiles"])


class Found(StrEnum):
    """Whom the look-up found: one constituent, none, or more than one that the description fits."""

    ONE = "one"
    NONE = "none"
    AMBIGUOUS = "ambiguous"


FOUND: Final = {
    Outcome.RELEASED: Found.ONE,
    Outcome.NO_MATCH: Found.NONE,
    Outcome.AMBIGUOUS: Found.AMBIGUOUS,
}


# --- asking --------------------------------------------------------------------------------------


class WhomIn(Strict):
    """Whom it is about: by the key of a record, by the id the agency was shown, or by a description."""

    model_config = ConfigDict(json_schema_extra=one_way("record", "id", "description"))

    record: RecordRef | None = None
    id: ShownId | None = None
    description: DescriptionIn | None = None

    @model_validator(mode="after")
    def _is_one(self) -> WhomIn:
        if sum(getattr(self, way) is not None for way in ("record", "id", "description")) != 1:
            raise ValueError("exactly one of record, id and description")
        return self

    def whom(self) -> Whom:
        """As the journeys know it."""
        if self.record is not None:
            return self.record.value()
        if self.id is not None:
            return ByShown(self.id)
        assert self.description is not None
        return self.description.value()


class Question(WhomIn):
    """What every question about a constituent states: for what purpose, on which case, and who asks at the agency."""

    purpose: Annotated[PolicyName, Field(description="One that the token is bound to.")]
    case: Annotated[Text, Field(description="The agency's own reference; kept as a keyed hash.")]
    user: Annotated[
        Text | None, Field(description="Who asks at the agency; kept as a pseudonym.")
    ] = None
    agreement: PolicyName | None = None

    def asker(self, caller: Caller) -> Asker:
        """Who asks. Raises CredentialsRefused."""
        return Asker(caller.require_agency(), caller.client, self.case, self.user)


class LookUpIn(Question):
    """A look-up: which categories of her are wanted this time."""

    categories: Annotated[
        frozenset[DataCategory],
        # At the first that is none: to tell of each of thousands takes more memory than the body.
        Field(min_length=1, fail_fast=True, examples=[["name", "address", "holding"]]),
        EACH_ONCE,
    ]

    def asked(self, caller: Caller) -> LookUp:
        """The look-up, as far as the caller's token reaches. Raises CredentialsRefused."""
        caller.require_purpose(self.purpose)
        signed_in = caller.signed_in
        return LookUp(
            asker=self.asker(caller),
            whom=self.whom(),
            purpose=self.purpose,
            requested=self.categories,
            scope=caller.categories | {DataCategory.EXISTENCE},
            agreement=self.agreement,
            assurance=Assurance.LOW if signed_in is None else signed_in.assurance,
        )


# --- answering -----------------------------------------------------------------------------------


class OriginOut(BaseModel):
    """Which agency's source states a value, and when that source last touched it."""

    agency: str
    source: str
    as_of: date | None


class ValueOut(BaseModel):
    """A value; origin null where the agency may not learn which agency states it."""

    value: str
    origin: OriginOut | None


class AttributeOut(BaseModel):
    """What stands for an attribute, and what else is stated, best first."""

    attribute: Annotated[str, Field(examples=["birth_date"])]
    shown: ValueOut
    others: list[ValueOut]


class Holding(BaseModel):
    """A licence, permit, registration or benefit."""

    type: str
    number: str | None
    status: HoldingStatus | None
    valid_from: date | None
    valid_until: date | None


class HoldingOut(BaseModel):
    """A holding, as its agency states it."""

    holding: Holding
    origin: OriginOut | None


class Case(BaseModel):
    """A pointer to a case in an agency's system."""

    type: str
    number: str
    status: str | None
    opened_on: date | None
    closed_on: date | None


class CaseOut(BaseModel):
    """A case of another agency."""

    case: Case
    origin: OriginOut | None


class ProfileOut(BaseModel):
    """One constituent, computed from its records now. id: what this agency knows it by, and no other."""

    id: UUID
    kind: ConstituentKind
    attributes: list[AttributeOut]
    roles: list[str]
    holdings: list[HoldingOut]
    cases: list[CaseOut]
    relationships: list[str]


class WithheldOut(BaseModel):
    """A category that is not told, and why; source null where it may not be told whose it is."""

    source: str | None
    category: DataCategory
    reasons: list[str]
    sentences: list[str]


class LookUpOut(BaseModel):
    """The answer. disclosure: this agency's reference of the log entry that says what was told."""

    found: Found
    disclosure: UUID
    profile: ProfileOut | None
    withheld: list[WithheldOut]


@router.post("/profile-lookups", response_model=LookUpOut)
@needs(Scope.PROFILE_READ)
@brief
def profile_lookups(hub: HubOf, caller: CallerOf, pause: PauseOf, wanted: LookUpIn) -> Response:
    """Look a constituent up. What is withheld is said, with reasons, as far as that may be told.

    `none` also answers for whoever this agency may not learn of. The answer is in the disclosure log before it is
    sent; `Hub-Log` names the log's size and root as signed last.
    """
    answer = look_up(hub, wanted.asked(caller), distinct_max=caller.distinct_per_day, pause=pause)
    return answered(hub, caller, answer)


def answered(hub: Hub, caller: Caller, answer: Answer) -> Response:
    """A look-up's answer, or the problem it is."""
    disclosure = disclosure_of(hub, caller, answer.disclosure)
    head = log_head(hub)
    if answer.outcome is Outcome.REFUSED:
        return refused(answer.reasons, disclosure, head, is_too_little=answer.is_too_little)
    said: dict[str, Any] = {
        "found": FOUND[answer.outcome],
        "disclosure": disclosure,
        "profile": answer.profile,
        "withheld": withheld(answer.told),
    }
    return Response(msgspec.json.encode(said), 200, head, media_type="application/json")


def disclosure_of(hub: Hub, caller: Caller, number: int) -> str:
    """What the caller knows an entry of the log by."""
    return str(OpaqueIds(hub.keys, "disclosure", caller.client).of(number))


def refused(
    reasons: Sequence[Reason], disclosure: str, head: Mapping[str, str], *, is_too_little: bool
) -> Response:
    """The problem of a question that nobody is looked for on."""
    which = Problem.TOO_LITTLE_EVIDENCE if is_too_little else Problem.PURPOSE_REFUSED
    said = [one.value for one in reasons]
    return problem(which, headers=head, reasons=said, disclosure=disclosure)


def withheld(told: Iterable[Told]) -> list[dict[str, Any]]:
    """What is not told, as far as it may be said."""
    return [
        {
            "source": one.source,
            "category": one.category,
            "reasons": [reason.value for reason in one.reasons],
            "sentences": [reason.sentence for reason in one.reasons],
        }
        for one in told
        if one.reasons
    ]
