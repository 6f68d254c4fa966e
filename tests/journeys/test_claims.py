"""Claims against records: what agrees, what does not, what nobody speaks of, and what is no claim at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Holding,
    HoldingStatus,
    Identifier,
    Name,
    NameUse,
    Record,
    RecordKey,
)
from hub.journeys.claims import (
    BornOn,
    Claim,
    HasDied,
    Holds,
    IsNamed,
    IsNumbered,
    IsOfAge,
    IsReachedAt,
    LivesAt,
    Truth,
)

TRUE, FALSE, UNKNOWN = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
TODAY = date(2026, 6, 1)
PHONE, EMAIL = ContactKind.PHONE, ContactKind.EMAIL
SILENT = Record(RecordKey("parks", "P1"), ConstituentKind.PERSON)
MARIA = replace(
    SILENT,
    names=(
        Name(given_name="Maria", middle_name="Jane", family_name="Okafor"),
        Name(NameUse.BIRTH, family_name="Nwosu", given_name="Maria"),
    ),
    birth_date=date(2008, 2, 29),
    addresses=(
        Address(delivery_line="12 Main St", unit="Apt 4", city="Elmstead", post_code="69407-1234"),
    ),
    contact_points=(ContactPoint(PHONE, "(206) 555-0123"), ContactPoint(EMAIL, "Maria@X.example")),
    identifiers=(Identifier("ssn", "219-09-9041"), Identifier("driving_licence", "D-77 12")),
    holdings=(
        Holding("Fishing_Licence", valid_from=date(2026, 1, 1), valid_until=date(2026, 6, 1)),
        Holding("boat", status=HoldingStatus.SUSPENDED, valid_until=date(2030, 1, 1)),
        Holding("camping", status=HoldingStatus.EXPIRED, valid_until=date(2025, 12, 31)),
        Holding("dog", status=HoldingStatus.EXPIRED),
        Holding("pension", status=HoldingStatus.ACTIVE, valid_from=date(2026, 7, 1)),
    ),
)
BAKERY = Record(
    RecordKey("registry", "R1"),
    ConstituentKind.ORGANIZATION,
    names=(Name(full_name="The Heron Bakery, LLC dba Port Bread"),),
    identifiers=(Identifier("ein", "42-7193805"),),
)


def named(given: str | None, family: str | None, middle_name: str | None = None) -> IsNamed:
    return IsNamed(Name(given_name=given, family_name=family, middle_name=middle_name))


def at(line: str | None = None, **parts: str) -> LivesAt:
    return LivesAt(Address(delivery_line=line, **parts))


@pytest.mark.parametrize(
    ("claim", "truth"),
    [
        (named("MARIA", "Okafór"), TRUE),
        (IsNamed(Name(full_name="Okafor, Maria J.")), TRUE),
        (named("Maria", "Nwosu"), TRUE),
        (named(None, "Okafor"), TRUE),
        (named("Maria", "Okafor", middle_name="Jane"), TRUE),
        (named("Maria", "Okafor", middle_name="Kate"), FALSE),
        (named("Mary", "Okafor"), FALSE),
        (named("Maria", "Lindqvist"), FALSE),
        (BornOn(date(2008, 2, 29)), TRUE),
        (BornOn(date(2008, 2, 28)), FALSE),
        (IsOfAge(18, TODAY), TRUE),
        (IsOfAge(18, date(2026, 2, 28)), FALSE),
        (IsOfAge(19, TODAY), FALSE),
        (at("12 MAIN STREET", post_code="69407"), TRUE),
        (at("12 Main Street Apt 4", city="ELMSTEAD"), TRUE),
        (at("12 Main Street", unit="#5", city="Elmstead"), FALSE),
        (at("12 Main St", post_code="69411"), FALSE),
        (at("14 Main St", post_code="69407"), FALSE),
        (at(post_code="69407"), TRUE),
        (LivesAt(Address(full_address="12 Main St, Elmstead 69407")), TRUE),
        (IsReachedAt(ContactPoint(PHONE, "+1 206 555 0123")), TRUE),
        (IsReachedAt(ContactPoint(PHONE, "206 555 0124")), FALSE),
        (IsReachedAt(ContactPoint(EMAIL, "maria@x.example")), TRUE),
        (IsNumbered(Identifier("ssn", "219099041")), TRUE),
        (IsNumbered(Identifier("ssn", "219-09-9042")), FALSE),
        (IsNumbered(Identifier("driving_licence", "d7712")), TRUE),
        (IsNumbered(Identifier("passport", "d7712")), UNKNOWN),
        (HasDied(), UNKNOWN),
        (Holds("fishing_licence", TODAY), TRUE),
        (Holds("fishing_licence", date(2026, 6, 2)), FALSE),
        (Holds("fishing_licence", date(2025, 12, 31)), FALSE),
        (Holds("boat", TODAY), FALSE),
        (Holds("camping", date(2025, 12, 31)), TRUE),
        (Holds("camping", TODAY), FALSE),
        (Holds("dog", TODAY), FALSE),
        (Holds("pension", TODAY), FALSE),
        (Holds("pension", date(2026, 7, 1)), TRUE),
        (Holds("hunting_licence", TODAY), UNKNOWN),
    ],
)
def test_a_person_s_records_bear_a_claim_out_or_not(claim: Claim, truth: Truth) -> None:
    assert claim.judged([SILENT, MARIA]) is truth
    assert claim.judged([SILENT]) is UNKNOWN
    assert claim.judged([]) is UNKNOWN


@pytest.mark.parametrize(
    ("claim", "truth"),
    [
        (IsNamed(Name(full_name="HERON BAKERY")), TRUE),
        (IsNamed(Name(full_name="Port Bread Inc.")), TRUE),
        (IsNamed(Name(full_name="Heron Books")), FALSE),
        (IsNumbered(Identifier("ein", "427193805")), TRUE),
    ],
)
def test_an_organization_is_found_under_either_of_its_names(claim: Claim, truth: Truth) -> None:
    assert claim.judged([BAKERY]) is truth


def test_one_record_that_says_so_is_enough_and_an_age_must_be_every_record_s() -> None:
    other = replace(SILENT, birth_date=date(1908, 2, 29))
    assert BornOn(date(2008, 2, 29)).judged([other, MARIA]) is TRUE
    assert IsOfAge(18, TODAY).judged([other, MARIA]) is TRUE
    assert IsOfAge(60, TODAY).judged([other, MARIA]) is UNKNOWN


def test_a_record_that_states_a_day_of_death_is_a_word_on_it() -> None:
    assert HasDied().judged([MARIA, replace(SILENT, death_date=TODAY)]) is TRUE


def test_a_placeholder_in_a_record_speaks_of_nothing() -> None:
    unborn = replace(SILENT, birth_date=date(1900, 1, 1), names=(Name(full_name="UNKNOWN"),))
    assert BornOn(date(2008, 2, 29)).judged([unborn]) is UNKNOWN
    assert IsOfAge(18, TODAY).judged([unborn]) is UNKNOWN
    assert named("Maria", "Okafor").judged([unborn]) is UNKNOWN


@pytest.mark.parametrize(
    "claim",
    [
        IsNamed(Name()),
        IsNamed(Name(full_name="UNKNOWN")),
        BornOn(date(1900, 1, 1)),
        IsOfAge(0, TODAY),
        IsOfAge(131, TODAY),
        LivesAt(Address()),
        LivesAt(Address(full_address="no fixed abode")),
        IsReachedAt(ContactPoint(PHONE, "ask her")),
        IsNumbered(Identifier("ssn", "000-00-0000")),
        Holds(" ", TODAY),
    ],
)
def test_what_nothing_could_answer_has_no_comparable_form(claim: Claim) -> None:
    assert claim.comparable() is None
    assert claim.rule.startswith("must")
