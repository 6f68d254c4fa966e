"""Rows of an agency's own sources: sent one by one, in batches, and removed, as the API states it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

import msgspec

from hub.client.transport import Transport

#: What one batch may hold.
_ROWS_MAX: Final = 1_000
_BYTES_MAX: Final = 1024 * 1024
_KEYS_MAX: Final = 200

Row = Mapping[str, Any]
"""A row in its source's own columns. Dates and times go as ISO 8601 text."""


class Arrival(StrEnum):
    """What a row was to the hub."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


class RowAnswer(msgspec.Struct, frozen=True):
    """What became of one row or key, by its number among those sent, from 1: an arrival, or the rule it broke."""

    row: int
    arrival: Arrival | None = None
    field: str | None = None
    rule: str | None = None


class _RecordAnswer(msgspec.Struct, frozen=True):
    arrival: Arrival


class _RowsAnswer(msgspec.Struct, frozen=True):
    rows: list[RowAnswer]


class Records:
    """The records of the agency's own sources."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def push(self, source: str, row: Row) -> Arrival:
        """Send one row; it is stored and linked when this returns. Raises ProblemTold, with field and rule, if rejected."""
        answer = self._transport.send("POST", f"/v1/sources/{source}/records", body=row)
        return answer.read(_RecordAnswer).arrival

    def push_all(self, source: str, rows: Iterable[Row]) -> Iterator[RowAnswer]:
        """Send rows in batches, and answer for each in its order; sends as the answers are read.

        What ends with ProblemTold or Unreachable may be sent again from the first row not answered for, or whole:
        rows that were taken in come as unchanged.
        """
        sent = 0
        for batch in _batches(rows):
            answer = self._transport.send(
                "POST",
                f"/v1/sources/{source}/record-batches",
                content=b"\n".join(batch),
                media_type="application/x-ndjson",
            )
            yield from _numbered(answer.read(_RowsAnswer).rows, sent)
            sent += len(batch)

    def remove(self, source: str, keys: Sequence[str]) -> list[RowAnswer]:
        """Remove records by the source's own keys; one that was not there is told as `record_unknown`."""
        found: list[RowAnswer] = []
        for start in range(0, len(keys), _KEYS_MAX):
            answer = self._transport.send(
                "POST",
                f"/v1/sources/{source}/record-removals",
                body={"keys": keys[start : start + _KEYS_MAX]},
            )
            found += _numbered(answer.read(_RowsAnswer).rows, start)
        return found


def _numbered(rows: Iterable[RowAnswer], before: int) -> Iterator[RowAnswer]:
    for one in rows:
        yield msgspec.structs.replace(one, row=one.row + before)


def _batches(rows: Iterable[Row]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for row in rows:
        line = msgspec.json.encode(row)
        if batch and (len(batch) == _ROWS_MAX or size + len(line) + 1 > _BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(line)
        size += len(line) + 1
    if batch:
        yield batch
