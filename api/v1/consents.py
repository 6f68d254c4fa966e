"""`/v1/consents`: what constituents answer to agreements, and how a "yes" ends.

Decides the shape at the wire, for privacy officers and for agencies at their counters. What may be said, and what it
does, is hub.journeys.consents'.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, StrictBool

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.silence import PauseOf
from api.v1.named import HowIn, RecordedOut, counter_of, recorded, reference_of
from api.v1.references import ConstituentIn
from api.v1.words import EACH_ONCE, Day, PolicyName, Strict
from consent.policy import AgreementRef
from consent.vocabulary import CollectionMethod, ConsentState, DataCategory
from hub.access.scopes import Scope
from hub.documents import A_NUMBER
from hub.journeys import consents
from hub.journeys.consents import Answer
from hub.journeys.consents_said import ConsentView, list_consents, list_consents_at
from hub.journeys.counter import quietly

router = guarded_router(tags=["Consents"])

_WHICH: Final = Field(max_length=len(DataCategory), examples=[["existence", "name"]])
Categories = Annotated[frozenset[DataCategory], _WHICH, EACH_ONCE]
# The least is said here, not as a bound on the above: over the check it is told as one on text.
SomeCategories = Annotated[frozenset[DataCategory], _WHICH, Field(min_length=1), EACH_ONCE]
Revision = Annotated[int, Field(ge=1, le=1_000_000), A_NUMBER]


class SaidIn(Strict):
    """What she says to one revision of an agreement: what she gives and what she refuses, in one act.

    valid_until: the last day of what is given. is_renewal: it was given before, and is given again.
    """

    agreement: PolicyName
    revision: Revision
    given: Categories = frozenset()
    refused: Categories = frozenset()
    valid_until: Day | None = None
    is_renewal: StrictBool = False

    def answer(self) -> Answer:
        """As the journeys know it."""
        return Answer(
            AgreementRef(self.agreement, self.revision),
            self.given,
            self.refused,
            self.valid_until,
            self.is_renewal,
        )


class ConsentIn(SaidIn):
    """Her answer, and how she gave it."""

    whom: ConstituentIn
    how: HowIn


class EndIn(Strict):
    """A "no" to an agreement: to these categories of it, or to all where none are named."""

    whom: ConstituentIn
    agreement: PolicyName
    how: HowIn
    categories: SomeCategories | None = None


class RevocationIn(EndIn):
    """An agency's word. agency: which, said by staff; an agency's system speaks for its own."""

    agency: PolicyName | None = None


class ConsentQueryIn(Strict):
    """Whose consents are asked for."""

    whom: ConstituentIn


class KeptOut(BaseModel):
    """What is kept of how it was said; for staff alone. is_former: said of an id that her records were under."""

    id: str
    notice: str
    method: CollectionMethod
    evidence: str
    representation: str | None
    author: str
    recorded_at: datetime
    is_former: bool


class ConsentOut(BaseModel):
    """One saying. kept: null to an agency."""

    agreement: str
    revision: int
    purpose: str
    state: ConsentState
    categories: list[DataCategory]
    given_on: date
    valid_until: date | None
    language: str
    kept: KeptOut | None = None


@router.post("/consents", status_code=201)
@changes
@needs(Scope.CONSENT_WRITE)
def record(hub: HubOf, caller: CallerOf, pause: PauseOf, said: ConsentIn) -> RecordedOut:
    """Record her answer to one revision: it counts at once.

    An agency records answers to agreements it is party to, of whom it holds a record of or was shown an id.
    """
    at = counter_of(caller)
    with quietly(pause):
        reference = reference_of(hub, at, said.whom)
        done = consents.record_consent(
            hub, reference, said.answer(), said.how.value(), author=caller.signature, at=at
        )
    return recorded(done, caller)


@router.post("/consent-withdrawals", status_code=201)
@changes
@needs(Scope.CONSENT_WRITE)
def withdraw(hub: HubOf, caller: CallerOf, pause: PauseOf, said: EndIn) -> RecordedOut:
    """Record that she takes back what she gave, under every revision; whoever received data is told to delete it."""
    at = counter_of(caller)
    with quietly(pause):
        done = consents.withdraw_consent(
            hub,
            reference_of(hub, at, said.whom),
            said.agreement,
            said.how.value(),
            author=caller.signature,
            categories=said.categories,
            at=at,
        )
    return recorded(done, caller)


@router.post("/consent-revocations", status_code=201)
@changes
@needs(Scope.CONSENT_WRITE)
def revoke(hub: HubOf, caller: CallerOf, pause: PauseOf, said: RevocationIn) -> RecordedOut:
    """End her consent at the word of an agency that is party to the agreement."""
    at = counter_of(caller)
    with quietly(pause):
        done = consents.revoke_consent(
            hub,
            reference_of(hub, at, said.whom),
            said.agreement,
            said.how.value(),
            agency=caller.agency or said.agency or "",
            author=caller.signature,
            categories=said.categories,
            at=at,
        )
    return recorded(done, caller)


@router.post("/consent-invalidations", status_code=201)
@changes
@needs(Scope.CONSENT_WRITE)
def invalidate(hub: HubOf, caller: CallerOf, said: EndIn) -> RecordedOut:
    """Note that her consent was none: given under pressure, or by somebody else. Officers alone."""
    caller.require_staff()
    done = consents.invalidate_consent(
        hub,
        said.whom.text(),
        said.agreement,
        said.how.value(),
        author=caller.signature,
        categories=said.categories,
    )
    return recorded(done, caller)


@router.post("/consent-queries")
@needs(Scope.CONSENT_READ)
def query(
    hub: HubOf,
    caller: CallerOf,
    pause: PauseOf,
    wanted: ConsentQueryIn,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[ConsentOut]:
    """What she said on consent, the oldest first; to an agency, of the agreements it is party to."""
    at = counter_of(caller)
    with quietly(pause):
        reference = reference_of(hub, at, wanted.whom)
        if at is None:
            found = list_consents(hub, reference)
        else:
            found = list_consents_at(hub, reference, at, system=caller.client)
    said = [consent_out(one, is_kept_told=at is None) for one in found]
    return Cursors(hub, caller, "consents").sliced(said, cursor, limit)


def consent_out(one: ConsentView, *, is_kept_told: bool) -> ConsentOut:
    """One saying, as far as the reader is told of it."""
    kept = KeptOut(
        id=one.id,
        notice=one.notice,
        method=one.method,
        evidence=one.evidence,
        representation=one.representation,
        author=one.author,
        recorded_at=one.recorded_at,
        is_former=one.is_former,
    )
    return ConsentOut(
        agreement=one.agreement.id,
        revision=one.agreement.revision,
        purpose=one.purpose,
        state=one.state,
        categories=list(one.categories),
        given_on=one.given_on,
        valid_until=one.valid_until,
        language=one.language,
        kept=kept if is_kept_told else None,
    )
