"""What an act did to who is who, in the ids people know: the same words for a preview and for the deed.

Decides nothing: reads what a change of the partition did (change.py) and names it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.events import EventKind
from hub.journeys.change import Effects, Redivided, asked
from hub.store import records, sources


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
    connection: Connection, found: Redivided, effects: Effects, closed_besides: int
) -> Consequences:
    """Name what was done. closed_besides: reviews closed by the act itself, not by the partition."""
    wanted = asked(found.divided.questions, None).keys()
    standing = {review.subject for review in found.surroundings.reviews}
    return Consequences(
        merged=tuple(_merged(effects)),
        parted=tuple(_parted(found, effects)),
        records_moved=_moved(connection, effects),
        reviews_opened=len(wanted - standing),
        reviews_closed=len(standing - wanted) + closed_besides,
    )


def issued(found: Redivided, effects: Effects) -> tuple[UUID, ...]:
    """The ids that came to be, oldest first."""
    new = effects.public_ids.keys() - found.surroundings.public_ids.keys()
    return tuple(effects.public_ids[number] for number in sorted(new))


def _merged(effects: Effects) -> Iterator[Merged]:
    public = effects.public_ids
    for change in effects.changes:
        if change.kind is EventKind.MERGED:
            for other in change.others:
                yield Merged(public[other], public[change.constituent])


def _parted(found: Redivided, effects: Effects) -> Iterator[Parted]:
    public = effects.public_ids
    for change in effects.changes:
        if change.kind is EventKind.SPLIT:
            known = [other for other in change.others if other in found.surroundings.public_ids]
            yield Parted(
                public[change.constituent],
                tuple(public[other] for other in known),
                len(change.others) - len(known),
            )


def _moved(connection: Connection, effects: Effects) -> dict[str, int]:
    agencies = {source.id: source.agency for source in sources.every(connection)}
    whose = records.source_numbers(connection, effects.moved)
    return dict(sorted(Counter(agencies[number] for number in whose).items()))
