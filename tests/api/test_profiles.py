"""Looking up over HTTP: what an agency's system asks, what it is told, and what it is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.client import Found, RecordRef
from hub.journeys.context import Hub
from tests.api.running import Served, served
from tests.journeys.counters import Counter
from tests.journeys.stewards import BIRK, MARIA


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    counter = Counter(modelled_hub)
    counter.desk.push("parks:P1", MARIA, email="maria@heron.example")
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    return counter


@pytest.fixture
def running(counter: Counter) -> Iterator[Served]:
    with served(counter.desk.hub) as found:
        yield found


def test_a_look_up_answers_what_is_permitted_and_names_its_entry(running: Served) -> None:
    parks = running.agency("parks", "licensing")
    with running.client(parks) as client:
        answer = client.look_up(
            RecordRef("parks", "P1"), ["name", "birth_date"], purpose="licensing", case="1"
        )
    assert answer.found is Found.ONE
    assert answer.profile is not None
    assert answer.profile.value("name") == "Maria Okafor"
