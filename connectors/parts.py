"""Compile the parts of a mapping that give lists: names, addresses, holdings and the rest.

Decides when an item counts as absent: an item whose value, number or name is null is dropped, and
so is one whose only values are constants.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias, TypeVar

from connectors.canonical import (
    AddressMap,
    CaseMap,
    ContactPointMap,
    HoldingMap,
    IdentifierMap,
    NameMap,
    RecordMap,
    RelationshipMap,
)
from connectors.contract import Row
from connectors.getters import Getter, Positions, getter, text_getter
from connectors.leaf import Leaf
from connectors.values import as_boolean, as_date, as_role, as_status
from hub.domain.records import (
    Address,
    CaseReference,
    ContactPoint,
    Holding,
    Identifier,
    Name,
    NameUse,
    RecordKey,
    Relationship,
    Role,
)

T = TypeVar("T")
Items: TypeAlias = Callable[[Row], tuple[T, ...]]


def items(getters: list[Getter[T]]) -> Items[T]:
    """A function giving what the getters find, absent ones left out."""
    if not getters:
        return lambda _: ()
    if len(getters) == 1:
        (only,) = getters

        def get_one(values: Row) -> tuple[T, ...]:
            item = only(values)
            return () if item is None else (item,)

        return get_one
    return lambda values: tuple([one for get in getters if (one := get(values)) is not None])


def names(mapping: RecordMap, at: Positions) -> Items[Name]:
    """The legal name first, then those of birth, the alternatives and the trading names."""
    getters: list[Getter[Name]] = []
    if any(leaf is not None for leaf in _name_leaves(mapping)):
        getters.append(_name(NameUse.LEGAL, _name_leaves(mapping), at))
    if mapping.legal_name:
        getters.append(_name(NameUse.LEGAL, (mapping.legal_name, None, None, None, None), at))
    if mapping.birth_name:
        getters.append(_name(NameUse.BIRTH, _name_leaves(mapping.birth_name), at))
    getters += [
        _name(NameUse.ALTERNATIVE, _name_leaves(name), at) for name in mapping.alternative_names
    ]
    getters += [
        _name(NameUse.TRADING, (leaf, None, None, None, None), at) for leaf in mapping.trading_names
    ]
    return items(getters)


NameLeaves: TypeAlias = tuple[Leaf | None, Leaf | None, Leaf | None, Leaf | None, Leaf | None]


def _name_leaves(name: NameMap | RecordMap) -> NameLeaves:
    """In the order of the fields of Name."""
    return (name.full_name, name.given_name, name.middle_name, name.family_name, name.name_suffix)


def _name(use: NameUse, leaves: NameLeaves, at: Positions) -> Getter[Name]:
    full, given, middle, family, suffix = [text_getter(leaf, at) for leaf in leaves]

    def get(values: Row) -> Name | None:
        name = Name(
            use, full(values), given(values), middle(values), family(values), suffix(values)
        )
        is_named = name.full_name or name.given_name or name.middle_name or name.family_name
        return name if is_named else None

    return get


def address(mapping: AddressMap, at: Positions) -> Getter[Address]:
    """An address, None where neither its line nor any part of it is there."""
    # In the order of the fields of Address; country and use alone are no address.
    place = [
        mapping.full_address, mapping.delivery_line, mapping.unit, mapping.city,
        mapping.admin_unit_l2, mapping.post_code,
    ]  # fmt: skip
    getters = [text_getter(leaf, at) for leaf in place]
    from_row = [i for i, leaf in enumerate(place) if leaf and leaf.constant is None]
    country, use = text_getter(mapping.country, at), text_getter(mapping.use, at)

    def get(values: Row) -> Address | None:
        parts = [part(values) for part in getters]
        if all(parts[i] is None for i in from_row):
            return None
        full, line, unit, city, state, post_code = parts
        return Address(full, line, unit, city, state, post_code, country(values), use(values))

    return get


def contact_point(mapping: ContactPointMap, at: Positions) -> Getter[ContactPoint]:
    """A contact point, None where it has no value."""
    kind, value, use = mapping.kind, text_getter(mapping.value, at), text_getter(mapping.use, at)
    verified_on = getter(mapping.verified_on, at, as_date)

    def get(values: Row) -> ContactPoint | None:
        text = value(values)
        if text is None:
            return None
        return ContactPoint(kind, text, use(values), verified_on(values))

    return get


def identifier(mapping: IdentifierMap, at: Positions) -> Getter[Identifier]:
    """An identifier, None where it has no value."""
    scheme, value = mapping.scheme, text_getter(mapping.value, at)
    issuer = text_getter(mapping.issuer, at)
    valid_until = getter(mapping.valid_until, at, as_date)
    is_verified = getter(mapping.is_verified, at, as_boolean)

    def get(values: Row) -> Identifier | None:
        text = value(values)
        if text is None:
            return None
        verified = is_verified(values) or False
        return Identifier(scheme, text, issuer(values), valid_until(values), verified)

    return get


def holding(mapping: HoldingMap, at: Positions) -> Getter[Holding]:
    """A holding, None without its type or its number, or (unnumbered) with constants only."""
    kind, number = text_getter(mapping.type, at), text_getter(mapping.number, at)
    status = getter(mapping.status, at, as_status)
    valid_from = getter(mapping.valid_from, at, as_date)
    valid_until = getter(mapping.valid_until, at, as_date)
    is_numbered = mapping.number is not None
    is_typed_by_row = mapping.type.constant is None

    def get(values: Row) -> Holding | None:
        type_text, number_text = kind(values), number(values)
        if type_text is None or (is_numbered and number_text is None):
            return None
        found = Holding(
            type_text, number_text, status(values), valid_from(values), valid_until(values)
        )
        is_stated = is_numbered or is_typed_by_row or found.valid_from or found.valid_until
        return found if is_stated or (found.status and _from_row(mapping.status)) else None

    return get


def _from_row(leaf: Leaf | None) -> bool:
    return leaf is not None and leaf.constant is None


def relationship(mapping: RelationshipMap, at: Positions) -> Getter[Relationship]:
    """A relationship, None where the other record's key is not there."""
    kind, source, other = mapping.kind, mapping.source, text_getter(mapping.other, at)
    valid_from = getter(mapping.valid_from, at, as_date)
    valid_until = getter(mapping.valid_until, at, as_date)

    def get(values: Row) -> Relationship | None:
        local_id = other(values)
        if local_id is None:
            return None
        key = RecordKey(source, local_id)
        return Relationship(kind, key, valid_from(values), valid_until(values))

    return get


def case(mapping: CaseMap, at: Positions) -> Getter[CaseReference]:
    """A case reference, None without its type or number."""
    kind, number = text_getter(mapping.type, at), text_getter(mapping.number, at)
    status = text_getter(mapping.status, at)
    opened_on = getter(mapping.opened_on, at, as_date)
    closed_on = getter(mapping.closed_on, at, as_date)

    def get(values: Row) -> CaseReference | None:
        type_text, number_text = kind(values), number(values)
        if type_text is None or number_text is None:
            return None
        return CaseReference(
            type_text, number_text, status(values), opened_on(values), closed_on(values)
        )

    return get


def roles(mapping: RecordMap, at: Positions) -> Items[Role]:
    """The roles stated, and those found in columns."""
    fixed = tuple(role for role in mapping.roles if isinstance(role, Role))
    found = items([getter(leaf, at, as_role) for leaf in mapping.roles if isinstance(leaf, Leaf)])
    if len(fixed) == len(mapping.roles):
        return lambda _: fixed
    return lambda values: tuple(dict.fromkeys((*fixed, *found(values))))


def custom(mapping: RecordMap, at: Positions) -> Callable[[Row], dict[str, str]]:
    """The custom attributes that have a value, by name."""
    getters = [(name, text_getter(leaf, at)) for name, leaf in sorted(mapping.custom.items())]
    return lambda values: {name: text for name, get in getters if (text := get(values)) is not None}
