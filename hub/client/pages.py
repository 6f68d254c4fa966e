"""What the areas of the client share: lists in pages, who is meant, the names of changes, and tokens of what was seen."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar
from uuid import UUID

import msgspec

from hub.client.profiles import RecordRef
from hub.client.transport import Answer, Transport

Item = TypeVar("Item")

Constituent = RecordRef | UUID
"""The key of a record, or an id: of staff the public one, of an agency the one it was shown."""


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Some of a list. next: where to go on, None at the end."""

    items: list[Item]
    next: UUID | None = None


def every(page: Callable[[UUID | None], Page[Item]]) -> Iterator[Item]:
    """All items of a list, page by page."""
    cursor: UUID | None = None
    while True:
        found = page(cursor)
        yield from found.items
        if found.next is None:
            return
        cursor = found.next


def listed(
    transport: Transport, path: str, kind: Any, limit: int, filters: Mapping[str, str | int]
) -> Iterator[Any]:
    """All of a list, a page of `limit` at a time. kind: of its items."""

    def page(cursor: UUID | None) -> Page[Any]:
        query = {**filters, **query_of(cursor, limit)}
        found: Page[Any] = transport.send("GET", path, query=query).read(Page[kind])
        return found

    return every(page)


def seen_in(answer: Answer) -> str:
    """The token in an answer's ETag; empty where it has none."""
    return answer.headers.get("etag", "").strip('"')


def named(constituent: Constituent) -> dict[str, Any]:
    """A constituent as a body names it."""
    name = "record" if isinstance(constituent, RecordRef) else "id"
    return {name: constituent}


def query_of(cursor: UUID | None, limit: int | None = None) -> dict[str, str | int]:
    """Where to go on, as a request's query says it."""
    said: dict[str, str | int] = {} if cursor is None else {"cursor": str(cursor)}
    return said if limit is None else said | {"limit": limit}


def stated(**members: Any) -> dict[str, Any]:
    """The members that say something."""
    return {name: value for name, value in members.items() if value is not None}


def once(repeat_key: str | None) -> str:
    """The key that a change is sent under: the caller's, or one that nobody else chose."""
    return repeat_key or secrets.token_urlsafe(18)
