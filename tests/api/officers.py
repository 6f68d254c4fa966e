"""A served hub with a privacy officer at work, and what the tests of officers' routes say and expect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from hub.access.scopes import StaffRole
from hub.client import HubClient, ProblemTold, RecordRef
from hub.client.consents import How
from hub.journeys.context import Hub
from tests.api.running import Served
from tests.journeys.counters import Counter
from tests.journeys.stewards import BIRK, MARIA, NOOR

HOW: Final = How(notice="sha256:" + "1a" * 32, evidence="sha256:" + "2b" * 32)
WAIVER: Final = "fee_waiver"
GIVEN: Final = ("existence", "holding")

P1, B1, D1 = RecordRef("parks", "P1"), RecordRef("benefits", "B1"), RecordRef("vehicles", "D1")
#: Birk's, at vehicles alone.
D2: Final = RecordRef("vehicles", "D2")
#: Noor's, at parks alone.
P2: Final = RecordRef("parks", "P2")


def peopled(hub: Hub) -> Counter:
    """Maria at parks, benefits and vehicles; Birk at vehicles; Noor at parks."""
    counter = Counter(hub)
    for key, row in (
        ("benefits:B1", MARIA),
        ("parks:P1", MARIA),
        ("vehicles:D1", MARIA),
        ("vehicles:D2", BIRK),
        ("parks:P2", NOOR),
    ):
        counter.desk.push(key, row)
    return counter


def officer(served: Served, name: str = "ines") -> HubClient:
    """A privacy officer's client."""
    return served.client(served.staff(name, StaffRole.PRIVACY_OFFICER))


def told(work: Callable[[], object]) -> ProblemTold:
    """The problem that the hub tells of."""
    with pytest.raises(ProblemTold) as caught:
        work()
    return caught.value


def refused(work: Callable[[], object]) -> str:
    """The name of the problem."""
    return told(work).name
