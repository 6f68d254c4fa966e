"""What an agency may claim of a constituent, and whether her records bear it out.

Decides what each claim is compared with, in the comparable forms of alike.py ("12 Main St" is "12 MAIN STREET"),
and what makes a claim one that nothing could answer. Which records and values may be compared at all
is the caller's to decide: a record here holds what is permitted, and nothing else.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Protocol

from consent.checks import is_of_age
from consent.vocabulary import DataCategory, category_of_scheme
from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactPoint,
    Identifier,
    Name,
    Record,
)
from hub.journeys.alike import (
    compared_name,
    contact_of,
    is_middle_name,
    is_one_address,
    is_valid_on,
    number_of,
    parts_of,
)
from matching.standardise import dates

_SOMETHING: Final = "must state something that can be compared"


class Truth(StrEnum):
    """The answer to a claim.

    TRUE: a permitted record says so. FALSE: permitted records speak of it, and none says so. UNKNOWN: no
    permitted record speaks of it, whether none knows or none may be told of.
    """

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Claim(Protocol):
    """One thing said of a constituent."""

    @property
    @abstractmethod
    def category(self) -> DataCategory:
        """The data category whose values answer it."""

    @property
    @abstractmethod
    def topic(self) -> str:
        """What it is about, without its value: a question holds one claim a topic."""

    @property
    @abstractmethod
    def rule(self) -> str:
        """What it must be, where it has no comparable form."""

    @abstractmethod
    def comparable(self) -> str | None:
        """What is claimed in the form it is compared in; None where nothing could answer it."""

    @abstractmethod
    def judged(self, records: Sequence[Record]) -> Truth:
        """Whether these records of hers bear it out."""


@dataclass(frozen=True, slots=True)
class IsNamed:
    """She goes, or went, by that name. Parts that only one side states are not compared, but given and family are."""

    name: Name
    category = DataCategory.NAME
    topic = "name"
    rule = _SOMETHING

    def comparable(self) -> str | None:
        return _joined(part for kind in ConstituentKind for part in compared_name(self.name, kind))

    def judged(self, records: Sequence[Record]) -> Truth:
        return _judged(
            said
            for record in records
            for name in record.names
            if (said := self._said_by(name, record.kind)) is not None
        )

    def _said_by(self, name: Name, kind: ConstituentKind) -> bool | None:
        claimed, stated = compared_name(self.name, kind), compared_name(name, kind)
        if kind is ConstituentKind.ORGANIZATION:
            return not set(claimed).isdisjoint(stated) if any(claimed) and any(stated) else None
        given, family, middle, suffix = zip(claimed, stated, strict=True)
        if any(part and not found for part, found in (given, family)):
            return None
        if not any(part for part, _ in (given, family)):
            return None
        return (
            all(part in (None, found) for part, found in (given, family))
            and is_middle_name(*middle)
            and (None in suffix or suffix[0] == suffix[1])
        )


@dataclass(frozen=True, slots=True)
class BornOn:
    """She was born on that day."""

    day: date
    category = DataCategory.BIRTH_DATE
    topic = "birth_date"
    rule = _SOMETHING

    def comparable(self) -> str | None:
        born = dates.birth(self.day)
        return None if born is None else born.isoformat()

    def judged(self, records: Sequence[Record]) -> Truth:
        return _judged(born == self.day for born in _births(records))


@dataclass(frozen=True, slots=True)
class IsOfAge:
    """She has completed that many years on that day.

    A birth date mistyped in one record would answer for all: where permitted records differ on it, unknown.
    """

    age_min: int
    on: date
    category = DataCategory.BIRTH_DATE
    topic = "age"
    rule = f"must be of 1 to {dates.AGE_MAX_YEARS} years"

    def comparable(self) -> str | None:
        is_an_age = 1 <= self.age_min <= dates.AGE_MAX_YEARS
        return f"{self.age_min} on {self.on}" if is_an_age else None

    def judged(self, records: Sequence[Record]) -> Truth:
        said = {is_of_age(born, self.on, self.age_min) for born in _births(records)}
        return _judged(said) if len(said) == 1 else Truth.UNKNOWN


@dataclass(frozen=True, slots=True)
class HasDied:
    """A record states the day of her death. That none does is no word on her being alive: never false."""

    category = DataCategory.DEATH_DATE
    topic = "death"
    rule = _SOMETHING

    def comparable(self) -> str | None:
        return ""

    def judged(self, records: Sequence[Record]) -> Truth:
        return _judged(True for record in records if record.death_date is not None)


@dataclass(frozen=True, slots=True)
class LivesAt:
    """A record holds that address of hers, today's or one of before.

    The place is compared by post code, else by city; units and states where both sides state them.
    """

    address: Address
    category = DataCategory.ADDRESS
    topic = "address"
    rule = _SOMETHING

    def comparable(self) -> str | None:
        found = parts_of(self.address)
        return _joined(found) if found.line or found.post_code or found.city else None

    def judged(self, records: Sequence[Record]) -> Truth:
        claimed = parts_of(self.address)
        found = (
            is_one_address(claimed, parts_of(one)) for record in records for one in record.addresses
        )
        return _judged(said for said in found if said is not None)


@dataclass(frozen=True, slots=True)
class IsReachedAt:
    """That telephone number or e-mail address is hers."""

    contact_point: ContactPoint
    category = DataCategory.CONTACT
    rule = _SOMETHING

    @property
    def topic(self) -> str:
        return self.contact_point.kind.value

    def comparable(self) -> str | None:
        return contact_of(self.contact_point)

    def judged(self, records: Sequence[Record]) -> Truth:
        claimed = contact_of(self.contact_point)
        found = (
            contact_of(one)
            for record in records
            for one in record.contact_points
            if one.kind is self.contact_point.kind
        )
        return _judged(one == claimed for one in found if one)


@dataclass(frozen=True, slots=True)
class IsNumbered:
    """That number of its scheme was issued to her."""

    identifier: Identifier
    rule = _SOMETHING

    @property
    def category(self) -> DataCategory:
        return category_of_scheme(self.identifier.scheme)

    @property
    def topic(self) -> str:
        return f"identifier {self.identifier.scheme}"

    def comparable(self) -> str | None:
        return number_of(self.identifier)

    def judged(self, records: Sequence[Record]) -> Truth:
        claimed = number_of(self.identifier)
        found = (
            number_of(one)
            for record in records
            for one in record.identifiers
            if one.scheme == self.identifier.scheme
        )
        return _judged(one == claimed for one in found if one)


@dataclass(frozen=True, slots=True)
class Holds:
    """She holds a licence, permit, registration or benefit of that type, valid on that day.

    Only a record that states one of the type speaks: that a source is silent is no word that she has none.
    """

    type: str
    on: date
    category = DataCategory.HOLDING
    rule = _SOMETHING

    @property
    def topic(self) -> str:
        return f"holding {self.type.strip().lower()}"

    def comparable(self) -> str | None:
        return self.on.isoformat() if self.type.strip() else None

    def judged(self, records: Sequence[Record]) -> Truth:
        wanted = self.type.strip().lower()
        return _judged(
            is_valid_on(one, self.on)
            for record in records
            for one in record.holdings
            if one.type.strip().lower() == wanted
        )


def _judged(said: Iterable[bool]) -> Truth:
    """Of what the records that speak say."""
    answer = Truth.UNKNOWN
    for is_so in said:
        if is_so:
            return Truth.TRUE
        answer = Truth.FALSE
    return answer


def _joined(parts: Iterable[str | None]) -> str | None:
    """Comparable parts as one text, each in its place; None where there is none."""
    said = [part or "" for part in parts]
    return "|".join(said) if any(said) else None


def _births(records: Iterable[Record]) -> Iterator[date]:
    for record in records:
        born = dates.birth(record.birth_date)
        if born is not None:
            yield born
