"""`/v1/constituents/...`: who answers to a reference, now, then, and how it came about. Ids and records, no value.

Decides the shapes. Who is hidden from whom, and what is told of the past, is the journeys'.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from fastapi import Response

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.v1.references import ETAGGED, ConstituentIn, Out, RecordOut, with_token
from api.v1.words import Moment
from hub.access.scopes import Scope
from hub.domain.records import ConstituentKind
from hub.domain.reviews import ReviewReason, Verdict
from hub.journeys.history import HistoryKind, history, identity_as_of
from hub.journeys.steward_view import steward_view

router = guarded_router(tags=["Stewards"])


class MomentIn(ConstituentIn):
    """A constituent, and the moment asked about."""

    at: Moment


class PlacedRecordOut(Out):
    """A present record. is_pending: where what it says now leads to is still to be seen."""

    record: RecordOut
    is_pending: bool


class OpenQuestionOut(Out):
    """An open review that touches one of the records."""

    number: int
    reason: ReviewReason


class ConstituentOut(Out):
    """A constituent as a steward sees it. aliases: ids that answer with it."""

    id: UUID
    kind: ConstituentKind
    aliases: list[UUID]
    records: list[PlacedRecordOut]
    reviews: list[OpenQuestionOut]


class AsOfOut(Out):
    """What a reference resolved to at a moment. id: null where it was retired and nothing was under it."""

    at: datetime
    kind: ConstituentKind
    id: UUID | None
    records: list[RecordOut]
    aliases: list[UUID]


class HistoryEntryOut(Out):
    """One thing that happened, of `id`; other_id: where it came from or went. What is of no account is null."""

    at: datetime
    kind: HistoryKind
    id: UUID | None
    other_id: UUID | None
    record: RecordOut | None
    other_record: RecordOut | None
    verdict: Verdict | None
    author: str | None


class HistoryOut(Out):
    """A constituent's story, in the order of time."""

    entries: list[HistoryEntryOut]


@router.post("/constituents/query", response_model=ConstituentOut, responses=ETAGGED)
@needs(Scope.LINK_READ)
def query(hub: HubOf, caller: CallerOf, whom: ConstituentIn) -> Response:
    """Tell who answers to a reference now. The ETag is what a split of it is made with."""
    found = steward_view(hub, whom.text(), is_cleared=caller.is_cleared)
    return with_token(ConstituentOut.model_validate(found), found.seen)


@router.post("/constituents/as-of")
@needs(Scope.LINK_READ)
def as_of(hub: HubOf, caller: CallerOf, whom: MomentIn) -> AsOfOut:
    """Tell who answered to a reference at a moment. No versions of values are kept."""
    found = identity_as_of(hub, whom.text(), whom.at, is_cleared=caller.is_cleared)
    return AsOfOut.model_validate(found)


@router.post("/constituents/history")
@needs(Scope.LINK_READ)
def story(hub: HubOf, caller: CallerOf, whom: ConstituentIn) -> HistoryOut:
    """Tell what became of a constituent's ids and records, also of a retired id or a removed record."""
    found = history(hub, whom.text(), is_cleared=caller.is_cleared)
    return HistoryOut(entries=[HistoryEntryOut.model_validate(one) for one in found])
