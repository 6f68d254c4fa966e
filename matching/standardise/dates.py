"""Dates to comparable ones: birth dates without placeholders, and dates in loose writing.

A source's own format is its mapping's business; `loose` is for attributes nobody described.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from matching.standardise import text
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

AGE_MAX_YEARS: Final = 130
"""Nobody is known to have lived longer than 122 years; older ones are typing errors."""

_PLACEHOLDERS: Final = frozenset(
    date.fromisoformat(day) for day in PLACEHOLDERS[PlaceholderField.BIRTH_DATE]
)
_MONTHS: Final = {
    name[:3]: place
    for place, name in enumerate(
        text.words(
            "january february march april may june july august september october november december"
        ),
        start=1,
    )
}
_ISO: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[t ]\d.*)?")
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})(?: \d.*)?")
_DAY_FIRST_NAMED: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})\.?[-/., ]*(\d{4})"
)
_MONTH_FIRST_NAMED: Final = re.compile(r"([a-z]{3,9})\.? *(\d{1,2})(?:st|nd|rd|th)?[, ]+(\d{4})")


def birth(day: date | None, on: date | None = None) -> date | None:
    """A birth date that is evidence; None for placeholders (1900-01-01) and impossible ones.

    `on` is the day it was said: a birth after it, or more than AGE_MAX_YEARS before it, is an
    error. Without `on` only placeholders are dropped.
    """
    if day is None or day in _PLACEHOLDERS:
        return None
    if on is not None and (day > on or _years_between(day, on) > AGE_MAX_YEARS):
        return None
    return day


def loose(written: str | None, *, day_first: bool | None = None) -> date | None:
    """A date in ISO, 19800312, 3/12/1980 or 12 March 1980 form; None when there is any doubt.

    Where day and month could change places `day_first` decides; None leaves such a date out. Years
    have four digits: two do not say the century.
    """
    folded = text.fold(written)
    if folded is None:
        return None
    if found := _ISO.fullmatch(folded) or _COMPACT.fullmatch(folded):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _YEAR_LAST.fullmatch(folded):
        return _year_last(int(found[1]), int(found[2]), int(found[3]), day_first)
    if found := _DAY_FIRST_NAMED.fullmatch(folded):
        return _date(int(found[3]), _month(found[2]), int(found[1]))
    if found := _MONTH_FIRST_NAMED.fullmatch(folded):
        return _date(int(found[3]), _month(found[1]), int(found[2]))
    return None


def _year_last(first: int, second: int, year: int, day_first: bool | None) -> date | None:
    if first == second or second > 12:
        return _date(year, first, second)
    if first > 12:
        return _date(year, second, first)
    if day_first is None:
        return None
    return _date(year, second, first) if day_first else _date(year, first, second)


def _month(name: str) -> int:
    """The month's number, 0 (no month at all) for a word that is none."""
    return _MONTHS.get(name[:3], 0)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _years_between(day: date, on: date) -> int:
    return on.year - day.year - ((on.month, on.day) < (day.month, day.day))
