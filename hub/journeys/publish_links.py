"""Publish a partition: clusters become ids by the home rule, and only what changed is written.

One transaction under the partition lock. Ids of clusters that stayed as they were are not touched;
links, homes and aliases that changed are ended and begun anew, so that what was known before can be
read back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from sqlalchemy import Connection

from hub.domain.identity import ConstituentId, Placement, Standing, place, touched
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.models import ChosenModel, publish
from hub.store import constituents, database
from hub.store.constituents import AliasOf
from matching.linkage import Linkage
from matching.population import Population


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing changed. records_moved: linked before, and to another id now."""

    constituents: int
    ids_issued: int
    records_moved: int
    reviews_open: int


@dataclass(frozen=True, slots=True)
class _Before:
    """What stood before, by record number and age number of ids."""

    links: Mapping[int, ConstituentId]
    homes: Mapping[int, ConstituentId]
    aliases: Mapping[int, AliasOf]


def publish_links(
    hub: Hub,
    kind: ConstituentKind,
    run_id: int,
    population: Population,
    linkage: Linkage | None,
    chosen: ChosenModel | None,
) -> Published:
    """Write what a link run found, and publish its model if it is new; without either, every record is
    left on its own."""
    clusters = (
        [[record] for record in population.features["record"].to_pylist()]
        if linkage is None
        else linkage.members()
    )
    with database.transaction(hub.engine) as connection:
        database.lock_in_transaction(connection, database.LOCK_PARTITION)
        before = _before(connection, kind)
        changed, old = touched(before.links, clusters)
        new = [clusters[position] for position in changed]
        numbers = count(constituents.next_number(connection))
        placement = place(_standing(before, old), new, lambda: ConstituentId(next(numbers)))
        writer = _Writer(hub, connection, before, old)
        writer.issue(placement, kind, run_id)
        moved = writer.write_links(new, placement)
        writer.write_homes(new, placement)
        writer.write_aliases(placement)
        reviews = _reviews(linkage)
        if chosen is not None:
            model_id = chosen.id or publish(hub, connection, chosen.model, writer.at)
            constituents.replace_reviews(connection, kind, reviews, model_id, writer.at)
    return Published(len(clusters), len(placement.issued), moved, len(reviews))


def _before(connection: Connection, kind: ConstituentKind) -> _Before:
    links = constituents.current_links(connection, kind)
    homes = constituents.current_homes(connection, kind)
    return _Before(
        links={record: ConstituentId(number) for record, number in links.items()},
        homes={record: ConstituentId(number) for record, number in homes.items()},
        aliases=constituents.current_aliases(connection, kind),
    )


def _standing(before: _Before, old: set[ConstituentId]) -> Standing:
    """What the home rule must know of the clusters that change."""
    placed = {record: current for record, current in before.links.items() if current in old}
    return Standing(
        homes={record: before.homes.get(record) for record in placed},
        placed=placed,
        followers={
            ConstituentId(number): ConstituentId(alias.follows_id)
            for number, alias in before.aliases.items()
            if alias.follows_id is not None and alias.current_id in old
        },
    )


def _reviews(linkage: Linkage | None) -> dict[tuple[int, int], tuple[str, int]]:
    if linkage is None:
        return {}
    columns = (
        linkage.review[name].to_pylist() for name in ("left", "right", "doubt", "weight_microbits")
    )
    return {
        (min(left, right), max(left, right)): (doubt, weight)
        for left, right, doubt, weight in zip(*columns, strict=True)
    }


class _Writer:
    """Writes the difference between what stood and what was placed."""

    def __init__(
        self, hub: Hub, connection: Connection, before: _Before, old: set[ConstituentId]
    ) -> None:
        self._hub = hub
        self._connection = connection
        self._before = before
        self._old = old
        self.at = hub.now()

    def issue(self, placement: Placement, kind: ConstituentKind, run_id: int) -> None:
        fresh = [(number, self._hub.new_public_id()) for number in placement.issued]
        constituents.issue(self._connection, fresh, kind, run_id, self.at)

    def write_links(self, clusters: Sequence[Sequence[int]], placement: Placement) -> int:
        """End the links that changed and those of removed records; answers how many records moved."""
        links = self._before.links
        wanted = {
            record: current
            for cluster, current in zip(clusters, placement.current, strict=True)
            for record in cluster
        }
        begun = {
            record: current for record, current in wanted.items() if links.get(record) != current
        }
        moved = [record for record in begun if record in links]
        removed = [
            record
            for record, current in links.items()
            if current in self._old and record not in wanted
        ]
        constituents.rewrite_links(self._connection, moved + removed, begun.items(), self.at)
        return len(moved)

    def write_homes(self, clusters: Sequence[Sequence[int]], placement: Placement) -> None:
        homes = self._before.homes
        staying = {record for cluster in clusters for record in cluster}
        ended = [
            record
            for record, current in self._before.links.items()
            if current in self._old
            and record in homes
            and (record in placement.homes or record not in staying)
        ]
        begun = ((record, home) for record, home in placement.homes.items() if home is not None)
        constituents.rewrite_homes(self._connection, ended, begun, self.at)

    def write_aliases(self, placement: Placement) -> None:
        standing = self._before.aliases
        wanted: dict[int, AliasOf] = {
            number: AliasOf(current, self._follows(number, placement))
            for number, current in placement.aliases.items()
        }
        wanted |= {number: AliasOf(None) for number in placement.tombstones}
        concerned: dict[int, AliasOf] = {
            number: alias for number, alias in standing.items() if alias.current_id in self._old
        }
        ended = [number for number, alias in concerned.items() if wanted.get(number) != alias]
        begun = {
            number: alias for number, alias in wanted.items() if concerned.get(number) != alias
        }
        constituents.rewrite_aliases(self._connection, ended, begun, self.at)

    def _follows(self, number: ConstituentId, placement: Placement) -> int | None:
        if number in placement.retired:
            return placement.retired[number]
        alias = self._before.aliases.get(number)
        return alias.follows_id if alias else None
