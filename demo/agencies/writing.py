"""How back-office systems write values down: capitals without accents, grouped numbers, dates.

Decides spelling only. Which values a system holds is each agency's own module's.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from unicodedata import normalize

from demo.dice import Dice


@lru_cache(maxsize=100_000)
def ascii_capitals(text: str) -> str:
    """`Muñoz` as an old mainframe writes it: `MUNOZ`."""
    if not text.isascii():
        text = normalize("NFKD", text).encode("ascii", "ignore").decode()
    return text.upper()


def dashed_ssn(digits: str) -> str:
    """`773-04-1187`; empty stays empty."""
    return f"{digits[:3]}-{digits[3:5]}-{digits[5:]}" if digits else ""


def dashed_ein(digits: str) -> str:
    """`07-1234567`; empty stays empty."""
    return f"{digits[:2]}-{digits[2:]}" if digits else ""


def grouped_phone(digits: str) -> str:
    """`(237) 555-0142`; empty stays empty."""
    return f"({digits[:3]}) {digits[3:6]}-{digits[6:]}" if digits else ""


def typed_phone(digits: str, dice: Dice) -> str:
    """A telephone number the way whoever filled in the form types it."""
    if not digits:
        return ""
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    choice = dice.below(5)
    if choice == 0:
        return digits
    if choice == 1:
        return f"({area}) {exchange}-{line}"
    if choice == 2:
        return f"{area}.{exchange}.{line}"
    if choice == 3:
        return f"+1 {area} {exchange} {line}"
    return f"{area}-{exchange}-{line}"


def typed_name(text: str, dice: Dice) -> str:
    """A name as typed into a web form: now and then all small or all capitals."""
    choice = dice.random()
    if choice < 0.06:
        return text.lower()
    return text.upper() if choice < 0.10 else text


def add_years(day: date, years: int) -> date:
    """The same day of another year; February 29th becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
