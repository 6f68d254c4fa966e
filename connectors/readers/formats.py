"""What files.py asks of a file format: the columns of one file, and its rows in chunks.

Decides the shapes between the file reader and the formats beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TypeAlias

from connectors.contract import RawRejection, Row
from hub.domain.errors import SourceUnreadable
from hub.domain.records import Rejected

Position: TypeAlias = dict[str, int]
"""Where in a file: whole numbers by name, `row` (rows before it) always among them."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """One file at its beginning, and what messages call it."""

    stream: BinaryIO
    source: str
    location: str

    def refuse(self, rule: str, detail: str = "") -> SourceUnreadable:
        """The error that names this file."""
        return SourceUnreadable(
            self.source, rule, f"{self.location}: {detail}" if detail else self.location
        )


@dataclass(frozen=True, slots=True)
class Head:
    """What a file shows before its rows: the columns, whether rows follow, where they begin."""

    columns: tuple[str, ...]
    has_rows: bool
    start: Position


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of one file, and the position after them."""

    rows: list[Row]
    row_numbers: Sequence[int]
    rejected: list[RawRejection]
    position: Position


class Format(Protocol):
    """One way rows stand in a file. is_complete: whether a file's head names all its columns."""

    is_complete: bool

    def head(self, file: OpenFile) -> Head:
        """Read the columns. Raises SourceUnreadable, for an empty file as well."""
        ...

    def row_columns(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The columns that rows are given in, for a source whose head has these."""
        ...

    def chunks(
        self, file: OpenFile, columns: tuple[str, ...], position: Position, rows_max: int, /
    ) -> Iterator[Chunk]:
        """The rows from the position on, at most `rows_max` at a time, rejected ones included."""
        ...


class ChunkBuilder:
    """Collects rows and rejections, numbering both."""

    def __init__(self, location: str, rows_before: int) -> None:
        self.location = location
        self.row = rows_before
        self.rows: list[Row] = []
        self.numbers: list[int] = []
        self.rejected: list[RawRejection] = []

    def add(self, row: Row) -> None:
        """A row that could be taken apart."""
        self.row += 1
        self.rows.append(row)
        self.numbers.append(self.row)

    def reject(self, rule: str, raw: str, column: str | None = None) -> None:
        """A row that could not."""
        self.row += 1
        self.rejected.append(RawRejection(Rejected(self.row, column, rule, self.location), raw))

    def chunk(self, offset: int) -> Chunk:
        """Everything collected, continuing at the byte offset."""
        position = {"offset": offset, "row": self.row}
        return Chunk(self.rows, self.numbers, self.rejected, position)


def check_names(file: OpenFile, names: Sequence[str]) -> tuple[str, ...]:
    """Refuse a column name that stands there twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise file.refuse("duplicate_column", name)
        seen.add(name)
    return tuple(names)
