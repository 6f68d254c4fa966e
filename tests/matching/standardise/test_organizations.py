"""Organizations' names: the legal form and the trading name stand apart."""

from __future__ import annotations

import pytest

from matching.standardise import organizations


@pytest.mark.parametrize(
    "spellings",
    [
        (
            "Acme Bakery, Inc.",
            "The Acme Bakery Incorporated",
            "ACME BAKERY",
            "acme bakery co., inc.",
        ),
        ("Smith & Sons", "Smith and Sons LLC", "Smith Sons L.L.C."),
        ("J & B Auto", "J&B Auto", "J. B. Auto", "JB Auto Ltd"),
        ("A.B.C. Corp", "ABC Corporation", "A B C"),
        ("Joe's Diner", "Joes Diner", "JOE’S DINER PTY LTD"),
    ],
)
def test_spellings_of_one_name_are_equal(spellings: tuple[str, ...]) -> None:
    assert len({organizations.name(spelling) for spelling in spellings}) == 1


@pytest.mark.parametrize(
    "marker", ["dba", "D/B/A", "d.b.a.", "doing business as", "t/a", "trading as"]
)
def test_the_trading_name_is_told_from_the_legal_one(marker: str) -> None:
    whole = f"Acme Holdings, LLC {marker} Joe's Diner"
    assert organizations.name(whole) == "acme holdings"
    assert organizations.trading_name(whole) == "joes diner"
    assert organizations.legal_form(whole) == "llc"


@pytest.mark.parametrize(
    ("raw", "form"),
    [
        ("Acme Limited", "ltd"),
        ("Acme Co., L.L.C.", "llc"),
        ("Acme Pty Ltd", "ltd"),
        ("Acme GmbH", "gmbh"),
        ("Acme", None),
        ("Inc Magazine", None),
        ("", None),
    ],
)
def test_legal_forms_are_abbreviated(raw: str, form: str | None) -> None:
    assert organizations.legal_form(raw) == form


def test_a_name_of_nothing_but_common_words_keeps_one() -> None:
    assert organizations.name("The Company") == "company"
    assert organizations.name("Limited") == "limited"


@pytest.mark.parametrize(
    "raw", ["Unknown", "N/A", "self-employed", "Retired", "various", "-", "", None]
)
def test_a_name_that_stands_for_none_is_no_evidence(raw: str | None) -> None:
    assert organizations.name(raw) is None


def test_no_trading_name_where_none_is_said() -> None:
    assert organizations.trading_name("Acme Inc") is None
    assert organizations.name("dba Joe's Diner") == "joes diner"
    assert organizations.name("T A Smith Plumbing") == "ta smith plumbing"
