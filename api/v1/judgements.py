"""`/v1/judgements`, `/v1/splits`: a steward's SAME and DIFFERENT, previewed, made on what was seen, and withdrawn.

Decides the shapes, and that an act is made on what `why` or `constituents/query` showed (If-Match). What may be judged
and what it does is the journeys'.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.etags import PARAMETER, IfMatch
from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.v1.references import ActOut, ConstituentIn, Out, PairIn, RecordOut
from api.v1.words import RecordRef, Sentence, Strict
from hub.access.scopes import Scope
from hub.domain.reviews import Verdict
from hub.journeys import judge as journey

router = guarded_router(tags=["Stewards"])

_RECORDS_MAX = 100


class JudgementIn(PairIn):
    """A verdict on two records, or on two constituents, and why; the reason rests sealed."""

    verdict: Verdict
    reason: Sentence


class SplitIn(Strict):
    """A constituent, its records that are somebody else's, and why; the reason rests sealed."""

    whom: ConstituentIn
    records: Annotated[list[RecordRef], Field(min_length=1, max_length=_RECORDS_MAX)]
    reason: Sentence


class JudgementOut(Out):
    """A judgement. act: what it is withdrawn by, with the others of that act. sleeps: a record of it is removed."""

    number: int
    act: Annotated[UUID, Field(validation_alias="act_id")]
    verdict: Verdict
    left: RecordOut
    right: RecordOut
    author: str
    reason: str
    judged_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    sleeps: bool


class JudgementsOut(Out):
    """Judgements, the oldest first."""

    items: list[JudgementOut]


@router.get("/judgements")
@needs(Scope.LINK_READ)
def judgements(
    hub: HubOf, caller: CallerOf, cursor: CursorIn = None, limit: LimitIn = 50
) -> Page[JudgementOut]:
    """List judgements with their reasons, withdrawn ones too, newest first."""
    cursors = Cursors(hub, caller, "judgements")
    found = journey.page_judgements(
        hub,
        after=cursors.position(cursor) or None,
        limit=limit,
        is_cleared=caller.is_cleared,
    )
    return cursors.page([JudgementOut.model_validate(one) for one in found.rows], found.next)


@router.post("/judgements/query")
@needs(Scope.LINK_READ)
def of_constituent(hub: HubOf, caller: CallerOf, whom: ConstituentIn) -> JudgementsOut:
    """List the judgements on a record, removed ones too, or on any record of a constituent."""
    found = journey.list_of(hub, whom.text(), is_cleared=caller.is_cleared)
    return JudgementsOut(items=[JudgementOut.model_validate(one) for one in found])


@router.post("/judgements/preview")
@needs(Scope.LINK_WRITE)
def preview_judgement(hub: HubOf, caller: CallerOf, said: JudgementIn) -> ActOut:
    """Tell what a judgement would do, and do nothing."""
    return _judged(hub, caller, said, seen=None, is_preview=True)


@router.post("/judgements", status_code=201, openapi_extra={"parameters": [PARAMETER]})
@changes
@needs(Scope.LINK_WRITE)
def make_judgement(hub: HubOf, caller: CallerOf, said: JudgementIn, seen: IfMatch) -> ActOut:
    """Judge two records, or merge or hold apart two constituents. Said again, it changes nothing."""
    return _judged(hub, caller, said, seen=seen, is_preview=False)


def _judged(
    hub: HubOf, caller: CallerOf, said: JudgementIn, *, seen: str | None, is_preview: bool
) -> ActOut:
    done = journey.judge(
        hub,
        said.verdict,
        said.left.text(),
        said.right.text(),
        author=caller.signature,
        reason=said.reason,
        seen=seen,
        is_preview=is_preview,
        is_cleared=caller.is_cleared,
    )
    return ActOut.model_validate(done)


@router.post("/judgements/{act}/withdraw")
@changes
@needs(Scope.LINK_WRITE)
def withdraw(hub: HubOf, caller: CallerOf, act: UUID) -> ActOut:
    """End every judgement of an act, as if it had not been judged. Ids that it alone merged come back."""
    done = journey.withdraw(hub, act, author=caller.signature, is_cleared=caller.is_cleared)
    return ActOut.model_validate(done)


@router.post("/splits/preview")
@needs(Scope.LINK_WRITE)
def preview_split(hub: HubOf, caller: CallerOf, said: SplitIn) -> ActOut:
    """Tell what a split would do, and do nothing."""
    return _split(hub, caller, said, seen=None, is_preview=True)


@router.post("/splits", status_code=201, openapi_extra={"parameters": [PARAMETER]})
@changes
@needs(Scope.LINK_WRITE)
def make_split(hub: HubOf, caller: CallerOf, said: SplitIn, seen: IfMatch) -> ActOut:
    """Say that some records of a constituent are somebody else: each DIFFERENT from each of the rest."""
    return _split(hub, caller, said, seen=seen, is_preview=False)


def _split(
    hub: HubOf, caller: CallerOf, said: SplitIn, *, seen: str | None, is_preview: bool
) -> ActOut:
    done = journey.split(
        hub,
        said.whom.text(),
        [str(one.value()) for one in said.records],
        author=caller.signature,
        reason=said.reason,
        seen=seen,
        is_preview=is_preview,
        is_cleared=caller.is_cleared,
    )
    return ActOut.model_validate(done)
