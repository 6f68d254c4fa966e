"""Verifying over HTTP: yes, no or unknown, and the budget that look-ups and verifications share."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from consent.vocabulary import RestrictionKind
from hub.client import (
    BornOn,
    Claim,
    Description,
    Found,
    HasDied,
    Holds,
    HubClient,
    IsNamed,
    IsNumbered,
    IsOfAge,
    IsReachedAt,
    LivesAt,
    ProblemTold,
    RecordRef,
    Truth,
    VerifyAnswer,
)
from hub.journeys.asking import SILENCE_S
from hub.journeys.context import Hub
from hub.store import database
from hub.wiring import utc_now
from tests.api.running import Served, served
from tests.conftest import with_limits
from tests.journeys.counters import Counter, restrict
from tests.journeys.stewards import BIRK, MARIA

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
ACCOUNT = RecordRef("parks", "P1")


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    """Maria has an account with parks and a licence with vehicles; Birk only a licence."""
    counter = Counter(modelled_hub)
    counter.desk.push("parks:P1", MARIA, email="maria@heron.example")
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    return counter


@pytest.fixture
def running(counter: Counter) -> Iterator[Served]:
    with served(counter.hub) as found:
        yield found


@pytest.fixture
def parks(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("parks", "licensing")) as client:
        yield client


def verify(client: HubClient, *claims: Claim, whom: Any = ACCOUNT) -> VerifyAnswer:
    return client.verify(whom, claims, purpose="licensing", case="1")


def look_up(client: HubClient, key: str) -> Found:
    ref = RecordRef("parks", key)
    return client.look_up(ref, ["name"], purpose="licensing", case="1").found


# --- answers -------------------------------------------------------------------------------------


def test_every_kind_of_claim_is_answered_in_its_place(parks: HubClient) -> None:
    answer = verify(
        parks,
        IsNamed({"full_name": "OKAFOR, MARIA"}),
        BornOn(date(1984, 3, 10)),
        IsOfAge(18),
        HasDied(),
        LivesAt({"delivery_line": "418 HERON LANE", "post_code": "69407"}),
        IsReachedAt({"kind": "email", "value": "maria@example.org"}),
        IsNumbered({"scheme": "licence_plate", "value": "KHX 4471"}),
        Holds("driving_licence", date(2026, 5, 1)),
    )
    assert answer.found is Found.ONE
    assert answer.answers == [TRUE, FALSE, TRUE, UNKNOWN, TRUE, TRUE, UNKNOWN, UNKNOWN]
    found = parks.look_up(ACCOUNT, ["name"], purpose="licensing", case="1")
    assert found.profile is not None
    assert answer.id == found.profile.id
    assert answer.disclosure != found.disclosure
    assert verify(parks, BornOn(date(1984, 3, 9)), whom=answer.id).answers == [TRUE]


def test_whom_the_agency_may_not_know_of_is_answered_as_nobody_and_at_that_moment(
    parks: HubClient, running: Served
) -> None:
    restrict(running.hub, "vehicles:D2", RestrictionKind.AT_RISK)
    told = []
    for whom in (RecordRef("vehicles", "D2"), RecordRef("vehicles", "none"), uuid4()):
        sent_s = time.monotonic()
        answer = verify(parks, IsNamed({"full_name": "Birk Lindqvist"}), whom=whom)
        assert time.monotonic() - sent_s >= SILENCE_S
        told.append((answer.found, answer.id, answer.answers, answer.withheld))
    assert told == [(Found.NONE, None, [UNKNOWN], [])] * 3


def test_questions_that_cannot_be_answered_are_refused_by_name(parks: HubClient) -> None:
    with pytest.raises(ProblemTold) as topic:
        verify(parks, BornOn(date(1984, 3, 9)), BornOn(date(1984, 3, 10)))
    assert (topic.value.status, topic.value.name) == (422, "request-invalid")
    assert "claims[1]: must be the only claim of its topic" in topic.value.detail
    with pytest.raises(ProblemTold) as old:
        verify(parks, IsOfAge(7_000))
    assert "claims[0]" in old.value.detail
    with pytest.raises(ProblemTold) as little:
        verify(parks, IsOfAge(18), whom=Description("person", names=[{"family_name": "Okafor"}]))
    assert (little.value.status, little.value.name) == (422, "too-little-evidence")
    with pytest.raises(ProblemTold) as empty:
        verify(parks)
    assert empty.value.members["errors"] == [{"field": "body.claims", "rule": "too_short"}]
    with pytest.raises(ProblemTold) as purpose:
        parks.verify(ACCOUNT, [IsOfAge(18)], purpose="prompts", case="1")
    assert (purpose.value.status, purpose.value.name) == (403, "not-in-scope")


# --- the budget ----------------------------------------------------------------------------------


def test_look_ups_and_verifications_share_a_clients_own_budget_and_say_when_it_begins_anew(
    running: Served,
) -> None:
    with running.client(running.agency("parks", "licensing", distinct_per_day=3)) as parks:
        assert look_up(parks, "P1") is Found.ONE
        assert look_up(parks, "nobody") is Found.NONE
        assert verify(parks, IsOfAge(18)).answers == [TRUE]
        for past in (
            lambda: look_up(parks, "P2"),
            lambda: look_up(parks, "P3"),
            lambda: verify(parks, IsOfAge(21)),
        ):
            with pytest.raises(ProblemTold) as told:
                past()
            assert (told.value.status, told.value.name) == (429, "budget-spent")
            left_s = told.value.retry_after_s
            assert left_s is not None
            midnight = datetime.combine(
                utc_now().date() + timedelta(days=1), datetime.min.time(), UTC
            )
            assert abs((midnight - utc_now()).total_seconds() - left_s) < 60
            assert not {"P2", "P3"} & set(str(told.value.members).split())
        # What was asked that day may be asked again.
        assert look_up(parks, "P1") is Found.ONE
        assert verify(parks, IsOfAge(18)).answers == [TRUE]


def test_the_usual_budget_holds_where_a_client_has_none_of_its_own(counter: Counter) -> None:
    small = with_limits(counter.hub, look_ups_distinct_per_day=1)
    with served(small) as running:
        parks, vehicles = (running.agency(name, "licensing") for name in ("parks", "vehicles"))
        with running.client(parks) as client:
            assert look_up(client, "P1") is Found.ONE
            with pytest.raises(ProblemTold) as told:
                look_up(client, "nobody")
        assert told.value.name == "budget-spent"
        with running.client(vehicles) as other:
            assert look_up(other, "P1") is Found.NONE


def test_what_gives_nothing_is_counted_as_that(running: Served, parks: HubClient) -> None:
    look_up(parks, "P1")
    look_up(parks, "nobody")
    verify(parks, IsOfAge(18), BornOn(date(1984, 3, 10)))
    verify(parks, BornOn(date(1984, 3, 10)))
    verify(parks, HasDied())
    with database.transaction(running.hub.engine) as connection:
        [row] = connection.exec_driver_sql(
            "SELECT client, asked, asked_distinct, missed FROM look_up_budgets"
        ).all()
    assert tuple(row) == ("parks-desk", 5, 5, 3)
