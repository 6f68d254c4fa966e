"""How far a database was read, and the same as a cursor.

Decides what a cursor into a database holds: the last row's key with its types kept, so that it
compares as the column does, and what tells rows of one key apart.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

from connectors.contract import Cursor, Row

SEEN_MAX = 1_000
"""Rows of one key a cursor remembers. A key of more rows is no key; some would be given again."""

READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "datetime": datetime.fromisoformat,
        "date": date.fromisoformat,
        "time": time.fromisoformat,
        "decimal": Decimal,
        "uuid": UUID,
        "bytes": base64.b64decode,
    }
)


def to_json(value: object) -> object:
    """A JSON scalar as it is, other types as {type: text}. TypeError for a type no key has."""
    if isinstance(value, str | int | float):
        return value
    # datetime before date: every datetime is a date as well.
    if isinstance(value, datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if isinstance(value, time):
        return {"time": value.isoformat()}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, UUID):
        return {"uuid": str(value)}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode("ascii")}
    raise TypeError(type(value).__name__)


def from_json(value: object) -> object:
    """The inverse of to_json. KeyError or ValueError where it is not."""
    if not isinstance(value, dict):
        return value
    ((kind, text),) = value.items()
    return READERS[kind](text)


class Progress:
    """How far a read has come; a cursor is its JSON.

    order: the columns read in order. after: their values in the last row read. seen: digests of the
    rows read that have exactly these values. nulls: rows read that have a null among them. row: rows
    read in all.
    """

    def __init__(self, order: list[str]) -> None:
        self.order = order
        self.after: list[object] | None = None
        self.seen: list[str] = []
        self.nulls = 0
        self.row = 0
        self._expected: list[str] = []

    @classmethod
    def from_cursor(cls, cursor: Cursor) -> Progress | None:
        """None where the cursor is not one of this reader's."""
        try:
            progress = cls(list(cursor["order"]))  # type: ignore[call-overload]
            after = cursor["after"]
            if isinstance(after, list):
                progress.after = [from_json(value) for value in after]
            progress.seen = list(cursor["seen"])  # type: ignore[call-overload]
            progress.nulls, progress.row = int(str(cursor["nulls"])), int(str(cursor["row"]))
        except (KeyError, TypeError, ValueError):
            return None
        progress._expected = list(progress.seen)
        return progress

    def without_seen(self, rows: list[Row], positions: list[int]) -> list[Row]:
        """The rows less those read before the cursor was made.

        A read resumes *at* the last key, not behind it: where a key stands there twice the database
        may order its rows otherwise this time, so they are told apart by what they hold.
        """
        if not self._expected:
            return rows
        fresh = []
        for row in rows:
            is_tied = [row[position] for position in positions] == self.after
            if is_tied and (digest := _digest(row)) in self._expected:
                self._expected.remove(digest)
            else:
                fresh.append(row)
        return fresh

    def advance(self, rows: list[Row], positions: list[int]) -> None:
        """Count in rows that came in order; at least one."""
        last = [rows[-1][position] for position in positions]
        tied: list[str] = []
        for row in reversed(rows):
            if [row[position] for position in positions] != last:
                break
            tied.append(_digest(row))
        is_continued = len(tied) == len(rows) and last == self.after
        self.seen = ([*self.seen, *tied] if is_continued else tied)[-SEEN_MAX:]
        self.after = last
        self.row += len(rows)

    def cursor(self) -> Cursor:
        """TypeError where a key has a type that JSON cannot keep."""
        after = None if self.after is None else [to_json(value) for value in self.after]
        return {
            "order": self.order,
            "after": after,
            "seen": list(self.seen),
            "nulls": self.nulls,
            "row": self.row,
        }


def _digest(row: Row) -> str:
    return hashlib.blake2b(
        repr(row).encode("utf-8", "backslashreplace"), digest_size=12
    ).hexdigest()
