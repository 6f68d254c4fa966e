"""The agency's feed, page by page or followed, as the API states it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from hub.client.transport import Transport

_PAGE: Final = 500


class EventKind(StrEnum):
    """What an event tells of the id it is about.

    CREATED: a first record of the agency's own is under it. UPDATED: of its own records under it one came, changed or
    went. SPLIT: own records that were under it are under the other id now. MERGED: it answers now for what the other
    did. ERASED: no record of its own is under it any more.
    """

    CREATED = "constituent.created"
    UPDATED = "constituent.updated"
    SPLIT = "constituent.split"
    MERGED = "constituent.merged"
    ERASED = "constituent.erased"


class Event(msgspec.Struct, frozen=True):
    """An event of the agency's feed, by the ids it is shown. told_at: when it came into this feed."""

    kind: EventKind
    constituent: UUID
    other: UUID | None
    told_at: datetime


class EventPage(msgspec.Struct, frozen=True):
    """Some events in their order. next: where to go on; is_more: there are more now."""

    items: list[Event]
    next: UUID
    is_more: bool


class Following:
    """Events in their order; ends where there are none for now, or waits for more.

    cursor: go on after it, and nothing is missed. It moves with whole pages, once each event of one was taken and the
    next was asked for; so what was taken since comes again to whoever starts there.
    """

    def __init__(
        self, events: Events, cursor: UUID | None, wait_s: float | None, limit: int
    ) -> None:
        self._events = events
        self._wait_s = wait_s
        self._limit = limit
        self.cursor = cursor

    def __iter__(self) -> Iterator[Event]:
        while True:
            page = self._events.page(self.cursor, self._limit)
            yield from page.items
            self.cursor = page.next
            if page.is_more:
                continue
            if self._wait_s is None:
                return
            time.sleep(self._wait_s)


class Events:
    """The feed of the agency's own records."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def page(self, after: UUID | None = None, limit: int = _PAGE) -> EventPage:
        """The events after a page's `next`, from the start where none is given."""
        query: dict[str, str | int] = {"limit": limit}
        if after is not None:
            query["after"] = str(after)
        return self._transport.send("GET", "/v1/events", query=query).read(EventPage)

    def follow(
        self, after: UUID | None = None, *, wait_s: float | None = None, limit: int = _PAGE
    ) -> Following:
        """Every event after a cursor. wait_s: seconds between looks once all were taken; None ends there."""
        return Following(self, after, wait_s, limit)
