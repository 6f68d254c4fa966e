"""Maria known to two agencies, looked up, judged, pinned and corrected; and her erasure."""

from __future__ import annotations

from typing import Final, TypedDict

from hub.journeys.context import Hub
from hub.journeys.pin import pin
from hub.journeys.rights.corrections import propose
from hub.journeys.rights.erasure import Erasure, erase
from hub.journeys.rights.requests import RightsRequest
from tests.journeys.counters import Counter
from tests.journeys.stewards import BIRK, MARIA


class Order(TypedDict):
    """By which officer, under what authority."""

    by: str
    authority: str


ORDER: Final[Order] = {"by": "olga", "authority": "GDPR Art. 17(1)(a), request 2026-114"}
P1, D1, D2 = "parks:P1", "vehicles:D1", "vehicles:D2"
#: Values that are Maria's alone.
HERS = ("maria@example.org", "Okafor", "219-09-9041", "418 Heron Ln", "1984-03-09", "Ottilie Quist")


def maria_at_two_agencies(hub: Hub) -> Counter:
    """Maria with a record at parks and one at vehicles, Birk with one at vehicles; each looked up once."""
    counter = Counter(hub)
    desk = counter.desk
    desk.push(P1, MARIA)
    desk.push(D1, MARIA)
    desk.push(D2, BIRK)
    counter.ask(P1)
    counter.ask(D2)
    desk.same(P1, D1)
    pin(hub, D1, "name", "ines", "Ottilie Quist showed her passport")
    propose(
        hub,
        D1,
        field="addresses",
        proposed="419 Heron Ln",
        reason="Ottilie Quist mistyped it",
        request=RightsRequest("case 12"),
    )
    return counter


def erased(hub: Hub, reference: str = P1) -> Erasure:
    """Erase a constituent by the order."""
    return erase(hub, reference, **ORDER)
