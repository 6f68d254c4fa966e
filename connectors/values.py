"""Turn one value of a source into the type a canonical field has, or say which rule it breaks.

Decides how text, dates, moments, codes and truth values are read when no transform says otherwise.
Placeholders ("UNKNOWN", 01/01/1900) pass: what counts as evidence is matching's to judge.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from hub.domain.records import HoldingStatus, Role, Sex

T = TypeVar("T")

DATES_CACHED_MAX = 65_536
"""A century has 36,525 days: birth and expiry dates repeat, and strptime is slow."""

SEXES = {
    "f": Sex.FEMALE,
    "female": Sex.FEMALE,
    "m": Sex.MALE,
    "male": Sex.MALE,
    "x": Sex.OTHER,
    "other": Sex.OTHER,
    "u": None,
    "unknown": None,
}
STATUSES = {status.value: status for status in HoldingStatus}
ROLES = {role.value: role for role in Role}
TRUTHS = {"true": True, "false": False, "1": True, "0": False}


class Broken(Exception):
    """A value broke a rule; it becomes a Rejected value and never leaves the package.

    `field` is filled in by whoever knows the column.
    """

    def __init__(self, rule: str, field: str | None = None) -> None:
        self.rule = rule
        self.field = field
        super().__init__(rule)


def as_text(value: object) -> str | None:
    """Text as the source means it: 62701.0 from a column of floats is "62701", NaN is null."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, int | Decimal | UUID):
        return str(value)
    raise Broken("wrong_type")


def as_date(value: object) -> date | None:
    """A date, a moment's date, or ISO 8601 text (2024-01-31, 20240131, with or without a time)."""
    if value is None or type(value) is date:
        return value
    if isinstance(value, datetime):
        return value.date()
    text = _date_text(value)
    return None if text is None else _iso_moment(text).date()


def as_moment(value: object) -> date | datetime | None:
    """A date where the value has no time of day, else a moment."""
    if value is None or isinstance(value, date):
        return value
    text = _date_text(value)
    if text is None:
        return None
    moment = _iso_moment(text)
    return moment.date() if len(text) <= len("2024-01-31") else moment


def as_sex(value: object) -> Sex | None:
    """F, M, X and the words, in any case; "unknown" is null."""
    text = as_text(value)
    return None if text is None else _code(SEXES, text)


def as_status(value: object) -> HoldingStatus | None:
    """One of the five words for a holding's status, in any case."""
    text = as_text(value)
    return None if text is None else _code(STATUSES, text)


def as_role(value: object) -> Role | None:
    """One of the roles, in any case."""
    text = as_text(value)
    return None if text is None else _code(ROLES, text)


def as_boolean(value: object) -> bool | None:
    """true, false, 1 or 0; other words need the boolean transform."""
    if isinstance(value, bool):
        return value
    text = as_text(value)
    if text is None:
        return None
    truth = TRUTHS.get(text.lower())
    if truth is None:
        raise Broken("boolean_unreadable")
    return truth


@lru_cache(DATES_CACHED_MAX)
def parse_date(text: str, formats: tuple[str, ...]) -> datetime | None:
    """The first of the strptime formats that reads the whole text; None where none does."""
    for pattern in formats:
        try:
            return datetime.strptime(text, pattern)  # noqa: DTZ007 - a source's own local time
        except ValueError:
            continue
    return None


def _code(codes: dict[str, T], text: str) -> T:
    try:
        return codes[text.lower()]
    except KeyError:
        raise Broken("code_unknown") from None


def _date_text(value: object) -> str | None:
    # 20240131 is a common date column of integers; any other number is no date.
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        return as_text(value)
    raise Broken("wrong_type")


@lru_cache(DATES_CACHED_MAX)
def _iso_moment(text: str) -> datetime:
    # fromisoformat also reads week dates (2024-W05), which no source here means.
    if text[:4].isdigit() and "W" not in text:
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise Broken("date_unreadable")
