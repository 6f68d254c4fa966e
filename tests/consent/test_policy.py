"""Bad input is refused by the rule's name; sound values are in force on the days they say."""

from __future__ import annotations

import pickle
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from consent.checks import check_consent, check_policy, is_of_age
from consent.policy import Agency, Agreement, AgreementRef, Clearance, DeclaredPurpose
from consent.policy import may_be_matched as may_match
from consent.rules import PolicyInvalid, Problem, Rule
from consent.vocabulary import ConsentState, LegalBasis, Purpose, RestrictionKind
from tests.consent.values import (
    ASKED,
    GIVEN,
    GUARDIAN,
    LAW,
    NOW,
    POLICY,
    TODAY,
    C,
    restricted,
    said,
)

LOCAL = datetime(2026, 6, 15, 12, tzinfo=timezone(timedelta(hours=2)))
AT_RISK = restricted(RestrictionKind.AT_RISK)
CHILD = date(2012, 5, 1)
ADULT = date(1990, 5, 1)


def broken(value: Any, **changes: Any) -> list[tuple[str, Rule]]:
    """The places and rules that the value breaks once it is changed."""
    with pytest.raises(PolicyInvalid) as caught:
        replace(value, **changes)
    return [(one.where, one.rule) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("value", "changes", "where", "rule"),
    [
        pytest.param(LAW, {"ends_on": None}, "ends_on", Rule.NO_END_DATE, id="agreement without an end date"),
        pytest.param(LAW, {"ends_on": date(2025, 12, 31)}, "ends_on", Rule.END_BEFORE_START, id="agreement that ends before it starts"),
        pytest.param(LAW, {"approved_by": ("officer_a", "officer_a")}, "approved_by", Rule.TWO_APPROVERS, id="one person approving twice"),
        pytest.param(LAW, {"approved_by": ("officer_a", " Officer_A ")}, "approved_by", Rule.TWO_APPROVERS, id="one person approving twice, spelt otherwise"),
        pytest.param(LAW, {"approved_by": ("officer_a",)}, "approved_by", Rule.TWO_APPROVERS, id="one approver"),
        pytest.param(LAW, {"approved_by": ("officer_a", " ")}, "approved_by", Rule.TWO_APPROVERS, id="one approver and a blank"),
        pytest.param(LAW, {"id": ""}, "id", Rule.EMPTY, id="agreement without an id"),
        pytest.param(LAW, {"revision": 0}, "revision", Rule.REVISION_BELOW_ONE, id="revision nought"),
        pytest.param(LAW, {"sources": frozenset()}, "sources", Rule.EMPTY, id="no source"),
        pytest.param(LAW, {"sources": frozenset({"parks"})}, "sources", Rule.SHARES_WITH_ITSELF, id="an agency sharing with itself"),
        pytest.param(LAW, {"categories": frozenset()}, "categories", Rule.EMPTY, id="nothing shared"),
        pytest.param(LAW, {"categories": frozenset({C.NAME})}, "categories", Rule.EXISTENCE_MISSING, id="a name without existence"),
        pytest.param(LAW, {"citation": " "}, "citation", Rule.EMPTY, id="no citation"),
        pytest.param(LAW, {"ended_at": LOCAL}, "ended_at", Rule.NOT_UTC, id="ended at a local time"),
        pytest.param(GIVEN, {"id": ""}, "id", Rule.EMPTY, id="event without an id"),
        pytest.param(GIVEN, {"subject": ""}, "subject", Rule.EMPTY, id="event of nobody"),
        pytest.param(GIVEN, {"state": ConsentState.EXPIRED}, "state", Rule.NOT_AN_EVENT_STATE, id="nobody says expired"),
        pytest.param(GIVEN, {"state": ConsentState.REQUESTED}, "state", Rule.NOT_AN_EVENT_STATE, id="a request is no answer"),
        pytest.param(GIVEN, {"categories": frozenset()}, "categories", Rule.EMPTY, id="consent to nothing"),
        pytest.param(GIVEN, {"categories": frozenset({C.NAME})}, "categories", Rule.EXISTENCE_MISSING, id="consent to a name without existence"),
        pytest.param(GIVEN, {"notice": ""}, "notice", Rule.EMPTY, id="no notice shown"),
        pytest.param(GIVEN, {"language": ""}, "language", Rule.EMPTY, id="a notice in no language"),
        pytest.param(GIVEN, {"evidence": ""}, "evidence", Rule.EMPTY, id="no evidence"),
        pytest.param(GIVEN, {"at": datetime(2026, 6, 15)}, "at", Rule.NOT_UTC, id="a moment without a zone"),  # noqa: DTZ001
        pytest.param(GIVEN, {"at": LOCAL}, "at", Rule.NOT_UTC, id="a local moment"),
        pytest.param(GIVEN, {"valid_until": date(2026, 2, 28)}, "valid_until", Rule.END_BEFORE_START, id="consent that ends before it was given"),
        pytest.param(GUARDIAN, {"id": ""}, "id", Rule.EMPTY, id="representation without an id"),
        pytest.param(GUARDIAN, {"representative": "s1"}, "representative", Rule.REPRESENTS_HERSELF, id="representing herself"),
        pytest.param(GUARDIAN, {"purposes": frozenset()}, "purposes", Rule.EMPTY, id="representation for nothing"),
        pytest.param(GUARDIAN, {"evidence": ""}, "evidence", Rule.EMPTY, id="representation without evidence"),
        pytest.param(GUARDIAN, {"ends_on": None}, "ends_on", Rule.NO_END_DATE, id="representation without end"),
        pytest.param(GUARDIAN, {"ends_on": date(2019, 1, 1)}, "ends_on", Rule.END_BEFORE_START, id="representation that ends before it starts"),
        pytest.param(GUARDIAN, {"ended_at": LOCAL}, "ended_at", Rule.NOT_UTC, id="representation ended at a local time"),
        pytest.param(AT_RISK, {"id": ""}, "id", Rule.EMPTY, id="restriction without an id"),
        pytest.param(AT_RISK, {"authority": " "}, "authority", Rule.EMPTY, id="restriction on nobody's authority"),
        pytest.param(AT_RISK, {"starts_at": LOCAL}, "starts_at", Rule.NOT_UTC, id="restriction from a local time"),
        pytest.param(AT_RISK, {"ends_at": LOCAL}, "starts_at", Rule.NOT_UTC, id="restriction until a local time"),
        pytest.param(AT_RISK, {"starts_at": NOW.replace(tzinfo=None), "ends_at": NOW}, "starts_at", Rule.NOT_UTC, id="restriction from a moment without a zone"),
        pytest.param(AT_RISK, {"starts_at": NOW, "ends_at": NOW - timedelta(1)}, "ends_at", Rule.END_BEFORE_START, id="restriction that ends before it starts"),
        pytest.param(Clearance("parks"), {"agency": None}, "clearance", Rule.EMPTY, id="a clearance of everybody"),
        pytest.param(Agency("parks"), {"id": ""}, "id", Rule.EMPTY, id="agency without an id"),
        pytest.param(DeclaredPurpose("x", Purpose.LEGAL_COMPLIANCE), {"id": ""}, "id", Rule.EMPTY, id="purpose without an id"),
    ],
)  # fmt: skip
def test_what_no_value_may_say(value: Any, changes: dict[str, Any], where: str, rule: Rule) -> None:
    assert broken(value, **changes) == [(where, rule)]


def test_every_breach_of_a_value_is_named_at_once() -> None:
    assert broken(LAW, id="", citation="", approved_by=()) == [
        ("id", Rule.EMPTY),
        ("citation", Rule.EMPTY),
        ("approved_by", Rule.TWO_APPROVERS),
    ]


@pytest.mark.parametrize(
    ("changes", "where", "rule", "detail"),
    [
        pytest.param({"agreements": (replace(LAW, purpose="curiosity"),)}, "agreements[0].purpose", Rule.UNKNOWN_PURPOSE, "curiosity", id="unknown purpose"),
        pytest.param({"agreements": (ASKED, replace(LAW, recipient="fisheries"))}, "agreements[1].recipient", Rule.UNKNOWN_AGENCY, "fisheries", id="unknown recipient"),
        pytest.param({"agreements": (replace(LAW, sources=frozenset({"vehicles", "fisheries"})),)}, "agreements[0].sources", Rule.UNKNOWN_AGENCY, "fisheries", id="unknown source"),
        pytest.param({"agreements": (LAW, ASKED, replace(LAW, revision=2, starts_on=date(2026, 12, 31), ends_on=date(2027, 12, 31)))}, "agreements[2].starts_on", Rule.OVERLAPPING_REVISIONS, "licensing_act revision 1", id="revisions that overlap by one day"),
        pytest.param({"agreements": (LAW, replace(LAW, revision=2))}, "agreements[1].starts_on", Rule.OVERLAPPING_REVISIONS, "licensing_act revision 1", id="revisions of the same days"),
        pytest.param({"agreements": (LAW, LAW)}, "agreements[1].id", Rule.TWICE, "licensing_act revision 1", id="a revision stated twice"),
        pytest.param({"agencies": (*POLICY.agencies, Agency("parks"))}, "agencies[4].id", Rule.TWICE, "parks", id="an agency stated twice"),
        pytest.param({"purposes": (*POLICY.purposes, POLICY.purposes[1])}, "purposes[2].id", Rule.TWICE, "prompts", id="a purpose stated twice"),
    ],
)  # fmt: skip
def test_what_no_policy_may_say(
    changes: dict[str, Any], where: str, rule: Rule, detail: str
) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        check_policy(replace(POLICY, **changes))
    assert caught.value.problems == (Problem(where, rule, detail),)


def test_every_unknown_source_is_named_in_order() -> None:
    strangers = frozenset({"e", "d", "c", "b", "a"})
    with pytest.raises(PolicyInvalid) as caught:
        check_policy(replace(POLICY, agreements=(replace(LAW, sources=strangers),)))
    assert [one.detail for one in caught.value.problems] == ["a", "b", "c", "d", "e"]


def test_the_least_that_a_value_may_say() -> None:
    one_day = replace(GUARDIAN, ends_on=GUARDIAN.starts_on)
    assert one_day.is_valid_on(GUARDIAN.starts_on)
    assert replace(GIVEN, valid_until=GIVEN.given_on).valid_until == GIVEN.given_on
    assert said(ConsentState.REFUSED, categories=frozenset({C.HOLDING})).categories == {C.HOLDING}
    assert replace(AT_RISK, starts_at=NOW, ends_at=NOW + timedelta(1)).is_valid_at(NOW)
    assert not replace(AT_RISK, starts_at=NOW, ends_at=NOW).is_valid_at(NOW)
    assert LAW.ended_at is None


NEXT = replace(LAW, revision=2, starts_on=date(2027, 1, 1), ends_on=date(2027, 12, 31))


@pytest.mark.parametrize(
    "agreements",
    [
        pytest.param((LAW, NEXT), id="a revision from the day after"),
        pytest.param((NEXT, LAW), id="in whatever order"),
        pytest.param((LAW, replace(LAW, id="another_act")), id="two agreements of the same days"),
        pytest.param((replace(LAW, ended_at=NOW), replace(NEXT, starts_on=TODAY)), id="a revision from the day on which the other was ended"),
    ],
)  # fmt: skip
def test_a_policy_that_fits_together(agreements: tuple[Agreement, ...]) -> None:
    check_policy(replace(POLICY, agreements=agreements))


def test_a_revision_may_not_reach_back_before_the_other_was_ended() -> None:
    early = replace(NEXT, starts_on=date(2026, 6, 14))
    assert early.overlaps(replace(LAW, ended_at=NOW))
    assert replace(LAW, ended_at=NOW).overlaps(early)


@pytest.mark.parametrize(
    ("event", "born_on", "where", "rule"),
    [
        pytest.param(GIVEN, CHILD, "representation", Rule.CONSENT_BY_MINOR_ALONE, id="consent by a minor alone"),
        pytest.param(said(ConsentState.RENEWED), CHILD, "representation", Rule.CONSENT_BY_MINOR_ALONE, id="renewal by a minor alone"),
        pytest.param(GIVEN, None, "representation", Rule.AGE_UNKNOWN, id="consent by somebody of unknown age"),
        pytest.param(replace(GIVEN, representation="r9"), CHILD, "representation", Rule.REPRESENTATION_UNKNOWN, id="unknown representation"),
        pytest.param(replace(GIVEN, representation="r1", subject="s7"), CHILD, "representation", Rule.REPRESENTATION_UNKNOWN, id="another constituent's representation"),
        pytest.param(replace(GIVEN, representation="r2"), CHILD, "representation", Rule.REPRESENTATION_EXPIRED, id="expired representation"),
        pytest.param(replace(GIVEN, representation="r3"), CHILD, "representation", Rule.REPRESENTATION_BEYOND_SCOPE, id="representation for another purpose"),
        pytest.param(replace(GIVEN, agreement=AgreementRef("fee_waiver", 2)), ADULT, "agreement", Rule.UNKNOWN_AGREEMENT, id="consent to no revision"),
        pytest.param(replace(GIVEN, agreement=LAW.ref, categories=frozenset({C.EXISTENCE})), ADULT, "agreement", Rule.CONSENT_NOT_ASKED, id="consent where the law decides"),
        pytest.param(replace(GIVEN, categories=frozenset({C.EXISTENCE, C.NAME})), ADULT, "categories", Rule.CONSENT_BEYOND_AGREEMENT, id="consent to more than the agreement"),
        pytest.param(replace(GIVEN, purpose="prompts"), ADULT, "categories", Rule.CONSENT_BEYOND_AGREEMENT, id="consent for another purpose"),
        pytest.param(replace(GIVEN, given_on=date(2027, 1, 1)), ADULT, "agreement", Rule.AGREEMENT_NOT_IN_FORCE, id="consent after the agreement's last day"),
        pytest.param(said(ConsentState.RENEWED, given_on=date(2025, 12, 31)), ADULT, "agreement", Rule.AGREEMENT_NOT_IN_FORCE, id="renewal before the agreement's first day"),
    ],
)  # fmt: skip
def test_consent_that_may_not_be_recorded(
    event: Any, born_on: date | None, where: str, rule: Rule
) -> None:
    by = (
        replace(GUARDIAN, id="r2", ends_on=date(2026, 2, 28)),
        replace(GUARDIAN, id="r3", purposes=frozenset({"prompts"})),
        GUARDIAN,
    )
    with pytest.raises(PolicyInvalid) as caught:
        check_consent(event, (LAW, ASKED), by, born_on=born_on, age_min=16)
    assert caught.value.problems == (Problem(where, rule),)


@pytest.mark.parametrize(
    ("event", "born_on", "age_min"),
    [
        pytest.param(GIVEN, ADULT, 16, id="an adult for herself"),
        pytest.param(GIVEN, date(2010, 3, 1), 16, id="on the very day she comes of age"),
        pytest.param(GIVEN, None, None, id="an organization has no age"),
        pytest.param(said(ConsentState.REFUSED), CHILD, 16, id="a minor may refuse"),
        pytest.param(said(ConsentState.WITHDRAWN), None, 16, id="anyone may withdraw"),
        pytest.param(said(ConsentState.WITHDRAWN, given_on=date(2027, 1, 1)), ADULT, 16, id="anyone may withdraw from an agreement that is over"),
        pytest.param(replace(GIVEN, representation="r1"), CHILD, 16, id="a guardian for a minor"),
        pytest.param(replace(GIVEN, representation="r2"), CHILD, 16, id="a representation for this purpose"),
    ],
)  # fmt: skip
def test_consent_that_may_be_recorded(
    event: Any, born_on: date | None, age_min: int | None
) -> None:
    by = (GUARDIAN, replace(GUARDIAN, id="r2", purposes=frozenset({"licensing"})))
    check_consent(event, (LAW, ASKED), by, born_on=born_on, age_min=age_min)


@pytest.mark.parametrize(
    ("born_on", "on", "is_adult"),
    [
        pytest.param(date(2008, 6, 15), date(2026, 6, 15), True, id="eighteen today"),
        pytest.param(date(2008, 6, 16), date(2026, 6, 15), False, id="eighteen tomorrow"),
        pytest.param(date(2008, 2, 29), date(2026, 2, 28), False, id="leap day: not yet on 28 February"),
        pytest.param(date(2008, 2, 29), date(2026, 3, 1), True, id="leap day: on 1 March"),
    ],
)  # fmt: skip
def test_when_somebody_is_of_age(born_on: date, on: date, is_adult: bool) -> None:
    assert is_of_age(born_on, on, 18) is is_adult


def test_agreements_and_representations_hold_on_both_their_days() -> None:
    for value in (LAW, GUARDIAN):
        before, after = value.starts_on - timedelta(1), value.ends_on + timedelta(1)
        days = [value.is_valid_on(on) for on in (before, value.starts_on, value.ends_on, after)]
        assert days == [False, True, True, False]
    ended = replace(GUARDIAN, ended_at=NOW)
    assert ended.is_valid_on(date(2026, 6, 14))
    assert not ended.is_valid_on(TODAY)


def test_records_may_be_matched_where_an_agreement_in_force_says_so() -> None:
    allowing = replace(LAW, matching_allowed=True)
    assert may_match("vehicles", [ASKED, allowing], TODAY)
    assert not may_match("benefits", [ASKED, allowing], TODAY)
    assert not may_match("vehicles", [LAW], TODAY)
    assert not may_match("vehicles", [allowing], date(2027, 1, 1))


def test_a_refused_policy_names_file_place_and_rule_and_travels_between_processes() -> None:
    problem = Problem("agreements[0].purpose", Rule.UNKNOWN_PURPOSE, "curiosity")
    error = PolicyInvalid([problem, Problem("id", Rule.EMPTY)], "policy.yaml")
    assert str(error) == (
        "policy.yaml: agreements[0].purpose: unknown_purpose: no such purpose is declared (curiosity); "
        "id: empty: must not be empty"
    )
    again = pickle.loads(pickle.dumps(error))
    assert (again.problems, again.file, str(again)) == (error.problems, error.file, str(error))


def test_every_rule_has_a_sentence_of_its_own() -> None:
    assert len({rule.sentence for rule in Rule}) == len(Rule)


def test_statutory_agreements_need_no_consent_only_consent_ones_do() -> None:
    for basis in LegalBasis:
        if basis.is_statutory:
            known = (replace(ASKED, legal_basis=basis),)
            with pytest.raises(PolicyInvalid):
                check_consent(
                    GIVEN, known, (), born_on=datetime(1990, 1, 1, tzinfo=UTC).date(), age_min=16
                )
