"""Lists in pages: a cursor that says where to go on, and is nothing to anybody else.

Decides that a cursor is one caller's and one list's, and tells no number. Positions are the journeys'.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from hub.journeys.access.admission import Caller
from hub.journeys.context import Hub
from hub.journeys.paging import CursorRefused
from hub.vault.opaque import OpaqueIds

Item = TypeVar("Item")

LIMIT_MAX: Final = 200

CursorIn: TypeAlias = Annotated[
    UUID | None, Query(description="`next` of the page before; left out for the first page.")
]
LimitIn: TypeAlias = Annotated[
    int, Query(ge=1, le=LIMIT_MAX, description="Items of a page at most.")
]


class Page(BaseModel, Generic[Item]):
    """Some of a list. next: the cursor of what follows, null at the end."""

    items: list[Item]
    next: Annotated[UUID | None, Field(description="Where to go on; null at the end.")]


class Cursors:
    """The cursors of one list, for one caller."""

    def __init__(self, hub: Hub, caller: Caller, of: str) -> None:
        self._ids = OpaqueIds(hub.keys, f"cursor {of}", caller.client)

    def position(self, cursor: UUID | None) -> int:
        """Where to go on from; 0 for the beginning. Raises CursorRefused."""
        if cursor is None:
            return 0
        position = self._ids.number(cursor)
        if position is None:
            raise CursorRefused
        return position

    def at(self, position: int | None) -> UUID | None:
        """The cursor that leads there; None for the end."""
        return None if position is None else self._ids.of(position)

    def sliced(self, found: Sequence[Item], cursor: UUID | None, limit: int) -> Page[Item]:
        """A page of a list that is known as a whole and only grows at its end. Raises CursorRefused."""
        start = self.position(cursor)
        end = start + limit
        return self.page(found[start:end], end if end < len(found) else None)

    def page(self, items: Sequence[Item], position: int | None) -> Page[Item]:
        """A page, and where it goes on."""
        return Page(items=list(items), next=self.at(position))
