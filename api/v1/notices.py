"""`/v1/notices`: what an agency is to do with data it was given, until it says that it took that in."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from hub.access.scopes import Scope
from hub.domain.notices import NoticeKind
from hub.journeys import notices as journey
from hub.vault.opaque import OpaqueIds

router = guarded_router(tags=["Notices"])


class NoticeOut(BaseModel):
    """A notice. constituent: the id the agency knows her by, null where it was shown none or the notice is of nobody.

    agreement: what the data was given under. delete_by: the last day to delete it; null where it is kept, and used no
    further.
    """

    id: UUID
    kind: NoticeKind
    constituent: UUID | None
    agreement: str
    delete_by: date | None
    made_at: datetime
    taken_at: datetime | None


class TakenOut(BaseModel):
    """A notice was taken in."""

    id: UUID


@router.get("/notices")
@needs(Scope.NOTICE_READ)
def waiting(
    hub: HubOf,
    caller: CallerOf,
    is_all: Annotated[bool, Query(alias="all", description="Those it took, too.")] = False,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[NoticeOut]:
    """The notices that wait for the agency, the oldest first."""
    agency = caller.require_agency()
    cursors = Cursors(hub, caller, "notices")
    after = cursors.position(cursor)
    found = journey.list_notices(hub, agency, is_all=is_all)
    later = [one for one in found if one.number > after]
    ids = OpaqueIds(hub.keys, "notice", agency)
    page = [
        NoticeOut(
            id=ids.of(one.number),
            kind=one.kind,
            constituent=one.pairwise_id,
            agreement=one.agreement,
            delete_by=one.delete_by,
            made_at=one.made_at,
            taken_at=one.taken_at,
        )
        for one in later[:limit]
    ]
    return cursors.page(page, later[limit - 1].number if len(later) > limit else None)


@router.post("/notices/{notice}/receipts", status_code=201)
@changes
@needs(Scope.NOTICE_READ)
def take(hub: HubOf, caller: CallerOf, notice: UUID) -> TakenOut:
    """Say that the agency took a notice in, and does what it says."""
    agency = caller.require_agency()
    number = OpaqueIds(hub.keys, "notice", agency).number(notice)
    journey.take_notice(hub, agency, number or 0)
    return TakenOut(id=notice)
