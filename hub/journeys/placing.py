"""Clusters become ids, and what changes by that: rows of links, homes and aliases, and the events that tell of it.

Decides nothing about who is who: the partition has, and the home rule (hub.domain.identity) says under
which id. The same for a batch and for a single change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.events import Change, EventKind, changes
from hub.domain.identity import ConstituentId, Placement, Standing, place, touched
from hub.store import constituents, outbox
from hub.store.constituents import AliasOf, PlacementRows
from hub.store.outbox import OutgoingEvent

Clusters = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Before:
    """What stood, at least of every constituent that may change: by record number and age number of ids."""

    links: Mapping[int, ConstituentId]
    homes: Mapping[int, ConstituentId]
    aliases: Mapping[int, AliasOf]


@dataclass(frozen=True, slots=True)
class Placed:
    """A placement and what it changes. clusters: the changed ones, as the placement numbers them; old: the
    current ids before of all constituents that changed."""

    before: Before
    clusters: Clusters
    old: set[ConstituentId]
    placement: Placement
    changes: list[Change]

    @property
    def wanted(self) -> dict[int, ConstituentId]:
        """Each record of a changed cluster -> its current id now."""
        return {
            record: current
            for cluster, current in zip(self.clusters, self.placement.current, strict=True)
            for record in cluster
        }

    def moved(self) -> list[int]:
        """Records linked before, and to another id now."""
        links = self.before.links
        return [record for record, id_ in self.wanted.items() if links.get(record, id_) != id_]


def place_clusters(
    before: Before,
    clusters: Clusters,
    issue: Callable[[], ConstituentId],
    changed: Collection[int] = (),
) -> Placed:
    """Give every cluster that changed its id by the home rule.

    clusters: all that stand in place of `before`. changed: records whose values are others now.
    """
    positions, old = touched(before.links, clusters)
    new = [clusters[position] for position in positions]
    placed = {record: id_ for record, id_ in before.links.items() if id_ in old}
    standing = Standing(
        homes={record: before.homes.get(record) for record in placed},
        placed=placed,
        followers={
            ConstituentId(number): ConstituentId(alias.follows_id)
            for number, alias in before.aliases.items()
            if alias.follows_id is not None and alias.current_id in old
        },
    )
    placement = place(standing, new, issue)
    answered = {
        ConstituentId(number): ConstituentId(alias.current_id)
        for number, alias in before.aliases.items()
        if alias.current_id is not None and alias.current_id in old
    }
    told = changes(placed, new, placement, changed, answered)
    elsewhere = {before.links[record] for record in changed if record in before.links} - old
    told += [Change(EventKind.UPDATED, id_) for id_ in sorted(elsewhere)]
    return Placed(before, new, old, placement, told)


def rows_of(placed: Placed, new_public_id: Callable[[], UUID]) -> PlacementRows:
    """The difference between what stood and what was placed; nothing of what stayed as it was."""
    before, wanted, homes = placed.before, placed.wanted, placed.placement.homes
    links_begun = [(r, id_) for r, id_ in wanted.items() if before.links.get(r) != id_]
    gone = [r for r, id_ in before.links.items() if id_ in placed.old and r not in wanted]
    aliases_ended, aliases_begun = _aliases(placed)
    return PlacementRows(
        issued=[(int(number), new_public_id()) for number in placed.placement.issued],
        links_ended=[record for record, _ in links_begun if record in before.links] + gone,
        links_begun=links_begun,
        homes_ended=[
            record
            for record, id_ in before.links.items()
            if id_ in placed.old
            and record in before.homes
            and (record in homes or record not in wanted)
        ],
        homes_begun=[(record, home) for record, home in homes.items() if home is not None],
        aliases_ended=aliases_ended,
        aliases_begun=aliases_begun,
    )


def _aliases(placed: Placed) -> tuple[list[int], dict[int, AliasOf]]:
    placement, standing = placed.placement, placed.before.aliases

    def follows(number: ConstituentId) -> int | None:
        if number in placement.retired:
            return placement.retired[number]
        alias = standing.get(number)
        return alias.follows_id if alias else None

    wanted: dict[int, AliasOf] = {
        number: AliasOf(current, follows(number)) for number, current in placement.aliases.items()
    }
    wanted |= {number: AliasOf(None) for number in placement.tombstones}
    concerned: dict[int, AliasOf] = {
        number: alias for number, alias in standing.items() if alias.current_id in placed.old
    }
    ended = [number for number, alias in concerned.items() if wanted.get(number) != alias]
    begun = {number: alias for number, alias in wanted.items() if concerned.get(number) != alias}
    return ended, begun


def tell(
    connection: Connection, told: Sequence[Change], known: Mapping[int, UUID], at: datetime
) -> None:
    """Write the events; known: public ids that need not be read."""
    if not told:
        return
    named = {number for change in told for number in (change.constituent, *change.others)}
    unread = [number for number in named if number not in known]
    public = {**known, **(constituents.public_ids(connection, unread) if unread else {})}
    outbox.put(connection, list(named_events(told, public)), at)


def named_events(told: Iterable[Change], public_ids: Mapping[int, UUID]) -> Iterator[OutgoingEvent]:
    """Events as they leave: by public ids."""
    for change in told:
        yield OutgoingEvent(
            change.kind,
            public_ids[change.constituent],
            tuple(public_ids[number] for number in change.others),
        )
