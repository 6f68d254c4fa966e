"""JSON lines: one object per line, members in any order, absent ones null.

Decides the columns: those seen in the first lines, and those the source's YAML names. A member that
is itself an object or a list stays as it is; a mapping that reads it rejects the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from connectors.contract import Row
from connectors.readers.formats import Chunk, ChunkBuilder, Head, OpenFile, Position
from connectors.readers.lines import Lines

SAMPLE_LINES = 1_000
"""Lines looked at for column names before a load."""


def row_of(members: Mapping[str, object], columns: Iterable[str]) -> Row:
    """An object's members as a row in these columns: text trimmed, blank or absent None."""
    values = [members.get(name) for name in columns]
    return tuple([(v.strip() or None) if isinstance(v, str) else v for v in values])


class JsonLines:
    """wanted: columns rows must have whether or not the sample shows them. refuse_unknown: reject
    rows with members beyond the sample's and the wanted ones.
    """

    is_complete = False

    def __init__(self, wanted: Iterable[str], refuse_unknown: bool) -> None:
        self._wanted = tuple(wanted)
        self._refuse_unknown = refuse_unknown
        self._decode = msgspec.json.Decoder().decode

    def head(self, file: OpenFile) -> Head:
        """The members of the first lines, in order of appearance."""
        lines = Lines(file.stream, "utf-8", 0, file.source, file.location)
        start = {"offset": lines.offset, "row": 0}
        window = lines.window(SAMPLE_LINES)
        if not any(line is None or line.strip() for line in window):
            raise file.refuse("empty_file")
        seen: dict[str, None] = {}
        for line in window:
            found = self._object(line or "")
            seen.update(dict.fromkeys(found) if isinstance(found, dict) else {})
        return Head(tuple(seen), True, start)

    def row_columns(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """The sample's columns, then those wanted beside them."""
        return tuple(dict.fromkeys([*columns, *self._wanted]))

    def chunks(
        self, file: OpenFile, columns: tuple[str, ...], position: Position, rows_max: int
    ) -> Iterator[Chunk]:
        """A row per line that is not blank; what is no object is rejected."""
        lines = Lines(file.stream, "utf-8", position["offset"], file.source, file.location)
        row = position["row"]
        known = frozenset(columns)
        while window := lines.window(rows_max):
            builder = ChunkBuilder(file.location, row)
            for line in window:
                if line is None:
                    builder.reject("row_too_large", "")
                elif line.strip():
                    self._add(line, columns, known, builder)
            lines.consume(len(window))
            row = builder.row
            yield builder.chunk(lines.offset)

    def _add(
        self, line: str, columns: tuple[str, ...], known: frozenset[str], builder: ChunkBuilder
    ) -> None:
        found = self._object(line)
        if not isinstance(found, dict):
            builder.reject(found, line)
        elif self._refuse_unknown and not known.issuperset(found):
            builder.reject("unknown_column", line, next(m for m in found if m not in known))
        else:
            builder.add(row_of(found, columns))

    def _object(self, line: str) -> dict[str, object] | str:
        """The line's object, or the rule it breaks."""
        try:
            found = self._decode(line)
        except (msgspec.DecodeError, RecursionError):
            return "not_json"
        if not isinstance(found, dict):
            return "not_object"
        return found
