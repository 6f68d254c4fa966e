"""Consent over HTTP: at an officer's desk and at agencies' counters, and what each is told of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from consent.policy import Clearance
from consent.vocabulary import RestrictionKind
from hub.access.scopes import StaffRole
from hub.client import HubClient, RecordRef
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import seal
from hub.journeys.pairwise import shown_to
from hub.journeys.verify_log import verify_log
from tests.api.officers import (
    B1,
    D1,
    D2,
    GIVEN,
    HOW,
    P1,
    WAIVER,
    officer,
    peopled,
    refused,
    told,
)
from tests.api.running import Served, served
from tests.journeys.counters import Counter, restrict

DAY = date(2026, 12, 1)


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    return peopled(modelled_hub)


@pytest.fixture
def running(counter: Counter) -> Iterator[Served]:
    with served(counter.desk.hub) as found:
        yield found


@pytest.fixture
def ines(running: Served) -> Iterator[HubClient]:
    with officer(running) as client:
        yield client


@pytest.fixture
def parks(running: Served) -> Iterator[HubClient]:
    with running.client(running.agency("parks", "licensing")) as client:
        yield client


def test_an_officer_records_withdraws_and_lists_and_is_told_all(ines: HubClient) -> None:
    given = ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN, valid_until=DAY)
    assert [one[0] for one in given.facts] == ["c"]
    assert ines.consents.withdraw(B1, WAIVER, HOW, categories=["holding"]).facts != given.facts
    first, second = ines.consents.of(D1)
    assert (first.state, first.valid_until) == ("given", DAY)
    assert (second.state, second.categories) == ("withdrawn", ["holding"])
    assert first.kept is not None
    assert (first.kept.author, first.kept.notice) == ("ines", HOW.notice)


def test_a_repeat_is_done_once_and_another_request_under_its_key_is_refused(
    ines: HubClient,
) -> None:
    key = "counter-7-maria"
    once = ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN, repeat_key=key)
    assert ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN, repeat_key=key) == once
    assert len(ines.consents.of(P1)) == 1
    other = partial(ines.consents.record, refused=GIVEN, repeat_key=key)
    assert refused(lambda: other(P1, WAIVER, 1, HOW)) == "repeat-differs"


def test_revoked_at_a_party_s_word_alone_and_invalidated_by_an_officer(ines: HubClient) -> None:
    ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN)
    strange = told(lambda: ines.consents.revoke(P1, WAIVER, HOW, agency="vehicles"))
    assert (strange.name, strange.members["errors"]) == (
        "request-invalid",
        [{"field": "agency", "rule": "not_a_party"}],
    )
    ines.consents.revoke(P1, WAIVER, HOW, agency="benefits")
    ines.consents.invalidate(P1, WAIVER, HOW)
    assert [one.state for one in ines.consents.of(P1)] == ["given", "revoked", "invalidated"]


def test_an_agency_records_of_whom_it_holds_and_is_told_no_more_than_that(
    parks: HubClient, ines: HubClient
) -> None:
    done = parks.consents.record(P1, WAIVER, 1, HOW, given=GIVEN)
    assert (done.facts, done.told, done.overruled_by) == ([], [], [])
    [seen] = parks.consents.of(P1)
    assert (seen.state, seen.kept) == ("given", None)
    parks.consents.revoke(P1, WAIVER, HOW)
    authors = {one.kept.author for one in ines.consents.of(P1) if one.kept is not None}
    assert authors == {"parks/parks-desk"}


def test_that_an_agency_read_what_she_said_is_in_the_log_and_the_log_holds(
    running: Served, parks: HubClient, ines: HubClient
) -> None:
    parks.consents.record(P1, WAIVER, 1, HOW, given=GIVEN)
    parks.consents.of(P1)
    use = ines.disclosures.of(P1, case="request 12")[1]
    assert (use.action, use.outcome, use.agency, use.system) == (
        "read_facts",
        "done",
        "parks",
        "parks-desk",
    )
    seal(running.hub, is_forced=True)
    report = verify_log(running.hub)
    assert report.holds, report.findings


def test_an_agency_names_her_by_the_id_it_was_shown(
    running: Served, parks: HubClient, ines: HubClient
) -> None:
    birk = shown_to(running.hub, "parks", "vehicles:D2")
    parks.consents.record(birk, WAIVER, 1, HOW, refused=GIVEN)
    assert [one.state for one in ines.consents.of(D2)] == ["refused"]
    at_vehicles = shown_to(running.hub, "vehicles", "vehicles:D2")
    assert refused(lambda: parks.consents.of(at_vehicles)) == "not-found"


def test_others_records_and_what_was_never_shown_are_unknown_alike_at_one_moment(
    running: Served, parks: HubClient
) -> None:
    answers = set()
    for whom in (D1, RecordRef("nosuch", "X"), RecordRef("parks", "P99"), uuid4()):
        for ask in (
            partial(parks.consents.of, whom),
            partial(parks.consents.record, whom, WAIVER, 1, HOW, given=GIVEN),
            partial(parks.consents.withdraw, whom, WAIVER, HOW),
        ):
            began_s = time.monotonic()
            problem = told(ask)
            assert time.monotonic() - began_s >= 0.025
            answers.add((problem.status, problem.name, problem.detail))
    assert answers == {(404, "not-found", "")}


def test_an_agency_speaks_of_agreements_it_is_party_to_and_through_nobody(
    running: Served, parks: HubClient
) -> None:
    with running.client(running.agency("vehicles", "licensing")) as vehicles:
        problem = told(lambda: vehicles.consents.record(D1, WAIVER, 1, HOW, given=GIVEN))
        assert problem.members["errors"] == [{"field": "agreement", "rule": "not_a_party"}]
        assert vehicles.consents.of(D1) == []
    through = type(HOW)(HOW.notice, HOW.evidence, representation="r1")
    problem = told(lambda: parks.consents.record(P1, WAIVER, 1, through, given=GIVEN))
    assert problem.members["errors"] == [
        {"field": "representation", "rule": "representation_unknown"}
    ]
    assert refused(lambda: parks.consents.invalidate(P1, WAIVER, HOW)) == "not-in-scope"


def test_of_a_constituent_at_risk_an_agency_sees_what_was_said_with_it_alone(
    running: Served, parks: HubClient, ines: HubClient
) -> None:
    ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN)
    parks.consents.record(P1, WAIVER, 1, HOW, refused=["holding"])
    birk = shown_to(running.hub, "parks", "vehicles:D2")
    assert len(parks.consents.of(P1)) == 2
    restrict(running.hub, "parks:P1", RestrictionKind.AT_RISK)
    restrict(running.hub, "vehicles:D2", RestrictionKind.AT_RISK)
    assert [one.state for one in parks.consents.of(P1)] == ["refused"]
    parks.consents.withdraw(P1, WAIVER, HOW)
    assert [one.state for one in parks.consents.of(P1)] == ["refused", "withdrawn"]
    assert refused(lambda: parks.consents.of(birk)) == "not-found"
    assert refused(lambda: parks.consents.withdraw(birk, WAIVER, HOW)) == "not-found"
    assert len(ines.consents.of(P1)) == 3


def test_a_cleared_agency_sees_her_for_the_purpose_it_is_cleared_for(
    running: Served, parks: HubClient
) -> None:
    birk = shown_to(running.hub, "parks", "vehicles:D2")
    restrict(running.hub, "vehicles:D2", RestrictionKind.AT_RISK, Clearance("parks", "licensing"))
    assert parks.consents.of(birk) == []


def test_an_agency_s_clerk_is_not_told_of_an_age_that_others_state(
    running: Served, counter: Counter, parks: HubClient
) -> None:
    child = {"given": "Tove", "family": "Brandt", "email": "tove@example.org", "ssn": "518-55-9021"}
    counter.desk.push("parks:P3", child, street="12 Gull Ct", zip="69422")
    counter.desk.push("benefits:B3", child, street="12 Gull Ct", zip="69422", born="2015-04-02")
    assert counter.desk.together("parks:P3", "benefits:B3")
    problem = told(
        lambda: parks.consents.record(RecordRef("parks", "P3"), WAIVER, 1, HOW, given=GIVEN)
    )
    assert problem.members["errors"] == [{"field": "representation", "rule": "age_unknown"}]


def test_other_roles_are_refused(running: Served) -> None:
    for role in (StaffRole.STEWARD, StaffRole.OPERATOR, StaffRole.AUDITOR):
        with running.client(running.staff(role.value, role)) as client:
            assert refused(partial(client.consents.of, P1)) == "not-in-scope"
            withdraw = partial(client.consents.withdraw, P1, WAIVER, HOW)
            assert refused(withdraw) == "not-in-scope"


def test_pages_follow_each_other_and_a_cursor_is_one_caller_s(
    running: Served, ines: HubClient
) -> None:
    for _ in range(3):
        ines.consents.record(P1, WAIVER, 1, HOW, given=GIVEN, is_renewal=True)
    first = asked(ines, {"limit": 2})
    assert len(first["items"]) == 2
    assert len(asked(ines, {"cursor": first["next"]})["items"]) == 1
    with officer(running, "lund") as lund:
        assert refused(partial(asked, lund, {"cursor": first["next"]})) == "request-invalid"


def asked(client: HubClient, query: dict[str, Any]) -> dict[str, Any]:
    """One page of Maria's consents, as it came."""
    answer = client._transport.send(
        "POST", "/v1/consent-queries", body={"whom": {"record": P1}}, query=query
    )
    return answer.read(dict)
