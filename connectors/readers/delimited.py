"""Delimited text (CSV): one broken row is rejected, the next line is a row again.

Decides where a record ends. The csv module, pyarrow and polars all read on after a stray quote
until some later quote, and so swallow good rows or refuse the whole file; none says which row broke.
So records are found here by RFC 4180's grammar, as one regular expression, line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connectors.readers.formats import Chunk, ChunkBuilder, Head, OpenFile, Position, check_names
from connectors.readers.lines import Lines

CELL_LINES_MAX = 1_000
"""Lines one quoted cell may span. Beyond it the quote that opened it is taken for a stray one."""


class Delimited:
    """Delimited text with a header line. quote None: quotes are ordinary characters."""

    is_complete = True

    def __init__(self, delimiter: str, quote: str | None, encoding: str) -> None:
        self._delimiter = delimiter
        self._quote = quote
        self._encoding = encoding
        d, q = re.escape(delimiter), re.escape(quote or '"')
        # Possessive quantifiers: the cells never backtrack, whatever a row holds.
        quoted = rf" *+{q}([^{q}]*+(?:{q}{q}[^{q}]*+)*+){q} *+"
        plain = rf"([^{d}{q}]*+)"
        self._cell = re.compile(rf"{d}(?:{quoted}(?={d}|\Z)|{plain})")
        self._record = re.compile(rf"(?:{d}(?:{quoted}(?={d}|\Z)|{plain}))++")

    def head(self, file: OpenFile) -> Head:
        """The trimmed names of the header line; a nameless column is called by its place."""
        lines = self._lines(file, 0)
        window = lines.window(CELL_LINES_MAX)
        while window and not _is_text(window):
            lines.consume(len(window))
            window = lines.window(CELL_LINES_MAX)
        if not window:
            raise file.refuse("empty_file")
        start = next(i for i, line in enumerate(window) if line is None or line.strip())
        cells, used = self._take(window, start, columns=1)
        if cells is None:
            raise file.refuse("read_failed", "the header line cannot be read")
        if "\r" in (window[start] or ""):
            raise file.refuse("line_ends")
        names = [name.strip() or f"column_{i}" for i, name in enumerate(cells, start=1)]
        lines.consume(start + used)
        begin = {"offset": lines.offset, "row": 0}
        return Head(check_names(file, names), _is_text(lines.window(CELL_LINES_MAX)), begin)

    def row_columns(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Rows have the header's columns."""
        return columns

    def chunks(
        self, file: OpenFile, columns: tuple[str, ...], position: Position, rows_max: int
    ) -> Iterator[Chunk]:
        """Rows of as many cells as there are columns; blank lines are passed over."""
        lines = self._lines(file, position["offset"])
        row = position["row"]
        while window := lines.window(rows_max + CELL_LINES_MAX):
            # A window cut short by memory may end inside a cell: its second half is only looked into.
            last = max(1, len(window) // 2) if lines.is_cut else len(window)
            builder = ChunkBuilder(file.location, row)
            lines.consume(self._read(window, min(last, rows_max), len(columns), builder))
            row = builder.row
            yield builder.chunk(lines.offset)

    def _read(
        self, window: list[str | None], last: int, columns: int, builder: ChunkBuilder
    ) -> int:
        """Records that begin before line `last`; gives the lines used."""
        at = 0
        while at < last:
            line = window[at]
            if line is None:
                builder.reject("row_too_large", "")
                at += 1
                continue
            if self._quote is None or self._quote not in line:
                cells: Sequence[str] | None = line.split(self._delimiter)
                used = 1
            else:
                cells, used = self._take(window, at, columns)
            if cells is None:
                builder.reject("stray_quote", line)
            elif len(cells) == columns and (columns > 1 or cells[0].strip()):
                builder.add(tuple([cell.strip() or None for cell in cells]))
            elif line.strip(" "):
                builder.reject("ragged_row", "\n".join(_texts(window[at : at + used])))
            at += used
        return at

    def _take(
        self, window: list[str | None], at: int, columns: int
    ) -> tuple[Sequence[str] | None, int]:
        """The cells of the record that begins at a line, None for a stray quote; the lines used.

        A quote still open at the end of a line continues the cell, unless the next line is by
        itself a whole row: then it was a stray quote, and swallowing that row would lose it.
        """
        first = window[at] or ""
        if self._quote is None:
            return first.split(self._delimiter), 1
        parts = [first]
        is_open = first.count(self._quote) % 2 == 1
        for line in window[at + 1 : at + CELL_LINES_MAX] if is_open else ():
            quotes = 0 if line is None else line.count(self._quote)
            if line is None or (not quotes and self._is_row(line, columns)):
                return None, 1
            parts.append(line)
            if quotes % 2 == 1:
                is_open = False
                break
        cells = None if is_open else self._split("\n".join(parts))
        return (None, 1) if cells is None else (cells, len(parts))

    def _is_row(self, line: str, columns: int) -> bool:
        # With one or two columns a line of running text looks like a row too easily.
        return columns > 2 and line.count(self._delimiter) == columns - 1

    def _split(self, record: str) -> list[str] | None:
        """The cells, quotes undone; None where a quote stands in the wrong place."""
        text = self._delimiter + record
        if self._record.fullmatch(text) is None:
            return None
        quote = self._quote or ""
        return [
            quoted.replace(quote * 2, quote) if quoted else plain
            for quoted, plain in self._cell.findall(text)
        ]

    def _lines(self, file: OpenFile, offset: int) -> Lines:
        return Lines(file.stream, self._encoding, offset, file.source, file.location)


def _is_text(window: list[str | None]) -> bool:
    return any(line is None or line.strip() for line in window)


def _texts(window: list[str | None]) -> list[str]:
    return [line for line in window if line is not None]
