"""Telephone numbers and e-mail addresses: one writing each, placeholders none."""

from __future__ import annotations

import pytest

from matching.standardise import contacts


@pytest.mark.parametrize(
    "raw",
    [
        "2065550123",
        "(206) 555-0123",
        "206.555.0123",
        "+1 206 555 0123",
        "1-206-555-0123",
        "206-555-0123 ext. 45",
        "tel: 206 555 0123",
        " 206/555/0123 ",
    ],
)
def test_a_number_has_one_writing(raw: str) -> None:
    assert contacts.phone(raw) == "+12065550123"


def test_numbers_abroad_keep_their_country() -> None:
    assert contacts.phone("+44 20 7946 0958") == "+442079460958"
    assert contacts.phone("02 9876 5432", region="AU") == "+61298765432"
    assert contacts.phone("206 555 0123", region="CA") == "+12065550123"


def test_a_number_without_area_code_agrees_only_with_its_like() -> None:
    assert contacts.phone("555-0123") == "5550123"
    assert contacts.phone("5550123") != contacts.phone("2065550123")


@pytest.mark.parametrize(
    "raw",
    [
        "0000000000",
        "(555) 555-5555",
        "999-999-9999",
        "1111111111",
        "123-456-7890",
        "5555555",
        "n/a",
        "none",
        "",
        "12345",
        "x" * 500,
        None,
    ],
)
def test_a_number_that_reaches_nobody_is_no_evidence(raw: str | None) -> None:
    assert contacts.phone(raw) is None


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        ("Ann.Lee@Example.COM", "ann.lee@example.com"),
        ("Ann Lee <Ann.Lee@Example.com>", "ann.lee@example.com"),
        ('"Lee, Ann" <ann.lee@example.com>', "ann.lee@example.com"),
        ("<ann@b.org>;", "ann@b.org"),
        ("josé@exämple.com", "jose@xn--exmple-cua.com"),
        ("ann@smith", "ann@smith"),
        ("j.s81@simmosmco.", "j.s81@simmosmco."),
    ],
)
def test_addresses(raw: str, email: str) -> None:
    assert contacts.email(raw) == email


@pytest.mark.parametrize(
    "raw",
    [
        "none@none.com",
        "NA@NA.com",
        "noemail@smith.org",
        "No-Reply@agency.gov",
        "ann@noemail.com",
        "test@test.com",
        "N/A",
        "none",
        "@",
        "ann@",
        "@b.org",
        "a@b@c",
        "",
        None,
    ],
)
def test_an_address_that_reaches_nobody_is_no_evidence(raw: str | None) -> None:
    assert contacts.email(raw) is None


def test_both_sides_of_an_address_can_be_had() -> None:
    assert contacts.email_local_part("ann.lee@example.com") == "ann.lee"
    assert contacts.email_domain("ann.lee@example.com") == "example.com"
