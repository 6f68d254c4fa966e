"""What a look-up asks and answers, as the API states it."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class RecordRef(msgspec.Struct, frozen=True):
    """A record by its source and the source's own key."""

    source: str
    key: str


class Description(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of whom is looked for: at least two strong attributes. The parts are as the API states them."""

    kind: str
    names: list[dict[str, str]] = []
    birth_date: date | None = None
    addresses: list[dict[str, str]] = []
    contact_points: list[dict[str, str]] = []
    identifiers: list[dict[str, str]] = []


class Found(StrEnum):
    """Whom a look-up found."""

    ONE = "one"
    NONE = "none"
    AMBIGUOUS = "ambiguous"


class Origin(msgspec.Struct, frozen=True):
    """Which agency's source states a value."""

    agency: str
    source: str
    as_of: date | None


class Value(msgspec.Struct, frozen=True):
    """A value and where it is from, None where that may not be told."""

    value: str
    origin: Origin | None


class Attribute(msgspec.Struct, frozen=True):
    """What stands for an attribute, and what else is stated."""

    attribute: str
    shown: Value
    others: list[Value]


class HoldingTerms(msgspec.Struct, frozen=True):
    """A licence, permit, registration or benefit."""

    type: str
    number: str | None
    status: str | None
    valid_from: date | None
    valid_until: date | None


class Holding(msgspec.Struct, frozen=True):
    """A holding, and which agency states it."""

    holding: HoldingTerms
    origin: Origin | None


class Profile(msgspec.Struct, frozen=True):
    """One constituent as far as the agency may see her. id: what this agency knows it by."""

    id: UUID
    kind: str
    attributes: list[Attribute]
    roles: list[str]
    holdings: list[Holding]
    cases: list[dict[str, Any]]
    relationships: list[str]

    def value(self, attribute: str) -> str | None:
        """What stands for an attribute; None where nothing is told of it."""
        return next(
            (one.shown.value for one in self.attributes if one.attribute == attribute), None
        )


class Withheld(msgspec.Struct, frozen=True):
    """A category that is not told, and why."""

    source: str | None
    category: str
    reasons: list[str]
    sentences: list[str]


class LookUpAnswer(msgspec.Struct, frozen=True):
    """What a look-up answered. disclosure: the reference of the log entry that says so."""

    found: Found
    disclosure: UUID
    profile: Profile | None
    withheld: list[Withheld]
