"""`/v1/corrections`: what constituents say is wrong in a record, asked for by an officer and answered by its agency."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.v1.held_shapes import CorrectionOut, Telling
from api.v1.named import Case
from api.v1.words import RecordRef, Sentence, Slug, Strict, Text
from hub.access.scopes import Scope
from hub.journeys.rights import corrections as journey
from hub.journeys.rights.corrections import Answer
from hub.journeys.rights.requests import RightsRequest

router = guarded_router(tags=["Corrections"])


class WrongIn(Strict):
    """What of a record is wrong, how it ought to be, and why; all of it rests sealed. field: such as `addresses`."""

    record: RecordRef
    field: Slug
    proposed: Text
    reason: Sentence


class CorrectionIn(WrongIn):
    """The same, with the request it is made at."""

    case: Case


class AnswerIn(Strict):
    """What the agency says to a correction. note: what it tells the constituent; it rests sealed."""

    answer: Answer
    note: Sentence


class MadeOut(BaseModel):
    """A correction waits for the agency that owns the record. id: this caller's name of it."""

    id: UUID


class AnsweredOut(BaseModel):
    """A correction was answered."""

    id: UUID
    answer: Answer


@router.post("/corrections", status_code=201)
@changes
@needs(Scope.REQUEST_WRITE)
def propose(hub: HubOf, caller: CallerOf, said: CorrectionIn) -> MadeOut:
    """Propose a correction to the agency that owns a record, at its constituent's request. The hub edits none."""
    number = journey.propose(
        hub,
        str(said.record.value()),
        field=said.field,
        proposed=said.proposed,
        reason=said.reason,
        request=RightsRequest(said.case, caller.signature, caller.client),
    )
    return MadeOut(id=Telling(hub, caller).correction_id(number))


@router.get("/corrections")
@needs(Scope.CORRECTION_READ)
def waiting(
    hub: HubOf,
    caller: CallerOf,
    is_all: Annotated[bool, Query(alias="all", description="Answered ones too.")] = False,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[CorrectionOut]:
    """The corrections that wait for the agency, on its own records, the oldest first."""
    cursors = Cursors(hub, caller, "corrections")
    after = cursors.position(cursor)
    found = journey.list_corrections(hub, caller.require_agency(), is_all=is_all)
    later = [one for one in found if one.number > after]
    telling = Telling(hub, caller)
    page = [telling.correction(one) for one in later[:limit]]
    return cursors.page(page, later[limit - 1].number if len(later) > limit else None)


@router.post("/corrections/{correction}/answers", status_code=201)
@changes
@needs(Scope.CORRECTION_WRITE)
def answer(hub: HubOf, caller: CallerOf, correction: UUID, said: AnswerIn) -> AnsweredOut:
    """Answer a correction, once; the agency carries an accepted one out itself, and its next load confirms it."""
    number = Telling(hub, caller).correction_named(correction)
    journey.answer(
        hub, caller.require_agency(), number, said.answer, note=said.note, by=caller.signature
    )
    return AnsweredOut(id=correction, answer=said.answer)
