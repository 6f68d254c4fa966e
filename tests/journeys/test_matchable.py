"""Linking is processing: a source that no agreement lets be linked stands apart, in a batch and record by record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import duckdb
import pytest

from consent.policy import Agency, Agreement, Policy
from consent.proposing import ProposedAgreement
from hub.domain.events import EventKind
from hub.journeys.context import Hub
from hub.journeys.feed import read_feed
from hub.journeys.link import LinkReport, link_kind
from hub.journeys.matchable import MatchingChange
from hub.journeys.policy_changes import PolicyChange, end_agreement, load_policy
from hub.journeys.policy_proposals import approve_agreement, propose_agreement
from hub.journeys.publish_links import MatchingMoved
from hub.journeys.why import why
from tests.conftest import START, clock
from tests.consent.values import LAW, POLICY
from tests.journeys.live import PERSON, assert_as_batch, assert_identities_hold, batch_engine
from tests.journeys.policy_values import SAYS
from tests.journeys.stewards import BIRK, MARIA, Desk

TODAY = START.date()
CARDS, PERMITS = "cards:1", "permits:1"


def matching(id_: str, source: str, **changes: Any) -> Agreement:
    """An agreement under which the records of one agency may be linked."""
    return replace(LAW, id=id_, sources=frozenset({source}), matching_allowed=True, **changes)


def policy_of(*agreements: Agreement) -> Policy:
    agencies = (Agency("cards"), Agency("permits"), Agency("parks"))
    return replace(POLICY, agencies=agencies, agreements=agreements)


BOTH = policy_of(matching("card_act", "cards"), matching("permit_act", "permits"))


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with batch_engine() as made:
        yield made


@pytest.fixture
def desk(modelled_hub: Hub) -> Desk:
    """One agency holds Maria and Birk; another may come to hold her too."""
    made = Desk(modelled_hub)
    made.push(CARDS, MARIA)
    made.push("cards:2", BIRK)
    return made


def load(hub: Hub, policy: Policy) -> PolicyChange:
    return load_policy(hub, policy, **SAYS)


def link(hub: Hub) -> LinkReport:
    return link_kind(hub, PERSON)


def told(hub: Hub) -> list[EventKind]:
    return [event.kind for event in read_feed(hub, "test")]


def test_without_a_policy_everything_may_be_linked(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    desk.push(PERMITS, MARIA)
    assert link(desk.hub).sources_apart == []
    assert desk.together(CARDS, PERMITS)
    assert_as_batch(desk.hub, engine)


def test_an_agreements_end_sets_a_source_apart_with_the_next_link(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    assert load(desk.hub, BOTH).matching == MatchingChange()
    desk.push(PERMITS, MARIA)
    maria = desk.id_of(CARDS)
    assert desk.together(CARDS, PERMITS)

    ended = end_agreement(desk.hub, "permit_act", **SAYS)
    assert ended.matching == MatchingChange(apart=("permits",))
    assert desk.together(CARDS, PERMITS)
    assert told(desk.hub).count(EventKind.SPLIT) == 0

    report = link(desk.hub)
    assert (report.sources_apart, report.pairs, report.ids_split) == (["permits"], 0, 1)
    assert not desk.together(CARDS, PERMITS)
    assert desk.id_of(CARDS) == maria
    assert told(desk.hub).count(EventKind.SPLIT) == 1
    assert_as_batch(desk.hub, engine)
    assert_identities_hold(desk.hub)


def test_what_was_linked_by_a_new_agreement_gives_both_ids_back_when_it_ends(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    load(desk.hub, policy_of(matching("card_act", "cards")))
    desk.push(PERMITS, MARIA)
    apart = desk.id_of(CARDS), desk.id_of(PERMITS)
    assert apart[0] != apart[1]
    assert load(desk.hub, BOTH).matching == MatchingChange(joined=("permits",))
    assert link(desk.hub).ids_merged == 1
    assert desk.id_of(CARDS) == desk.id_of(PERMITS) == apart[0]
    assert_as_batch(desk.hub, engine)

    end_agreement(desk.hub, "permit_act", **SAYS)
    link(desk.hub)
    assert (desk.id_of(CARDS), desk.id_of(PERMITS)) == apart
    assert_as_batch(desk.hub, engine)


def test_a_new_record_of_a_source_that_may_not_be_linked_stands_alone_at_once(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    load(desk.hub, policy_of(matching("card_act", "cards")))
    link(desk.hub)
    desk.push(PERMITS, MARIA)
    desk.push("permits:2", MARIA)
    desk.push("cards:3", MARIA)
    assert desk.together(CARDS, "cards:3")
    assert len({desk.id_of(key) for key in (CARDS, PERMITS, "permits:2")}) == 3
    assert_as_batch(desk.hub, engine)
    link(desk.hub)
    assert_as_batch(desk.hub, engine)


def test_no_judgement_links_what_no_agreement_lets_be_linked(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    load(desk.hub, policy_of(matching("card_act", "cards")))
    desk.push(PERMITS, MARIA)
    desk.same(CARDS, PERMITS)
    assert not desk.together(CARDS, PERMITS)
    assert_as_batch(desk.hub, engine)
    load(desk.hub, BOTH)
    link(desk.hub)
    assert desk.together(CARDS, PERMITS)


def test_a_record_changed_between_an_end_and_the_next_link_agrees_with_that_link(
    desk: Desk, engine: duckdb.DuckDBPyConnection
) -> None:
    load(desk.hub, BOTH)
    desk.push(PERMITS, MARIA)
    end_agreement(desk.hub, "permit_act", **SAYS)
    desk.push(PERMITS, MARIA, email="maria.okafor@example.org")
    assert not desk.together(CARDS, PERMITS)
    assert_as_batch(desk.hub, engine)
    assert link(desk.hub).records_moved == 0


def test_agreements_end_and_begin_with_the_days(desk: Desk) -> None:
    tomorrow = matching("card_act", "cards", starts_on=TODAY + timedelta(days=1))
    today = matching("permit_act", "permits", ends_on=TODAY)
    desk.push(PERMITS, MARIA)
    assert load(desk.hub, policy_of(tomorrow, today)).matching == MatchingChange(apart=("cards",))
    later = replace(desk.hub, now=clock(START + timedelta(days=1)))
    assert link(later).sources_apart == ["permits"]
    assert not desk.together(CARDS, PERMITS)


def test_a_proposal_that_enters_lets_its_sources_be_linked(desk: Desk) -> None:
    load(desk.hub, policy_of(matching("card_act", "cards")))
    desk.push(PERMITS, MARIA)
    number = propose_agreement(
        desk.hub, ProposedAgreement(matching("permit_act", "permits")), officer="lund"
    )
    approve_agreement(desk.hub, number, officer="amara")
    change = approve_agreement(desk.hub, number, officer="osei")
    assert change is not None
    assert change.matching.joined == ("permits",)


def test_why_says_that_no_agreement_lets_a_source_be_linked(desk: Desk) -> None:
    load(desk.hub, policy_of(matching("card_act", "cards")))
    desk.push(PERMITS, MARIA)
    told = "\n".join(why(desk.hub, CARDS, PERMITS).verdict)
    assert "The second record stands apart: no agreement in force lets permits be linked." in told
    assert "objected" not in told


def test_a_link_that_read_what_may_be_linked_otherwise_changes_nothing(desk: Desk) -> None:
    load(desk.hub, BOTH)
    desk.push(PERMITS, MARIA)
    before = desk.dump()["links"]

    def end_meanwhile(_: LinkReport) -> bool:
        end_agreement(desk.hub, "permit_act", **SAYS)
        return True

    with pytest.raises(MatchingMoved, match="link again"):
        link_kind(desk.hub, PERSON, agree=end_meanwhile)
    assert desk.dump()["links"] == before
    link(desk.hub)
    assert not desk.together(CARDS, PERMITS)
