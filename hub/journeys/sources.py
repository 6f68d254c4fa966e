"""The sources as an operator watches them, and what ran: a page at a time.

Decides what is told of a source. Counts are of all its records, whoever they are of: they tell of nobody. Nothing
that a source states is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.paging import Page, paged
from hub.store import components, database, runs, sources
from hub.store.runs import RunRow
from hub.store.sources import SourceState


@dataclass(frozen=True, slots=True)
class RunView:
    """One load or link. kind: `load`, `link person`, `link organization`; source: None for a link.

    state: running, finished, failed or abandoned (its process died). counts: as the run itself names them.
    """

    number: int
    kind: str
    source: str | None
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SourceView:
    """A registered source. records: those present; pending: those that nothing has linked since they changed.

    quarantined: its rows set aside. is_sensitive: nothing of it rests in the clear; may_match: some agreement lets
    its records be linked. last_run: None before its first load.
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
    last_run: RunView | None


def list_sources(
    hub: Hub, *, agency: str | None = None, after: str | None = None, limit: int = 100
) -> Page[SourceView, str]:
    """Sources by id, of one agency or of all; after: a page's `next`. Raises PageInvalid.

    Counting reads every record of the page's sources: about two seconds a million.
    """
    with database.transaction(hub.engine) as connection:
        found = paged(
            limit,
            lambda rows: sources.page(connection, after, rows, agency),
            lambda one: one.name,
        )
        return Page(tuple(_views(connection, found.rows)), found.next)


def list_runs(
    hub: Hub,
    *,
    source: str | None = None,
    kind: str | None = None,
    after: int | None = None,
    limit: int = 100,
) -> Page[RunView, int]:
    """Runs, the newest first, of one source or kind or of all; after: a page's `next`. Raises PageInvalid."""
    with database.transaction(hub.engine) as connection:
        found = paged(
            limit,
            lambda rows: runs.newest(connection, source=source, kind=kind, after=after, limit=rows),
            lambda row: row.id,
        )
    return Page(tuple(map(_run, found.rows)), found.next)


def _views(connection: Connection, page: Sequence[SourceState]) -> list[SourceView]:
    ids = [one.id for one in page]
    held = components.counts(connection, ids)
    quarantined = runs.open_by_source(connection, ids)
    last = runs.last_of(connection, ids)
    return [
        SourceView(
            id=one.name,
            agency=one.agency,
            label=one.label,
            kind=ConstituentKind(one.kind),
            is_sensitive=one.is_sensitive,
            may_match=one.may_match,
            records=held.get(one.id, (0, 0))[0],
            pending=held.get(one.id, (0, 0))[1],
            quarantined=quarantined.get(one.id, 0),
            last_run=_run(last[one.name]) if one.name in last else None,
        )
        for one in page
    ]


def _run(row: RunRow) -> RunView:
    return RunView(
        row.id, row.kind, row.source, row.state, row.started_at, row.finished_at, row.counts
    )
