"""A change of the policy is a new version, written while nothing is released; what may not be is not written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from time import monotonic, sleep

import pytest
from sqlalchemy import Connection, text

from consent.difference import Change, ChangeKind
from consent.policy import Agency, Agreement, AgreementRef
from consent.rules import Rule
from consent.stored import digest_of, from_document, to_document
from hub.domain.notices import NoticeKind
from hub.journeys.acts import ActUnexplained
from hub.journeys.context import Hub
from hub.journeys.notices import list_notices
from hub.journeys.policies import (
    differences,
    list_versions,
    policy_at,
    shared_policy,
    show_policy,
)
from hub.journeys.policy_changes import (
    PolicyMoved,
    end_agreement,
    load_policy,
    reinstate_agency,
    suspend_agency,
)
from hub.store import database, disclosures, policies
from hub.store.disclosures import NewDisclosure
from tests.conftest import START
from tests.consent.values import ASKED, LAW, POLICY
from tests.journeys.policy_values import SAYS, agreement, in_force, refused_unwritten
from tests.journeys.stewards import Desk

TODAY = START.date()
#: Each wait of a thread for another ends well before this, or the test fails.
PATIENCE_S = 30


@pytest.fixture
def loaded(hub: Hub) -> Hub:
    """A hub whose policy is at version 1."""
    load_policy(hub, POLICY, **SAYS)
    return hub


def test_the_first_policy_is_version_one_and_its_agreements_have_that_epoch(hub: Hub) -> None:
    assert show_policy(hub).version == 0
    change = load_policy(hub, POLICY, **SAYS)
    assert change.version == 1
    assert {one.kind for one in change.changes} == {ChangeKind.ADDED}
    assert {one.epoch for one in in_force(hub).values()} == {1}
    found = show_policy(hub)
    assert found.digest == digest_of(to_document(found.policy))


def test_the_same_policy_again_is_no_new_version(loaded: Hub) -> None:
    again = load_policy(
        loaded, replace(POLICY, agreements=POLICY.agreements[::-1]), author="x", reason="y"
    )
    assert (again.version, again.changes) == (1, ())
    assert len(list_versions(loaded)) == 1


def test_what_is_no_longer_stated_ends_and_only_that_gets_a_new_epoch(loaded: Hub) -> None:
    change = load_policy(loaded, replace(POLICY, agreements=(LAW, agreement())), **SAYS)
    assert change.changes == (
        Change(ChangeKind.REMOVED, "agreement", "fee_waiver revision 1"),
        Change(ChangeKind.ADDED, "agreement", "permits revision 1"),
    )
    assert change.ended == (ASKED.ref,)
    found = in_force(loaded)
    assert {ref: one.epoch for ref, one in found.items()} == {
        "licensing_act revision 1": 1,
        "permits revision 1": 2,
        "fee_waiver revision 1": 2,
    }
    assert not found["fee_waiver revision 1"].is_valid_on(TODAY)


def test_every_version_stays_to_be_read(loaded: Hub) -> None:
    end_agreement(loaded, LAW.id, author="amara", reason="court order")
    newest, first = list_versions(loaded)
    assert (newest.version, newest.author, newest.reason) == (2, "amara", "court order")
    assert (first.version, first.author, first.reason) == (1, "lund", "the act was amended")
    with database.transaction(loaded.engine) as connection:
        before, after = (policy_at(loaded, connection, number).policy for number in (1, 2))
        stored = policies.read(connection, 1)
    assert stored is not None
    assert from_document(stored.document) == before
    assert before.agreements[0].is_valid_on(TODAY)
    assert not after.agreements[0].is_valid_on(TODAY)


def test_a_preview_tells_what_a_load_would_do_and_writes_nothing(loaded: Hub) -> None:
    new = replace(POLICY, agreements=(LAW,))
    before = Desk(loaded).dump()
    preview = load_policy(loaded, new, **SAYS, is_preview=True)
    assert Desk(loaded).dump() == before
    assert preview.version == 1
    assert preview.changes == differences(loaded, new)
    assert preview.changes == load_policy(loaded, new, **SAYS).changes


def test_a_load_is_refused_where_another_version_came_since_it_was_looked_at(loaded: Hub) -> None:
    suspend_agency(loaded, "benefits", **SAYS)
    with pytest.raises(PolicyMoved, match="version 2 of the policy came meanwhile"):
        load_policy(loaded, POLICY, **SAYS, seen=1)
    assert load_policy(loaded, POLICY, **SAYS, seen=2).version == 3


@pytest.mark.parametrize(
    ("agreements", "rule"),
    [
        pytest.param((replace(LAW, citation="s. 5"), ASKED), Rule.REVISION_CHANGED, id="a revision stated otherwise"),
        pytest.param((LAW, ASKED, agreement(purpose="curiosity")), Rule.UNKNOWN_PURPOSE, id="unknown purpose"),
        pytest.param((LAW, ASKED, replace(LAW, revision=2)), Rule.OVERLAPPING_REVISIONS, id="overlapping revisions"),
        pytest.param((LAW, ASKED, agreement(recipient="tax")), Rule.UNKNOWN_AGENCY, id="unknown agency"),
        pytest.param((LAW, LAW, ASKED), Rule.TWICE, id="stated twice"),
    ],
)  # fmt: skip
def test_a_policy_that_breaks_a_rule_is_refused_whole(
    loaded: Hub, agreements: tuple[Agreement, ...], rule: Rule
) -> None:
    new = replace(POLICY, agreements=agreements, agencies=(*POLICY.agencies, Agency("fisheries")))
    assert refused_unwritten(loaded, lambda: load_policy(loaded, new, **SAYS)) == (rule,)


def test_a_revision_that_was_ended_cannot_be_loaded_again(loaded: Hub) -> None:
    end_agreement(loaded, LAW.id, **SAYS)
    rules = refused_unwritten(loaded, lambda: load_policy(loaded, POLICY, **SAYS))
    assert rules == (Rule.REVISION_ENDED,)


def test_an_agreement_ends_at_once_and_once(loaded: Hub) -> None:
    change = end_agreement(loaded, LAW.id, **SAYS)
    assert change.ended == (AgreementRef("licensing_act", 1),)
    assert [str(one) for one in change.changes] == ["removed agreement licensing_act revision 1"]
    again = refused_unwritten(loaded, lambda: end_agreement(loaded, LAW.id, **SAYS))
    assert again == (Rule.AGREEMENT_OVER,)
    unknown = refused_unwritten(loaded, lambda: end_agreement(loaded, "tax_act", **SAYS))
    assert unknown == (Rule.UNKNOWN_AGREEMENT,)


def test_the_recipient_of_an_agreement_that_ended_is_told_once(loaded: Hub) -> None:
    assert list_notices(loaded, "parks") == []
    end_agreement(loaded, "fee_waiver", **SAYS)
    [notice] = list_notices(loaded, "parks")
    assert (notice.kind, notice.agreement) == (NoticeKind.AGREEMENT_ENDED, "fee_waiver")
    assert (notice.pairwise_id, notice.delete_by) == (None, None)
    assert list_notices(loaded, "benefits") == []


def test_nobody_is_told_of_a_revision_that_makes_way_for_another(loaded: Hub) -> None:
    day = TODAY + timedelta(days=40)
    revised = replace(ASKED, revision=2, starts_on=day, ends_on=day + timedelta(days=40))
    load_policy(loaded, replace(POLICY, agreements=(LAW, revised)), **SAYS)
    assert list_notices(loaded, "parks") == []


def test_an_agency_is_suspended_and_reinstated(loaded: Hub) -> None:
    change = suspend_agency(loaded, "benefits", **SAYS)
    assert [str(one) for one in change.changes] == [
        "changed agency benefits: is_suspended False -> True"
    ]
    assert suspend_agency(loaded, "benefits", **SAYS).version == change.version
    assert reinstate_agency(loaded, "benefits", **SAYS).version == change.version + 1
    assert show_policy(loaded).policy.agencies == POLICY.agencies
    rules = refused_unwritten(loaded, lambda: suspend_agency(loaded, "tax", **SAYS))
    assert rules == (Rule.UNKNOWN_AGENCY,)


@pytest.mark.parametrize(("author", "reason"), [(" ", "a reason"), ("lund", "")])
def test_a_change_says_who_and_why(loaded: Hub, author: str, reason: str) -> None:
    with pytest.raises(ActUnexplained):
        end_agreement(loaded, LAW.id, author=author, reason=reason)
    assert len(list_versions(loaded)) == 1


# --- an end against releases -------------------------------------------------------------------


@pytest.fixture
def crowd(loaded: Hub) -> Iterator[Hub]:
    """The same hub with a connection for each of several threads."""
    engine = database.connect(loaded.url, pool_size=8)
    yield replace(loaded, engine=engine)
    engine.dispose()


def allows(hub: Hub, connection: Connection) -> bool:
    """Whether the policy that the connection now shares lets licensing be released."""
    found = shared_policy(hub, connection).policy.agreements
    return any(one.id == LAW.id and one.is_valid_on(TODAY) for one in found)


def release(hub: Hub, hold: Callable[[], object]) -> None:
    """Decide under the shared policy, hold on, and write what a release writes where it was allowed."""
    with database.transaction(hub.engine) as connection:
        is_allowed = allows(hub, connection)
        hold()
        if is_allowed:
            disclosures.write(connection, NewDisclosure(b"a", b"d", b"s", None, b"leaf", START))


def released(hub: Hub) -> int:
    """How many releases are committed."""
    with database.transaction(hub.engine) as connection:
        count: int = connection.execute(text("SELECT count(*) FROM disclosures")).scalar_one()
        return count


def waits_for_the_policy(hub: Hub) -> bool:
    """Whether a session waits for the policy's lock."""
    with database.transaction(hub.engine) as connection:
        waiting = connection.execute(
            text("SELECT count(*) FROM pg_locks WHERE NOT granted AND classid = :lock"),
            {"lock": database.LOCK_POLICY},
        )
        return bool(waiting.scalar_one())


def until(condition: Callable[[], bool]) -> None:
    ends = monotonic() + PATIENCE_S
    while not condition():
        assert monotonic() < ends


def end_law(hub: Hub) -> None:
    end_agreement(hub, LAW.id, **SAYS)


def test_an_end_waits_for_the_release_under_way_and_none_after_it_rests_on_the_agreement(
    crowd: Hub,
) -> None:
    has_decided, may_commit = threading.Event(), threading.Event()

    def hold() -> None:
        has_decided.set()
        assert may_commit.wait(PATIENCE_S)

    with ThreadPoolExecutor(2) as pool:
        releasing = pool.submit(release, crowd, hold)
        assert has_decided.wait(PATIENCE_S)
        ending = pool.submit(end_law, crowd)
        until(lambda: waits_for_the_policy(crowd))
        may_commit.set()
        ending.result(PATIENCE_S)
        assert released(crowd) == 1
        releasing.result(PATIENCE_S)
    release(crowd, lambda: None)
    assert released(crowd) == 1


def test_of_releases_that_race_an_end_none_commits_after_it(crowd: Hub) -> None:
    threads = 4
    with ThreadPoolExecutor(threads + 1) as pool:
        for revision in range(2, 22):
            start = threading.Barrier(threads + 1)

            def race(work: Callable[[], object], start: threading.Barrier = start) -> None:
                start.wait(PATIENCE_S)
                work()

            def look_up() -> None:
                release(crowd, lambda: sleep(0.002))

            racing = [pool.submit(race, look_up) for _ in range(threads)]
            pool.submit(race, lambda: end_law(crowd)).result(PATIENCE_S)
            at_the_end = released(crowd)
            for one in racing:
                one.result(PATIENCE_S)
            assert released(crowd) == at_the_end
            law = replace(LAW, revision=revision, starts_on=TODAY, ends_on=TODAY)
            load_policy(crowd, replace(POLICY, agreements=(law, ASKED)), **SAYS)
