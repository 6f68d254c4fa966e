"""`/v1/sources`, `/v1/runs`, `/v1/quarantine`: where records come from, what ran, and which rows were set aside.

Decides the shapes, and that an agency's system is told of its own agency's sources alone, without numbers that count
what others do. A row that was set aside is told by place and rule; what it states stays sealed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.v1.references import Out
from api.v1.words import Slug
from hub.access.scopes import Scope
from hub.domain.records import ConstituentKind
from hub.journeys.quarantine import ExplainedRow, page_quarantine
from hub.journeys.sources import list_runs, list_sources

router = guarded_router(tags=["Operators"])

RunKind = Annotated[str, Query(pattern=r"^[a-z]+( [a-z]+)?$", max_length=40)]


class LoadOut(Out):
    """What came of a run. counts: as the run itself names them."""

    state: Annotated[str, Field(examples=["running", "finished", "failed", "abandoned"])]
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]


class RunOut(LoadOut):
    """One load or link. source: null for a link."""

    number: int
    kind: Annotated[str, Field(examples=["load", "link person", "link organization"])]
    source: str | None


class SourceOut(Out):
    """A source. records: those present; pending: those that nothing has linked since they changed.

    quarantined: its rows set aside. may_match: some agreement lets its records be linked.
    """

    id: str
    agency: str
    label: str
    kind: ConstituentKind
    is_sensitive: bool
    may_match: bool
    records: int
    pending: int
    quarantined: int
    last_run: LoadOut | None


class SourcesOut(Out):
    """Some of the sources. next: what `after` must name for those that follow, null at the end."""

    items: list[SourceOut]
    next: str | None


class QuarantinedOut(Out):
    """A row set aside: where it stood, the field and the rule it broke, and what the rule says."""

    source: str
    location: str | None
    row_number: int
    field: str | None
    rule: str
    sentence: str
    quarantined_at: datetime


@router.get("/sources")
@needs(Scope.SOURCE_READ)
def sources(
    hub: HubOf,
    caller: CallerOf,
    after: Annotated[Slug | None, Query(description="`next` of the page before.")] = None,
    limit: LimitIn = 50,
) -> SourcesOut:
    """List sources by id, to an agency's system its own agency's. Counting takes seconds where records are millions."""
    found = list_sources(hub, agency=caller.agency, after=after, limit=limit)
    return SourcesOut(items=[SourceOut.model_validate(one) for one in found.rows], next=found.next)


@router.get("/runs")
@needs(Scope.RUN_READ)
def runs(
    hub: HubOf,
    caller: CallerOf,
    source: Slug | None = None,
    kind: RunKind | None = None,
    cursor: CursorIn = None,
    limit: LimitIn = 50,
) -> Page[RunOut]:
    """List loads and links, the newest first."""
    cursors = Cursors(hub, caller, "runs")
    found = list_runs(
        hub, source=source, kind=kind, after=cursors.position(cursor) or None, limit=limit
    )
    return cursors.page([RunOut.model_validate(one) for one in found.rows], found.next)


@router.get("/quarantine")
@needs(Scope.QUARANTINE_READ)
def quarantine(
    hub: HubOf,
    caller: CallerOf,
    source: Slug | None = None,
    cursor: CursorIn = None,
    limit: LimitIn = 50,
) -> Page[QuarantinedOut]:
    """List rows that stand in the quarantine, the newest first."""
    cursors = Cursors(hub, caller, "quarantine")
    found = page_quarantine(hub, source, after=cursors.position(cursor) or None, limit=limit)
    return cursors.page([_quarantined(one) for one in found.rows], found.next)


def _quarantined(explained: ExplainedRow) -> QuarantinedOut:
    row = explained.row
    return QuarantinedOut(
        source=row.source,
        location=row.location,
        row_number=row.row_number,
        field=row.field,
        rule=row.rule,
        sentence=explained.sentence,
        quarantined_at=row.quarantined_at,
    )
