"""`/v1/reviews`: the questions left to stewards: listed, looked at, claimed and answered.

Decides the shapes, and that an answer is given on what was seen (If-Match). Which answers a question takes and what
they do is hub.journeys.review's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from api.etags import PARAMETER, IfMatch
from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.v1.judgements import JudgementOut
from api.v1.references import ETAGGED, ActOut, Number, Out, RecordOut, with_token
from api.v1.words import RecordRef, Sentence, Strict
from hub.access.scopes import Scope
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason
from hub.journeys import review as journey
from hub.journeys import review_queue as queue

router = guarded_router(tags=["Stewards"])


class ReportIn(Strict):
    """A record that somebody says is not hers."""

    record: RecordRef


class AnswerIn(Strict):
    """An answer, and why; the reason rests sealed."""

    outcome: Outcome
    reason: Sentence


class ReviewOut(Out):
    """A review. weight_bits: null where it is not about a weight. outcome: null while open, or where it went away."""

    number: int
    kind: ConstituentKind
    reason: ReviewReason
    left: RecordOut
    right: RecordOut | None
    weight_bits: float | None
    opened_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: Outcome | None


class ReviewSideOut(Out):
    """A record in question, the constituent it is under (null once removed), and the others there."""

    record: RecordOut
    constituent: UUID | None
    others: list[RecordOut]


class ReviewViewOut(Out):
    """A review with all that an answer hangs on. answers: the outcomes it takes, none where judging answers it."""

    line: ReviewOut
    question: str
    answers: list[Outcome]
    left: ReviewSideOut
    right: ReviewSideOut | None
    judgement: JudgementOut | None


class ReportedOut(Out):
    """The review that asks about a report."""

    number: int


class AnsweredOut(Out):
    """An answer given, or previewed, and what it does."""

    number: int
    outcome: Outcome
    judged: ActOut


@router.get("/reviews")
@needs(Scope.REVIEW_READ)
def reviews(
    hub: HubOf,
    caller: CallerOf,
    kind: ConstituentKind | None = None,
    reason: ReviewReason | None = None,
    is_mine: Annotated[bool, Query(description="Those that the caller claimed alone.")] = False,
    cursor: CursorIn = None,
    limit: LimitIn = 50,
) -> Page[ReviewOut]:
    """List open reviews: reports and changed facts first, then the strongest pairs."""
    cursors = Cursors(hub, caller, "reviews")
    found = queue.page_reviews(
        hub,
        kind,
        reason,
        caller.client if is_mine else None,
        after=cursors.position(cursor) or None,
        limit=limit,
        is_cleared=caller.is_cleared,
    )
    items = [ReviewOut.model_validate(one) for one in found.rows]
    return cursors.page(items, None if found.next is None else found.next.number)


@router.post("/reviews", status_code=201)
@changes
@needs(Scope.REVIEW_WRITE)
def report(hub: HubOf, caller: CallerOf, said: ReportIn) -> ReportedOut:
    """Ask whether a record is really its constituent's, since somebody says that it is not.

    While one is open about the record, it is that.
    """
    number = journey.report_not_mine(
        hub, str(said.record.value()), caller.client, is_cleared=caller.is_cleared
    )
    return ReportedOut(number=number)


@router.get("/reviews/{number}", response_model=ReviewViewOut, responses=ETAGGED)
@needs(Scope.REVIEW_READ)
def review(hub: HubOf, caller: CallerOf, number: Number) -> Response:
    """Show one review, open or closed. The ETag is what it is answered with."""
    found = queue.show_review(hub, number, is_cleared=caller.is_cleared)
    return with_token(ReviewViewOut.model_validate(found), found.seen)


@router.post("/reviews/{number}/claim", status_code=204)
@changes
@needs(Scope.REVIEW_WRITE)
def claim(hub: HubOf, caller: CallerOf, number: Number) -> Response:
    """Take an open review in hand: nobody else can answer it then."""
    journey.claim(hub, number, caller.client, is_cleared=caller.is_cleared)
    return Response(status_code=204)


@router.post("/reviews/{number}/release", status_code=204)
@changes
@needs(Scope.REVIEW_WRITE)
def release(hub: HubOf, caller: CallerOf, number: Number) -> Response:
    """Give a review back to everybody."""
    journey.release(hub, number, caller.client, is_cleared=caller.is_cleared)
    return Response(status_code=204)


@router.post("/reviews/{number}/preview")
@needs(Scope.REVIEW_WRITE)
def preview(hub: HubOf, caller: CallerOf, number: Number, said: AnswerIn) -> AnsweredOut:
    """Tell what an answer would do, and do nothing."""
    return _decided(hub, caller, number, said, seen=None, is_preview=True)


@router.post("/reviews/{number}/answer", openapi_extra={"parameters": [PARAMETER]})
@changes
@needs(Scope.REVIEW_WRITE)
def answer(
    hub: HubOf, caller: CallerOf, number: Number, said: AnswerIn, seen: IfMatch
) -> AnsweredOut:
    """Answer a review, and do what the answer means."""
    return _decided(hub, caller, number, said, seen=seen, is_preview=False)


def _decided(
    hub: HubOf,
    caller: CallerOf,
    number: int,
    said: AnswerIn,
    *,
    seen: str | None,
    is_preview: bool,
) -> AnsweredOut:
    done = journey.decide(
        hub,
        number,
        said.outcome,
        by=caller.client,
        reason=said.reason,
        seen=seen,
        is_preview=is_preview,
        is_cleared=caller.is_cleared,
    )
    return AnsweredOut.model_validate(done)
