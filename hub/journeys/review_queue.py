"""The review queue as stewards read it: what is open, in what order, and one question with all that hangs on it.

Decides what a steward sees of a question, and that one about somebody at risk is unknown to the uncleared and leaves no
gap. Claiming and answering are review.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason
from hub.journeys.acts import token, whole_of
from hub.journeys.context import Hub
from hub.journeys.judge import JudgementView, judgement_views
from hub.journeys.naming import RecordRef, named
from hub.journeys.paging import Page, PageInvalid, paged
from hub.journeys.review import ANSWERS, QUESTIONS, found_in, present_sides
from hub.journeys.safety import Sight, filled, records_of
from hub.store import constituents, database, history, judgements, records, reviews
from hub.store.reviews import ReviewPlace, ReviewRow

_MICROBITS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A review as it stands in the queue. weight_bits: None where it is not about a weight.

    outcome: None while open, and where the question went away by itself.
    """

    number: int
    kind: ConstituentKind
    reason: ReviewReason
    left: RecordRef
    right: RecordRef | None
    weight_bits: float | None
    opened_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class ReviewSide:
    """A record in question, the constituent it is under now (None once removed), and the others there."""

    record: RecordRef
    constituent: UUID | None
    others: tuple[RecordRef, ...]


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review as the steward who answers it sees it.

    judgement: the one in question. answers: the outcomes it takes. seen: hand it back with the answer; it
    is of what is left of the records.
    """

    line: ReviewLine
    question: str
    answers: tuple[Outcome, ...]
    left: ReviewSide
    right: ReviewSide | None
    judgement: JudgementView | None
    seen: str


def list_reviews(
    hub: Hub,
    kind: ConstituentKind | None = None,
    reason: ReviewReason | None = None,
    mine: str | None = None,
    limit: int = 50,
    *,
    is_cleared: bool = False,
) -> list[ReviewLine]:
    """Open reviews: reports and changed facts first, then the strongest pairs. mine: only that steward's.

    is_cleared: those about somebody at risk too.
    """
    with database.transaction(hub.engine) as connection:
        queue = _Queue(Sight(hub, connection, is_cleared), kind, reason, mine)
        return _lines(hub, connection, queue.seen(limit))


def page_reviews(
    hub: Hub,
    kind: ConstituentKind | None = None,
    reason: ReviewReason | None = None,
    mine: str | None = None,
    *,
    after: ReviewPlace | int | None = None,
    limit: int = 50,
    is_cleared: bool = False,
) -> Page[ReviewLine, ReviewPlace]:
    """The same a page at a time; after: a page's `next`, or the number in it. Raises PageInvalid.

    A page is full as far as there are reviews to be seen: one left short would tell of those that are not.
    """
    with database.transaction(hub.engine) as connection:
        queue = _Queue(Sight(hub, connection, is_cleared), kind, reason, mine)
        place = _place(connection, after) if isinstance(after, int) else after
        found = paged(limit, lambda rows: queue.seen(rows, place), reviews.place_of)
        return Page(tuple(_lines(hub, connection, found.rows)), found.next)


def _place(connection: Connection, number: int) -> ReviewPlace:
    """Where a review stands, open or not: its row stays. Raises PageInvalid."""
    row = reviews.find(connection, number)
    if row is None:
        raise PageInvalid("after: no review has that number")
    return reviews.place_of(row)


@dataclass(frozen=True, slots=True)
class _Queue:
    """The open reviews of some sort as far as a reader sees them."""

    sight: Sight
    kind: ConstituentKind | None
    reason: ReviewReason | None
    mine: str | None

    def seen(self, limit: int, after: ReviewPlace | None = None) -> list[ReviewRow]:
        def page(offset: int) -> list[ReviewRow]:
            return reviews.queue(
                self.sight.connection,
                kind=self.kind,
                reason=self.reason,
                claimed_by=self.mine,
                limit=limit,
                offset=offset,
                after=after,
            )

        return filled(page, self.sight.seen_reviews, limit)


def _lines(hub: Hub, connection: Connection, rows: Sequence[ReviewRow]) -> list[ReviewLine]:
    refs = _refs(hub, connection, {number for row in rows for number in records_of(row)})
    return [_line(row, refs) for row in rows]


def show_review(hub: Hub, number: int, *, is_cleared: bool = False) -> ReviewView:
    """One review, open or closed, with all that an answer hangs on. Raises ReviewUnknown, SealBroken.

    is_cleared: here and below, one about somebody at risk is known too.
    """
    with database.transaction(hub.engine) as connection:
        row = found_in(Sight(hub, connection, is_cleared), number)
        present = records.present(connection, records_of(row))
        wholes = {
            record.id: whole_of(connection, record).records
            for record in present
            if record.constituent is not None
        }
        shown = {record.id for whole in wholes.values() for record in whole}
        refs = _refs(hub, connection, shown.union(records_of(row)))
        public = constituents.public_ids(
            connection, [r.constituent for r in present if r.constituent is not None]
        )
        under = {r.id: public[r.constituent] for r in present if r.constituent is not None}
        sides = [
            ReviewSide(
                refs[one],
                under.get(one),
                tuple(refs[other.id] for other in wholes.get(one, ()) if other.id != one),
            )
            for one in records_of(row)
        ]
        return ReviewView(
            line=_line(row, refs),
            question=QUESTIONS[row.reason],
            answers=tuple(sorted(ANSWERS[row.reason])),
            left=sides[0],
            right=sides[1] if len(sides) > 1 else None,
            judgement=_in_question(hub, connection, row),
            seen=token(connection, present_sides(connection, row)),
        )


def _refs(hub: Hub, connection: Connection, numbers: Iterable[int]) -> dict[int, RecordRef]:
    return named(hub, history.stored(connection, sorted(numbers)))


def _line(row: ReviewRow, refs: Mapping[int, RecordRef]) -> ReviewLine:
    return ReviewLine(
        number=row.id,
        kind=ConstituentKind(row.kind),
        reason=row.reason,
        left=refs[row.left],
        right=None if row.right is None else refs[row.right],
        weight_bits=None if row.microbits is None else row.microbits / _MICROBITS,
        opened_at=row.opened_at,
        claimed_by=row.claimed_by,
        claimed_at=row.claimed_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        outcome=row.outcome,
    )


def _in_question(hub: Hub, connection: Connection, row: ReviewRow) -> JudgementView | None:
    found = None if row.judgement_id is None else judgements.find(connection, row.judgement_id)
    return None if found is None else judgement_views(hub, connection, [found])[0]
