"""What may follow a policy in force, and what becomes of what was in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from consent.policy import Agency, Agreement, Policy
from consent.proposing import ProposedAgreement, proposal_document, proposal_from
from consent.rules import PolicyInvalid
from consent.stored import from_document, to_document
from consent.succession import (
    add,
    check_proposed,
    end,
    ended_by,
    stated,
    succeed,
    suspend,
)
from tests.consent.values import ASKED, LAW, NOW, POLICY, TODAY, C

VERSION = 9
NEXT_LAW = replace(LAW, revision=2, starts_on=TODAY, ends_on=date(2027, 12, 31), epoch=0)


def following(new: Policy, before: Policy = POLICY) -> Policy:
    return succeed(before, new, version=VERSION, at=NOW)


def of(*agreements: Agreement, **changes: Any) -> Policy:
    return replace(POLICY, agreements=agreements, **changes)


def refused(work: Callable[[], object]) -> list[str]:
    """The path, rule and detail of each problem."""
    with pytest.raises(PolicyInvalid) as caught:
        work()
    return [f"{one.where}: {one.rule}: {one.detail}" for one in caught.value.problems]


def test_what_stays_keeps_its_epoch_and_what_is_new_gets_the_versions() -> None:
    new = following(of(NEXT_LAW, replace(ASKED, epoch=0)))
    assert new.agreements == (
        replace(NEXT_LAW, epoch=VERSION),
        ASKED,
        replace(LAW, ended_at=NOW, epoch=VERSION),
    )
    assert stated(new).agreements == new.agreements[:2]
    assert ended_by(POLICY, new) == new.agreements[2:]


def test_what_was_ended_before_stays_as_it_was() -> None:
    once = following(of(LAW))
    again = succeed(once, of(LAW), version=VERSION + 1, at=NOW + timedelta(days=1))
    assert again == once
    assert ended_by(once, again) == ()


def test_a_revision_never_changes() -> None:
    longer = replace(LAW, ends_on=date(2027, 1, 1), categories=frozenset({C.EXISTENCE}))
    problem = "agreements[1].revision: revision_changed: categories, ends_on"
    assert refused(lambda: following(of(ASKED, longer))) == [problem]


def test_a_revision_that_was_ended_is_not_stated_again() -> None:
    before = following(of(ASKED))
    problem = "agreements[0].revision: revision_ended: licensing_act revision 1"
    assert refused(lambda: following(POLICY, before)) == [problem]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(POLICY, id="that leaves now"),
        pytest.param(following(of(ASKED)), id="that was ended today"),
    ],
)
def test_a_revision_takes_over_from_the_day_another_ends(before: Policy) -> None:
    assert stated(following(of(NEXT_LAW), before)).agreements[0].revision == 2
    earlier = of(replace(NEXT_LAW, starts_on=TODAY - timedelta(days=1)))
    assert refused(lambda: following(earlier, before)) == [
        "agreements[0].starts_on: overlapping_revisions: licensing_act revision 1"
    ]


def test_a_revision_ended_before_it_began_is_in_nobodys_way() -> None:
    to_come = replace(NEXT_LAW, starts_on=date(2027, 1, 1))
    before = following(of(LAW, to_come))
    ended = following(of(LAW), before)
    longer = replace(NEXT_LAW, revision=3, starts_on=date(2027, 1, 1))
    assert [one.revision for one in stated(following(of(LAW, longer), ended)).agreements] == [1, 3]


def test_purposes_and_agencies_that_nothing_stated_needs_just_go() -> None:
    new = following(of(ASKED, agencies=(Agency("parks"), Agency("benefits"))))
    assert [one.id for one in new.agencies] == ["parks", "benefits"]
    assert new.agreements[1].sources == {"vehicles"}


def test_the_policy_stated_must_fit_together_by_itself() -> None:
    assert refused(lambda: following(replace(POLICY, purposes=()))) == [
        "agreements[0].purpose: unknown_purpose: licensing",
        "agreements[1].purpose: unknown_purpose: licensing",
    ]


def test_an_agreement_ends_with_every_revision_in_force_or_to_come() -> None:
    over = replace(LAW, starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31), epoch=1)
    current = replace(LAW, revision=2)
    to_come = replace(NEXT_LAW, revision=3, starts_on=date(2027, 1, 1))
    new = end(of(over, current, ASKED, to_come), LAW.id, version=VERSION, at=NOW)
    assert new.agreements == (
        over,
        replace(current, ended_at=NOW, epoch=VERSION),
        ASKED,
        replace(to_come, ended_at=NOW, epoch=VERSION),
    )


def test_an_agreement_whose_last_day_it_still_is_somewhere_on_earth_can_be_ended() -> None:
    yesterday = of(replace(LAW, ends_on=TODAY - timedelta(days=1)))
    assert ended_by(yesterday, end(yesterday, LAW.id, version=VERSION, at=NOW))
    over = of(replace(LAW, ends_on=TODAY - timedelta(days=2)))
    assert refused(lambda: end(over, LAW.id, version=VERSION, at=NOW)) == [
        "agreement: agreement_over: licensing_act"
    ]


def test_nothing_ends_twice_and_nothing_unknown_ends() -> None:
    ended = end(POLICY, LAW.id, version=VERSION, at=NOW)
    assert refused(lambda: end(ended, LAW.id, version=VERSION + 1, at=NOW)) == [
        "agreement: agreement_over: licensing_act"
    ]
    assert refused(lambda: end(POLICY, "tax_act", version=VERSION, at=NOW)) == [
        "agreement: unknown_agreement: tax_act"
    ]


def test_an_agency_is_suspended_and_reinstated() -> None:
    suspended = suspend(POLICY, "vehicles", is_suspended=True)
    assert [one.id for one in suspended.agencies if one.is_suspended] == ["vehicles"]
    assert suspend(suspended, "vehicles", is_suspended=False) == POLICY
    assert refused(lambda: suspend(POLICY, "tax", is_suspended=True)) == [
        "agency: unknown_agency: tax"
    ]


def test_a_proposal_is_kept_without_approvals_and_becomes_an_agreement_with_two() -> None:
    proposed = ProposedAgreement(NEXT_LAW)
    document = proposal_document(proposed)
    assert document.keys().isdisjoint({"approved_by", "ended_at", "epoch"})
    kept = proposal_from(document)
    assert kept.approved_by(("a", "b")) == replace(NEXT_LAW, approved_by=("a", "b"))
    assert refused(lambda: kept.approved_by(("a", " A "))) == ["approved_by: two_approvers: "]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param({}, "starts_on: overlapping_revisions: licensing_act revision 1", id="overlap"),
        pytest.param({"revision": 1}, "id: twice: licensing_act revision 1", id="in force already"),
        pytest.param({"id": "new", "purpose": "curiosity"}, "purpose: unknown_purpose: curiosity", id="unknown purpose"),
        pytest.param({"id": "new", "recipient": "tax"}, "recipient: unknown_agency: tax", id="unknown agency"),
    ],
)  # fmt: skip
def test_a_proposal_that_could_not_enter_is_refused_by_its_own_paths(
    changes: dict[str, Any], problem: str
) -> None:
    proposed = ProposedAgreement(replace(NEXT_LAW, **changes))
    assert refused(lambda: check_proposed(POLICY, proposed, NOW)) == [problem]


def test_a_revision_enters_beside_what_stands() -> None:
    one = replace(NEXT_LAW, starts_on=date(2027, 1, 1))
    new = add(POLICY, one, version=VERSION, at=NOW)
    assert new.agreements == (LAW, ASKED, replace(one, epoch=VERSION))
    check_proposed(POLICY, ProposedAgreement(one), NOW)


def test_a_policy_is_kept_and_read_back_whole() -> None:
    policy = following(of(NEXT_LAW))
    assert from_document(to_document(policy)) == policy
