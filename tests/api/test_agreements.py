"""The policy over HTTP: read by whom it concerns, changed by officers who say which version they looked at."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from hub.access.scopes import StaffRole
from hub.client import HubClient
from hub.journeys.context import Hub
from tests.api.officers import officer, refused, told
from tests.api.running import Served, served
from tests.journeys.counters import BY_LAW, ON_CONSENT, policy_of, state

PERMITS: dict[str, Any] = {
    "schema": "hub/agreement@1",
    "id": "permits",
    "revision": 1,
    "sources": ["wildlife"],
    "recipient": "parks",
    "purpose": "licensing",
    "categories": ["existence", "holding"],
    "legal_basis": "legal_obligation",
    "citation": "Game Act s. 9",
    "starts_on": "2026-01-01",
    "ends_on": "2027-12-31",
}
WHY = "the act was amended"


@pytest.fixture
def running(hub: Hub) -> Iterator[Served]:
    state(hub, policy_of(BY_LAW, ON_CONSENT))
    with served(hub) as found:
        yield found


@pytest.fixture
def ines(running: Served) -> Iterator[HubClient]:
    with officer(running) as client:
        yield client


@pytest.fixture
def lund(running: Served) -> Iterator[HubClient]:
    with officer(running, "lund") as client:
        yield client


def test_an_officer_reads_the_policy_and_an_agency_what_concerns_it(
    running: Served, ines: HubClient
) -> None:
    whole = ines.agreements.policy()
    assert {one.id for one in whole.agreements} == {"licensing_act", "fee_waiver", "linking"}
    assert whole.agreements[0].approved_by == ["officer_a", "officer_b"]
    with running.client(running.agency("benefits", "licensing")) as benefits:
        seen = benefits.agreements.policy()
        assert {one.id for one in seen.agreements} == {"fee_waiver", "linking"}
        assert {one.approved_by is None for one in seen.agreements} == {True}
        assert (seen.version, seen.digest) == (whole.version, whole.digest)
        for ask in (
            benefits.agreements.versions,
            benefits.agreements.proposals,
            partial(benefits.agreements.end, "fee_waiver", reason=WHY, seen=1),
        ):
            assert refused(ask) == "not-in-scope"


def test_a_proposal_is_in_force_once_two_officers_approved_it(
    ines: HubClient, lund: HubClient
) -> None:
    version = ines.agreements.policy().version
    number = ines.agreements.propose(PERMITS)
    assert ines.agreements.approve(number, seen=version) is None
    twice = told(lambda: ines.agreements.approve(number, seen=version))
    assert twice.members["errors"] == [{"field": "approved_by", "rule": "two_approvers"}]
    done = lund.agreements.approve(number, seen=version)
    assert done is not None
    assert (done.version, [one.id for one in done.changes]) == (version + 1, ["permits revision 1"])
    [closed] = lund.agreements.proposals(is_all=True)
    assert (closed.outcome, closed.officers, closed.closed_by) == (
        "approved",
        ["ines", "lund"],
        "lund",
    )
    assert [one.version for one in ines.agreements.versions()] == [version + 1, version]


def test_a_dropped_proposal_waits_no_longer(ines: HubClient) -> None:
    number = ines.agreements.propose(PERMITS)
    assert [one.number for one in ines.agreements.proposals()] == [number]
    ines.agreements.drop(number, repeat_key="drop-permits")
    ines.agreements.drop(number, repeat_key="drop-permits")
    assert ines.agreements.proposals() == []
    assert refused(lambda: ines.agreements.drop(number)) == "not-found"


def test_a_change_of_another_version_is_refused_and_changes_nothing(
    ines: HubClient, lund: HubClient
) -> None:
    version = ines.agreements.policy().version
    number = lund.agreements.propose(PERMITS)
    ines.agreements.suspend("wildlife", reason=WHY, seen=version)
    for late in (
        partial(lund.agreements.suspend, "parks", reason=WHY, seen=version),
        partial(lund.agreements.reinstate, "wildlife", reason=WHY, seen=version),
        partial(lund.agreements.end, "fee_waiver", reason=WHY, seen=version),
        partial(lund.agreements.approve, number, seen=version),
        partial(lund.agreements.approve, number, seen=10**30),
    ):
        assert refused(late) == "changed-since"
    found = ines.agreements.policy()
    assert [one.id for one in found.agencies if one.is_suspended] == ["wildlife"]
    ines.agreements.reinstate("wildlife", reason=WHY, seen=version + 1)
    assert not any(one.is_suspended for one in ines.agreements.policy().agencies)


def test_a_change_without_a_version_or_a_key_is_refused(running: Served, ines: HubClient) -> None:
    body = {"agency": "parks", "reason": WHY}
    send = partial(ines._transport.send, "POST", "/v1/agency-suspensions", body=body)
    assert refused(partial(send, repeat_key="suspend-parks")) == "precondition-missing"
    assert refused(partial(send, if_match="1")) == "repeat-key-missing"
    answer = ines._transport.send("GET", "/v1/policy")
    assert answer.headers["etag"] == '"1"'


def test_an_ended_agreement_ends_once_under_its_key(ines: HubClient) -> None:
    version = ines.agreements.policy().version
    end = partial(ines.agreements.end, "fee_waiver", reason=WHY, seen=version)
    done = end(repeat_key="end-fee-waiver")
    assert end(repeat_key="end-fee-waiver") == done
    assert [(one.id, one.revision) for one in done.ended] == [("fee_waiver", 1)]
    again = told(partial(ines.agreements.end, "fee_waiver", reason=WHY, seen=done.version))
    assert again.members["errors"] == [{"field": "agreement", "rule": "agreement_over"}]


def test_a_policy_is_compared_and_not_changed(ines: HubClient) -> None:
    whole = {
        "schema": "hub/policy@1",
        "agencies": [{"id": one, "label": one} for one in ("parks", "wildlife")],
        "purposes": [{"id": "licensing", "broader": "requested_service_provision"}],
        "agreements": [
            {name: value for name, value in PERMITS.items() if name != "schema"}
            | {"approved_by": ["ines", "lund"]}
        ],
    }
    found = ines.agreements.compare(whole)
    assert ("added", "permits revision 1") in {(one.kind, one.id) for one in found.changes}
    assert found.version == ines.agreements.policy().version == 1
    whole["agencies"] = []
    problem = told(lambda: ines.agreements.compare(whole))
    assert {one["rule"] for one in problem.members["errors"]} == {"unknown_agency"}


def test_a_proposal_that_could_not_enter_is_refused_by_rule(ines: HubClient) -> None:
    endless = {name: value for name, value in PERMITS.items() if name != "ends_on"}
    assert told(lambda: ines.agreements.propose(endless)).members["errors"] == [
        {"field": "body.ends_on", "rule": "missing"}
    ]
    for field, value, rule in (
        ("ends_on", "2025-13-45", "malformed"),
        ("ends_on", "0001-01-01", "end_before_start"),
        ("recipient", "nobody", "unknown_agency"),
    ):
        problem = told(partial(ines.agreements.propose, PERMITS | {field: value}))
        assert problem.members["errors"][0]["rule"] == rule
    assert ines.agreements.proposals(is_all=True) == []


def test_other_roles_change_nothing(running: Served) -> None:
    for role in (StaffRole.STEWARD, StaffRole.OPERATOR, StaffRole.AUDITOR):
        with running.client(running.staff(role.value, role)) as client:
            assert refused(partial(client.agreements.propose, PERMITS)) == "not-in-scope"
            suspend = partial(client.agreements.suspend, "parks", reason=WHY, seen=1)
            assert refused(suspend) == "not-in-scope"
    with running.client(running.staff("audit", StaffRole.AUDITOR)) as auditor:
        assert auditor.agreements.policy().version == 1
