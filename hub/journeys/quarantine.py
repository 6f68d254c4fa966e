"""List what was set aside: place and rule, with the rule in words."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.contract import RULES
from hub.journeys.context import Hub
from hub.journeys.news import DUPLICATE_KEY
from hub.journeys.paging import Page, paged
from hub.store import database, runs
from hub.store.runs import QuarantinedRow

_SENTENCES = {**RULES, DUPLICATE_KEY: "Another row of the same load has the same key."}


@dataclass(frozen=True, slots=True)
class ExplainedRow:
    """A quarantined row and the sentence of the rule it broke."""

    row: QuarantinedRow
    sentence: str


def list_quarantine(hub: Hub, source: str | None, limit: int) -> list[ExplainedRow]:
    """Open quarantined rows, newest first, of one source or all."""
    with database.transaction(hub.engine) as connection:
        rows = runs.list_quarantine(connection, source, limit)
    return [ExplainedRow(row, _SENTENCES[row.rule]) for row in rows]


def page_quarantine(
    hub: Hub, source: str | None = None, *, after: int | None = None, limit: int = 100
) -> Page[ExplainedRow, int]:
    """The same a page at a time; after: a page's `next`. Raises PageInvalid."""
    with database.transaction(hub.engine) as connection:
        found = paged(
            limit,
            lambda rows: runs.list_quarantine(connection, source, rows, after),
            lambda row: row.id,
        )
    return Page(tuple(ExplainedRow(row, _SENTENCES[row.rule]) for row in found.rows), found.next)
