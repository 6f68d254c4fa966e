"""Fixed-width text: columns by character position, no header.

Decides nothing about short lines: many systems cut trailing blanks, so what is not there is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.connection import FixedColumn
from connectors.readers.formats import Chunk, ChunkBuilder, Head, OpenFile, Position, check_names
from connectors.readers.lines import Lines


class FixedWidth:
    """Lines cut at the positions the source's YAML gives."""

    is_complete = True

    def __init__(self, columns: Sequence[FixedColumn], encoding: str) -> None:
        self._names = tuple(column.name for column in columns)
        self._cuts = [
            slice(column.start - 1, column.start - 1 + column.width) for column in columns
        ]
        self._encoding = encoding

    def head(self, file: OpenFile) -> Head:
        """The columns of the YAML; the file must hold something."""
        lines = Lines(file.stream, self._encoding, 0, file.source, file.location)
        if not lines.window(1):
            raise file.refuse("empty_file")
        return Head(check_names(file, self._names), True, {"offset": lines.offset, "row": 0})

    def row_columns(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Rows have the columns of the YAML."""
        return columns

    def chunks(
        self, file: OpenFile, _columns: tuple[str, ...], position: Position, rows_max: int
    ) -> Iterator[Chunk]:
        """A row per line that is not blank."""
        lines = Lines(file.stream, self._encoding, position["offset"], file.source, file.location)
        row = position["row"]
        while window := lines.window(rows_max):
            builder = ChunkBuilder(file.location, row)
            for line in window:
                if line is None:
                    builder.reject("row_too_large", "")
                elif line.strip():
                    builder.add(tuple([line[cut].strip() or None for cut in self._cuts]))
            lines.consume(len(window))
            row = builder.row
            yield builder.chunk(lines.offset)
