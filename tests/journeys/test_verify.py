"""Yes or no in place of a profile: from permitted values alone, logged, and nothing to be found out by trying."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import uuid4

import pytest
from sqlalchemy import text

from consent.decision import Reason
from consent.log.entry import Account, Outcome
from consent.policy import Clearance
from consent.vocabulary import RestrictionKind
from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Identifier,
    Name,
)
from hub.journeys.asking import SILENCE_S, LookUpInvalid
from hub.journeys.claims import BornOn, IsNamed, IsNumbered, IsOfAge, IsReachedAt, LivesAt, Truth
from hub.journeys.context import Hub
from hub.journeys.describing import Description
from hub.journeys.disclosing import Asker, entry_of
from hub.journeys.verify import CLAIMS_MAX, ClaimInvalid, Verified
from hub.journeys.verify_log import verify_log
from hub.store import database
from tests.journeys.counters import BY_LAW, C, Counter, policy_of, restrict, state
from tests.journeys.logged import LoggedHub
from tests.journeys.stewards import BIRK, MARIA

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
AT_RISK = RestrictionKind.AT_RISK

MARIA_S_NAME = IsNamed(Name(full_name="OKAFOR, MARIA"))
ANOTHER_NAME = IsNamed(Name(full_name="Noor Haddad"))
BIRK_S_NAME = IsNamed(Name(given_name="Birk", family_name="Lindqvist"))
BIRK_S_NUMBER = IsNumbered(Identifier("ssn", "318-44-2107"))
ANOTHER_NUMBER = IsNumbered(Identifier("ssn", "318-44-2108"))
BIRK_S_BIRTH = BornOn(date(1961, 12, 30))


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    """Maria has an account with parks and a licence with vehicles; Birk only a licence."""
    counter = Counter(modelled_hub)
    counter.desk.push("parks:P1", MARIA, email="maria@heron.example")
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    return counter


def alike(*answers: Verified) -> bool:
    """Whether they differ in nothing but the entry of the log."""
    return len({replace(one, disclosure=0) for one in answers}) == 1


# --- answered ------------------------------------------------------------------------------------


def test_claims_are_answered_in_their_order_from_all_that_is_permitted(counter: Counter) -> None:
    answer = counter.verify(
        LivesAt(Address(delivery_line="418 HERON LANE", post_code="69407")),
        ANOTHER_NAME,
        IsReachedAt(ContactPoint(ContactKind.EMAIL, "maria@example.org")),
        IsOfAge(18, date(2026, 6, 1)),
        IsReachedAt(ContactPoint(ContactKind.PHONE, "206 555 0123")),
    )
    assert answer.outcome is Outcome.RELEASED
    assert answer.answers == (TRUE, FALSE, TRUE, TRUE, UNKNOWN)
    assert answer.id == counter.profile("parks:P1").id
    assert not answer.is_miss


def test_her_shown_id_and_a_description_lead_to_her_too(counter: Counter) -> None:
    shown = counter.profile("vehicles:D2").id
    assert counter.truths(BIRK_S_NAME, whom=shown) == (TRUE,)
    birk = Description(
        ConstituentKind.PERSON,
        names=(Name(given_name="Birk", family_name="Lindqvist"),),
        contact_points=(ContactPoint(ContactKind.EMAIL, "birk@example.org"),),
        addresses=(Address(delivery_line="7 Alder St", city="Port Tamarack", post_code="69411"),),
    )
    assert counter.truths(BIRK_S_BIRTH, whom=birk) == (TRUE,)
    fishing = Description(ConstituentKind.PERSON, names=(Name(family_name="Lindqvist"),))
    assert counter.verify(BIRK_S_BIRTH, whom=fishing).is_too_little


def test_only_classes_of_the_claims_categories_are_opened(counter: Counter) -> None:
    with database.transaction(counter.hub.engine) as connection:
        connection.execute(text("UPDATE records SET contact = '\\x00', sensitive = '\\x00'"))
    assert counter.truths(MARIA_S_NAME) == (TRUE,)


# --- nothing to be found out ------------------------------------------------------------------------


def test_a_claim_of_a_withheld_category_is_unknown_whether_it_is_so_or_not(
    counter: Counter,
) -> None:
    right, wrong = (
        counter.verify(BIRK_S_NAME, number, whom="vehicles:D2")
        for number in (BIRK_S_NUMBER, ANOTHER_NUMBER)
    )
    assert right.answers == (TRUE, UNKNOWN)
    assert alike(right, wrong)
    told = {one.category: one.reasons for one in right.told}
    assert told[C.SENSITIVE_IDENTIFIER] == (Reason.NOT_IN_AGREEMENT,)


def test_a_claim_beyond_the_scope_is_unknown_even_of_an_own_record(counter: Counter) -> None:
    scope = frozenset({C.EXISTENCE, C.NAME})
    answers = [
        counter.verify(MARIA_S_NAME, BornOn(day), scope=scope)
        for day in (date(1984, 3, 9), date(1984, 3, 10))
    ]
    assert answers[0].answers == (TRUE, UNKNOWN)
    assert alike(*answers)


def test_what_only_a_withheld_record_states_is_not_compared(counter: Counter) -> None:
    """Vehicles' address of Maria would contradict parks'; where it is withheld, parks' alone answers."""
    counter.desk.push("vehicles:D1", MARIA, street="90 Quarry Rd")
    quarry = LivesAt(Address(delivery_line="90 Quarry Rd", post_code="69407"))
    assert counter.truths(quarry) == (TRUE,)
    state(counter.hub, policy_of(replace(BY_LAW, categories=frozenset({C.EXISTENCE, C.NAME}))))
    assert counter.truths(quarry) == (FALSE,)


def test_strangers_keys_nobody_has_and_who_is_at_risk_answer_alike(counter: Counter) -> None:
    shown = counter.profile("vehicles:D2").id
    restrict(counter.hub, "vehicles:D2", AT_RISK)
    answers = [
        counter.verify(claim, whom=whom)
        for whom in ("vehicles:D2", shown, "vehicles:D9", uuid4())
        for claim in (BIRK_S_NAME, ANOTHER_NAME, BIRK_S_NUMBER)
    ]
    assert alike(*answers)
    assert answers[0].answers == (UNKNOWN,)
    assert answers[0].outcome is Outcome.NO_MATCH
    assert answers[0].is_miss


def test_at_risk_the_callers_own_records_alone_answer(counter: Counter) -> None:
    of_vehicles = IsReachedAt(ContactPoint(ContactKind.EMAIL, "maria@example.org"))
    of_parks = IsReachedAt(ContactPoint(ContactKind.EMAIL, "maria@heron.example"))
    assert counter.truths(of_vehicles) == (TRUE,)
    restrict(counter.hub, "parks:P1", AT_RISK)
    assert counter.truths(of_vehicles) == (FALSE,)
    assert counter.truths(of_parks) == (TRUE,)


def test_who_is_cleared_is_answered(counter: Counter) -> None:
    restrict(counter.hub, "vehicles:D2", AT_RISK, Clearance(agency="parks"))
    assert counter.truths(BIRK_S_NAME, whom="vehicles:D2") == (TRUE,)


def test_every_answer_without_a_yes_or_a_no_leaves_at_one_moment(counter: Counter) -> None:
    counter.verify(MARIA_S_NAME)
    counter.verify(ANOTHER_NAME)
    assert counter.pauses_s == []
    counter.verify(BIRK_S_NUMBER, whom="vehicles:D2")
    counter.verify(BIRK_S_NAME, whom="vehicles:D9")
    counter.verify(MARIA_S_NAME, purpose="gossip")
    assert len(counter.pauses_s) == 3
    assert all(0 < pause_s <= SILENCE_S for pause_s in counter.pauses_s)


# --- asked wrongly ---------------------------------------------------------------------------------


def test_what_is_the_callers_own_fault_is_told(counter: Counter) -> None:
    answer = counter.verify(MARIA_S_NAME, purpose="gossip")
    assert (answer.outcome, answer.reasons) == (Outcome.REFUSED, (Reason.PURPOSE_UNKNOWN,))
    answer = counter.verify(MARIA_S_NAME, asker=Asker("circus", "x", "y"))
    assert answer.reasons == (Reason.CALLER_INACTIVE,)
    with pytest.raises(LookUpInvalid):
        counter.verify(MARIA_S_NAME, purpose=" ")


def test_one_claim_a_topic_and_none_that_says_nothing(counter: Counter) -> None:
    with pytest.raises(ClaimInvalid, match="must be 1 to 20"):
        counter.verify()
    with pytest.raises(ClaimInvalid, match=r"claims\[1\]: must be the only claim of its topic"):
        counter.verify(MARIA_S_NAME, ANOTHER_NAME)
    with pytest.raises(ClaimInvalid, match=r"claims\[1\]: must state something") as refused:
        counter.verify(MARIA_S_NAME, IsNumbered(Identifier("ssn", "000-00-0000")))
    assert "000" not in str(refused.value)
    schemes = [IsNumbered(Identifier(f"card_{n}", "77 1")) for n in range(CLAIMS_MAX + 1)]
    with pytest.raises(ClaimInvalid, match="must be 1 to 20"):
        counter.verify(*schemes)
    assert counter.entries() == []


# --- written -----------------------------------------------------------------------------------


def test_an_entry_says_what_was_asked_and_not_what_was_claimed(counter: Counter) -> None:
    number = IsNumbered(Identifier("ssn", "219-09-9041"))
    counter.verify(MARIA_S_NAME, number, BornOn(date(1999, 7, 21)))
    [entry] = counter.entries()
    account = Account.from_bytes(entry.account)
    assert (account.action, account.outcome) == ("verify", Outcome.RELEASED)
    assert {one.category for one in account.permitted} == {
        "existence",
        "name",
        "birth_date",
        "sensitive_identifier",
    }
    subject = (entry_of(counter.hub.keys, entry).subject or b"").decode()
    for secret in ("OKAFOR", "219-09-9041", "219099041", "1999-07-21"):
        assert secret not in subject
        assert counter.desk.rests_in_the_clear(secret) == []


def test_its_decisions_are_made_again_when_the_log_is_verified(counter: Counter) -> None:
    counter.verify(MARIA_S_NAME)
    counter.verify(MARIA_S_NAME, purpose="gossip")
    counter.verify(BIRK_S_NUMBER, whom="vehicles:D2")
    restrict(counter.hub, "vehicles:D2", AT_RISK)
    counter.verify(BIRK_S_NAME, whom="vehicles:D2")
    counter.verify(BIRK_S_NAME, whom="vehicles:D9")
    logged = LoggedHub(counter.hub)
    logged.seal()
    report = verify_log(logged.hub)
    assert (report.holds, report.replayed) == (True, 5)
