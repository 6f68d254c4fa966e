"""Where a request about one constituent comes from, and how she said it: what the routes of consent and rights share.

Decides the shapes. Whether what an agency names leads to anybody is hub.journeys.counter's.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from api.v1.references import ConstituentIn
from api.v1.words import Strict, Text
from consent.vocabulary import Assurance, CollectionMethod
from hub.journeys.access.admission import Caller
from hub.journeys.consents import How
from hub.journeys.context import Hub
from hub.journeys.counter import Counter
from hub.journeys.saying import Recorded


def counter_of(caller: Caller) -> Counter | None:
    """The counter an agency's system stands at; None for staff."""
    return None if caller.agency is None else Counter(caller.agency, caller.purposes)


def portal_of(caller: Caller, assurance: Assurance) -> Counter:
    """The portal a constituent signed in at, at least so surely. Raises CredentialsRefused."""
    signed_in = caller.require_signed_in(assurance)
    return Counter(caller.require_agency(), caller.purposes, signed_in.record, signed_in.assurance)


def reference_of(hub: Hub, at: Counter | None, whom: ConstituentIn) -> str:
    """The reference that a body leads to. Raises RecordUnknown, PairwiseUnknown."""
    return str(whom.named()) if at is None else at.reference(hub, whom.named())


Digest = Annotated[
    str,
    StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$"),
    Field(
        description="SHA-256 of what was shown or signed; the thing itself stays with its agency.",
        examples=["sha256:" + "5f" * 32],
    ),
]
Language = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$", max_length=35),
    Field(description="BCP 47."),
]
FactId = Annotated[str, StringConstraints(pattern=r"^[crx]?[0-9]{1,18}$"), Field(examples=["x12"])]


class HowIn(Strict):
    """How she said it (ISO/IEC TS 27560). representation: of staff alone: whom it was said through."""

    notice: Digest
    language: Language = "en"
    method: CollectionMethod = CollectionMethod.COUNTER
    evidence: Digest
    representation: FactId | None = None

    def value(self) -> How:
        """As the journeys know it."""
        return How(self.notice, self.language, self.method, self.evidence, self.representation)


class RecordedOut(BaseModel):
    """What was recorded: facts by their ids, agencies that were sent a notice, and consent events that still say no.

    To an agency that it was recorded, and no more: how many facts it took, and who was told, would tell of others.
    """

    facts: list[str]
    told: list[str]
    overruled_by: list[str]


def recorded(said: Recorded, caller: Caller) -> RecordedOut:
    """What of it the caller is told."""
    if caller.agency is not None:
        return RecordedOut(facts=[], told=[], overruled_by=[])
    return RecordedOut(
        facts=list(said.facts), told=list(said.told), overruled_by=list(said.overruled_by)
    )


Case = Annotated[Text, Field(description="Her request's reference; logged as a keyed hash.")]
