"""An agreement proposed to officers: in force once two different ones approved it, and not before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from consent.proposing import ProposedAgreement
from consent.rules import Rule
from hub.journeys.acts import ActUnexplained
from hub.journeys.context import Hub
from hub.journeys.policies import list_versions
from hub.journeys.policy_changes import load_policy
from hub.journeys.policy_proposals import (
    ProposalUnknown,
    approve_agreement,
    drop_proposal,
    list_proposals,
    propose_agreement,
)
from hub.store import database
from tests.consent.values import POLICY
from tests.journeys.policy_values import SAYS, agreement, in_force, refused_unwritten


@pytest.fixture
def loaded(hub: Hub) -> Hub:
    """A hub whose policy is at version 1."""
    load_policy(hub, POLICY, **SAYS)
    return hub


@pytest.fixture
def crowd(loaded: Hub) -> Iterator[Hub]:
    """The same hub with a connection for each of several threads."""
    engine = database.connect(loaded.url, pool_size=8)
    yield replace(loaded, engine=engine)
    engine.dispose()


def test_a_proposal_is_in_force_once_two_officers_approved_it(loaded: Hub) -> None:
    number = propose_agreement(loaded, ProposedAgreement(agreement()), officer="lund")
    assert approve_agreement(loaded, number, officer="amara") is None
    assert "permits revision 1" not in in_force(loaded)
    [waiting] = list_proposals(loaded)
    assert (waiting.proposed_by, waiting.officers, waiting.outcome) == ("lund", ("amara",), None)

    change = approve_agreement(loaded, number, officer="osei")
    assert change is not None
    assert [str(one) for one in change.changes] == ["added agreement permits revision 1"]
    entered = in_force(loaded)["permits revision 1"]
    assert (entered.approved_by, entered.epoch) == (("amara", "osei"), 2)
    assert list_proposals(loaded) == []
    [closed] = list_proposals(loaded, is_open=False)
    assert (closed.outcome, closed.closed_by) == ("approved", "osei")
    assert list_versions(loaded)[0].author == "osei"


def test_proposing_approves_nothing_and_the_proposer_may_approve_once(loaded: Hub) -> None:
    number = propose_agreement(loaded, ProposedAgreement(agreement()), officer="lund")
    assert approve_agreement(loaded, number, officer="lund") is None
    rules = refused_unwritten(loaded, lambda: approve_agreement(loaded, number, officer=" Lund "))
    assert rules == (Rule.TWO_APPROVERS,)
    assert approve_agreement(loaded, number, officer="amara") is not None


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"purpose": "curiosity"}, Rule.UNKNOWN_PURPOSE, id="unknown purpose"),
        pytest.param({"recipient": "tax"}, Rule.UNKNOWN_AGENCY, id="unknown agency"),
        pytest.param({"id": "licensing_act", "revision": 2}, Rule.OVERLAPPING_REVISIONS, id="overlapping revisions"),
        pytest.param({"id": "licensing_act"}, Rule.TWICE, id="in force already"),
    ],
)  # fmt: skip
def test_what_could_not_enter_is_not_proposed(
    loaded: Hub, changes: dict[str, Any], rule: Rule
) -> None:
    proposed = ProposedAgreement(replace(agreement(), **changes))
    rules = refused_unwritten(loaded, lambda: propose_agreement(loaded, proposed, officer="lund"))
    assert rules == (rule,)


def test_what_can_no_longer_enter_is_refused_when_it_would(loaded: Hub) -> None:
    number = propose_agreement(loaded, ProposedAgreement(agreement()), officer="lund")
    approve_agreement(loaded, number, officer="amara")
    load_policy(loaded, replace(POLICY, agreements=(*POLICY.agreements, agreement())), **SAYS)
    rules = refused_unwritten(loaded, lambda: approve_agreement(loaded, number, officer="osei"))
    assert rules == (Rule.TWICE,)


def test_a_proposal_that_was_dropped_waits_no_longer(loaded: Hub) -> None:
    number = propose_agreement(loaded, ProposedAgreement(agreement()), officer="lund")
    drop_proposal(loaded, number, officer="amara")
    [dropped] = list_proposals(loaded, is_open=False)
    assert (dropped.outcome, dropped.closed_by) == ("dropped", "amara")
    with pytest.raises(ProposalUnknown, match=f"no proposal {number} waits"):
        approve_agreement(loaded, number, officer="osei")
    with pytest.raises(ProposalUnknown):
        drop_proposal(loaded, number, officer="osei")
    with pytest.raises(ActUnexplained):
        propose_agreement(loaded, ProposedAgreement(agreement()), officer=" ")


def test_of_two_officers_who_approve_at_once_the_second_puts_it_in_force(crowd: Hub) -> None:
    number = propose_agreement(crowd, ProposedAgreement(agreement()), officer="lund")
    start = threading.Barrier(2)

    def approve(officer: str) -> bool:
        start.wait()
        return approve_agreement(crowd, number, officer=officer) is not None

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, ("amara", "osei"))) == [False, True]
    assert set(in_force(crowd)["permits revision 1"].approved_by) == {"amara", "osei"}
