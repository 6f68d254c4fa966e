"""Show one constituent: its records unsealed, their values chosen by survivorship, each with its source.

What sources declare of their authority is handed to survivorship here. Reads only. Who may call this is not
decided here: the command line is the operator's own; agencies go through a look-up, which decides and discloses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.constituents import CaseView, HoldingView, Profile, RelationshipView
from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.records import ConstituentKind, Record
from hub.journeys.context import Hub
from hub.journeys.references import id_in, present_record, unknown
from hub.journeys.safety import Sight
from hub.journeys.surviving import (
    Authority,
    Pinned,
    Stated,
    attributes,
    declared_authority,
    full_name,
)
from hub.journeys.unseal import open_records
from hub.store import constituents, database, records, reviews, sources
from hub.store.sources import SourceState
from hub.vault.tags import Hasher
from matching.standardise import dates


def show_profile(
    hub: Hub, reference: str, authority: Authority | None = None, *, is_cleared: bool = False
) -> Profile:
    """The profile behind a constituent's id or a record's `source:key`.

    authority: in place of what the sources declare, where it is given. is_cleared: may see who is at risk;
    else she is as unknown, and not among relationships and reviews.

    Raises ConstituentUnknown for an id never issued or retired without records, RecordUnknown for a
    record the hub does not hold or has not linked yet.
    """
    with database.transaction(hub.engine) as connection:
        sight = Sight(hub, connection, is_cleared)
        number, public_id = resolve(hub, connection, reference)
        sight.require(number, reference)
        return _profile(sight, number, public_id, authority)


def resolve(hub: Hub, connection: Connection, reference: str) -> tuple[int, UUID]:
    """The age number and public id a reference stands for now. Raises as show_profile."""
    public_id = id_in(reference)
    if public_id is None:
        return _resolve_record(hub, connection, reference)
    try:
        found = constituents.find(connection, public_id)
    except LookupError:
        raise unknown(reference) from None
    if found is None:
        raise ConstituentUnknown("that id was retired: no record is left under it")
    return found


def _resolve_record(hub: Hub, connection: Connection, reference: str) -> tuple[int, UUID]:
    found = constituents.of_record(connection, present_record(hub, connection, reference))
    if found is None:
        raise RecordUnknown("that record was loaded after the last link run: run `hub link`")
    return found


def profile_of(
    hub: Hub,
    connection: Connection,
    number: int,
    public_id: UUID,
    authority: Authority | None = None,
) -> Profile:
    """The same of a current id, whole. Raises ConstituentUnknown where no record is left under it."""
    return _profile(Sight(hub, connection, is_cleared=True), number, public_id, authority)


def _profile(sight: Sight, number: int, public_id: UUID, authority: Authority | None) -> Profile:
    hub, connection = sight.hub, sight.connection
    member_ids = constituents.members(connection, number)
    if not member_ids:
        raise ConstituentUnknown(
            "its records were removed at their sources since the last link run"
        )
    kind = ConstituentKind(constituents.kind_of(connection, number))
    registered = sources.every(connection)
    stated = read_stated(hub, connection, kind, member_ids, registered)
    believed = _declared(registered, kind) if authority is None else authority
    roles = {role.value for item in stated for role in item.record.roles}
    return Profile(
        id=public_id,
        kind=kind,
        aliases=tuple(constituents.alias_ids(connection, number)),
        records=tuple(item.record.key for item in stated),
        roles=tuple(sorted(roles)),
        attributes=tuple(attributes(stated, believed, Pinned.of(hub, connection, stated))),
        holdings=tuple(
            HoldingView(holding, item.source, item.as_of)
            for item in stated
            for holding in item.record.holdings
        ),
        cases=tuple(
            CaseView(case, item.source, item.as_of) for item in stated for case in item.record.cases
        ),
        relationships=tuple(_relationships(sight, member_ids)),
        open_reviews=len(sight.seen_reviews(reviews.open_of(connection, member_ids))),
    )


def born_on(
    hub: Hub, connection: Connection, number: int, of_sources: Collection[str] | None = None
) -> date | None:
    """The date of birth that the profile of a current id shows; None without one, or for a placeholder.

    of_sources: as if there were no records but theirs; None for all.
    """
    kind = ConstituentKind(constituents.kind_of(connection, number))
    registered = sources.every(connection)
    members = constituents.members(connection, number)
    stated = [
        one
        for one in read_stated(hub, connection, kind, members, registered)
        if of_sources is None or one.source in of_sources
    ]
    found = attributes(stated, _declared(registered, kind), Pinned.of(hub, connection, stated))
    shown = [view.survivor.winner.value for view in found if view.attribute == "birth_date"]
    return dates.birth(date.fromisoformat(shown[0])) if shown else None


def _declared(registered: Iterable[SourceState], kind: ConstituentKind) -> Authority:
    return declared_authority(
        (source.agency, source.authority) for source in registered if source.kind == kind
    )


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
    hasher = Hasher(hub.keys)
    return [
        Stated(
            record,
            record.key.source,
            by_name[record.key.source].agency,
            hasher.key(str(record.key)),
        )
        for record in opened
    ]


def _relationships(sight: Sight, member_ids: Sequence[int]) -> Iterator[RelationshipView]:
    hub, connection = sight.hub, sight.connection
    mine = set(member_ids)
    related = records.related(connection, member_ids)
    hidden = sight.hidden_records(end if start in mine else start for start, _, end in related)
    for start, kind, end in related:
        other_record = end if start in mine else start
        other = constituents.of_record(connection, other_record)
        if other is None or other_record in hidden:
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
