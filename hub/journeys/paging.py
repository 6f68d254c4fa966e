"""A page of a list: its rows, and what to ask the next one with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from hub.domain.errors import HubError

LIMIT_MAX: Final = 1_000

Row = TypeVar("Row")
Place = TypeVar("Place")


class PageInvalid(HubError):
    """A page that cannot be asked for."""


class CursorRefused(HubError):
    """A cursor is none that this list gave this reader, or leads beyond its end: names the rule, nothing of the cursor."""

    def __init__(self, rule: str = "must be one that this list gave to this reader") -> None:
        super().__init__(f"cursor: {rule}")


def require_limit(limit: int) -> None:
    """Raises PageInvalid unless a page may hold so many rows."""
    if not 1 <= limit <= LIMIT_MAX:
        raise PageInvalid(f"limit: must be 1 to {LIMIT_MAX}")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row, Place]):
    """next: the place to ask on after; None where there is no more."""

    rows: tuple[Row, ...]
    next: Place | None


def paged(
    limit: int, read: Callable[[int], Sequence[Row]], place: Callable[[Row], Place]
) -> Page[Row, Place]:
    """The page of what `read` gives, of so many rows at most. place: of a row in its list.

    Raises PageInvalid. One row more than asked for is read, so that a last page says that it is.
    """
    require_limit(limit)
    found = read(limit + 1)
    rows = tuple(found[:limit])
    return Page(rows, place(rows[-1]) if len(found) > limit else None)
