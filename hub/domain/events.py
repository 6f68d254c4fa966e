"""What is told of a change to who is who: the kinds of event, and which of them a change calls for.

Decides from memberships alone, before and after, however many steps lay between. Ids only: no event
carries a value. Writing events and giving them their places in the feed is the store's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from hub.domain.identity import ConstituentId, Placement, Record

_Groups: TypeAlias = defaultdict[ConstituentId, list[ConstituentId]]


class EventKind(StrEnum):
    """What an event says of its constituent, or of its review.

    MERGED: the others resolve to it now. SPLIT: the others, new or given back, hold records that were
    under it. UPDATED: its records, their values, or what
    was said of it changed. ERASED: no record is left under it.
    """

    CREATED = "constituent.created"
    MERGED = "constituent.merged"
    SPLIT = "constituent.split"
    UPDATED = "constituent.updated"
    ERASED = "constituent.erased"
    REVIEW_OPENED = "review.opened"
    REVIEW_CLOSED = "review.closed"


@dataclass(frozen=True, slots=True)
class Change:
    """An event about a constituent, by age numbers of ids; `others` ascending."""

    kind: EventKind
    constituent: ConstituentId
    others: tuple[ConstituentId, ...] = ()


def changes(
    placed: Mapping[Record, ConstituentId],
    clusters: Sequence[Sequence[Record]],
    placement: Placement,
    changed: Collection[Record] = (),
    aliases: Mapping[ConstituentId, ConstituentId] = MappingProxyType({}),
) -> list[Change]:
    """The events of a placement, in the order of ids; none for a constituent that is as it was.

    placed: record -> current id before, of all records the change touched, those now removed too.
    clusters: the new ones, as `place` was given them. changed: records whose values are others now.
    aliases: the touched ids that were not current before -> the id each answered with; one that
    answers with another now is told as merged into that. Left out, such moves are not told.
    """
    found = list(_changes(placed, clusters, placement, frozenset(changed), aliases))
    return sorted(found, key=lambda change: (change.constituent, change.kind))


def _changes(
    placed: Mapping[Record, ConstituentId],
    clusters: Sequence[Sequence[Record]],
    placement: Placement,
    changed: frozenset[Record],
    aliases: Mapping[ConstituentId, ConstituentId],
) -> Iterator[Change]:
    before = _members(placed)
    after = dict(zip(placement.current, map(frozenset, clusters), strict=True))
    yield from (Change(EventKind.ERASED, id_) for id_ in placement.tombstones)
    merged: _Groups = defaultdict(list)
    for id_, current in placement.aliases.items():
        if id_ in before or aliases.get(id_, current) != current:
            merged[current].append(id_)
    split: _Groups = defaultdict(list)
    for id_ in after.keys() - before.keys():
        origins = {placed[record] for record in after[id_] if record in placed}
        if not origins:
            yield Change(EventKind.CREATED, id_)
        for origin in origins:
            # An origin that answers with this id now was merged into it; nothing was split off.
            if placement.aliases.get(origin) != id_:
                split[origin].append(id_)
    yield from _told(EventKind.MERGED, merged)
    yield from _told(EventKind.SPLIT, split)
    for id_ in before.keys() & after.keys() - merged.keys() - split.keys():
        if after[id_] != before[id_] or not changed.isdisjoint(after[id_]):
            yield Change(EventKind.UPDATED, id_)


def _told(kind: EventKind, groups: _Groups) -> Iterator[Change]:
    return (Change(kind, id_, tuple(sorted(others))) for id_, others in groups.items())


def _members(placed: Mapping[Record, ConstituentId]) -> dict[ConstituentId, frozenset[Record]]:
    found: defaultdict[ConstituentId, set[Record]] = defaultdict(set)
    for record, id_ in placed.items():
        found[id_].add(record)
    return {id_: frozenset(records) for id_, records in found.items()}
