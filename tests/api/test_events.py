"""The feed over HTTP: an agency's own records by its own ids, in pages, followed and read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any
from uuid import uuid4

import pytest

from consent.vocabulary import RestrictionKind
from hub.access.scopes import StaffRole
from hub.client import Event, EventKind, HubClient, ProblemTold, RecordRef
from hub.journeys.context import Hub
from tests.api.running import Served, served
from tests.journeys.counters import Counter, restrict
from tests.journeys.live import Row, source
from tests.journeys.stewards import BIRK, MARIA, NOOR

CREATED, UPDATED, ERASED = EventKind.CREATED, EventKind.UPDATED, EventKind.ERASED


@pytest.fixture
def running(modelled_hub: Hub) -> Iterator[Served]:
    sources = {name: source(name) for name in ("parks", "vehicles")}
    with served(replace(Counter(modelled_hub).hub, sources=sources)) as found:
        yield found


@pytest.fixture
def parks(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("parks", "licensing")) as client:
        yield client


@pytest.fixture
def vehicles(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("vehicles", "licensing")) as client:
        yield client


def push(client: HubClient, agency: str, key: str, values: Row, **more: Any) -> None:
    client.records.push(agency, {"id": key, **values, **more})


def kinds(events: Iterator[Event] | list[Event]) -> list[EventKind]:
    return [one.kind for one in events]


def test_an_agency_reads_of_its_own_records_by_ids_it_can_look_up_and_of_no_others(
    parks: HubClient, vehicles: HubClient, running: Served
) -> None:
    push(parks, "parks", "P1", MARIA)
    push(vehicles, "vehicles", "D1", MARIA)
    push(vehicles, "vehicles", "D2", BIRK)
    # What was not looked at meanwhile is told as one difference.
    assert kinds(parks.events.page().items) == [CREATED]
    push(parks, "parks", "P1", MARIA, street="9 Alder St")
    page = parks.events.page()
    assert kinds(page.items) == [CREATED, UPDATED]
    assert not page.is_more
    [shown] = {one.constituent for one in page.items}
    found = parks.look_up(RecordRef("parks", "P1"), ["name"], purpose="licensing", case="1")
    assert found.profile is not None
    assert found.profile.id == shown
    theirs = vehicles.events.page()
    assert kinds(theirs.items) == [CREATED, CREATED]
    assert shown not in {one.constituent for one in theirs.items}
    public = {str(Counter(running.hub).desk.id_of(key)) for key in ("parks:P1", "vehicles:D2")}
    assert not public & {str(one.constituent) for one in (*page.items, *theirs.items)}


def test_the_feed_is_followed_from_where_it_was_left_and_can_be_read_again(
    parks: HubClient,
) -> None:
    for number, values in enumerate((MARIA, BIRK, NOOR)):
        push(parks, "parks", f"P{number}", values)
    following = parks.events.follow(limit=2)
    first = list(following)
    assert kinds(first) == [CREATED] * 3
    assert following.cursor is not None
    left = following.cursor
    parks.records.remove("parks", ["P1"])
    assert kinds(list(parks.events.follow(left))) == [ERASED]
    assert list(parks.events.follow())[:3] == first
    waiting = iter(parks.events.follow(left, wait_s=0.01))
    assert next(waiting).kind is ERASED
    push(parks, "parks", "P0", MARIA, street="9 Alder St")
    assert kinds(list(islice(waiting, 1))) == [UPDATED]


def test_a_cursor_moves_only_past_what_was_taken(parks: HubClient) -> None:
    for number, values in enumerate((MARIA, BIRK, NOOR)):
        push(parks, "parks", f"P{number}", values)
    following = parks.events.follow(limit=2)
    taken = list(islice(following, 1))
    assert following.cursor is None
    assert list(parks.events.follow(following.cursor))[:1] == taken


def test_what_is_no_place_of_this_feed_is_refused(parks: HubClient, vehicles: HubClient) -> None:
    push(parks, "parks", "P1", MARIA)
    theirs = parks.events.page().next
    for after in (theirs, uuid4()):
        with pytest.raises(ProblemTold) as told:
            vehicles.events.page(after)
        assert (told.value.status, told.value.name) == (422, "request-invalid")
        assert "cursor" in told.value.detail
    for limit in (0, 1_001):
        with pytest.raises(ProblemTold) as size:
            vehicles.events.page(limit=limit)
        assert size.value.members["errors"][0]["field"] == "query.limit"


def test_somebody_at_risk_changes_nothing_in_what_an_agency_reads(
    parks: HubClient, vehicles: HubClient, running: Served
) -> None:
    push(parks, "parks", "P1", MARIA)
    before = parks.events.page()
    push(vehicles, "vehicles", "D1", MARIA)
    restrict(running.hub, "vehicles:D1", RestrictionKind.AT_RISK)
    vehicles.records.remove("vehicles", ["D1"])
    assert parks.events.page() == before


def test_staff_have_no_feed(running: Served, parks: HubClient) -> None:
    with (
        running.client(running.staff("ines", StaffRole.STEWARD)) as steward,
        pytest.raises(ProblemTold) as told,
    ):
        steward.events.page()
    assert (told.value.status, told.value.name) == (403, "not-in-scope")
