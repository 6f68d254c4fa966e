"""`/v1/verifications`: yes, no or unknown to what an agency claims of a constituent, in place of her profile.

Decides the shapes of claims and answers. What bears a claim out, and from which values, is hub.journeys.verify's.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from fastapi import Response
from pydantic import BaseModel, Field

from api.guard import CallerOf, HubOf, brief, guarded_router, needs
from api.log_head import log_head
from api.silence import PauseOf
from api.v1.profiles import FOUND, Found, Question, WithheldOut, disclosure_of, refused, withheld
from api.v1.words import (
    AddressIn,
    ContactPointIn,
    Day,
    IdentifierIn,
    NameIn,
    Strict,
    Text,
)
from consent.log.entry import Outcome
from consent.vocabulary import Assurance, DataCategory
from hub.access.scopes import Scope
from hub.documents import A_NUMBER
from hub.domain.records import Address, ContactPoint, Identifier, Name
from hub.journeys import claims
from hub.journeys.access.admission import Caller
from hub.journeys.claims import Claim, Truth
from hub.journeys.context import Hub
from hub.journeys.counted import verify
from hub.journeys.verify import CLAIMS_MAX, Verify

router = guarded_router(tags=["Profiles"])


# --- claiming ------------------------------------------------------------------------------------


class IsNamedIn(Strict):
    """She goes, or went, by that name."""

    claim: Literal["name"]
    name: NameIn


class BornOnIn(Strict):
    """She was born on that day."""

    claim: Literal["birth_date"]
    day: Day


class IsOfAgeIn(Strict):
    """She has completed that many years on that day, today where none is given."""

    claim: Literal["age"]
    age_min: Annotated[int, Field(ge=1, examples=[18]), A_NUMBER]
    on: Day | None = None


class HasDiedIn(Strict):
    """A record states the day of her death; never answered `false`."""

    claim: Literal["death"]


class LivesAtIn(Strict):
    """A record holds that address of hers, today's or one of before."""

    claim: Literal["address"]
    address: AddressIn


class IsReachedAtIn(Strict):
    """That telephone number or e-mail address is hers."""

    claim: Literal["contact"]
    contact_point: ContactPointIn


class IsNumberedIn(Strict):
    """That number of its scheme was issued to her."""

    claim: Literal["identifier"]
    identifier: IdentifierIn


class HoldsIn(Strict):
    """She holds something of that type which is valid on that day, today where none is given."""

    claim: Literal["holding"]
    type: Annotated[Text, Field(examples=["driving_licence"])]
    on: Day | None = None


ClaimIn: TypeAlias = Annotated[
    IsNamedIn
    | BornOnIn
    | IsOfAgeIn
    | HasDiedIn
    | LivesAtIn
    | IsReachedAtIn
    | IsNumberedIn
    | HoldsIn,
    Field(discriminator="claim"),
]


def _claim(said: ClaimIn, today: date) -> Claim:
    """As the journeys know it."""
    match said:
        case IsNamedIn():
            return claims.IsNamed(Name(**said.name.model_dump()))
        case BornOnIn():
            return claims.BornOn(said.day)
        case IsOfAgeIn():
            return claims.IsOfAge(said.age_min, said.on or today)
        case HasDiedIn():
            return claims.HasDied()
        case LivesAtIn():
            return claims.LivesAt(Address(**said.address.model_dump()))
        case IsReachedAtIn():
            point = said.contact_point
            return claims.IsReachedAt(ContactPoint(point.kind, point.value))
        case IsNumberedIn():
            return claims.IsNumbered(Identifier(said.identifier.scheme, said.identifier.value))
        case HoldsIn():
            return claims.Holds(said.type, said.on or today)


class VerificationIn(Question):
    """What is claimed of whom: at most one claim of each topic."""

    claims: Annotated[
        list[ClaimIn],
        Field(
            min_length=1,
            max_length=CLAIMS_MAX,
            examples=[[{"claim": "age", "age_min": 18}, {"claim": "holding", "type": "pension"}]],
        ),
    ]

    def asked(self, hub: Hub, caller: Caller) -> Verify:
        """The question, as far as the caller's token reaches. Raises CredentialsRefused, ClaimInvalid."""
        caller.require_purpose(self.purpose)
        today = hub.day_of(hub.now())
        signed_in = caller.signed_in
        return Verify(
            asker=self.asker(caller),
            whom=self.whom(),
            purpose=self.purpose,
            claims=tuple(_claim(one, today) for one in self.claims),
            scope=caller.categories | {DataCategory.EXISTENCE},
            agreement=self.agreement,
            assurance=Assurance.LOW if signed_in is None else signed_in.assurance,
        )


# --- answering -----------------------------------------------------------------------------------


class VerificationOut(BaseModel):
    """An answer to each claim, in their order. id: what this agency knows her by, null where nobody is told of.

    `unknown`: no record that may be told of speaks of it; `withheld` says of which categories, as far as it may.
    """

    found: Found
    disclosure: UUID
    id: UUID | None
    answers: list[Truth]
    withheld: list[WithheldOut]


@router.post("/verifications", response_model=VerificationOut)
@needs(Scope.PROFILE_READ)
@brief
def verifications(hub: HubOf, caller: CallerOf, pause: PauseOf, wanted: VerificationIn) -> Response:
    """Answer what is claimed of a constituent, without telling what is so instead.

    Asked, limited and logged as a look-up is. `Hub-Log` names the log's size and root as signed last.
    """
    asked = wanted.asked(hub, caller)
    answer = verify(hub, asked, distinct_max=caller.distinct_per_day, pause=pause)
    disclosure = disclosure_of(hub, caller, answer.disclosure)
    head = log_head(hub)
    if answer.outcome is Outcome.REFUSED:
        return refused(answer.reasons, disclosure, head, is_too_little=answer.is_too_little)
    said: dict[str, Any] = {
        "found": FOUND[answer.outcome],
        "disclosure": disclosure,
        "id": answer.id,
        "answers": answer.answers,
        "withheld": withheld(answer.told),
    }
    return Response(msgspec.json.encode(said), 200, head, media_type="application/json")
