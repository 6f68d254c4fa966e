"""Whether two statements of a name, an address, a number or a term say the same, in their comparable forms.

Decides which parts must agree where only one of the two states them. Making a value comparable is matching's.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    ContactPoint,
    Holding,
    HoldingStatus,
    Identifier,
    Name,
    Record,
    RecordKey,
)
from matching.features import COLUMNS, derive
from matching.standardise import addresses, contacts, identifiers
from matching.standardise.addresses import AddressParts

_CLAIMED: Final = RecordKey("claimed", "-")

#: The columns a name gives, in the order they are compared in.
_NAME_PLACES: Final = {
    kind: [COLUMNS[kind].index(column) for column in columns]
    for kind, columns in (
        (ConstituentKind.PERSON, ("given", "family", "middle", "suffix")),
        (ConstituentKind.ORGANIZATION, ("name", "trading_name")),
    )
}

#: The agency's word that a holding does not count, whatever its dates say.
_NOT_HELD: Final = frozenset(
    {HoldingStatus.PENDING, HoldingStatus.SUSPENDED, HoldingStatus.REVOKED}
)


def compared_name(name: Name, kind: ConstituentKind) -> tuple[str | None, ...]:
    """A person's given, family, middle name and suffix, each None where not stated; an organization's names."""
    values = derive(Record(_CLAIMED, kind, names=(name,))).values
    found = tuple(values[place] for place in _NAME_PLACES[kind])
    return found if kind is ConstituentKind.PERSON else tuple(filter(None, found))


def is_middle_name(claimed: str | None, stated: str | None) -> bool:
    """Whether the two can be one middle name: an initial stands for all that begin with it."""
    if not (claimed and stated):
        return True
    short, long = sorted((claimed, stated), key=len)
    return short == long if len(short) > 1 else long.startswith(short)


def parts_of(address: Address) -> AddressParts:
    """An address in its comparable parts."""
    return addresses.parts(
        address.delivery_line,
        address.full_address,
        address.unit,
        address.city,
        address.admin_unit_l2,
        address.post_code,
    )


def is_one_address(claimed: AddressParts, stated: AddressParts) -> bool | None:
    """Whether the two are one address; None where one states too little to say."""
    if claimed.line and not stated.line:
        return None
    where = (claimed.post_code, stated.post_code)
    if not all(where):
        where = (claimed.city, stated.city)
    if not all(where) and (claimed.post_code or claimed.city):
        return None
    beside = ((claimed.unit, stated.unit), (claimed.admin_unit, stated.admin_unit))
    return (
        claimed.line in (None, stated.line)
        and (not all(where) or where[0] == where[1])
        and all(one == other for one, other in beside if one and other)
    )


def contact_of(point: ContactPoint) -> str | None:
    """A telephone number or e-mail address in its comparable form."""
    standard = contacts.phone if point.kind is ContactKind.PHONE else contacts.email
    return standard(point.value)


def number_of(identifier: Identifier) -> str | None:
    """An identifier in its scheme's one spelling."""
    return identifiers.canonical(identifier.scheme, identifier.value)


def is_valid_on(holding: Holding, on: date) -> bool:
    """Whether it counts on that day, by its dates and its agency's word."""
    if holding.status in _NOT_HELD:
        return False
    if holding.valid_until is None:
        is_begun = holding.valid_from is None or holding.valid_from <= on
        return is_begun and holding.status is not HoldingStatus.EXPIRED
    # An expired one was valid within its term.
    return (holding.valid_from or on) <= on <= holding.valid_until
