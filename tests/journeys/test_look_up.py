"""Look-ups: what is released, what is not even opened, what is written down, and what an answer may not tell."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import psycopg
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
from hub.journeys.context import Hub
from hub.journeys.describing import Description
from hub.journeys.disclosing import Asker, entry_of
from hub.journeys.judge import withdraw
from hub.journeys.look_up import SILENCE_S, LookUp, LookUpInvalid
from hub.store import database
from tests.conftest import Server
from tests.journeys.counters import (
    BY_LAW,
    C,
    Counter,
    policy_of,
    restrict,
    shown,
    state,
)
from tests.journeys.stewards import BIRK, MARIA, NOOR

AT_RISK = RestrictionKind.AT_RISK
MARIA_DESCRIBED = Description(
    ConstituentKind.PERSON,
    names=(Name(given_name="Maria", family_name="Okafor"),),
    birth_date=None,
    addresses=(Address(delivery_line="418 Heron Ln", city="Port Tamarack", post_code="69407"),),
    contact_points=(ContactPoint(ContactKind.EMAIL, "maria@example.org"),),
)


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    """Maria has an account with parks and a licence with vehicles; Birk only a licence."""
    counter = Counter(modelled_hub)
    counter.desk.push("parks:P1", MARIA, email="maria@heron.example")
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    return counter


def told_of(counter: Counter) -> list[tuple[str, Outcome]]:
    accounts = [Account.from_bytes(one.account) for one in counter.entries()]
    return [(one.agency, one.outcome) for one in accounts]


# --- released ------------------------------------------------------------------------------------


def test_an_own_record_leads_to_the_permitted_categories_of_the_others(counter: Counter) -> None:
    asked = (C.NAME, C.CONTACT, C.BIRTH_DATE, C.SENSITIVE_IDENTIFIER, C.SOURCE)
    answer = counter.ask("parks:P1", asked)
    assert answer.outcome is Outcome.RELEASED
    assert answer.profile is not None
    values = shown(answer.profile)
    assert values["name"] == "Maria Okafor"
    assert values["birth_date"] == "1984-03-09"
    assert values["ssn"] == "219-09-9041"  # of parks' own record; vehicles' is not shared
    of_vehicles = {
        one.attribute: [value.origin.agency for value in (one.shown, *one.others) if value.origin]
        for one in answer.profile.attributes
    }
    assert "vehicles" not in of_vehicles["ssn"]
    assert of_vehicles["email"] == ["parks", "vehicles"]


def test_what_was_not_asked_for_is_not_released(counter: Counter) -> None:
    assert set(shown(counter.profile("parks:P1", C.NAME))) == {"name"}


def test_only_classes_of_permitted_categories_are_opened(counter: Counter) -> None:
    with database.transaction(counter.hub.engine) as connection:
        connection.execute(text("UPDATE records SET contact = '\\x00', sensitive = '\\x00'"))
    assert shown(counter.profile("parks:P1", C.NAME)) == {"name": "Maria Okafor"}


def test_an_agency_is_not_named_without_the_category_source(counter: Counter) -> None:
    state(counter.hub, policy_of(replace(BY_LAW, categories=frozenset({C.EXISTENCE, C.CONTACT}))))
    profile = counter.profile("parks:P1", C.CONTACT, C.SOURCE)
    origins = [value.origin for one in profile.attributes for value in (one.shown, *one.others)]
    assert {None if one is None else one.agency for one in origins} == {None, "parks"}


def test_the_id_shown_leads_back_to_the_same_constituent(counter: Counter) -> None:
    first = counter.profile("parks:P1")
    assert counter.profile(first.id) == first
    assert counter.ask(first.id, asker=Asker("wildlife", "desk", "case 1")).profile is None


def test_a_description_that_fits_one_constituent_finds_her(counter: Counter) -> None:
    assert shown(counter.profile(MARIA_DESCRIBED))["name"] == "Maria Okafor"


# --- not released, and not told --------------------------------------------------------------------


def test_a_stranger_and_a_key_nobody_has_are_not_found_alike(counter: Counter) -> None:
    hidden = counter.ask("vehicles:D2", asker=Asker("wildlife", "desk", "case 1"))
    unknown = counter.ask("vehicles:D9", asker=Asker("wildlife", "desk", "case 1"))
    assert replace(hidden, disclosure=unknown.disclosure) == unknown
    assert [outcome for _, outcome in told_of(counter)] == [Outcome.REFUSED, Outcome.NO_MATCH]


def test_another_agencys_key_may_be_asked_by_only_where_the_agency_may_be_named(
    counter: Counter,
) -> None:
    assert counter.ask("vehicles:D2").outcome is Outcome.RELEASED
    state(counter.hub, policy_of(replace(BY_LAW, categories=frozenset({C.EXISTENCE, C.NAME}))))
    assert counter.ask("vehicles:D2").outcome is Outcome.NO_MATCH


def test_every_answer_but_a_release_leaves_at_one_moment(counter: Counter) -> None:
    counter.ask("parks:P1")
    assert counter.pauses_s == []
    counter.ask("parks:nobody")
    counter.ask(uuid4())
    assert len(counter.pauses_s) == 2
    assert all(0 < pause_s <= SILENCE_S for pause_s in counter.pauses_s)


def test_what_is_the_callers_own_fault_is_told(counter: Counter) -> None:
    cases = [
        (counter.ask("parks:P1", ()), Reason.NOTHING_REQUESTED),
        (counter.ask("parks:P1", purpose="gossip"), Reason.PURPOSE_UNKNOWN),
        (counter.ask("parks:P1", scope=frozenset({C.NAME})), Reason.NOT_IN_SCOPE),
        (counter.ask("parks:P1", asker=Asker("circus", "x", "y")), Reason.CALLER_INACTIVE),
    ]
    for answer, reason in cases:
        assert (answer.outcome, answer.reasons) == (Outcome.REFUSED, (reason,))
    assert [outcome for _, outcome in told_of(counter)] == [Outcome.REFUSED] * 4


@pytest.mark.parametrize("field", ["agency", "system", "case", "purpose"])
def test_a_look_up_says_who_asks_on_which_case_and_for_what(field: str) -> None:
    asker = Asker("parks", "booking", "case 7")
    purpose = "licensing"
    if field == "purpose":
        purpose = " "
    else:
        asker = replace(asker, **{field: " "})
    with pytest.raises(LookUpInvalid) as refused:
        LookUp(asker, MARIA_DESCRIBED, purpose, frozenset(), frozenset())
    assert refused.value.field == field


@pytest.mark.parametrize(
    "fishing",
    [
        Description(ConstituentKind.PERSON, names=(Name(family_name="Okafor"),)),
        Description(
            ConstituentKind.PERSON, names=(Name(given_name="Maria", family_name="Okafor"),)
        ),
        Description(ConstituentKind.PERSON, identifiers=(Identifier("ssn", "219-09-9041"),)),
        Description(
            ConstituentKind.PERSON,
            contact_points=(ContactPoint(ContactKind.EMAIL, "maria@example.org"),),
        ),
    ],
    ids=["a surname", "a whole name", "a number", "an address of e-mail"],
)
def test_one_attribute_alone_finds_nobody(counter: Counter, fishing: Description) -> None:
    answer = counter.ask(fishing)
    assert (answer.outcome, answer.is_too_little) == (Outcome.REFUSED, True)


def test_a_description_that_fits_two_is_ambiguous(counter: Counter) -> None:
    counter.desk.push("vehicles:D7", MARIA)
    counter.desk.different("vehicles:D7", "vehicles:D1")
    counter.desk.different("vehicles:D7", "parks:P1")
    assert counter.ask(MARIA_DESCRIBED).outcome is Outcome.AMBIGUOUS
    assert told_of(counter)[-1] == ("parks", Outcome.AMBIGUOUS)


def test_a_value_that_is_withheld_speaks_neither_for_nor_against(counter: Counter) -> None:
    """Else a caller could try values until the answer changes."""
    numbered = replace(MARIA_DESCRIBED, identifiers=(Identifier("ssn", "219-09-9041"),))
    wrong = replace(MARIA_DESCRIBED, identifiers=(Identifier("ssn", "999-88-7777"),))
    counter.desk.remove("parks:P1")
    assert counter.profile(numbered) == counter.profile(wrong) == counter.profile(MARIA_DESCRIBED)
    state(counter.hub, policy_of(replace(BY_LAW, categories=frozenset({C.EXISTENCE, C.NAME}))))
    assert counter.ask(numbered).outcome is Outcome.NO_MATCH


# --- at risk -----------------------------------------------------------------------------------


def test_at_risk_only_the_callers_own_records_seem_to_exist(counter: Counter) -> None:
    counter.desk.push("parks:P2", NOOR)
    alone = counter.ask("parks:P2", (C.NAME, C.ADDRESS, C.SOURCE))
    restrict(counter.hub, "parks:P1", AT_RISK)
    answer = counter.ask("parks:P1", (C.NAME, C.ADDRESS, C.SOURCE))
    assert answer.profile is not None
    assert answer.told == alone.told
    agencies = {
        value.origin.agency
        for one in answer.profile.attributes
        for value in (one.shown, *one.others)
        if value.origin
    }
    assert agencies == {"parks"}


def test_at_risk_without_a_record_of_the_callers_is_as_unknown(counter: Counter) -> None:
    known = counter.profile("vehicles:D2").id
    birk = Description(
        ConstituentKind.PERSON,
        names=(Name(given_name="Birk", family_name="Lindqvist"),),
        contact_points=(ContactPoint(ContactKind.EMAIL, "birk@example.org"),),
        addresses=(Address(delivery_line="7 Alder St", city="Port Tamarack", post_code="69411"),),
    )
    assert counter.ask(birk).outcome is Outcome.RELEASED
    restrict(counter.hub, "vehicles:D2", AT_RISK)
    unknown = counter.ask("vehicles:D9")
    for whom in ("vehicles:D2", known, birk):
        answer = counter.ask(whom)
        assert replace(answer, disclosure=unknown.disclosure) == unknown


def test_one_who_is_at_risk_makes_no_description_ambiguous(counter: Counter) -> None:
    counter.desk.push("vehicles:D7", MARIA)
    counter.desk.different("vehicles:D7", "vehicles:D1")
    counter.desk.different("vehicles:D7", "parks:P1")
    restrict(counter.hub, "vehicles:D7", AT_RISK)
    assert counter.ask(MARIA_DESCRIBED).outcome is Outcome.RELEASED


def test_who_is_cleared_sees_whom_others_do_not(counter: Counter) -> None:
    restrict(counter.hub, "vehicles:D2", AT_RISK, Clearance(agency="parks"))
    assert counter.ask("vehicles:D2").outcome is Outcome.RELEASED


def test_a_restriction_is_found_after_merge_and_after_unmerge(counter: Counter) -> None:
    counter.desk.push("vehicles:D3", NOOR)
    judged = counter.desk.same("vehicles:D2", "vehicles:D3")
    restrict(counter.hub, "vehicles:D2", AT_RISK)
    assert counter.ask("vehicles:D3").outcome is Outcome.NO_MATCH
    withdraw(counter.hub, judged.judgements[0], author="ines", is_cleared=True)
    assert counter.ask("vehicles:D2").outcome is Outcome.NO_MATCH
    assert counter.ask("vehicles:D3").outcome is Outcome.NO_MATCH


# --- written -----------------------------------------------------------------------------------


def test_an_entry_says_what_left_and_names_nobody_in_the_clear(counter: Counter) -> None:
    answer = counter.ask("parks:P1", (C.NAME, C.HOLDING))
    assert answer.profile is not None
    [entry] = counter.entries()
    account = Account.from_bytes(entry.account)
    assert (account.action, account.outcome, account.purpose) == (
        "look_up",
        Outcome.RELEASED,
        "licensing",
    )
    by_law = [one for one in account.permitted if one.source == "vehicles"]
    assert {one.category for one in by_law} == {"existence", "name"}
    assert {(one.agreement, one.revision) for one in by_law} == {("licensing_act", 1)}
    assert all("Licensing Act s. 4" in (one.legal_basis or "") for one in by_law)
    assert [(one.source, one.category) for one in account.withheld] == [("vehicles", "holding")]
    whole = entry_of(counter.hub.keys, entry)
    assert str(answer.profile.id) in (whole.subject or b"").decode()
    assert counter.desk.rests_in_the_clear("case 7", "clerk 12") == []


@pytest.mark.parametrize(
    "sqlstate",
    [pytest.param("P0001", id="a trigger raises"), pytest.param("53100", id="disk full")],
)
def test_what_cannot_be_written_down_is_not_released(
    counter: Counter, server: Server, sqlstate: str
) -> None:
    name = counter.hub.engine.url.database or ""
    with psycopg.connect(_plain(server.urls(name).owner)) as owner:
        owner.execute(
            "CREATE FUNCTION refuse_entry() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}'; END $$"
        )
        owner.execute(
            "CREATE TRIGGER refused BEFORE INSERT ON log_pending "
            "FOR EACH ROW EXECUTE FUNCTION refuse_entry()"
        )
    for whom in ("parks:P1", "parks:nobody"):
        with pytest.raises(psycopg.Error) as failed:
            counter.ask(whom)
        assert failed.value.sqlstate == sqlstate
    assert counter.entries() == []


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
