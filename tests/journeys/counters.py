"""A hub whose agencies share records under a policy, and the counter of one that looks people up.

Parks asks; vehicles is shared with it by law, benefits on consent; wildlife shares nothing. Every source is
its own agency's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from consent.policy import Agency, Agreement, Clearance, DeclaredPurpose, Policy
from consent.stored import digest_of, to_document
from consent.vocabulary import DataCategory, Purpose, RestrictionKind
from hub.domain.records import RecordKey
from hub.domain.released import ReleasedProfile
from hub.journeys import restrictions
from hub.journeys.claims import Claim, Truth
from hub.journeys.context import Hub
from hub.journeys.describing import Description
from hub.journeys.disclosing import Asker
from hub.journeys.look_up import Answer, ByShown, LookUp, look_up
from hub.journeys.verify import Verified, Verify, verify
from hub.store import database, disclosures, policies
from hub.store.disclosures import StoredDisclosure
from hub.store.policies import PolicyVersion
from tests.consent.values import ASKED, LAW
from tests.journeys.stewards import Desk

C = DataCategory
EVERYTHING = frozenset(C)

#: Vehicles shares by law nearly all it holds; benefits, on consent, that it holds something.
BY_LAW = replace(
    LAW,
    categories=frozenset({C.EXISTENCE, C.SOURCE, C.NAME, C.BIRTH_DATE, C.ADDRESS, C.CONTACT}),
    epoch=0,
)
ON_CONSENT = replace(ASKED, epoch=0)
AGENCIES = ("parks", "wildlife", "vehicles", "benefits")
#: Lets every agency's records be linked, and shares nothing with any of them.
LINKING = replace(
    LAW, id="linking", sources=frozenset(AGENCIES), recipient="registrar", matching_allowed=True
)


def policy_of(*agreements: Agreement) -> Policy:
    """The four agencies with these agreements, and their records linked."""
    return Policy(
        agencies=tuple(Agency(id_) for id_ in (*AGENCIES, LINKING.recipient)),
        purposes=(
            DeclaredPurpose("licensing", Purpose.REQUESTED_SERVICE_PROVISION),
            DeclaredPurpose("prompts", Purpose.COMMUNICATION_MANAGEMENT),
        ),
        agreements=(*agreements, LINKING),
    )


def state(hub: Hub, policy: Policy) -> None:
    """Put a policy in force."""
    with database.transaction(hub.engine) as connection:
        policies.lock(connection)
        version = policies.newest_version(connection) + 1
        document = to_document(
            replace(
                policy, agreements=tuple(replace(one, epoch=version) for one in policy.agreements)
            )
        )
        policies.add(
            connection,
            PolicyVersion(version, digest_of(document), document, "ines", "a test", hub.now()),
        )


def restrict(hub: Hub, reference: str, kind: RestrictionKind, *clearances: Clearance) -> str:
    """Restrict a constituent from now on; the restriction's id."""
    said = restrictions.restrict(
        hub, reference, kind, authority="court order 12", author="ines", clearances=clearances
    )
    return said.facts[0]


@dataclass
class Counter:
    """Parks' counter. Record `cards:1` is the row 1 of the source `cards`."""

    hub: Hub
    agreements: tuple[Agreement, ...] = (BY_LAW, ON_CONSENT)
    desk: Desk = field(init=False)
    pauses_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.desk = Desk(self.hub)
        state(self.hub, policy_of(*self.agreements))

    def asked(self, *requested: DataCategory) -> LookUp:
        """What parks' clerk asks, of Maria's account unless that is replaced."""
        return LookUp(
            asker=Asker("parks", "booking", "case 7", "clerk 12"),
            whom=RecordKey("parks", "P1"),
            purpose="licensing",
            requested=frozenset(requested),
            scope=EVERYTHING,
        )

    def ask(
        self,
        whom: str | UUID | Description,
        requested: Iterable[DataCategory] = (C.NAME, C.ADDRESS),
        **changes: Any,
    ) -> Answer:
        """Look somebody up; the answer leaves at once, and how long it would have waited is noted."""
        asked = replace(self.asked(*requested), whom=_whom(whom), **changes)
        return look_up(self.hub, asked, pause=self.pauses_s.append)

    def profile(self, whom: str | UUID | Description, *requested: DataCategory) -> ReleasedProfile:
        """What is released of somebody who is found."""
        answer = self.ask(whom, requested or (C.NAME, C.ADDRESS))
        assert answer.profile is not None, answer
        return answer.profile

    def claimed(self, *claims: Claim, whom: str | UUID | Description = "parks:P1") -> Verify:
        """What parks' clerk claims, of Maria's account unless that is replaced."""
        asked = self.asked()
        return Verify(asked.asker, _whom(whom), asked.purpose, claims, asked.scope)

    def verify(
        self, *claims: Claim, whom: str | UUID | Description = "parks:P1", **changes: Any
    ) -> Verified:
        """Verify claims; the answer leaves at once, and how long it would have waited is noted."""
        asked = replace(self.claimed(*claims, whom=whom), **changes)
        return verify(self.hub, asked, pause=self.pauses_s.append)

    def truths(
        self, *claims: Claim, whom: str | UUID | Description = "parks:P1"
    ) -> tuple[Truth, ...]:
        """The answers alone."""
        return self.verify(*claims, whom=whom).answers

    def entries(self) -> list[StoredDisclosure]:
        """The log's entries, in the order they were written."""
        with database.transaction(self.hub.engine) as connection:
            numbers = connection.scalars(text("SELECT id FROM disclosures ORDER BY id")).all()
            found = [disclosures.find(connection, number) for number in numbers]
        return [one for one in found if one is not None]


def _whom(whom: str | UUID | Description) -> RecordKey | ByShown | Description:
    if isinstance(whom, UUID):
        return ByShown(whom)
    return RecordKey.parse(whom) if isinstance(whom, str) else whom


def shown(profile: ReleasedProfile) -> dict[str, str]:
    """The values shown, by attribute."""
    return {one.attribute: one.shown.value for one in profile.attributes}
