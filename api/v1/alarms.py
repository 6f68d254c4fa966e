"""`/v1/alarms`: days of clients that look like trying people out, for officers and auditors.

Decides the shape. When an alarm is raised is hub.journeys.alarms'; no agency is told that one was.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import Query

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.v1.references import Out
from hub.access.scopes import Scope
from hub.journeys.alarms import AlarmRule, list_alarms

router = guarded_router(tags=["Auditors"])


class AlarmOut(Out):
    """An alarm, with the figures of the moment it was raised: of that client, on that day."""

    number: int
    client: str
    rule: AlarmRule
    day: date
    asked: int
    asked_distinct: int
    missed: int
    raised_at: datetime


@router.get("/alarms")
@needs(Scope.ALARM_READ)
def alarms(
    hub: HubOf,
    caller: CallerOf,
    client: Annotated[
        str | None,
        Query(max_length=63, pattern=r"^[a-z][a-z0-9_-]*$", description="Of one system."),
    ] = None,
    cursor: CursorIn = None,
    limit: LimitIn = 50,
) -> Page[AlarmOut]:
    """List alarms, the newest first."""
    cursors = Cursors(hub, caller, "alarms")
    found = list_alarms(hub, client=client, after=cursors.position(cursor) or None, limit=limit)
    return cursors.page([AlarmOut.model_validate(one) for one in found.rows], found.next)
