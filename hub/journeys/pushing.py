"""Rows that come one by one: taken apart into their source's columns, and resolved, each on its own.

Decides what a pushed row is, and whose source an agency may push to: its own. Where a record belongs is resolve.py's;
an agency asks that by a look-up, which decides for a purpose and is logged.
"""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from connectors.contract import ROW_NUMBER, Row
from connectors.readers.formats import OpenFile
from connectors.readers.jsonl import JsonLines, row_of
from connectors.readers.lines import LINE_BYTES_MAX
from connectors.source import Source
from hub.domain.errors import HubError, SourceInvalid
from hub.domain.records import Rejected
from hub.journeys.context import Hub
from hub.journeys.resolve import Resolution, Resolver

#: Sets of columns that a source's rows are met in at once; whose is not among them is made ready anew.
COLUMN_SETS_MAX: Final = 16


class SourceUnknown(HubError):
    """That agency pushes to no source of that id: there is none, or it is another's. Told alike."""

    def __init__(self) -> None:
        super().__init__("no source of the agency takes rows under that id")


@dataclass(frozen=True, slots=True)
class PushedRow:
    """A row and its columns, and its place in what it came in, from 1, blank lines counted."""

    number: int
    columns: tuple[str, ...]
    values: Row = field(repr=False)


class Pusher:
    """Takes rows of one source in, each in a transaction of its own. Safe to share between threads."""

    def __init__(self, hub: Hub, source: Source) -> None:
        self._hub = hub
        self._source = source
        self._columns = source_columns(source)
        self._lock = threading.Lock()
        self._resolvers: OrderedDict[tuple[str, ...], Resolver] = OrderedDict()

    def push(self, row: PushedRow) -> Resolution | Rejected:
        """Store a row and link its record; the same row twice changes nothing. Raises what Resolver does."""
        return self._resolver(row.columns).resolve(row.values, row.number)

    def push_members(self, members: Mapping[str, object], number: int) -> Resolution | Rejected:
        """The same of a row by its columns' names, of which those that the source's YAML names are taken."""
        row = _known(self._source, self._columns, members, number)
        return row if isinstance(row, Rejected) else self.push(row)

    def remove(self, local_id: str) -> Resolution:
        """Remove a record at its agency's word. Raises RecordUnknown, and what Resolver does."""
        return self._resolver(self._columns).remove(local_id)

    def _resolver(self, columns: tuple[str, ...]) -> Resolver:
        with self._lock:
            known = self._resolvers.get(columns)
            if known is None:
                known = self._resolvers[columns] = Resolver(self._hub, self._source, columns)
            self._resolvers.move_to_end(columns)
            while len(self._resolvers) > COLUMN_SETS_MAX:
                self._resolvers.popitem(last=False)
        return known


def pusher_for(hub: Hub, agency: str, source_id: str) -> Pusher:
    """What takes an agency's rows of that source, made once a process. Raises SourceUnknown."""
    source = hub.sources.get(source_id)
    if source is None or source.agency != agency:
        raise SourceUnknown
    return hub.kept.get((Pusher, source_id), lambda: Pusher(hub, source))


def require_pushable(source: Source) -> None:
    """Raise SourceInvalid for a source whose rows have no key but their place in a file."""
    if source.numbers_rows:
        raise SourceInvalid(source.id, [f"key: rows that come one by one have no {ROW_NUMBER}"])


def source_columns(source: Source) -> tuple[str, ...]:
    """Every column the source's YAML names."""
    return tuple(dict.fromkeys([*source.columns_used, *source.contract.columns]))


def pushed_rows(stream: BinaryIO, source: Source) -> Iterator[PushedRow | Rejected]:
    """The rows of JSON lines, each as soon as its line is there.

    A row has its own columns in its own order, and after them, empty, those it lacks of the columns the
    source's YAML names; so it is the same as one of a file that was loaded. Raises SourceUnreadable for bytes
    that are no text.
    """
    wanted = source_columns(source)
    is_refusing = source.contract.unknown_columns == "refuse"
    reader = JsonLines(wanted, is_refusing)
    for number, line in enumerate(_lines(stream), start=1):
        if not line.strip():
            continue
        file = OpenFile(io.BytesIO(line), source.id, f"line {number}")
        columns = reader.row_columns(reader.head(file).columns)
        if is_refusing and not set(columns) <= set(wanted):
            columns = wanted  # so that the reader says which member is unknown
        file.stream.seek(0)
        for chunk in reader.chunks(file, columns, {"offset": 0, "row": number - 1}, 1):
            yield from (PushedRow(number, columns, values) for values in chunk.rows)
            yield from (item.rejected for item in chunk.rejected)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines one at a time, so that a pipe is answered as it speaks; a longer one is cut, and then refused."""
    while line := stream.readline(LINE_BYTES_MAX + 2):
        yield line
        while not line.endswith(b"\n"):
            line = stream.readline(LINE_BYTES_MAX)
            if not line:
                return


def _known(
    source: Source, columns: tuple[str, ...], members: Mapping[str, object], number: int
) -> PushedRow | Rejected:
    if source.contract.unknown_columns == "refuse":
        unknown = next((name for name in members if name not in columns), None)
        if unknown is not None:
            return Rejected(number, unknown, "unknown_column", None)
    return PushedRow(number, columns, row_of(members, columns))
