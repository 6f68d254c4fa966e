"""Who answers to a reference now, as a steward needs it to decide: ids, records, open questions, and no value.

Decides what a steward is told without opening more of a record than its key. What her agencies state is a profile's to
show, and nobody reads one here: stewards say who is who, and that is judged by why.py's weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from hub.domain.records import ConstituentKind
from hub.domain.reviews import ReviewReason
from hub.journeys.acts import aim, token, whole_of
from hub.journeys.context import Hub
from hub.journeys.naming import RecordRef, named
from hub.journeys.safety import Sight
from hub.store import constituents, database, history, reviews


@dataclass(frozen=True, slots=True)
class PlacedRecord:
    """A present record. is_pending: where what it says now leads to is still to be seen."""

    record: RecordRef
    is_pending: bool


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """An open review that touches one of the records."""

    number: int
    reason: ReviewReason


@dataclass(frozen=True, slots=True)
class StewardView:
    """A constituent as a steward sees it. aliases: ids that answer with it. seen: hand it back with an act on it."""

    id: UUID
    kind: ConstituentKind
    aliases: tuple[UUID, ...]
    records: tuple[PlacedRecord, ...]
    reviews: tuple[OpenQuestion, ...]
    seen: str


def steward_view(hub: Hub, reference: str, *, is_cleared: bool = False) -> StewardView:
    """Who answers to a constituent's id or a record's `source:key`. is_cleared: may see who is at risk.

    Raises ConstituentUnknown, RecordUnknown, RecordRemoved, RecordNotLinked, SealBroken.
    """
    with database.snapshot(hub.engine) as connection:
        found = aim(hub, connection, reference, is_cleared=is_cleared)
        whole = found if found.is_constituent else whole_of(connection, found.oldest)
        number = whole.oldest.constituent
        assert number is not None
        members = [record.id for record in whole.records]
        refs = named(hub, history.stored(connection, members))
        sight = Sight(hub, connection, is_cleared)
        return StewardView(
            id=constituents.public_ids(connection, [number])[number],
            kind=ConstituentKind(whole.oldest.kind),
            aliases=tuple(constituents.alias_ids(connection, number)),
            records=tuple(PlacedRecord(refs[one.id], one.is_pending) for one in whole.records),
            reviews=tuple(
                OpenQuestion(row.id, row.reason)
                for row in sight.seen_reviews(reviews.open_of(connection, members))
            ),
            seen=token(connection, [whole]),
        )
