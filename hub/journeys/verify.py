"""Verify what an agency claims of a constituent: yes or no in place of a profile, logged as a look-up is.

Decides that a claim is answered from permitted records and values alone: one whose category is withheld, or of
somebody the agency may not know of, is as unknown as one that no record speaks of; and that an answer without a
yes or a no leaves at the one moment. What bears a claim out is claims.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from consent.decision import Decision, Reason, Told
from consent.log.entry import Outcome
from consent.vocabulary import Assurance, DataCategory
from hub.domain.errors import HubError
from hub.journeys.asking import LookUp, Whom, ask, keep_silence
from hub.journeys.claims import Claim, Truth
from hub.journeys.context import Hub
from hub.journeys.disclosing import Asker
from hub.journeys.release import permitted_of, stated_in
from hub.store.lookups import Held

ACTION: Final = "verify"

#: So many claims one question holds at most; of one topic it holds one, or it would try values out.
CLAIMS_MAX: Final = 20


class ClaimInvalid(HubError):
    """A claim cannot be answered by anything: names its place and the rule."""

    def __init__(self, place: int | None, rule: str) -> None:
        self.field = "claims" if place is None else f"claims[{place}]"
        super().__init__(f"verify: {self.field}: {rule}")


@dataclass(frozen=True, slots=True)
class Verify:
    """What an agency claims of whom; the rest as in LookUp, which it is but for the answer.

    Raises ClaimInvalid, LookUpInvalid.
    """

    asker: Asker
    whom: Whom
    purpose: str
    claims: tuple[Claim, ...]
    scope: frozenset[DataCategory]
    agreement: str | None = None
    assurance: Assurance = Assurance.LOW

    def __post_init__(self) -> None:
        self.question()
        if not 1 <= len(self.claims) <= CLAIMS_MAX:
            raise ClaimInvalid(None, f"must be 1 to {CLAIMS_MAX}")
        topics: set[str] = set()
        for place, claim in enumerate(self.claims):
            if claim.comparable() is None:
                raise ClaimInvalid(place, claim.rule)
            if claim.topic in topics:
                raise ClaimInvalid(place, "must be the only claim of its topic")
            topics.add(claim.topic)

    def question(self) -> LookUp:
        """The look-up it is: for the categories of the claims. Never the claimed values."""
        return LookUp(
            asker=self.asker,
            whom=self.whom,
            purpose=self.purpose,
            requested=frozenset(claim.category for claim in self.claims),
            scope=self.scope,
            agreement=self.agreement,
            assurance=self.assurance,
        )


@dataclass(frozen=True, slots=True)
class Verified:
    """What the agency is told. answers: in the order of the claims. id: the one she is shown under, where released.

    The rest as in look_up's Answer. told: which categories are withheld, as far as that may be told; to a claim of
    one the answer is unknown.
    """

    outcome: Outcome
    disclosure: int
    answers: tuple[Truth, ...]
    id: UUID | None = None
    told: tuple[Told, ...] = ()
    reasons: tuple[Reason, ...] = ()
    is_too_little: bool = False

    @property
    def is_miss(self) -> bool:
        """Whether nothing claimed was so: who tries values out gets one such answer after the other."""
        return Truth.TRUE not in self.answers


@dataclass(frozen=True, slots=True)
class _Given:
    answers: tuple[Truth, ...]
    id: UUID


def verify(hub: Hub, asked: Verify, *, pause: Callable[[float], None] = time.sleep) -> Verified:
    """Answer each claim, logged and committed. pause: waits so many seconds before an answer without a yes or a no.

    Raises LookUpContended, SealBroken, and DisclosureLogBehind while the log lags: then nothing was answered.
    """
    received_s = time.monotonic()

    def give(hub: Hub, held: Held, decision: Decision, shown: UUID) -> _Given:
        return _Given(_answers(hub, held, decision, asked.claims), shown)

    found = ask(hub, asked.question(), ACTION, give)
    unknown = (Truth.UNKNOWN,) * len(asked.claims)
    answers = unknown if found.given is None else found.given.answers
    if answers == unknown:
        keep_silence(received_s, pause)
    return Verified(
        found.outcome,
        found.disclosure,
        answers,
        None if found.given is None else found.given.id,
        found.told,
        found.reasons,
        found.is_too_little,
    )


def _answers(
    hub: Hub, held: Held, decision: Decision, claims: tuple[Claim, ...]
) -> tuple[Truth, ...]:
    permitted = permitted_of(held, decision)
    records = [one.record for one in stated_in(hub, held, permitted)]
    return tuple(claim.judged(records) for claim in claims)
