"""Restrictions as officers put and lift them: what each withholds, who is told, and who must agree."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from consent.policy import Clearance
from consent.rules import PolicyInvalid, Rule
from consent.vocabulary import RestrictionKind
from hub.domain.events import EventKind
from hub.domain.notices import NoticeKind
from hub.journeys.acts import Judged
from hub.journeys.context import Hub
from hub.journeys.judge import withdraw
from hub.journeys.notices import list_notices
from hub.journeys.objection import (
    ObjectionRestricted,
    list_objections,
    object_to_linkage,
    withdraw_objection,
)
from hub.journeys.profile import resolve
from hub.journeys.restrictions import TWO_OFFICERS, lift, list_restrictions, restrict
from hub.journeys.saying import FactUnknown
from hub.store import database, subjects
from hub.vault.tags import Pseudonyms
from tests.conftest import START
from tests.journeys.counters import ON_CONSENT
from tests.journeys.offices import BY, Office, hours_apart
from tests.journeys.stewards import BIRK, MARIA, WHO

Kind = RestrictionKind
TODAY = START.date()
LAW, CONSENT = "vehicles", "benefits"


@pytest.fixture
def office(modelled_hub: Hub) -> Office:
    """Maria: vehicles shares her with parks by law, benefits on the consent she has given."""
    office = Office(modelled_hub)
    office.desk.push("vehicles:D1", MARIA)
    office.comes(1)
    office.consents(M)
    return office


M = "parks:P1"


def put(office: Office, kind: Kind, reference: str = M, **changes: Any) -> str:
    said: dict[str, Any] = {"authority": "court order 12", "author": BY}
    return restrict(office.hub, reference, kind, **{**said, **changes}).facts[0]


def refused(office: Office, work: Callable[[], object], rule: Rule) -> None:
    before = office.desk.dump()
    with pytest.raises(PolicyInvalid) as caught:
        work()
    assert caught.value.rules == (rule,)
    assert office.desk.dump() == before


def undo(office: Office, act: Judged) -> None:
    assert act.act_id is not None
    withdraw(office.hub, act.act_id, author=BY)


# --- what each withholds ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "left"),
    [
        (Kind.AT_RISK, set()),
        (Kind.RESTRICTED_PROCESSING, set()),
        (Kind.DISPUTED, set()),
        (Kind.OBJECTION, {CONSENT}),
        (Kind.DECEASED, {LAW}),
        (Kind.LEGAL_HOLD, {LAW, CONSENT}),
    ],
)
def test_what_is_shared_under_each_kind_and_again_once_it_is_lifted(
    office: Office, kind: Kind, left: set[str]
) -> None:
    assert office.shares(M) == {LAW, CONSENT}
    restriction = put(office, kind)
    assert office.shares(M) == left
    lift(office.hub, M, restriction, author=BY, approved_by="officer sten")
    assert office.shares(M) == {LAW, CONSENT}


def test_a_cleared_agency_or_purpose_is_not_bound(office: Office) -> None:
    put(office, Kind.AT_RISK, clearances=[Clearance("parks", "licensing")])
    put(office, Kind.DISPUTED, clearances=[Clearance(purpose="licensing")])
    assert office.shares(M) == {LAW, CONSENT}
    put(office, Kind.AT_RISK, clearances=[Clearance("wildlife")])
    assert office.shares(M) == set()


def test_a_restriction_holds_between_its_moments(office: Office) -> None:
    put(office, Kind.DISPUTED, starts_at=START + timedelta(days=1))
    put(office, Kind.DISPUTED, ends_at=START)
    assert office.shares(M) == {LAW, CONSENT}
    put(office, Kind.DISPUTED, starts_at=START, ends_at=START + timedelta(days=1))
    assert office.shares(M) == set()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"authority": " "}, Rule.EMPTY, id="on no authority"),
        pytest.param({"author": ""}, Rule.EMPTY, id="by nobody"),
        pytest.param({"starts_at": START.replace(tzinfo=None)}, Rule.NOT_UTC, id="from a moment of no zone"),
        pytest.param({"starts_at": START, "ends_at": START - timedelta(1)}, Rule.END_BEFORE_START, id="over before it begins"),
        pytest.param({"clearances": [Clearance("nobody")]}, Rule.UNKNOWN_AGENCY, id="clearing an agency nobody declared"),
        pytest.param({"clearances": [Clearance(purpose="nothing")]}, Rule.UNKNOWN_PURPOSE, id="clearing a purpose nobody declared"),
    ],
)  # fmt: skip
def test_restrictions_that_are_not_put(office: Office, changes: dict[str, Any], rule: Rule) -> None:
    refused(office, lambda: put(office, Kind.DISPUTED, **changes), rule)


# --- lifting ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(TWO_OFFICERS))
def test_some_are_lifted_by_two_different_officers_only(office: Office, kind: Kind) -> None:
    restriction = put(office, kind)
    for approved_by in (None, BY, BY.upper() + " "):
        refused(
            office,
            lambda approved_by=approved_by: lift(  # type: ignore[misc]
                office.hub, M, restriction, author=BY, approved_by=approved_by
            ),
            Rule.TWO_APPROVERS,
        )
    lift(office.hub, M, restriction, author=BY, approved_by="officer sten")
    [kept] = list_restrictions(office.hub, M)
    assert kept.lifted_by == (BY, "officer sten")


@pytest.mark.parametrize("kind", sorted(set(Kind) - TWO_OFFICERS))
def test_all_others_by_one(office: Office, kind: Kind) -> None:
    lift(office.hub, M, put(office, kind), author=BY)
    assert [one.lifted_by for one in list_restrictions(office.hub, M)] == [(BY,)]


def test_only_what_stands_on_her_is_lifted(office: Office) -> None:
    office.desk.push("parks:P2", BIRK)
    foreign = put(office, Kind.DISPUTED, "parks:P2")
    lifted = put(office, Kind.DISPUTED)
    lift(office.hub, M, lifted, author=BY)
    for wrong in (foreign, lifted, "x999", "r1", "x1x", "x" + "9" * 30):
        before = office.desk.dump()
        with pytest.raises(FactUnknown):
            lift(office.hub, M, wrong, author=BY)
        assert office.desk.dump() == before


def test_restrictions_are_listed_with_all_that_was_said(office: Office) -> None:
    cleared = Clearance("parks", "licensing")
    put(office, Kind.AT_RISK, clearances=[cleared], ends_at=START + timedelta(days=90))
    [one] = list_restrictions(office.hub, M)
    assert (one.kind, one.authority, one.author) == (Kind.AT_RISK, "court order 12", BY)
    assert (one.starts_at, one.ends_at) == (None, START + timedelta(days=90))
    assert one.clearances == (("parks", "licensing"),)
    assert (one.lifted_at, one.lifted_by, one.is_former) == (None, (), False)


def test_what_was_said_of_a_merged_id_is_lifted_where_it_stands(office: Office) -> None:
    office.desk.push("parks:P2", BIRK)
    merged = office.desk.same(M, "parks:P2")
    restriction = put(office, Kind.DISPUTED, "parks:P2")
    undo(office, merged)
    assert not office.desk.together(M, "parks:P2")
    [left] = list_restrictions(office.hub, "parks:P2")
    assert left.is_former
    with pytest.raises(FactUnknown):
        lift(office.hub, "parks:P2", restriction, author=BY)
    lift(office.hub, M, restriction, author=BY)
    assert list_restrictions(office.hub, "parks:P2")[0].lifted_by == (BY,)


# --- who is told -----------------------------------------------------------------------------------


def test_an_objection_is_told_to_who_received_data_on_a_basis_it_bites_on(office: Office) -> None:
    office.shares(M)
    assert restrict(office.hub, M, Kind.OBJECTION, authority="her letter", author=BY).told == (
        "parks",
    )
    [notice] = list_notices(office.hub, "parks")
    assert (notice.kind, notice.agreement) == (NoticeKind.OBJECTED, "licensing_act")
    assert notice.delete_by == TODAY + timedelta(30)


def test_restricted_processing_is_told_to_who_received_anything(office: Office) -> None:
    office.shares(M)
    put(office, Kind.RESTRICTED_PROCESSING)
    told = list_notices(office.hub, "parks")
    assert [one.agreement for one in told] == [ON_CONSENT.id, "licensing_act"]
    assert {(one.kind, one.delete_by) for one in told} == {(NoticeKind.RESTRICTED, None)}


def test_who_is_cleared_is_not_told(office: Office) -> None:
    office.shares(M)
    put(office, Kind.OBJECTION, clearances=[Clearance("parks")])
    put(office, Kind.RESTRICTED_PROCESSING, clearances=[Clearance(purpose="licensing")])
    assert list_notices(office.hub, "parks") == []


@pytest.mark.parametrize("kind", sorted(set(Kind) - {Kind.OBJECTION, Kind.RESTRICTED_PROCESSING}))
def test_of_all_other_kinds_and_of_being_at_risk_nobody_is_told(office: Office, kind: Kind) -> None:
    office.shares(M)
    put(office, kind)
    for agency in ("parks", "vehicles", "benefits", "wildlife"):
        assert list_notices(office.hub, agency) == []


def test_a_notice_follows_the_data_of_records_that_have_left_and_no_others(
    modelled_hub: Hub,
) -> None:
    office = Office(hours_apart(modelled_hub))
    office.desk.push("vehicles:D1", MARIA)
    office.comes(1)
    office.desk.push("parks:P2", BIRK)
    office.desk.push("vehicles:D2", BIRK)
    office.shares(M)  # before the merge: nothing of Birk's
    merged = office.desk.same(M, "parks:P2")
    undo(office, merged)
    first = put(office, Kind.OBJECTION, "parks:P2")
    assert list_notices(office.hub, "parks") == []
    lift(office.hub, "parks:P2", first, author=BY)
    again = office.desk.same(M, "parks:P2")
    office.shares("parks:P2")
    undo(office, again)
    assert not office.desk.together(M, "parks:P2")
    put(office, Kind.OBJECTION, "parks:P2")
    assert len(list_notices(office.hub, "parks")) == 1


@pytest.mark.parametrize("kind", Kind)
def test_the_feed_has_the_same_word_for_every_kind(office: Office, kind: Kind) -> None:
    office.desk.push("parks:P2", BIRK)  # one record: nothing that could be set apart
    before = len(office.told())
    restriction = put(office, kind, "parks:P2")
    lift(office.hub, "parks:P2", restriction, author=BY, approved_by="officer sten")
    told = office.told()[before:]
    assert [(one.kind, one.others, one.review_id) for one in told] == [
        (EventKind.UPDATED, (), None)
    ] * 2


# --- objection to linkage --------------------------------------------------------------------------

RECORDS = ("vehicles:D1", "benefits:B1", M)


def test_an_objection_to_linkage_sets_her_records_apart_and_lifting_it_links_them_again(
    office: Office,
) -> None:
    whole = office.desk.id_of(M)
    restriction = put(office, Kind.OBJECTION_TO_LINKAGE)
    assert len({office.desk.id_of(record) for record in RECORDS}) == len(RECORDS)
    assert office.shares(M) == set()
    for record in RECORDS:
        [one] = list_restrictions(office.hub, record)
        assert one.kind is Kind.OBJECTION_TO_LINKAGE
        assert one.is_former is (office.desk.id_of(record) != whole)
    lift(office.hub, M, restriction, author=BY)
    assert office.desk.together(*RECORDS)
    assert office.shares(M) == {LAW, CONSENT}
    assert list_objections(office.hub, M)[0].withdrawn_by == BY


def test_only_lifting_the_restriction_lets_records_be_linked_again(office: Office) -> None:
    put(office, Kind.OBJECTION_TO_LINKAGE)
    before = office.desk.dump()
    for record in RECORDS:
        with pytest.raises(ObjectionRestricted, match="hub restrict lift"):
            withdraw_objection(office.hub, record, author=BY)
    assert office.desk.dump() == before


def test_two_objections_to_linkage_are_lifted_one_after_the_other(office: Office) -> None:
    whole = str(office.desk.id_of(M))
    first = put(office, Kind.OBJECTION_TO_LINKAGE, whole)
    second = put(office, Kind.OBJECTION_TO_LINKAGE, whole)
    lift(office.hub, whole, first, author=BY)
    assert not office.desk.together(*RECORDS)
    lift(office.hub, whole, second, author=BY)
    assert office.desk.together(*RECORDS)


@pytest.mark.parametrize(
    "terms",
    [{"starts_at": START}, {"ends_at": START}, {"clearances": [Clearance("parks")]}],
    ids=["start", "end", "clearance"],
)
def test_an_objection_to_linkage_has_no_terms(office: Office, terms: dict[str, Any]) -> None:
    refused(office, lambda: put(office, Kind.OBJECTION_TO_LINKAGE, **terms), Rule.LINKAGE_TERMS)
    refused(office, lambda: put(office, Kind.OBJECTION_TO_LINKAGE, authority=" "), Rule.EMPTY)


def test_a_stewards_objection_raises_the_epoch_of_whom_it_concerns(office: Office) -> None:
    with database.transaction(office.hub.engine) as connection:
        number, _ = resolve(office.hub, connection, M)
    subject = Pseudonyms(office.hub.keys).subject(number)

    def epoch() -> int:
        with database.transaction(office.hub.engine) as connection:
            return subjects.read(connection, [subject]).epochs[subject]

    before = epoch()
    object_to_linkage(office.hub, "vehicles:D1", **WHO)
    assert epoch() == before + 1
    withdraw_objection(office.hub, "vehicles:D1", author=BY)
    assert office.desk.together(*RECORDS)
