"""Consent as officers record it: what may be said by whom, what it releases, and what a "no" ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from consent.policy import AgreementRef
from consent.rules import PolicyInvalid, Rule
from consent.vocabulary import ConsentState, LegalBasis
from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.events import EventKind
from hub.domain.notices import NoticeKind
from hub.domain.records import ConstituentKind
from hub.journeys.consents import (
    Answer,
    invalidate_consent,
    record_consent,
    revoke_consent,
    withdraw_consent,
)
from hub.journeys.consents_said import list_consents
from hub.journeys.context import Hub
from hub.journeys.notices import NoticeUnknown, list_notices, take_notice
from hub.journeys.pairwise import shown_to
from hub.journeys.representations import end_representation, list_representations
from tests.conftest import START
from tests.journeys.counters import BY_LAW, ON_CONSENT, C, policy_of, state
from tests.journeys.offices import ALL, BY, CHILD, HOW, WAIVER, Office
from tests.journeys.partitions import SOURCE, Partitions
from tests.journeys.stewards import BIRK, MARIA, NOOR

TODAY = START.date()


@pytest.fixture
def office(modelled_hub: Hub) -> Office:
    return Office(modelled_hub)


@pytest.fixture
def maria(office: Office) -> str:
    return office.comes(1)


@pytest.fixture
def child(office: Office) -> str:
    return office.comes(2, CHILD)


def refused(office: Office, work: Callable[[], object], *rules: Rule) -> None:
    """Nothing is written, and the rules are named."""
    before = office.desk.dump()
    with pytest.raises(PolicyInvalid) as caught:
        work()
    assert caught.value.rules == rules
    assert office.desk.dump() == before


# --- yes and no ----------------------------------------------------------------------------------


def test_nothing_is_shared_until_she_consents_and_nothing_after_she_withdraws(
    office: Office, maria: str
) -> None:
    assert office.shares(maria) == set()
    office.consents(maria)
    assert office.shares(maria) == {"benefits"}
    office.withdraws(maria)
    assert office.shares(maria) == set()
    office.answers(maria, Answer(WAIVER, ALL, is_renewal=True))
    assert office.shares(maria) == {"benefits"}
    states = [one.state for one in list_consents(office.hub, maria)]
    assert states == [ConsentState.GIVEN, ConsentState.WITHDRAWN, ConsentState.RENEWED]


def test_what_is_given_and_refused_in_one_act_is_two_events_of_one_epoch(
    office: Office, maria: str
) -> None:
    said = office.answers(
        maria, Answer(WAIVER, frozenset({C.EXISTENCE}), refused=frozenset({C.HOLDING}))
    )
    assert said.facts == ("c1", "c2")
    assert office.shares(maria, C.HOLDING) == {"benefits"}
    given, not_given = list_consents(office.hub, maria)
    assert (given.state, given.categories) == (ConsentState.GIVEN, (C.EXISTENCE,))
    assert (not_given.state, not_given.categories) == (ConsentState.REFUSED, (C.HOLDING,))
    assert given.recorded_at == not_given.recorded_at


def test_a_list_tells_who_recorded_what_when_and_how(office: Office, maria: str) -> None:
    record_consent(
        office.hub, maria, Answer(WAIVER, ALL, valid_until=date(2026, 12, 1)), HOW, author="sten"
    )
    [one] = list_consents(office.hub, maria)
    assert (one.author, one.given_on, one.valid_until) == ("sten", TODAY, date(2026, 12, 1))
    assert (one.notice, one.language, one.method, one.evidence) == (
        HOW.notice,
        HOW.language,
        HOW.method,
        HOW.evidence,
    )
    assert (one.agreement, one.purpose, one.is_former) == (WAIVER, "licensing", False)


def test_a_part_can_be_withdrawn_and_the_rest_stands(office: Office, maria: str) -> None:
    office.consents(maria)
    office.withdraws(maria, C.HOLDING)
    assert list_consents(office.hub, maria)[-1].categories == (C.HOLDING,)
    assert office.shares(maria, C.EXISTENCE) == {"benefits"}


def test_a_withdrawal_reaches_every_revision_she_said_yes_to(office: Office, maria: str) -> None:
    office.consents(maria)
    second = replace(
        ON_CONSENT,
        revision=2,
        categories=ALL | {C.NAME},
        starts_on=date(2026, 11, 1),
        compatible_revisions=frozenset({1}),
    )
    first = replace(ON_CONSENT, ends_on=date(2026, 10, 31))
    state(office.hub, policy_of(BY_LAW, first, second))
    office.answers(maria, Answer(AgreementRef(WAIVER.id, 2), frozenset({C.EXISTENCE, C.NAME})))
    office.withdraws(maria)
    last = list_consents(office.hub, maria)[2:]
    assert [(one.agreement.revision, one.categories) for one in last] == [
        (1, (C.EXISTENCE, C.HOLDING)),
        (2, (C.EXISTENCE, C.NAME)),
    ]
    assert office.shares(maria, *ALL) == set()


def test_no_may_be_said_of_what_nobody_asked(office: Office, maria: str) -> None:
    office.withdraws(maria)
    [one] = list_consents(office.hub, maria)
    assert (one.agreement, frozenset(one.categories)) == (WAIVER, ALL)


def test_an_agency_revokes_and_a_finding_invalidates(office: Office, maria: str) -> None:
    office.consents(maria)
    revoke_consent(office.hub, maria, WAIVER.id, HOW, agency="benefits", author=BY)
    assert office.shares(maria) == set()
    office.consents(maria)
    assert office.shares(maria) == {"benefits"}
    invalidate_consent(office.hub, maria, WAIVER.id, HOW, author=BY)
    assert office.shares(maria) == set()
    states = [one.state for one in list_consents(office.hub, maria)]
    assert states[1::2] == [ConsentState.REVOKED, ConsentState.INVALIDATED]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        pytest.param(Answer(WAIVER), Rule.EMPTY, id="an answer that says nothing"),
        pytest.param(Answer(WAIVER, ALL, ALL), Rule.TWICE, id="yes and no to one category"),
        pytest.param(Answer(WAIVER, frozenset({C.HOLDING})), Rule.EXISTENCE_MISSING, id="yes without existence"),
        pytest.param(Answer(AgreementRef("fee_waiver", 7), ALL), Rule.UNKNOWN_AGREEMENT, id="no such revision"),
        pytest.param(Answer(AgreementRef("nothing", 1), ALL), Rule.UNKNOWN_AGREEMENT, id="no such agreement"),
        pytest.param(Answer(BY_LAW.ref, frozenset({C.EXISTENCE})), Rule.CONSENT_NOT_ASKED, id="where the law decides"),
        pytest.param(Answer(WAIVER, ALL | {C.NAME}), Rule.CONSENT_BEYOND_AGREEMENT, id="more than was agreed"),
        pytest.param(Answer(WAIVER, ALL, valid_until=TODAY - timedelta(1)), Rule.END_BEFORE_START, id="over before it begins"),
    ],
)  # fmt: skip
def test_answers_that_are_not_recorded(
    office: Office, maria: str, answer: Answer, rule: Rule
) -> None:
    refused(office, lambda: office.answers(maria, answer), rule)


@pytest.mark.parametrize("field", ["notice", "language", "evidence"])
def test_an_answer_without_notice_language_or_evidence_is_none(
    office: Office, maria: str, field: str
) -> None:
    refused(office, lambda: office.consents(maria, ALL, **{field: ""}), Rule.EMPTY)


def test_who_records_it_must_be_said(office: Office, maria: str) -> None:
    answer = Answer(WAIVER, ALL)
    refused(office, lambda: record_consent(office.hub, maria, answer, HOW, author=" "), Rule.EMPTY)
    refused(office, lambda: withdraw_consent(office.hub, maria, "x", HOW, author=""), Rule.EMPTY)


def test_consent_is_to_an_agreement_in_force_that_day_and_no_to_any(
    office: Office, maria: str
) -> None:
    over = replace(ON_CONSENT, ends_on=TODAY - timedelta(1))
    state(office.hub, policy_of(BY_LAW, over))
    refused(office, lambda: office.consents(maria), Rule.AGREEMENT_NOT_IN_FORCE)
    office.withdraws(maria)
    state(office.hub, policy_of(BY_LAW, replace(ON_CONSENT, ended_at=START)))
    refused(office, lambda: office.consents(maria), Rule.AGREEMENT_NOT_IN_FORCE)


def test_only_a_party_revokes_and_only_for_itself(office: Office, maria: str) -> None:
    def revoke(agency: str, how: Any = HOW) -> object:
        return revoke_consent(office.hub, maria, WAIVER.id, how, agency=agency, author=BY)

    refused(office, lambda: revoke("vehicles"), Rule.NOT_A_PARTY)
    refused(
        office,
        lambda: revoke("parks", office.how(representation="r1")),
        Rule.REPRESENTATION_BEYOND_SCOPE,
    )
    refused(
        office,
        lambda: withdraw_consent(office.hub, maria, "nothing", HOW, author=BY),
        Rule.UNKNOWN_AGREEMENT,
    )


def test_nobody_consents_for_somebody_unknown(office: Office) -> None:
    with pytest.raises(RecordUnknown):
        office.consents("parks:P9")
    with pytest.raises(ConstituentUnknown):
        office.consents("5b8e2a52-5c26-4f3c-8f43-0d8f7a1f9a01")


# --- age and representation ------------------------------------------------------------------------


def test_a_minor_consents_through_a_guardian_and_refuses_alone(office: Office, child: str) -> None:
    refused(office, lambda: office.consents(child), Rule.CONSENT_BY_MINOR_ALONE)
    office.consents(child, representation=office.represents(child))
    assert office.shares(child) == {"benefits"}
    office.withdraws(child)
    assert office.shares(child) == set()


@pytest.mark.parametrize("born", [{}, {"born": "1900-01-01"}], ids=["none", "a placeholder"])
def test_somebody_of_unknown_age_does_not_consent_alone(
    office: Office, born: dict[str, str]
) -> None:
    known = {column: value for column, value in BIRK.items() if column != "born"}
    unknown = office.comes(3, {**known, **born})
    refused(office, lambda: office.consents(unknown), Rule.AGE_UNKNOWN)
    office.consents(unknown, representation=office.represents(unknown))


def test_the_age_to_consent_is_the_operators_to_set(office: Office) -> None:
    seventeen = office.comes(3, {**BIRK, "born": "2009-11-01"})
    office.consents(seventeen)
    stricter = replace(office.hub, limits=replace(office.hub.limits, consent_age_min=18))
    with pytest.raises(PolicyInvalid, match="consent_by_minor_alone"):
        record_consent(stricter, seventeen, Answer(WAIVER, ALL), HOW, author=BY)


def test_an_organization_has_no_age(hub: Hub) -> None:
    world = Partitions(hub, count(1))
    [record] = world.records(1)
    world.change([[record]], ConstituentKind.ORGANIZATION)
    state(hub, policy_of(ON_CONSENT))
    assert record_consent(hub, f"{SOURCE}:{record}", Answer(WAIVER, ALL), HOW, author=BY).facts


def test_a_representation_carries_only_its_own_constituent_days_and_purposes(
    office: Office, child: str
) -> None:
    other = office.comes(3, NOOR)
    foreign = office.represents(other)
    early = office.represents(child, starts_on=date(2020, 1, 1), ends_on=TODAY - timedelta(1))
    prompts = office.represents(child, purposes=["prompts"])
    ended = office.represents(child)
    end_representation(office.hub, child, ended, author=BY)
    for representation, rule in (
        (foreign, Rule.REPRESENTATION_UNKNOWN),
        ("r999", Rule.REPRESENTATION_UNKNOWN),
        (early, Rule.REPRESENTATION_EXPIRED),
        (ended, Rule.REPRESENTATION_EXPIRED),
        (prompts, Rule.REPRESENTATION_BEYOND_SCOPE),
    ):
        refused(
            office,
            lambda representation=representation: office.consents(  # type: ignore[misc]
                child, representation=representation
            ),
            rule,
        )


def test_after_a_merge_who_represented_her_under_either_id_does(office: Office) -> None:
    older, younger = office.comes(3, CHILD), office.comes(4, NOOR)
    mother = office.represents(younger)
    office.desk.same(str(office.desk.id_of(older)), str(office.desk.id_of(younger)))
    assert office.desk.together(older, younger)
    office.consents(older, representation=mother)


def test_what_a_guardian_gave_ends_with_the_guardianship(office: Office, child: str) -> None:
    mother = office.represents(child)
    office.consents(child, representation=mother)
    end_representation(office.hub, child, mother, author=BY)
    assert office.shares(child) == set()


# --- effects ---------------------------------------------------------------------------------------


def test_whoever_received_data_on_a_consent_is_told_once_when_it_ends(
    office: Office, maria: str
) -> None:
    office.consents(maria)
    office.shares(maria)
    office.shares(maria)
    said = office.withdraws(maria)
    assert said.told == ("parks",)
    [notice] = list_notices(office.hub, "parks")
    assert notice.kind is NoticeKind.CONSENT_ENDED
    assert notice.agreement == WAIVER.id
    assert notice.pairwise_id == shown_to(office.hub, "parks", maria)
    assert notice.delete_by == TODAY + timedelta(30)
    for agency in ("benefits", "wildlife", "vehicles"):
        assert list_notices(office.hub, agency) == []


@pytest.mark.parametrize("end", ["refuse", "revoke", "invalidate"])
def test_every_end_of_consent_is_told(office: Office, maria: str, end: str) -> None:
    office.consents(maria)
    office.shares(maria)
    if end == "refuse":
        office.answers(maria, Answer(WAIVER, refused=ALL))
    elif end == "revoke":
        revoke_consent(office.hub, maria, WAIVER.id, HOW, agency="parks", author=BY)
    else:
        invalidate_consent(office.hub, maria, WAIVER.id, HOW, author=BY)
    assert len(list_notices(office.hub, "parks")) == 1


def test_who_received_nothing_of_it_is_told_nothing(office: Office, maria: str) -> None:
    office.consents(maria)
    assert office.withdraws(maria).told == ()
    office.consents(maria)
    office.shares(maria, C.EXISTENCE)
    assert office.withdraws(maria, C.HOLDING).told == (), "only existence was released"
    assert list_notices(office.hub, "parks") == []


def test_data_released_under_law_is_not_called_back_by_a_withdrawal(office: Office) -> None:
    office.desk.push("vehicles:D1", MARIA)
    maria = office.comes(1)
    office.consents(maria)
    assert office.shares(maria, C.NAME) == {"vehicles", "benefits"}
    office.withdraws(maria)
    assert [one.agreement for one in list_notices(office.hub, "parks")] == [WAIVER.id]


def test_a_notice_is_taken_once_by_the_agency_it_is_for(office: Office, maria: str) -> None:
    office.consents(maria)
    office.shares(maria)
    office.withdraws(maria)
    [notice] = list_notices(office.hub, "parks")
    with pytest.raises(NoticeUnknown):
        take_notice(office.hub, "benefits", notice.number)
    take_notice(office.hub, "parks", notice.number)
    assert list_notices(office.hub, "parks") == []
    assert list_notices(office.hub, "parks", is_all=True)[0].taken_at is not None
    with pytest.raises(NoticeUnknown):
        take_notice(office.hub, "parks", notice.number)


def test_the_feed_tells_that_something_was_said_and_not_what(office: Office, maria: str) -> None:
    id_ = office.desk.id_of(maria)
    before = len(office.told())
    office.consents(maria)
    office.withdraws(maria)
    told = office.told()[before:]
    assert [(one.kind, one.constituent, one.others) for one in told] == [
        (EventKind.UPDATED, id_, ())
    ] * 2


# --- representations -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"ends_on": None}, Rule.NO_END_DATE, id="without end"),
        pytest.param({"starts_on": date(2027, 1, 1)}, Rule.END_BEFORE_START, id="over before it begins"),
        pytest.param({"evidence": ""}, Rule.EMPTY, id="without evidence"),
        pytest.param({"representative": " "}, Rule.EMPTY, id="by nobody"),
        pytest.param({"purposes": []}, Rule.EMPTY, id="for no purpose"),
        pytest.param({"purposes": ["nothing"]}, Rule.UNKNOWN_PURPOSE, id="for a purpose nobody declared"),
        pytest.param({"representative": "parks:P2"}, Rule.REPRESENTS_HERSELF, id="by herself, by a record"),
        pytest.param({"author": ""}, Rule.EMPTY, id="recorded by nobody"),
    ],
)  # fmt: skip
def test_representations_that_are_not_recorded(
    office: Office, child: str, changes: dict[str, Any], rule: Rule
) -> None:
    refused(office, lambda: office.represents(child, **changes), rule)


def test_a_representative_who_is_a_constituent_is_kept_by_her_id(
    office: Office, child: str, maria: str
) -> None:
    office.represents(child, representative=maria)
    [one] = list_representations(office.hub, child)
    assert one.representative == str(office.desk.id_of(maria))
    refused(
        office,
        lambda: office.represents(child, representative=str(office.desk.id_of(child))),
        Rule.REPRESENTS_HERSELF,
    )


def test_ended_representations_stay_listed_with_who_ended_them(office: Office, child: str) -> None:
    first, second = office.represents(child), office.represents(child)
    end_representation(office.hub, child, first, author="sten")
    ended, standing = list_representations(office.hub, child)
    assert (ended.id, ended.ended_by, ended.author) == (first, ("sten",), BY)
    assert ended.ended_at is not None
    assert ended.ended_at > datetime(2026, 11, 22, tzinfo=UTC)
    assert (standing.id, standing.ended_by, standing.ended_at) == (second, (), None)


def test_statutory_bases_are_never_asked(office: Office, maria: str) -> None:
    for basis in LegalBasis:
        if basis.is_statutory:
            state(office.hub, policy_of(replace(ON_CONSENT, legal_basis=basis)))
            refused(office, lambda: office.consents(maria), Rule.CONSENT_NOT_ASKED)
