"""The decision as a table to be read, then its properties over random worlds."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError, fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consent.decision import Decision, Facts, Reason, Request, Told, decide, explain
from consent.policy import (
    Agency,
    Agreement,
    AgreementRef,
    Clearance,
    ConsentEvent,
    DeclaredPurpose,
    Policy,
    Representation,
    Restriction,
)
from consent.vocabulary import (
    Assurance,
    ConsentState,
    LegalBasis,
    Purpose,
    RepresentationKind,
    RestrictionKind,
)
from tests.consent.values import (
    ASKED,
    GIVEN,
    GUARDIAN,
    LAW,
    NAME,
    NOW,
    OPEN,
    POLICY,
    TODAY,
    C,
    facts,
    request,
    restricted,
    said,
)

R = Reason
K = RestrictionKind
S = ConsentState
WAIVER = {"requested": frozenset({C.HOLDING})}
AT_BENEFITS = {"held_by": frozenset({"benefits"})}
TWO = frozenset({"vehicles", "benefits"})
PROMPT = replace(LAW, purpose="prompts", legal_basis=LegalBasis.LEGAL_OBLIGATION)
DUTY = replace(LAW, legal_basis=LegalBasis.LEGAL_OBLIGATION)
ON_CONSENT = replace(ASKED, id="a_first_by_name", sources=LAW.sources, categories=OPEN)


def reasons_for(decision: Decision, source: str, category: C) -> tuple[Reason, ...] | None:
    """The reasons of one ruling; None where there is no such ruling."""
    found = [o.reasons for o in decision.rulings if (o.source, o.category) == (source, category)]
    assert len(found) <= 1
    return found[0] if found else None


def suspended(agency: str) -> Policy:
    agencies = tuple(replace(one, is_suspended=one.id == agency) for one in POLICY.agencies)
    return replace(POLICY, agencies=agencies)


# Each row: what is asked, what is known, and what becomes of one category of one source.
ABOUT_NAME: list[Any] = [
    pytest.param({}, facts(), (), id="an agreement on law shares the name: permitted"),
    pytest.param({"caller": "fisheries"}, facts(), (R.CALLER_INACTIVE,), id="the caller is no agency we know"),
    pytest.param({}, facts(policy=suspended("parks")), (R.CALLER_INACTIVE,), id="the caller is suspended"),
    pytest.param({}, facts(policy=replace(POLICY, agencies=(*POLICY.agencies, Agency("parks", is_suspended=True)))), (R.CALLER_INACTIVE,), id="the caller is stated twice, once suspended"),
    pytest.param({"purpose": "curiosity"}, facts(replace(LAW, purpose="curiosity")), (R.PURPOSE_UNKNOWN,), id="a purpose that nobody declared, though an agreement names it"),
    pytest.param({"caller": "fisheries", "purpose": "curiosity"}, facts(), (R.CALLER_INACTIVE,), id="an unknown caller is told before an unknown purpose"),
    pytest.param({"scope": frozenset({C.EXISTENCE})}, facts(), (R.NOT_IN_SCOPE,), id="the caller's scope lacks the name"),
    pytest.param({"scope": frozenset({C.NAME})}, facts(), (R.EXISTENCE_WITHHELD,), id="the scope lacks existence, and so everything"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK),)), (R.AT_RISK,), id="at risk, caller not cleared"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, Clearance(agency="parks")),)), (), id="at risk, this agency is cleared"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, Clearance(agency="wildlife")),)), (R.AT_RISK,), id="at risk, another agency is cleared"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, Clearance(purpose="licensing")),)), (), id="at risk, this purpose is cleared"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, Clearance("parks", "prompts")),)), (R.AT_RISK,), id="at risk, this agency is cleared for another purpose"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, Clearance("wildlife", "licensing")),)), (R.AT_RISK,), id="at risk, another agency is cleared for this purpose"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, ends_at=NOW),)), (), id="at risk until this very moment"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, ends_at=NOW + timedelta(seconds=1)),)), (R.AT_RISK,), id="at risk for one more second"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, starts_at=NOW),)), (R.AT_RISK,), id="at risk from this very moment"),
    pytest.param({}, facts(restrictions=(restricted(K.AT_RISK, starts_at=NOW + timedelta(seconds=1)),)), (), id="at risk in a second"),
    pytest.param({}, facts(restrictions=(restricted(K.RESTRICTED_PROCESSING),)), (R.RESTRICTED_PROCESSING,), id="processing is restricted"),
    pytest.param({}, facts(restrictions=(restricted(K.DISPUTED),)), (R.DISPUTED,), id="the identity is disputed"),
    pytest.param({}, facts(restrictions=(restricted(K.DISPUTED), restricted(K.RESTRICTED_PROCESSING), restricted(K.AT_RISK))), (R.AT_RISK, R.RESTRICTED_PROCESSING, R.DISPUTED), id="three restrictions are all told, in order"),
    pytest.param({}, facts(held_by=TWO, restrictions=(restricted(K.OBJECTION_TO_LINKAGE),)), (R.OBJECTED_TO_LINKAGE,), id="she objects to linkage and two agencies hold records"),
    pytest.param({}, facts(restrictions=(restricted(K.OBJECTION_TO_LINKAGE),)), (), id="she objects to linkage, but only one agency holds records"),
    pytest.param({}, facts(restrictions=(restricted(K.LEGAL_HOLD),)), (), id="a legal hold keeps from erasing, not from releasing"),
    pytest.param({}, facts(policy=suspended("vehicles")), (R.SOURCE_INACTIVE,), id="the source is suspended"),
    pytest.param({}, facts(policy=replace(POLICY, agencies=(Agency("parks"),))), (R.SOURCE_INACTIVE,), id="the source is no agency we know"),
    pytest.param({}, facts(replace(LAW, sources=frozenset({"benefits"}))), (R.NO_AGREEMENT,), id="the agreement shares another source"),
    pytest.param({}, facts(replace(LAW, recipient="wildlife")), (R.NO_AGREEMENT,), id="the agreement is another recipient's"),
    pytest.param({"purpose": "prompts"}, facts(), (R.NO_AGREEMENT,), id="the agreement is for another purpose"),
    pytest.param({"agreement": "fee_waiver"}, facts(), (R.NO_AGREEMENT,), id="the caller invokes another agreement"),
    pytest.param({"agreement": "licensing_act"}, facts(), (), id="the caller invokes this agreement"),
    pytest.param({}, facts(policy=replace(POLICY, agreements=())), (R.NO_AGREEMENT,), id="no agreement at all"),
    pytest.param({}, facts(replace(LAW, starts_on=date(2026, 6, 16))), (R.AGREEMENT_NOT_IN_FORCE,), id="the agreement starts tomorrow"),
    pytest.param({}, facts(replace(LAW, starts_on=TODAY, ends_on=TODAY)), (), id="the agreement is for today only"),
    pytest.param({}, facts(replace(LAW, ends_on=date(2026, 6, 14))), (R.AGREEMENT_NOT_IN_FORCE,), id="the agreement ended yesterday"),
    pytest.param({}, facts(replace(LAW, ended_at=NOW + timedelta(hours=1))), (R.AGREEMENT_NOT_IN_FORCE,), id="the agreement was ended by a clock ahead of ours"),
    pytest.param({}, facts(replace(LAW, categories=frozenset({C.EXISTENCE}))), (R.NOT_IN_AGREEMENT,), id="the agreement does not share the name"),
    pytest.param({}, facts(replace(LAW, assurance_min=Assurance.SUBSTANTIAL)), (R.ASSURANCE_TOO_LOW,), id="the agreement asks for a surer authentication"),
    pytest.param({"assurance": Assurance.SUBSTANTIAL}, facts(replace(LAW, assurance_min=Assurance.SUBSTANTIAL)), (), id="the authentication is as sure as asked"),
    pytest.param({"assurance": Assurance.HIGH}, facts(replace(LAW, assurance_min=Assurance.SUBSTANTIAL)), (), id="the authentication is surer than asked"),
    pytest.param({}, facts(restrictions=(restricted(K.OBJECTION),)), (R.OBJECTED,), id="she objects to official authority"),
    pytest.param({}, facts(replace(LAW, legal_basis=LegalBasis.PUBLIC_INTEREST), restrictions=(restricted(K.OBJECTION),)), (R.OBJECTED,), id="she objects to the public interest"),
    pytest.param({}, facts(DUTY, restrictions=(restricted(K.OBJECTION),)), (), id="a legal obligation is not open to objection"),
    pytest.param({}, facts(restrictions=(restricted(K.OBJECTION, Clearance(purpose="licensing")),)), (), id="she objects, and compelling grounds were found for this purpose"),
    pytest.param({}, facts(restrictions=(restricted(K.DECEASED),)), (), id="the law goes on after death"),
    pytest.param({"purpose": "prompts"}, facts(PROMPT, restrictions=(restricted(K.DECEASED),)), (R.DECEASED,), id="nobody is prompted for the dead, even by law"),
    pytest.param({"purpose": "prompts"}, facts(PROMPT), (), id="the living are prompted"),
    pytest.param({}, facts(replace(LAW, ends_on=date(2026, 1, 31)), replace(LAW, id="other", categories=frozenset({C.EXISTENCE}))), (R.AGREEMENT_NOT_IN_FORCE, R.NOT_IN_AGREEMENT), id="two agreements fail, each for its own reason"),
    pytest.param({}, facts(replace(LAW, ends_on=date(2026, 1, 31)), DUTY), (), id="one of two agreements is enough"),
    pytest.param({"caller": "vehicles"}, facts(policy=replace(POLICY, agreements=())), (), id="its own records need no agreement"),
    pytest.param({"caller": "vehicles"}, facts(restrictions=tuple(restricted(kind) for kind in K)), (), id="its own records under every restriction"),
    pytest.param({"caller": "vehicles", "scope": frozenset({C.EXISTENCE})}, facts(), (R.NOT_IN_SCOPE,), id="its own records beyond the caller's scope"),
    pytest.param({"caller": "vehicles"}, facts(policy=suspended("vehicles")), (R.CALLER_INACTIVE,), id="its own records for a suspended agency"),
    pytest.param({"caller": "vehicles", "purpose": "curiosity"}, facts(), (R.PURPOSE_UNKNOWN,), id="its own records for no declared purpose"),
]  # fmt: skip

ABOUT_HOLDING: list[Any] = [
    pytest.param((), (R.CONSENT_UNKNOWN,), (), id="never asked"),
    pytest.param((GIVEN,), (), ("c1",), id="given"),
    pytest.param((GIVEN, said(S.RENEWED)), (), ("c2",), id="renewed"),
    pytest.param((said(S.REFUSED),), (R.CONSENT_REFUSED,), ("c2",), id="refused"),
    pytest.param((GIVEN, said(S.WITHDRAWN)), (R.CONSENT_WITHDRAWN,), ("c2",), id="given, then withdrawn"),
    pytest.param((said(S.WITHDRAWN), said(S.GIVEN, 3)), (), ("c3",), id="withdrawn, then given again"),
    pytest.param((GIVEN, said(S.WITHDRAWN, at=datetime(2026, 2, 1, tzinfo=UTC), given_on=date(2026, 2, 1))), (R.CONSENT_WITHDRAWN,), ("c2",), id="withdrawn later, by a clock that lags: epochs decide"),
    pytest.param((GIVEN, said(S.REVOKED)), (R.CONSENT_REVOKED,), ("c2",), id="revoked by the agency"),
    pytest.param((GIVEN, said(S.INVALIDATED)), (R.CONSENT_INVALIDATED,), ("c2",), id="found invalid by a court"),
    pytest.param((replace(GIVEN, valid_until=TODAY),), (), ("c1",), id="valid until today"),
    pytest.param((replace(GIVEN, valid_until=date(2026, 6, 14)),), (R.CONSENT_EXPIRED,), ("c1",), id="valid until yesterday"),
    pytest.param((replace(GIVEN, agreement=AgreementRef("fee_waiver", 2)),), (R.CONSENT_UNKNOWN,), ("c1",), id="given to another revision"),
    pytest.param((replace(GIVEN, agreement=AgreementRef("other", 1)),), (R.CONSENT_UNKNOWN,), (), id="given to another agreement"),
    pytest.param((replace(GIVEN, purpose="prompts"),), (R.CONSENT_UNKNOWN,), ("c1",), id="given for another purpose"),
    pytest.param((GIVEN, said(S.WITHDRAWN, agreement=AgreementRef("fee_waiver", 9))), (R.CONSENT_WITHDRAWN,), ("c2",), id="withdrawn from another revision: a no is a no"),
    pytest.param((replace(GIVEN, categories=frozenset({C.EXISTENCE})),), (R.CONSENT_UNKNOWN,), (), id="given for existence only"),
    pytest.param((GIVEN, said(S.WITHDRAWN, categories=frozenset({C.EXISTENCE}))), (R.EXISTENCE_WITHHELD,), ("c1",), id="existence withdrawn, and with it the rest"),
    pytest.param((GIVEN, said(S.REFUSED, 1, id="c0")), (R.CONSENT_REFUSED,), ("c0",), id="yes and no at once: no"),
    pytest.param(tuple(replace(GIVEN, id=f"c{n}") for n in (3, 1, 4, 0, 2)), (), ("c0", "c1", "c2", "c3", "c4"), id="five yeses at once"),
    pytest.param((GIVEN, said(S.REFUSED, 1, id="c0", subject="s9")), (R.CONSENT_REFUSED,), ("c0",), id="after a merge, the no of either side wins"),
    pytest.param((said(S.GIVEN, 9), said(S.WITHDRAWN, 1, id="c0", subject="s9")), (R.CONSENT_WITHDRAWN,), ("c0",), id="after a merge, epochs of two sides are not compared"),
    pytest.param((GIVEN, replace(GIVEN, id="c0", subject="s9", valid_until=date(2026, 6, 1))), (), ("c1",), id="after a merge, an expired yes undoes no other"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "known", "reasons"), ABOUT_NAME)
def test_a_name_that_vehicles_holds(
    asked: dict[str, Any], known: Facts, reasons: tuple[Reason, ...]
) -> None:
    decision = decide(request(**asked), known)
    assert reasons_for(decision, "vehicles", C.NAME) == reasons
    assert decision.permits("vehicles", C.NAME) is (not reasons)


@pytest.mark.parametrize(("consents", "reasons", "events"), ABOUT_HOLDING)
def test_a_holding_that_benefits_shares_on_consent(
    consents: tuple[ConsentEvent, ...], reasons: tuple[Reason, ...], events: tuple[str, ...]
) -> None:
    decision = decide(request(**WAIVER), facts(consents=consents, **AT_BENEFITS))
    [ruling] = [one for one in decision.rulings if one.category is C.HOLDING]
    assert (ruling.reasons, ruling.consents) == (reasons, events)
    assert decision.consents == tuple(sorted({e for o in decision.rulings for e in o.consents}))


@pytest.mark.parametrize(
    ("by", "changes", "reasons"),
    [
        pytest.param((GUARDIAN,), {}, (), id="a guardian in office"),
        pytest.param((), {}, (R.CONSENT_UNKNOWN,), id="a representation nobody knows"),
        pytest.param((replace(GUARDIAN, id="r9"),), {}, (R.CONSENT_UNKNOWN,), id="somebody else's representation"),
        pytest.param((replace(GUARDIAN, ends_on=date(2026, 2, 28)),), {}, (R.CONSENT_UNKNOWN,), id="a guardian out of office when it was given"),
        pytest.param((replace(GUARDIAN, ends_on=date(2026, 6, 14)),), {}, (R.CONSENT_EXPIRED,), id="a guardian out of office since: she is of age and asked anew"),
        pytest.param((replace(GUARDIAN, ended_at=NOW),), {}, (R.CONSENT_EXPIRED,), id="a guardian removed today"),
        pytest.param((replace(GUARDIAN, kind=RepresentationKind.DELEGATE, ends_on=date(2026, 6, 14)),), {}, (), id="what a delegate said outlasts the mandate"),
        pytest.param((replace(GUARDIAN, kind=RepresentationKind.COURT, ends_on=date(2026, 6, 14)),), {}, (), id="so does what a court's appointee said"),
        pytest.param((replace(GUARDIAN, purposes=frozenset({"licensing"})),), {}, (), id="a representation for this purpose"),
        pytest.param((replace(GUARDIAN, purposes=frozenset({"prompts"})),), {}, (R.CONSENT_UNKNOWN,), id="a representation for another purpose"),
        pytest.param((GUARDIAN, replace(GUARDIAN, ends_on=date(2026, 2, 28))), {}, (R.CONSENT_UNKNOWN,), id="stated twice, once out of office"),
        pytest.param((GUARDIAN, replace(GUARDIAN, ends_on=date(2026, 6, 14))), {}, (R.CONSENT_EXPIRED,), id="stated twice, once out of office since"),
        pytest.param((), {"state": S.WITHDRAWN}, (R.CONSENT_WITHDRAWN,), id="a no counts whoever said it"),
    ],
)  # fmt: skip
def test_consent_that_a_representative_gave(
    by: tuple[Representation, ...], changes: dict[str, Any], reasons: tuple[Reason, ...]
) -> None:
    event = replace(GIVEN, representation="r1", **changes)
    known = facts(consents=(event,), representations=by, **AT_BENEFITS)
    assert reasons_for(decide(request(**WAIVER), known), "benefits", C.HOLDING) == reasons


def test_a_consent_to_an_earlier_revision_counts_where_the_new_one_says_so() -> None:
    second = replace(ASKED, revision=2, compatible_revisions=frozenset({1}))
    known = facts(second, consents=(GIVEN,), **AT_BENEFITS)
    decision = decide(request(**WAIVER), known)
    assert decision.permitted("benefits") == {C.EXISTENCE, C.HOLDING}
    assert decision.agreements == (AgreementRef("fee_waiver", 2),)


def test_death_ends_what_rested_on_consent() -> None:
    known = facts(consents=(GIVEN,), restrictions=(restricted(K.DECEASED),), **AT_BENEFITS)
    decision = decide(request(**WAIVER), known)
    assert reasons_for(decision, "benefits", C.HOLDING) == (R.DECEASED,)
    assert decision.consents == ()


def test_an_objection_leaves_what_rests_on_consent() -> None:
    known = facts(consents=(GIVEN,), restrictions=(restricted(K.OBJECTION),), **AT_BENEFITS)
    assert decide(request(**WAIVER), known).permits("benefits", C.HOLDING)


def test_only_what_is_requested_is_ruled_on_and_existence_with_it() -> None:
    decision = decide(request(requested=frozenset({C.ADDRESS})), facts())
    assert [one.category for one in decision.rulings] == [C.ADDRESS, C.EXISTENCE]
    assert decision.permitted("vehicles") == {C.ADDRESS, C.EXISTENCE}
    assert decision.permitted("benefits") == frozenset()
    assert not decision.permits("vehicles", C.NAME)


def test_each_source_is_ruled_on_by_itself() -> None:
    decision = decide(request(), facts(held_by=frozenset({"parks", "vehicles", "benefits"})))
    assert [(one.source, one.category) for one in decision.rulings] == [
        ("benefits", C.EXISTENCE),
        ("benefits", C.NAME),
        ("parks", C.EXISTENCE),
        ("parks", C.NAME),
        ("vehicles", C.EXISTENCE),
        ("vehicles", C.NAME),
    ]
    assert decision.permitted("parks") == decision.permitted("vehicles") == NAME
    assert decision.permitted("benefits") == frozenset()


def test_nothing_requested_and_nothing_held_give_nothing_to_rule_on() -> None:
    nothing = decide(request(requested=frozenset()), facts())
    assert (nothing.rulings, nothing.reasons) == ((), (R.NOTHING_REQUESTED,))
    nobody = decide(request(), facts(held_by=frozenset()))
    assert (nobody.rulings, nobody.reasons) == ((), (R.NOTHING_HELD,))
    stranger = decide(request(caller="fisheries"), facts(held_by=frozenset()))
    assert stranger.reasons == (R.CALLER_INACTIVE,)
    assert Facts(POLICY, frozenset()).subject_epoch == 0
    assert not nothing.is_release
    assert not nobody.is_release
    assert not nobody.existence_permitted


def test_a_decision_carries_what_it_rests_on_and_the_epochs_it_read() -> None:
    older = replace(LAW, revision=2, ends_on=date(2026, 1, 31), epoch=9)
    elsewhere = replace(LAW, id="elsewhere", recipient="wildlife", epoch=99)
    known = facts(older, LAW, elsewhere, ASKED, consents=(GIVEN,), held_by=TWO)
    decision = decide(request(requested=frozenset({C.NAME, C.HOLDING})), known)
    assert decision.request.requested == {C.NAME, C.HOLDING}
    assert decision.subject_epoch == 7
    assert decision.agreement_epochs == (("fee_waiver", 5), ("licensing_act", 9))
    assert decision.agreements == (AgreementRef("fee_waiver", 1), AgreementRef("licensing_act", 1))
    assert decision.consents == ("c1",)
    assert decision.reasons == ()
    assert decision.is_release
    assert decision.existence_permitted
    assert not decision.own_records_only


# Whichever of the two is stated first: the better one, and the consents it rests on.
@pytest.mark.parametrize("backwards", [False, True], ids=["better first", "better last"])
@pytest.mark.parametrize(
    ("better", "other", "consents"),
    [
        pytest.param(LAW, ON_CONSENT, (), id="law before consent, whatever their names"),
        pytest.param(replace(LAW, id="a_law"), LAW, (), id="of two laws, the first by name"),
        pytest.param(DUTY, LAW, (), id="of one law on two bases, the first of these by name"),
        pytest.param(ON_CONSENT, replace(ON_CONSENT, compatible_revisions=frozenset({2})), ("c1",), id="of one agreement stated twice, that of the fewer consents"),
    ],
)  # fmt: skip
def test_a_release_that_two_agreements_permit_rests_on_the_better_one(
    better: Agreement, other: Agreement, consents: tuple[str, ...], backwards: bool
) -> None:
    agreements = [other, better] if backwards else [better, other]
    yes = replace(GIVEN, agreement=ON_CONSENT.ref, categories=OPEN)
    later = replace(yes, id="c2", agreement=AgreementRef(ON_CONSENT.id, 2))
    decision = decide(request(), facts(*agreements, consents=(yes, later)))
    assert decision.is_release
    assert {one.agreement for one in decision.rulings} == {better.ref}
    assert {one.legal_basis for one in decision.rulings} == {better.legal_basis}
    assert decision.consents == consents


def test_own_records_rest_on_no_agreement() -> None:
    decision = decide(request(caller="vehicles"), facts())
    assert {(one.agreement, one.legal_basis) for one in decision.rulings} == {(None, None)}
    assert decision.is_release
    assert not decision.existence_permitted
    assert (decision.agreements, decision.consents) == ((), ())


def test_existence_withheld_keeps_the_consents_that_decided() -> None:
    consents = (GIVEN, said(S.WITHDRAWN, categories=frozenset({C.EXISTENCE})))
    decision = decide(request(**WAIVER), facts(consents=consents, **AT_BENEFITS))
    assert decision.consents == ("c1", "c2")
    assert not decision.is_release


def test_an_uncleared_caller_sees_only_its_own_records_of_someone_at_risk() -> None:
    known = facts(held_by=frozenset({"parks", "vehicles"}), restrictions=(restricted(K.AT_RISK),))
    decision = decide(request(), known)
    assert decision.own_records_only
    assert not decision.existence_permitted
    assert decision.permitted("parks") == NAME
    assert decision.permitted("vehicles") == frozenset()
    assert {one.source for one in decision.told()} == {"parks"}
    cleared = decide(
        request(), facts(restrictions=(restricted(K.AT_RISK, Clearance(agency="parks")),))
    )
    assert not cleared.own_records_only
    disputed = decide(request(), facts(restrictions=(restricted(K.DISPUTED),)))
    assert not disputed.own_records_only


def test_a_caller_is_told_no_source_without_the_category_source() -> None:
    asked = request(requested=frozenset({C.NAME, C.HOLDING}))
    unnamed = decide(asked, facts()).told()
    assert unnamed == (
        Told(None, C.EXISTENCE, ()),
        Told(None, C.HOLDING, (R.NOT_IN_AGREEMENT,)),
        Told(None, C.NAME, ()),
    )
    named = decide(replace(asked, requested=frozenset({C.SOURCE, C.HOLDING})), facts()).told()
    assert {one.source for one in named} == {"vehicles"}
    own = decide(replace(asked, caller="vehicles"), facts()).told()
    assert {one.source for one in own} == {"vehicles"}
    mixed = decide(request(), facts(held_by=frozenset({"parks", "vehicles"}))).told()
    assert [(one.source, one.category) for one in mixed] == [
        (None, C.EXISTENCE),
        (None, C.NAME),
        ("parks", C.EXISTENCE),
        ("parks", C.NAME),
    ]


def test_a_caller_is_told_why_it_does_not_get_its_own_records() -> None:
    asked = request(caller="vehicles", scope=frozenset({C.NAME}))
    assert decide(asked, facts()).told() == (
        Told("vehicles", C.EXISTENCE, (R.NOT_IN_SCOPE,)),
        Told("vehicles", C.NAME, (R.EXISTENCE_WITHHELD,)),
    )


def test_what_a_decision_lists_is_sorted() -> None:
    shared = [C.SEX, C.ROLE, C.NAME, C.CASE, C.ADDRESS]
    many = [
        replace(LAW, id=f"on_{one}", categories=frozenset({C.EXISTENCE, one})) for one in shared
    ]
    decision = decide(request(requested=frozenset(shared)), facts(*many))
    names = ["on_address", "on_case", "on_name", "on_role", "on_sex"]
    assert [one.id for one in decision.agreements] == names
    assert [name for name, _ in decision.agreement_epochs] == names
    assert explain(decision).startswith("parks asks for address, case, name, role, sex, for")


def test_two_sources_without_a_name_are_told_as_one() -> None:
    second = replace(
        LAW, id="second", sources=frozenset({"benefits"}), categories=frozenset({C.EXISTENCE})
    )
    asked = request(requested=frozenset({C.NAME, C.CASE}))
    told = decide(asked, facts(LAW, second, held_by=TWO)).told()
    assert told == (
        Told(None, C.CASE, (R.NOT_IN_AGREEMENT,)),
        Told(None, C.EXISTENCE, ()),
        Told(None, C.NAME, ()),
    )


def test_what_is_about_her_is_told_as_withheld() -> None:
    by_law = replace(LAW, sources=frozenset({"benefits"}), categories=frozenset({C.EXISTENCE}))
    known = facts(by_law, ASKED, consents=(said(S.REFUSED),), **AT_BENEFITS)
    decision = decide(request(**WAIVER), known)
    assert reasons_for(decision, "benefits", C.HOLDING) == (R.NOT_IN_AGREEMENT, R.CONSENT_REFUSED)
    assert decision.told() == (
        Told(None, C.EXISTENCE, ()),
        Told(None, C.HOLDING, (R.NOT_IN_AGREEMENT, R.WITHHELD)),
    )


def test_a_withheld_ruling_names_the_consents_of_every_agreement_tried() -> None:
    other = replace(ASKED, id="other")
    no = [said(S.REFUSED, 3, id=f"c{n}") for n in (8, 4, 7, 5, 3)]
    events = (*no, said(S.WITHDRAWN, agreement=AgreementRef("other", 1)))
    decision = decide(request(**WAIVER), facts(other, ASKED, consents=events, **AT_BENEFITS))
    [ruling] = [one for one in decision.rulings if one.category is C.HOLDING]
    assert ruling.reasons == (R.CONSENT_REFUSED, R.CONSENT_WITHDRAWN)
    assert ruling.consents == ("c2", "c3", "c4", "c5", "c7", "c8")


@pytest.mark.parametrize(
    ("at", "on", "problem"),
    [
        pytest.param(datetime(2026, 6, 15, 12), TODAY, "at must be aware and in UTC", id="a moment without a zone"),  # noqa: DTZ001
        pytest.param(datetime(2026, 6, 15, 12, tzinfo=timezone(timedelta(hours=2))), TODAY, "at must be aware and in UTC", id="a moment not in UTC"),
        pytest.param(NOW, date(2026, 6, 17), "on must be the day of at", id="a day two days ahead"),
        pytest.param(NOW, date(2026, 6, 13), "on must be the day of at", id="a day two days back"),
    ],
)  # fmt: skip
def test_a_request_is_of_one_moment(at: datetime, on: date, problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{problem}$"):
        request(at=at, on=on)


@pytest.mark.parametrize("on", [date(2026, 6, 14), date(2026, 6, 16)])
def test_the_day_may_be_another_than_that_of_utc(on: date) -> None:
    assert request(on=on).on == on


def test_a_decision_can_be_told_in_words() -> None:
    yeses = (GIVEN, replace(GIVEN, id="c2"))
    known = facts(consents=yeses, held_by=frozenset({"parks", "vehicles", "benefits"}))
    asked = request(requested=frozenset({C.NAME, C.HOLDING}))
    gdpr = "https://w3id.org/dpv/legal/eu/gdpr#"
    assert explain(decide(asked, known)).splitlines() == [
        "parks asks for holding, name, for the purpose licensing.",
        f"benefits: existence, holding: permitted, fee_waiver revision 1 ({gdpr}A6-1-a, consent c1, c2).",
        "benefits: name: withheld, the agreement does not share this category.",
        "parks: existence, holding, name: permitted, the caller's own records.",
        f"vehicles: existence, name: permitted, licensing_act revision 1 ({gdpr}A6-1-e-official-authority).",
        "vehicles: holding: withheld, the agreement does not share this category.",
    ]
    both = (restricted(K.AT_RISK), restricted(K.DISPUTED))
    assert explain(decide(request(), facts(restrictions=both))).splitlines() == [
        "parks asks for name, for the purpose licensing.",
        "Answered as if only the caller's own records existed.",
        "vehicles: existence, name: withheld, the constituent is at risk and the caller is not cleared; the identity is disputed.",
    ]
    assert explain(decide(request(requested=frozenset()), facts())).splitlines() == [
        "parks asks for nothing, for the purpose licensing.",
        "Refused: nothing was asked for.",
    ]


def test_every_reason_has_a_sentence_of_its_own_and_a_row_in_this_table() -> None:
    assert len({reason.sentence for reason in Reason}) == len(Reason)
    seen = {one for row in ABOUT_NAME for one in row.values[2]}
    seen |= {one for row in ABOUT_HOLDING for one in row.values[1]}
    # Of whole requests, of consent after death, and of what is told: tested by name above.
    assert set(Reason) - seen == {R.NOTHING_REQUESTED, R.NOTHING_HELD, R.WITHHELD}


def test_what_a_caller_is_not_told_is_whatever_is_about_her() -> None:
    about_her = {reason.value for reason in Reason if reason.is_about_constituent}
    assert about_her == {
        "at_risk", "restricted_processing", "disputed", "objected_to_linkage", "objected", "deceased",
        "consent_unknown", "consent_refused", "consent_withdrawn", "consent_revoked",
        "consent_invalidated", "consent_expired",
    }  # fmt: skip
    assert {reason.value for reason in Reason} - about_her == {
        "caller_inactive", "purpose_unknown", "nothing_requested", "nothing_held", "not_in_scope",
        "source_inactive", "no_agreement", "agreement_not_in_force", "not_in_agreement",
        "assurance_too_low", "existence_withheld", "withheld",
    }  # fmt: skip


# Random worlds: few names, so that facts meet.
AGENCIES = st.sampled_from(["parks", "vehicles", "benefits"])
PURPOSES = st.sampled_from(["licensing", "prompts"])
CATEGORIES = st.sets(st.sampled_from([C.EXISTENCE, C.EXISTENCE, C.SOURCE, C.NAME, C.HOLDING])).map(
    frozenset
)
WITH_EXISTENCE = CATEGORIES.map(lambda some: some | {C.EXISTENCE})
DAYS = st.dates(date(2026, 6, 13), date(2026, 6, 17))
MOMENTS = st.sampled_from([None, NOW - timedelta(hours=1), NOW, NOW + timedelta(hours=1)])


@st.composite
def agreements(draw: st.DrawFn) -> Agreement:
    days = sorted([draw(DAYS), draw(DAYS)])
    recipient = draw(AGENCIES)
    sources = frozenset({"parks", "vehicles", "benefits"}) - {recipient}
    return replace(
        LAW,
        id=draw(st.sampled_from(["one", "two"])),
        revision=draw(st.integers(1, 2)),
        sources=sources if draw(st.booleans()) else frozenset({min(sources)}),
        recipient=recipient,
        purpose=draw(PURPOSES),
        categories=draw(WITH_EXISTENCE),
        legal_basis=draw(st.sampled_from(LegalBasis)),
        assurance_min=draw(st.sampled_from(Assurance)),
        starts_on=days[0],
        ends_on=days[1],
        compatible_revisions=frozenset({1, 2}) if draw(st.booleans()) else frozenset(),
        ended_at=draw(st.sampled_from([None, None, NOW])),
        epoch=draw(st.integers(0, 3)),
    )


@st.composite
def consents(draw: st.DrawFn) -> ConsentEvent:
    return replace(
        GIVEN,
        id=draw(st.sampled_from(["c1", "c2", "c3"])),
        subject=draw(st.sampled_from(["s1", "s9"])),
        agreement=AgreementRef(draw(st.sampled_from(["one", "two"])), draw(st.integers(1, 2))),
        purpose=draw(PURPOSES),
        state=draw(
            st.sampled_from([S.GIVEN, S.GIVEN, S.RENEWED, S.REFUSED, S.WITHDRAWN, S.REVOKED])
        ),
        categories=draw(WITH_EXISTENCE),
        epoch=draw(st.integers(1, 4)),
        given_on=date(2026, 6, 13),
        valid_until=draw(st.none() | DAYS),
        representation=draw(st.sampled_from([None, None, "r1"])),
    )


@st.composite
def representations(draw: st.DrawFn) -> Representation:
    days = sorted([draw(DAYS), draw(DAYS)])
    kind = draw(st.sampled_from(RepresentationKind))
    return replace(GUARDIAN, kind=kind, starts_on=days[0], ends_on=days[1])


@st.composite
def restrictions(draw: st.DrawFn) -> Restriction:
    clearance = st.builds(Clearance, AGENCIES, st.none() | PURPOSES)
    return restricted(
        draw(st.sampled_from(K)),
        *draw(st.lists(clearance, max_size=2)),
        starts_at=draw(st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)])),
        ends_at=draw(st.sampled_from([None, NOW + timedelta(hours=2)])),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Request, Facts]:
    asked = Request(
        caller=draw(AGENCIES),
        purpose=draw(PURPOSES),
        requested=draw(CATEGORIES),
        scope=draw(st.just(frozenset(C)) | CATEGORIES),
        at=NOW,
        on=draw(st.dates(date(2026, 6, 14), date(2026, 6, 16))),
        agreement=draw(st.sampled_from([None, None, "one"])),
        assurance=draw(st.sampled_from(Assurance)),
    )
    known = Facts(
        policy=Policy(
            agencies=tuple(
                Agency(id_, is_suspended=draw(st.integers(0, 9)) == 9)
                for id_ in ("parks", "vehicles", "benefits")
            ),
            purposes=(
                *POLICY.purposes,
                *draw(
                    st.sampled_from([(), (DeclaredPurpose("licensing", Purpose.LEGAL_COMPLIANCE),)])
                ),
            ),
            agreements=tuple(draw(st.lists(agreements(), max_size=4))),
        ),
        held_by=frozenset(draw(st.sets(AGENCIES))),
        consents=tuple(draw(st.lists(consents(), max_size=4))),
        representations=tuple(draw(st.lists(representations(), max_size=2))),
        restrictions=tuple(draw(st.lists(restrictions(), max_size=2))),
        subject_epoch=draw(st.integers(0, 3)),
    )
    return asked, known


def permitted(asked: Request, known: Facts) -> set[tuple[str, C]]:
    decision = decide(asked, known)
    return {(one.source, one.category) for one in decision.rulings if one.is_permitted}


@given(worlds(), restrictions())
def test_a_restriction_more_never_permits_more(
    world: tuple[Request, Facts], added: Restriction
) -> None:
    asked, known = world
    narrower = replace(known, restrictions=(*known.restrictions, added))
    assert permitted(asked, narrower) <= permitted(asked, known)


@given(worlds(), st.data())
def test_a_withdrawal_or_refusal_never_permits_more(
    world: tuple[Request, Facts], data: st.DataObject
) -> None:
    asked, known = world
    event = data.draw(consents())
    no = replace(
        event, state=data.draw(st.sampled_from([S.WITHDRAWN, S.REFUSED, S.REVOKED])), epoch=9
    )
    narrower = replace(known, consents=(*known.consents, no))
    after = permitted(asked, narrower)
    assert after <= permitted(asked, known)
    resting = decide(asked, narrower).rulings
    assert not any(
        one.is_permitted
        and one.legal_basis is LegalBasis.CONSENT
        and one.agreement is not None
        and one.agreement.id == no.agreement.id
        and one.category in no.categories
        for one in resting
    )


@given(worlds(), st.data())
def test_ending_an_agreement_never_permits_more(
    world: tuple[Request, Facts], data: st.DataObject
) -> None:
    asked, known = world
    held = list(known.policy.agreements)
    if held:
        index = data.draw(st.integers(0, len(held) - 1))
        held[index] = replace(held[index], ended_at=NOW)
    ended = replace(known, policy=replace(known.policy, agreements=tuple(held)))
    assert permitted(asked, ended) <= permitted(asked, known)
    without = replace(known, policy=replace(known.policy, agreements=tuple(held[:-1])))
    assert permitted(asked, without) <= permitted(asked, ended)


@given(worlds(), CATEGORIES)
def test_a_narrower_scope_or_request_never_permits_more(
    world: tuple[Request, Facts], kept: frozenset[C]
) -> None:
    asked, known = world
    before = permitted(asked, known)
    assert permitted(replace(asked, scope=asked.scope & kept), known) <= before
    assert permitted(replace(asked, requested=asked.requested & kept), known) <= before
    assert permitted(replace(asked, assurance=Assurance.LOW), known) <= before


@given(worlds(), st.integers())
def test_the_order_of_facts_does_not_matter(world: tuple[Request, Facts], seed: int) -> None:
    asked, known = world
    shuffle = random.Random(seed)

    def mixed(some: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(shuffle.sample(some, len(some)))

    policy = Policy(
        mixed(known.policy.agencies), mixed(known.policy.purposes), mixed(known.policy.agreements)
    )
    again = replace(
        known,
        policy=policy,
        consents=mixed(known.consents),
        representations=mixed(known.representations),
        restrictions=mixed(known.restrictions),
    )
    assert decide(asked, again) == decide(asked, known)


@given(worlds())
def test_every_request_is_answered_and_nothing_is_permitted_without_ground(
    world: tuple[Request, Facts],
) -> None:
    asked, known = world
    decision = decide(asked, known)
    assert explain(decision)
    assert bool(decision.rulings) != bool(decision.reasons)
    asked_for = asked.requested | {C.EXISTENCE} if asked.requested else frozenset()
    assert {(one.source, one.category) for one in decision.rulings} == {
        (source, category) for source in known.held_by for category in asked_for
    }
    in_force = {one.ref for one in known.policy.agreements if one.is_valid_on(asked.on)}
    for one in decision.rulings:
        if one.is_permitted:
            assert one.category in asked.scope
            assert decision.permits(one.source, C.EXISTENCE)
            assert one.source == asked.caller or one.agreement in in_force
            assert (one.legal_basis is LegalBasis.CONSENT) == bool(one.consents)


@given(worlds())
def test_someone_at_risk_is_told_as_if_only_own_records_existed(
    world: tuple[Request, Facts],
) -> None:
    asked, known = world
    at_risk = replace(known, restrictions=(*known.restrictions, restricted(K.AT_RISK)))
    own = replace(
        known,
        held_by=known.held_by & {asked.caller},
        restrictions=(),
        consents=(),
        representations=(),
    )
    assert decide(asked, at_risk).own_records_only
    assert decide(asked, at_risk).told() == decide(asked, own).told()


def test_a_decision_and_what_it_holds_cannot_be_changed() -> None:
    decision = decide(request(), facts())
    parts = (decision.request, decision.rulings[0], decision.told()[0])
    values: list[Any] = [decision, *parts, facts(), LAW, GIVEN]
    for value in values:
        assert not hasattr(value, "__dict__")
        name = fields(value)[0].name
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, None)
    assert hash(decision) == hash(decide(request(), facts()))
