"""Show one constituent: its records unsealed, their values chosen by survivorship, each with its source.

What sources declare of their authority and what stewards pinned is handed to survivorship here; a pin on
a value that its record no longer states sleeps. Reads only. Who may call this is not decided here: the command line is the operator's own; agencies
go through a look-up, which decides and discloses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Self
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.constituents import (
    AttributeView,
    CaseView,
    HoldingView,
    Profile,
    RelationshipView,
)
from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.records import (
    Address,
    ConstituentKind,
    ContactKind,
    Name,
    NameUse,
    Record,
    RecordKey,
)
from hub.domain.survivorship import Candidate, survive
from hub.journeys.context import Hub
from hub.journeys.references import id_in, present_record
from hub.journeys.unseal import open_records
from hub.store import constituents, database, pins, records, reviews, sources
from hub.store.pins import StoredPin
from hub.store.sources import SourceState
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
    """A record, opened, with the source that states it."""

    record: Record
    source: SourceState

    @property
    def as_of(self) -> date | None:
        moment = self.record.as_of
        return moment.date() if isinstance(moment, datetime) else moment


def show_profile(hub: Hub, reference: str, authority: Authority | None = None) -> Profile:
    """The profile behind a constituent's id or a record's `source:key`.

    authority: in place of what the sources declare, where it is given.

    Raises ConstituentUnknown for an id never issued or retired without records, RecordUnknown for a
    record the hub does not hold or has not linked yet.
    """
    with database.transaction(hub.engine) as connection:
        number, public_id = resolve(hub, connection, reference)
        return _profile(hub, connection, number, public_id, authority)


def resolve(hub: Hub, connection: Connection, reference: str) -> tuple[int, UUID]:
    """The age number and public id a reference stands for now. Raises as show_profile."""
    public_id = id_in(reference)
    if public_id is None:
        return _resolve_record(hub, connection, reference)
    try:
        found = constituents.find(connection, public_id)
    except LookupError:
        raise ConstituentUnknown("no constituent was ever issued that id") from None
    if found is None:
        raise ConstituentUnknown("that id was retired: no record is left under it")
    return found


def _resolve_record(hub: Hub, connection: Connection, reference: str) -> tuple[int, UUID]:
    found = constituents.of_record(connection, present_record(hub, connection, reference))
    if found is None:
        raise RecordUnknown("that record was loaded after the last link run: run `hub link`")
    return found


def _profile(
    hub: Hub, connection: Connection, number: int, public_id: UUID, authority: Authority | None
) -> Profile:
    member_ids = constituents.members(connection, number)
    if not member_ids:
        raise ConstituentUnknown(
            "its records were removed at their sources since the last link run"
        )
    kind = ConstituentKind(constituents.kind_of(connection, number))
    registered = sources.every(connection)
    stated = read_stated(hub, connection, kind, member_ids, registered)
    believed = declared_authority(registered, kind) if authority is None else authority
    roles = {role.value for item in stated for role in item.record.roles}
    return Profile(
        id=public_id,
        kind=kind,
        aliases=tuple(constituents.alias_ids(connection, number)),
        records=tuple(item.record.key for item in stated),
        roles=tuple(sorted(roles)),
        attributes=tuple(_attributes(stated, believed, _Pins.of(hub, connection, stated))),
        holdings=tuple(
            HoldingView(holding, item.source.name, item.as_of)
            for item in stated
            for holding in item.record.holdings
        ),
        cases=tuple(
            CaseView(case, item.source.name, item.as_of)
            for item in stated
            for case in item.record.cases
        ),
        relationships=tuple(_relationships(hub, connection, member_ids)),
        open_reviews=reviews.count_of(connection, member_ids),
    )


def declared_authority(registered: Iterable[SourceState], kind: ConstituentKind) -> Authority:
    """What the sources of that kind declare: of an agency's sources the best rank counts for all."""
    ranks: dict[str, dict[str, int]] = {}
    for source in registered:
        if source.kind == kind:
            for attribute, rank in source.authority.items():
                of_agencies = ranks.setdefault(attribute, {})
                of_agencies[source.agency] = min(rank, of_agencies.get(source.agency, rank))
    return ranks


def read_stated(
    hub: Hub,
    connection: Connection,
    kind: ConstituentKind,
    record_ids: Sequence[int],
    registered: Iterable[SourceState],
) -> list[Stated]:
    """Those records, opened, each with the source that states it."""
    by_name = {source.name: source for source in registered}
    opened = open_records(hub.keys, kind, records.sealed(connection, record_ids))
    return [Stated(record, by_name[record.key.source]) for record in opened]


@dataclass(frozen=True, slots=True)
class _Pins:
    """The standing pins of some records, by the record's key hash and the attribute."""

    hasher: Hasher
    standing: Mapping[tuple[bytes, str], StoredPin]

    @classmethod
    def of(cls, hub: Hub, connection: Connection, stated: Sequence[Stated]) -> Self:
        hasher = Hasher(hub.keys)
        key_hashes = [hasher.key(str(item.record.key)) for item in stated]
        found = pins.standing(connection, key_hashes)
        return cls(hasher, {(pin.key_hash, pin.attribute): pin for pin in found})

    def made_at(self, key: RecordKey, attribute: str, comparable: str) -> datetime | None:
        """When that value of the record was pinned; None also where another value of it was."""
        if not self.standing:
            return None
        key_hash = self.hasher.key(str(key))
        pin = self.standing.get((key_hash, attribute))
        is_the_value = pin and pin.value_hash == self.hasher.value(key_hash, attribute, comparable)
        return pin.made_at if pin and is_the_value else None


def _attributes(
    stated: Sequence[Stated], authority: Authority, pinned: _Pins
) -> Iterator[AttributeView]:
    offered: dict[str, list[Candidate]] = {}
    for item in stated:
        for attribute, candidate in candidates(item):
            made_at = pinned.made_at(item.record.key, attribute, candidate.comparable)
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
                    item.source.name,
                    item.source.agency,
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


def _relationships(
    hub: Hub, connection: Connection, member_ids: Sequence[int]
) -> Iterator[RelationshipView]:
    mine = set(member_ids)
    for start, kind, end in records.related(connection, member_ids):
        other_record = end if start in mine else start
        other = constituents.of_record(connection, other_record)
        if other is None:
            continue
        number, public_id = other
        other_kind = ConstituentKind(constituents.kind_of(connection, number))
        opened = open_records(hub.keys, other_kind, records.sealed(connection, [other_record]))
        yield RelationshipView(
            kind=kind,
            other_id=public_id,
            other_name=_first_name(opened),
            source=records.source_of(connection, start),
            is_inverse=start not in mine,
        )


def _first_name(opened: Iterable[Record]) -> str | None:
    return next((full_name(name) for record in opened for name in record.names), None)
