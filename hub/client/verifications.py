"""What an agency may claim of a constituent, and the answers, as the API states them."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

import msgspec

from hub.client.profiles import Found, Withheld


class Truth(StrEnum):
    """The answer to a claim. UNKNOWN: no record that may be told of speaks of it."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class _Claim(msgspec.Struct, frozen=True, tag_field="claim", omit_defaults=True):
    pass


class IsNamed(_Claim, frozen=True, tag="name"):
    """She goes, or went, by that name; its parts as the API states them."""

    name: dict[str, str]


class BornOn(_Claim, frozen=True, tag="birth_date"):
    """She was born on that day."""

    day: date


class IsOfAge(_Claim, frozen=True, tag="age"):
    """She has completed that many years on that day, today where none is given."""

    age_min: int
    on: date | None = None


class HasDied(_Claim, frozen=True, tag="death"):
    """A record states the day of her death; never answered FALSE."""


class LivesAt(_Claim, frozen=True, tag="address"):
    """A record holds that address of hers; its parts as the API states them."""

    address: dict[str, str]


class IsReachedAt(_Claim, frozen=True, tag="contact"):
    """That telephone number or e-mail address is hers: its kind and its value."""

    contact_point: dict[str, str]


class IsNumbered(_Claim, frozen=True, tag="identifier"):
    """That number of its scheme was issued to her: scheme and value."""

    identifier: dict[str, str]


class Holds(_Claim, frozen=True, tag="holding"):
    """She holds something of that type which is valid on that day, today where none is given."""

    type: str
    on: date | None = None


Claim: TypeAlias = IsNamed | BornOn | IsOfAge | HasDied | LivesAt | IsReachedAt | IsNumbered | Holds


class VerifyAnswer(msgspec.Struct, frozen=True):
    """An answer to each claim, in their order. id: what the agency knows her by, None where nobody is told of.

    disclosure: the reference of the log entry that says so.
    """

    found: Found
    disclosure: UUID
    id: UUID | None
    answers: list[Truth]
    withheld: list[Withheld]
