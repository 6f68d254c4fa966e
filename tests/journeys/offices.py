"""A hub whose officers record what constituents say, and the counter at which it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from consent.log.entry import Account
from consent.vocabulary import CollectionMethod, DataCategory, RepresentationKind
from hub.journeys.consents import Answer, How, record_consent, withdraw_consent
from hub.journeys.context import Hub
from hub.journeys.feed import read_feed
from hub.journeys.representations import add_representation
from hub.journeys.saying import Recorded
from hub.store.outbox import FeedEvent
from tests.conftest import START
from tests.journeys.counters import ON_CONSENT, C, Counter
from tests.journeys.live import Row
from tests.journeys.stewards import MARIA

BY = "officer ines"
HOW = How(
    notice="sha256:notice",
    language="en",
    method=CollectionMethod.COUNTER,
    evidence="sha256:scan",
)
WAIVER = ON_CONSENT.ref
ALL = ON_CONSENT.categories
CHILD: Row = {
    "given": "Tove",
    "family": "Brandt",
    "born": "2015-04-02",
    "email": "tove@example.org",
    "ssn": "518-55-9021",
    "street": "12 Gull Ct",
    "zip": "69422",
}


def hours_apart(hub: Hub) -> Hub:
    """The same hub, in which an hour goes by between any two things: more than clocks may differ."""
    hours = count()
    return replace(hub, now=lambda: START + timedelta(hours=next(hours)))


@dataclass
class Office(Counter):
    """Who may consent to the fee waiver: benefits shares with parks that it holds something."""

    def comes(self, number: int, row: Row = MARIA) -> str:
        """Somebody with a record of parks and one of benefits; the key of the first."""
        self.desk.push(f"benefits:B{number}", row)
        return self.desk.push(f"parks:P{number}", row)

    def consents(self, reference: str, given: Iterable[DataCategory] = ALL, **how: Any) -> Recorded:
        return self.answers(reference, Answer(WAIVER, frozenset(given)), **how)

    def answers(self, reference: str, answer: Answer, **how: Any) -> Recorded:
        return record_consent(self.hub, reference, answer, self.how(**how), author=BY)

    def withdraws(self, reference: str, *categories: DataCategory, **how: Any) -> Recorded:
        chosen = frozenset(categories) or None
        return withdraw_consent(
            self.hub, reference, WAIVER.id, self.how(**how), author=BY, categories=chosen
        )

    def how(self, **changes: Any) -> How:
        return replace(HOW, **changes)

    def represents(self, reference: str, **changes: Any) -> str:
        """A guardian, unless something else is said; the representation's id."""
        said: dict[str, Any] = {
            "representative": "Signe Brandt, her mother",
            "kind": RepresentationKind.GUARDIAN,
            "ends_on": ON_CONSENT.ends_on,
            "evidence": "sha256:birth_certificate",
            "author": BY,
        }
        return add_representation(self.hub, reference, **{**said, **changes}).facts[0]

    def shares(self, reference: str, *requested: DataCategory) -> set[str]:
        """The other agencies of which parks is given something when it asks about somebody."""
        self.ask(reference, requested or (C.NAME, C.HOLDING))
        account = Account.from_bytes(self.entries()[-1].account)
        return {one.source for one in account.permitted} - {"parks"}

    def told(self) -> list[FeedEvent]:
        """The feed so far."""
        return read_feed(self.hub, "tests")
