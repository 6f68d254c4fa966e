"""`/v1/me/*`: what a signed-in constituent reads and says herself, through a portal that acts for her.

Decides the shapes, and how surely she must have signed in for what. Who she is stands in the token, in no address and
no body. Of one at risk a portal whose agency is not cleared shows what its own records say (hub.journeys.counter).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.silence import PauseOf
from api.v1.consents import ConsentOut, SaidIn, SomeCategories, consent_out
from api.v1.corrections import MadeOut, WrongIn
from api.v1.held_shapes import (
    HeldOut,
    HeldRestrictionOut,
    Telling,
    UseOut,
    held_out,
    use_out,
)
from api.v1.named import Digest, Language, portal_of
from api.v1.words import PolicyName, Sentence, Strict
from consent.vocabulary import Assurance, CollectionMethod, RestrictionKind
from hub.access.scopes import Scope
from hub.journeys import consents, own_restrictions
from hub.journeys.access.admission import Caller
from hub.journeys.consents import How
from hub.journeys.consents_said import list_consents_at
from hub.journeys.counter import quietly
from hub.journeys.rights import corrections as proposals
from hub.journeys.rights.held import held
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.rights.who_looked import who_looked

router = guarded_router(tags=["Me"])

#: To read what is held, and to say anything at all: a stolen password must not do.
SURE: Final = Assurance.SUBSTANTIAL
#: The case that her own looks are logged under.
CASE: Final = "portal"


class OwnKind(StrEnum):
    """What she may restrict without an officer."""

    OBJECTION = RestrictionKind.OBJECTION.value
    OBJECTION_TO_LINKAGE = RestrictionKind.OBJECTION_TO_LINKAGE.value


class ShownIn(Strict):
    """The text she was shown, and the portal's record of what she did, by their hashes."""

    notice: Digest
    language: Language = "en"
    evidence: Digest

    def value(self) -> How:
        """As the journeys know it."""
        return How(self.notice, self.language, CollectionMethod.PORTAL, self.evidence)


class OwnConsentIn(SaidIn):
    """Her answer to one revision of an agreement."""

    how: ShownIn


class OwnWithdrawalIn(Strict):
    """What she takes back: these categories of an agreement, or all."""

    agreement: PolicyName
    how: ShownIn
    categories: SomeCategories | None = None


class OwnRestrictionIn(Strict):
    """What she objects to, and why; the reason rests sealed."""

    kind: OwnKind
    reason: Sentence


class OwnLiftIn(Strict):
    """Which of the restrictions that she put is lifted."""

    restriction: UUID


class OwnRestrictionOut(HeldRestrictionOut):
    """A restriction that stands. is_hers: she put it herself, and may lift it."""

    is_hers: bool


class ToldOut(BaseModel):
    """It is done. told: agencies that were sent a notice to delete what they have, or to use it no further."""

    told: list[str]


class LiftedOut(BaseModel):
    """A restriction was lifted."""

    restriction: UUID


@router.get("/me/held")
@needs(Scope.ME_READ)
def own_held(hub: HubOf, caller: CallerOf, pause: PauseOf) -> HeldOut:
    """What every agency's records say of her and why they are linked; logged as her own view. Needs `substantial`."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        found = held(hub, at.reference(hub), _request(caller), at)
    return held_out(found, Telling(hub, caller))


@router.get("/me/disclosures")
@needs(Scope.ME_READ)
def own_disclosures(
    hub: HubOf, caller: CallerOf, pause: PauseOf, cursor: CursorIn = None, limit: LimitIn = 100
) -> Page[UseOut]:
    """Who looked at her, why and under which law, the newest first; refused attempts too. Needs `substantial`."""
    at = portal_of(caller, SURE)
    cursors = Cursors(hub, caller, "own disclosures")
    after = cursors.position(cursor) or None
    with quietly(pause):
        found = who_looked(
            hub, at.reference(hub), _request(caller), limit=limit, after=after, at=at
        )
    telling = Telling(hub, caller)
    return cursors.page([use_out(one, telling) for one in found.uses], found.next)


@router.get("/me/consents")
@needs(Scope.ME_READ)
def own_consents(
    hub: HubOf, caller: CallerOf, pause: PauseOf, cursor: CursorIn = None, limit: LimitIn = 100
) -> Page[ConsentOut]:
    """Everything she said on consent, the oldest first. Needs `substantial`."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        found = list_consents_at(hub, at.reference(hub), at, system=caller.own_signature)
    said = [consent_out(one, is_kept_told=False) for one in found]
    return Cursors(hub, caller, "own consents").sliced(said, cursor, limit)


@router.post("/me/consents", status_code=201)
@changes
@needs(Scope.ME_WRITE)
def say(hub: HubOf, caller: CallerOf, pause: PauseOf, said: OwnConsentIn) -> ToldOut:
    """Give or refuse consent. Needs `substantial`, and to give it what the agreement asks for."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        done = consents.record_consent(
            hub,
            at.reference(hub),
            said.answer(),
            said.how.value(),
            author=caller.own_signature,
            at=at,
        )
    return ToldOut(told=list(done.told))


@router.post("/me/consent-withdrawals", status_code=201)
@changes
@needs(Scope.ME_WRITE)
def take_back(hub: HubOf, caller: CallerOf, pause: PauseOf, said: OwnWithdrawalIn) -> ToldOut:
    """Withdraw consent: it ends at once, and whoever received data is told to delete it. Needs `substantial`."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        done = consents.withdraw_consent(
            hub,
            at.reference(hub),
            said.agreement,
            said.how.value(),
            author=caller.own_signature,
            categories=said.categories,
            at=at,
        )
    return ToldOut(told=list(done.told))


@router.get("/me/restrictions")
@needs(Scope.ME_READ)
def own_list(
    hub: HubOf, caller: CallerOf, pause: PauseOf, cursor: CursorIn = None, limit: LimitIn = 100
) -> Page[OwnRestrictionOut]:
    """The restrictions that stand, the oldest first. Needs `substantial`."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        found = own_restrictions.list_own(hub, at, system=caller.own_signature)
    telling = Telling(hub, caller)
    said = [
        OwnRestrictionOut(
            id=telling.restriction(one.id),
            kind=one.kind,
            authority=one.authority,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            is_hers=one.is_hers,
        )
        for one in found
    ]
    return Cursors(hub, caller, "own restrictions").sliced(said, cursor, limit)


@router.post("/me/restrictions", status_code=201)
@changes
@needs(Scope.ME_WRITE)
def object_(hub: HubOf, caller: CallerOf, pause: PauseOf, said: OwnRestrictionIn) -> ToldOut:
    """Object to what rests on official authority, or to being linked. It counts at once. Needs `substantial`."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        told = own_restrictions.restrict_herself(
            hub,
            RestrictionKind(said.kind.value),
            reason=said.reason,
            author=caller.own_signature,
            at=at,
        )
    return ToldOut(told=list(told))


@router.post("/me/restriction-lifts", status_code=201)
@changes
@needs(Scope.ME_WRITE)
def lift(hub: HubOf, caller: CallerOf, pause: PauseOf, said: OwnLiftIn) -> LiftedOut:
    """Lift a restriction that she put herself. Needs `substantial`."""
    at = portal_of(caller, SURE)
    number = Telling(hub, caller).restriction_named(said.restriction)
    with quietly(pause):
        own_restrictions.lift_herself(hub, number, author=caller.own_signature, at=at)
    return LiftedOut(restriction=said.restriction)


@router.post("/me/corrections", status_code=201)
@changes
@needs(Scope.ME_WRITE)
def correct(hub: HubOf, caller: CallerOf, pause: PauseOf, said: WrongIn) -> MadeOut:
    """Tell the agency that owns one of her records what is wrong in it. Needs `substantial`."""
    at = portal_of(caller, SURE)
    with quietly(pause):
        number = proposals.propose(
            hub,
            str(said.record.value()),
            field=said.field,
            proposed=said.proposed,
            reason=said.reason,
            request=_request(caller),
            at=at,
        )
    return MadeOut(id=Telling(hub, caller).correction_id(number))


def _request(caller: Caller) -> RightsRequest:
    return RightsRequest(CASE, None, caller.own_signature)
