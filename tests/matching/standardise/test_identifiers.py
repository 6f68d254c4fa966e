"""Issued numbers: one writing each; numbers nobody was issued are none."""

from __future__ import annotations

import pytest

from matching.standardise import identifiers


@pytest.mark.parametrize("raw", ["219-45-6789", "219456789", " 219 45 6789 ", "219.45.6789"])
def test_a_social_security_number_has_one_writing(raw: str) -> None:
    assert identifiers.canonical("ssn", raw) == "219456789"


@pytest.mark.parametrize(
    "raw",
    [
        "000-45-6789", "666-45-6789", "219-00-6789", "219-45-0000", "900-12-3456", "928-09-3868", "111-11-1111",
        "999-99-9999", "123-45-6789", "987-65-4321", "078-05-1120", "219-09-9999", "xxx-xx-6789", "6789", "N/A", "none",
        "refused", "", None,
    ],
)  # fmt: skip
def test_a_number_nobody_was_issued_is_no_evidence(raw: str | None) -> None:
    assert identifiers.canonical("ssn", raw) is None


def test_a_taxpayer_number_in_place_of_a_social_security_number_is_evidence() -> None:
    assert identifiers.canonical("ssn", "988-71-4136") == "988714136"
    assert identifiers.canonical("itin", "988-71-4136") == "988714136"
    assert identifiers.canonical("itin", "219-45-6789") is None


def test_zeros_lost_to_a_spreadsheet_are_put_back() -> None:
    assert identifiers.canonical("ssn", "19456789") == identifiers.canonical("ssn", "019-45-6789")
    assert identifiers.canonical("ssn", "1456789") == "001456789"
    assert identifiers.canonical("ssn", "456789") is None
    assert identifiers.canonical("ein", "12345670") == "012345670"


def test_a_misread_number_stays_close_to_the_right_one() -> None:
    assert identifiers.canonical("ssn", "2l9-45-6789") == "2l9456789"
    assert identifiers.canonical("ssn", "219-455-6789") == "2194556789"
    assert identifiers.canonical("ssn", "abc-de-6789") is None


def test_employer_numbers() -> None:
    assert identifiers.canonical("ein", "12-3456780") == "123456780"
    assert identifiers.canonical("ein", "00-3456780") is None
    assert identifiers.canonical("ein", "12-3456789") is None


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("d-123 456", "d123456"),
        ("D123456", "d123456"),
        ("0", None),
        ("000000", None),
        ("XXXX", None),
        ("99999999", None),
        ("11", "11"),
        ("Unknown", None),
        ("pending", None),
        ("N/A", None),
    ],
)
def test_other_numbers_are_their_letters_and_digits(raw: str, value: str | None) -> None:
    assert identifiers.canonical("driving_licence", raw) == value
