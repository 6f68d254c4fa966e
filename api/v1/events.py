"""`/v1/events`: what happened to an agency's own records, in the order it is told, under the ids it is shown.

Decides the shape of a page. What an agency is told, and of whom it hears nothing, is hub.journeys.agency_feed's.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

import msgspec
from fastapi import Query, Response
from pydantic import BaseModel, Field

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.silence import PauseOf
from hub.access.scopes import Scope
from hub.journeys.agency_feed import AgencyEventKind, read
from hub.journeys.asking import keep_silence
from hub.journeys.paging import LIMIT_MAX

router = guarded_router(tags=["Events"])

AfterIn: TypeAlias = Annotated[
    UUID | None,
    Query(
        description="`next` of a page; an older one reads its events again; left out, all from the start.",
    ),
]
EventsIn: TypeAlias = Annotated[
    int, Query(ge=1, le=LIMIT_MAX, description="Events of a page at most.")
]


class EventOut(BaseModel):
    """An event, by ids of this agency's alone. other: the id that records went to (split), or that went (merged)."""

    kind: AgencyEventKind
    constituent: UUID
    other: UUID | None
    told_at: Annotated[datetime, Field(description="When the hub put it into this feed.")]


class EventsOut(BaseModel):
    """Some events in their order. next: hand it back as `after` to go on; is_more: there are more now."""

    items: list[EventOut]
    next: UUID
    is_more: bool


@router.get("/events", response_model=EventsOut)
@needs(Scope.EVENT_READ)
def events(
    hub: HubOf, caller: CallerOf, pause: PauseOf, after: AfterIn = None, limit: EventsIn = 100
) -> Response:
    """The agency's feed after a page's `next`. Nothing is taken out of it: each system keeps its own place.

    An event is told once, in one place; read again it is the same.
    """
    received_s = time.monotonic()
    page = read(hub, caller.require_agency(), after, limit)
    if not page.events:
        keep_silence(received_s, pause)
    said = {"items": page.events, "next": page.next, "is_more": page.is_more}
    return Response(msgspec.json.encode(said), media_type="application/json")
