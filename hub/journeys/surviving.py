"""The values a constituent's records state, and which of them stands for each attribute.

Decides what of a record is a value of which attribute and in which comparable form, and how stewards' pins
reach survivorship (hub.domain.survivorship), which chooses. Whose records these are, and which of their values
may be read, is the caller's to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Self

from sqlalchemy import Connection

from hub.domain.constituents import AttributeView
from hub.domain.records import Address, ContactKind, Name, NameUse, Record
from hub.domain.survivorship import Candidate, survive
from hub.journeys.context import Hub
from hub.store import pins
from hub.vault.tags import Hasher
from matching.standardise import addresses, contacts, text

#: attribute -> agency -> rank; an agency with authority over an attribute is believed first.
Authority = Mapping[str, Mapping[str, int]]

_PLAIN: Final = (
    "birth_date",
    "death_date",
    "sex",
    "gender",
    "preferred_language",
    "legal_form",
    "activity",
    "status",
)


#: attribute, value, its comparable form (None: a placeholder), whether it was verified
_Value = tuple[str, str, str | None, bool]


@dataclass(frozen=True, slots=True)
class Stated:
    """A record, opened as far as its reader may, with the source and agency that state it."""

    record: Record
    source: str
    agency: str
    key_hash: bytes

    @property
    def as_of(self) -> date | None:
        moment = self.record.as_of
        return moment.date() if isinstance(moment, datetime) else moment


def declared_authority(declared: Iterable[tuple[str, Mapping[str, int]]]) -> Authority:
    """What sources of one kind declare, each with its agency: of an agency's the best rank counts for all."""
    ranks: dict[str, dict[str, int]] = {}
    for agency, authority in declared:
        for attribute, rank in authority.items():
            of_agencies = ranks.setdefault(attribute, {})
            of_agencies[agency] = min(rank, of_agencies.get(agency, rank))
    return ranks


@dataclass(frozen=True, slots=True)
class Pinned:
    """The standing pins of some records by the record's key hash and the attribute: the keyed hash of the
    pinned value, and when it was pinned."""

    hasher: Hasher
    standing: Mapping[tuple[bytes, str], tuple[bytes, datetime]]

    @classmethod
    def of(cls, hub: Hub, connection: Connection, stated: Sequence[Stated]) -> Self:
        found = pins.standing(connection, [item.key_hash for item in stated])
        return cls(
            Hasher(hub.keys),
            {(pin.key_hash, pin.attribute): (pin.value_hash, pin.made_at) for pin in found},
        )

    def made_at(self, key_hash: bytes, attribute: str, comparable: str) -> datetime | None:
        """When that value of the record was pinned; None also where another value of it was."""
        value_hash, made_at = self.standing.get((key_hash, attribute), (None, None))
        if made_at and value_hash == self.hasher.value(key_hash, attribute, comparable):
            return made_at
        return None


def attributes(
    stated: Sequence[Stated], authority: Authority, pinned: Pinned
) -> Iterator[AttributeView]:
    """What stands for each attribute that some record states, in the order they are met."""
    offered: dict[str, list[Candidate]] = {}
    for item in stated:
        for attribute, candidate in candidates(item):
            made_at = pinned.made_at(item.key_hash, attribute, candidate.comparable)
            offered.setdefault(attribute, []).append(
                candidate if made_at is None else replace(candidate, pinned_at=made_at)
            )
    for attribute, said in offered.items():
        survivor = survive(said, authority.get(attribute, {}))
        if survivor is not None:
            yield AttributeView(attribute, survivor)


def candidates(item: Stated) -> Iterator[tuple[str, Candidate]]:
    """What a record offers to a profile: attribute and value, placeholders left out."""
    for attribute, value, comparable, is_verified in _values(item.record):
        if comparable:  # a placeholder says nothing: "UNKNOWN" must not outvote a name
            yield (
                attribute,
                Candidate(
                    value,
                    comparable,
                    item.source,
                    item.agency,
                    item.as_of,
                    is_verified,
                ),
            )


def _values(record: Record) -> Iterator[_Value]:
    """A record's single values."""
    for name in record.names:
        shown = full_name(name)
        attribute = "name" if name.use is NameUse.LEGAL else f"{name.use.value}_name"
        yield attribute, shown, text.fold(shown), False
    for field in _PLAIN:
        value = getattr(record, field)
        if value is not None:
            yield field, str(value), str(value).lower(), False
    yield from map(_address, record.addresses)
    for point in record.contact_points:
        standard = contacts.phone if point.kind is ContactKind.PHONE else contacts.email
        yield point.kind.value, point.value, standard(point.value), point.verified_on is not None
    for identifier in record.identifiers:
        comparable = text.fold(identifier.value)
        yield identifier.scheme, identifier.value, comparable, identifier.is_verified
    for attribute, value in record.custom.items():
        yield attribute, value, value.lower(), False


def _address(address: Address) -> _Value:
    parts = (address.delivery_line, address.unit, address.city, address.admin_unit_l2)
    shown = address.full_address or ", ".join(filter(None, (*parts, address.post_code)))
    street = address.delivery_line or address.full_address
    line = addresses.line(street) if street else None
    # The same street and number stand in many places.
    where = addresses.post_code(address.post_code) or addresses.city(address.city) or ""
    return "address", shown, f"{line} {where}" if line else None, False


def full_name(name: Name) -> str:
    """A name as one would say it: the whole as stated, else its parts in order."""
    parts = (name.given_name, name.middle_name, name.family_name, name.name_suffix)
    return name.full_name or " ".join(filter(None, parts))
