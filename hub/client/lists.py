"""What the areas of the client share: how staff name a constituent, pages of lists, and repeat keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

import msgspec

from hub.client.profiles import RecordRef
from hub.client.transport import Answer, Transport

Item = TypeVar("Item")

Reference = RecordRef | UUID
"""A record's key, or a constituent's public id."""


class RecordOf(msgspec.Struct, frozen=True):
    """A record as staff are told it. key: None where its constituent was erased."""

    source: str
    key: str | None


class PageOf(msgspec.Struct, Generic[Item], frozen=True):
    """Some of a list. next: the cursor of what follows, None at the end."""

    items: list[Item]
    next: UUID | None = None


def named(whom: Reference) -> dict[str, Any]:
    """A reference as a body states it."""
    return {"record": whom} if isinstance(whom, RecordRef) else {"id": whom}


def seen_in(answer: Answer) -> str:
    """The token in an answer's ETag; empty where it has none."""
    return answer.headers.get("etag", "").strip('"')


def once(repeat_key: str | None) -> str:
    """The key a change is sent under: the caller's, or a new one."""
    return repeat_key or str(uuid4())


def listed(
    transport: Transport, path: str, kind: Any, limit: int, filters: Mapping[str, str | int]
) -> Iterator[Any]:
    """All of a list, a page of `limit` at a time. kind: of its items."""
    cursor: dict[str, str] = {}
    while True:
        query = {**filters, **cursor, "limit": limit}
        page = transport.send("GET", path, query=query).read(PageOf[kind])
        yield from page.items
        if page.next is None:
            return
        cursor = {"cursor": str(page.next)}
