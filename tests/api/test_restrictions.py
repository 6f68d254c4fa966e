"""Restrictions and representations over HTTP: officers' alone, and two officers where it takes two."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from hub.access.scopes import StaffRole
from hub.client import HubClient, RecordRef
from hub.client.restrictions import Clearance
from hub.journeys.context import Hub
from hub.journeys.lift_approvals import ApprovalRefused, officer_in
from hub.wiring import utc_now
from tests.api.officers import B1, D1, D2, P1, officer, peopled, refused, told
from tests.api.running import Served, served
from tests.journeys.counters import Counter

ORDER = "family court, order 12"


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
def lund(running: Served) -> Iterator[HubClient]:
    with officer(running, "lund") as client:
        yield client


def test_a_restriction_is_put_with_its_terms_and_listed(ines: HubClient) -> None:
    until = datetime(2027, 1, 1, tzinfo=UTC)
    cleared = Clearance("parks", "licensing")
    done = ines.restrictions.add(
        P1, "at_risk", authority=ORDER, ends_at=until, clearances=[cleared]
    )
    [one] = ines.restrictions.of(B1)
    assert ([one.id], one.kind, one.authority) == (done.facts, "at_risk", ORDER)
    assert (one.ends_at, one.clearances, one.author) == (until, [cleared], "ines")


def test_two_officers_lift_what_takes_two_and_none_speaks_for_another(
    ines: HubClient, lund: HubClient
) -> None:
    [held] = ines.restrictions.add(P1, "at_risk", authority=ORDER).facts
    [other] = ines.restrictions.add(D2, "at_risk", authority=ORDER).facts
    alone = told(lambda: ines.restrictions.lift(P1, held))
    assert alone.members["errors"] == [{"field": "approved_by", "rule": "two_approvers"}]
    own = ines.restrictions.approve_lift(P1, held)
    assert refused(lambda: ines.restrictions.lift(P1, held, approval=own)) == "request-invalid"
    of_another = lund.restrictions.approve_lift(D2, other)
    for approval in (of_another, "AAAA", "x" * 7):
        lift = partial(ines.restrictions.lift, P1, held, approval=approval)
        assert refused(lift) == "request-invalid"
    assert refused(lambda: lund.restrictions.approve_lift(P1, other)) == "not-found"
    ines.restrictions.lift(P1, held, approval=lund.restrictions.approve_lift(P1, held))
    assert ines.restrictions.of(P1)[0].lifted_by == ["ines", "lund"]


def test_an_approval_holds_a_day(running: Served, lund: HubClient, ines: HubClient) -> None:
    [held] = ines.restrictions.add(P1, "legal_hold", authority=ORDER).facts
    approval = lund.restrictions.approve_lift(P1, held)
    assert officer_in(running.hub, approval, held) == "lund"
    later = replace(running.hub, now=lambda: utc_now() + timedelta(days=1, seconds=1))
    with pytest.raises(ApprovalRefused):
        officer_in(later, approval, held)


def test_an_objection_to_linkage_sets_her_records_apart_until_it_is_lifted(
    counter: Counter, ines: HubClient
) -> None:
    assert counter.desk.together("parks:P1", "vehicles:D1")
    made = ines.restrictions.add(P1, "objection_to_linkage", authority="her letter")
    assert not counter.desk.together("parks:P1", "vehicles:D1")
    ines.restrictions.lift(P1, made.facts[0])
    assert counter.desk.together("parks:P1", "vehicles:D1")


def test_what_makes_no_sense_is_refused_by_field_and_rule(ines: HubClient) -> None:
    early = datetime(1, 1, 1, tzinfo=UTC)
    problem = told(lambda: ines.restrictions.add(P1, "at_risk", authority=ORDER, starts_at=early))
    assert problem.members["errors"] == [{"field": "body.starts_at", "rule": "value_error"}]
    clears = partial(ines.restrictions.add, P1, "at_risk", authority=ORDER)
    problem = told(lambda: clears(clearances=[Clearance("nobody")]))
    assert problem.members["errors"] == [{"field": "clearances", "rule": "unknown_agency"}]
    assert refused(lambda: ines.restrictions.lift(P1, "r1")) == "not-found"
    assert refused(lambda: ines.restrictions.of(RecordRef("parks", "P99"))) == "not-found"


def test_a_repeated_restriction_is_put_once(ines: HubClient) -> None:
    add = partial(ines.restrictions.add, P1, "disputed", authority=ORDER, repeat_key="letter-12-3")
    assert add() == add()
    assert len(ines.restrictions.of(P1)) == 1


def test_a_representation_is_recorded_listed_and_ended(ines: HubClient) -> None:
    add = partial(
        ines.representations.add,
        P1,
        "her daughter, by deed",
        "delegate",
        evidence="sha256:" + "3c" * 32,
    )
    endless = told(lambda: add(ends_on=None))
    assert endless.members["errors"] == [{"field": "ends_on", "rule": "no_end_date"}]
    [number] = add(ends_on=date(2027, 6, 30), purposes=["licensing"]).facts
    ines.representations.end(D1, number)
    [one] = ines.representations.of(B1)
    assert (one.id, one.purposes, one.ended_by) == (number, ["licensing"], ["ines"])
    assert refused(lambda: ines.representations.end(P1, number)) == "not-found"


def test_other_roles_and_agencies_are_refused(running: Served) -> None:
    others = [running.staff(role, StaffRole(role)) for role in ("steward", "operator", "auditor")]
    for who in (*others, running.agency("parks", "licensing")):
        with running.client(who) as client:
            for ask in (
                partial(client.restrictions.of, P1),
                partial(client.restrictions.add, P1, "at_risk", authority=ORDER),
                partial(client.restrictions.lift, P1, "x1"),
                partial(client.representations.of, P1),
            ):
                assert refused(ask) == "not-in-scope"
