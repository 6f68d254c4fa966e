"""What an act did to who is who, in the ids people know: the same words for a preview and for the deed.

Decides only that nobody hidden is among it: reads what a change of the partition did (change.py) and names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.events import Change, EventKind
from hub.journeys.change import Effects, Redivided, asked
from hub.store import records, sources
from hub.store.reviews import Subject


@dataclass(frozen=True, slots=True)
class Merged:
    """An id that answers with another from now on."""

    id: UUID
    into: UUID


@dataclass(frozen=True, slots=True)
class Parted:
    """An id from which records went to others: ids given back, and as many new ones as `new` says."""

    id: UUID
    given_back: tuple[UUID, ...]
    new: int


@dataclass(frozen=True, slots=True)
class Unseen:
    """Whom the act's author does not see: age numbers of ids, and records."""

    ids: frozenset[int] = frozenset()
    records: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Consequences:
    """Everything an act changed. New ids are counted, not named, for a preview gives none away.

    records_moved: by agency, the records that were under another id before. Reviews are counted as they
    are opened and closed, the one that the act answers among them.
    """

    merged: tuple[Merged, ...] = ()
    parted: tuple[Parted, ...] = ()
    records_moved: Mapping[str, int] = field(default_factory=dict)
    reviews_opened: int = 0
    reviews_closed: int = 0


def consequences(
    connection: Connection,
    found: Redivided,
    effects: Effects,
    closed_besides: int,
    unseen: Unseen,
) -> Consequences:
    """Name what was done. closed_besides: reviews closed by the act itself, not by the partition."""
    wanted = set(_of_the_seen(asked(found.divided.questions, None), unseen))
    standing = set(_of_the_seen((one.subject for one in found.surroundings.reviews), unseen))
    seen = [one for one in effects.changes if unseen.ids.isdisjoint((one.constituent, *one.others))]
    moved = [record for record in effects.moved if record not in unseen.records]
    return Consequences(
        merged=tuple(_merged(seen, effects)),
        parted=tuple(_parted(found, seen, effects)),
        records_moved=_moved(connection, moved),
        reviews_opened=len(wanted - standing),
        reviews_closed=len(standing - wanted) + closed_besides,
    )


def _of_the_seen(subjects: Iterable[Subject], unseen: Unseen) -> Iterator[Subject]:
    for one in subjects:
        if unseen.records.isdisjoint(one[:2]):
            yield one


def issued(found: Redivided, effects: Effects, unseen: Unseen) -> tuple[UUID, ...]:
    """The ids that came to be, oldest first."""
    seen = {number for record, number in effects.ids.items() if record not in unseen.records}
    new = seen & effects.public_ids.keys() - found.surroundings.public_ids.keys()
    return tuple(effects.public_ids[number] for number in sorted(new))


def _merged(changes: Iterable[Change], effects: Effects) -> Iterator[Merged]:
    public = effects.public_ids
    for change in changes:
        if change.kind is EventKind.MERGED:
            for other in change.others:
                yield Merged(public[other], public[change.constituent])


def _parted(found: Redivided, changes: Iterable[Change], effects: Effects) -> Iterator[Parted]:
    public = effects.public_ids
    for change in changes:
        if change.kind is EventKind.SPLIT:
            known = [other for other in change.others if other in found.surroundings.public_ids]
            yield Parted(
                public[change.constituent],
                tuple(public[other] for other in known),
                len(change.others) - len(known),
            )


def _moved(connection: Connection, moved: Sequence[int]) -> dict[str, int]:
    agencies = {source.id: source.agency for source in sources.every(connection)}
    whose = records.source_numbers(connection, moved)
    return dict(sorted(Counter(agencies[number] for number in whose).items()))
