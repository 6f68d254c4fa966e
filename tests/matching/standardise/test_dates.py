"""Dates: placeholders are none, and a doubtful writing is none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.standardise import dates

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    "day", ["1900-01-01", "1970-01-01", "1899-12-30", "1111-11-11", "9999-12-31", "0001-01-01"]
)
def test_a_birth_date_every_unknown_gets_is_no_evidence(day: str) -> None:
    assert dates.birth(date.fromisoformat(day)) is None


def test_nobody_is_born_after_the_day_it_is_said_or_130_years_before() -> None:
    assert dates.birth(TODAY, TODAY) == TODAY
    assert dates.birth(date(2026, 11, 23), TODAY) is None
    assert dates.birth(date(1896, 11, 22), TODAY) == date(1896, 11, 22)
    assert dates.birth(date(1895, 11, 22), TODAY) is None
    assert dates.birth(date(1895, 11, 22)) == date(1895, 11, 22)
    assert dates.birth(None, TODAY) is None


def test_the_first_of_january_is_a_birthday_too() -> None:
    assert dates.birth(date(1984, 1, 1), TODAY) == date(1984, 1, 1)


@given(st.dates(), st.none() | st.dates())
def test_a_birth_date_that_is_evidence_stays_so(day: date, on: date | None) -> None:
    once = dates.birth(day, on)
    assert once in (day, None)
    assert dates.birth(once, on) == once


@pytest.mark.parametrize(
    "written",
    [
        "1980-03-25",
        "1980/3/25",
        "19800325",
        "03/25/1980",
        "25.3.1980",
        "25 March 1980",
        "25th Mar 1980",
        "March 25, 1980",
        "mar 25 1980",
        "25-Mar-1980",
        "1980-03-25T10:00:00",
    ],
)
def test_a_date_has_many_writings(written: str) -> None:
    assert dates.loose(written) == date(1980, 3, 25)


def test_a_date_whose_day_and_month_could_change_places_needs_a_word() -> None:
    assert dates.loose("03/12/1980") is None
    assert dates.loose("03/12/1980", day_first=True) == date(1980, 12, 3)
    assert dates.loose("03/12/1980", day_first=False) == date(1980, 3, 12)
    assert dates.loose("03/03/1980") == date(1980, 3, 3)


@pytest.mark.parametrize(
    "written",
    [
        None,
        "",
        "spring 1980",
        "03/25/80",
        "1980-02-30",
        "25 Foo 1980",
        "1980",
        "0000-00-00",
        "13/13/1980",
        "unknown",
    ],
)
def test_a_doubtful_writing_is_no_date(written: str | None) -> None:
    assert dates.loose(written) is None


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_iso_date_reads_as_itself(day: date) -> None:
    assert dates.loose(day.isoformat()) == day
    assert dates.loose(f"{day:%Y%m%d}") == day
