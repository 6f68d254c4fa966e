"""What a reader promises: the shapes rows come in, where to go on, and the rules rows can break.

Decides the words between a transport and the load. What a row means is mapping.py's; which
transport a source uses is opening.py's; conformance.py tests the promises made here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, TypeAlias

from hub.domain.errors import SourceUnreadable
from hub.domain.records import Rejected

Row: TypeAlias = tuple[object, ...]

Cursor: TypeAlias = dict[str, object]
"""Where to go on: plain JSON, meaningful only to the reader that made it.

It can hold the key of the last row read, so it is sealed wherever it rests.
"""

BATCH_ROWS = 5_000
"""Rows per batch: enough to spread the cost of a commit, few enough to redo after a crash."""

CELL_CHARS_MAX = 64 * 1024
"""No name, address or number comes near it; a longer cell is a swallowed file or a binary."""

ROW_NUMBER = "$row"
"""A column every reader can add: the row's position, for data sets that have no key of their own."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "boolean_unreadable": "The value is in neither list of the boolean transform.",
        "cell_too_large": f"A cell holds more than {CELL_CHARS_MAX} characters.",
        "code_unknown": "The value is not one of the codes this canonical field knows.",
        "date_unreadable": "The value is not a date in any of the formats given.",
        "key_missing": "The key, or one of its columns, is empty.",
        "lookup_missing": "The value has no entry in the lookup.",
        "not_json": "The line is not JSON.",
        "not_object": "The line is JSON, but not an object.",
        "nul_byte": "A cell holds a NUL byte.",
        "ragged_row": "The row has more or fewer cells than the header.",
        "required_missing": "A column the contract requires is empty.",
        "row_too_large": "The row is longer than a reader keeps in memory; it is not quarantined.",
        "stray_quote": "A quote opens and never closes, or stands inside an unquoted cell.",
        "unknown_column": "The row has a column that the contract refuses.",
        "wrong_type": "The value is not of the type that the contract or the field asks for.",
    }
)
"""Every rule a row can break. `Rejected.rule` is one of these keys, and the sentence explains it."""

SOURCE_RULES: Mapping[str, str] = MappingProxyType(
    {
        "columns_differ": "The files of one source do not have the same columns.",
        "cursor_stale": "What the cursor points into has changed; read again from the start.",
        "driver_missing": "No driver is installed for this kind of database.",
        "duplicate_column": "Two columns have the same name.",
        "empty_file": "A file holds nothing, not even a header.",
        "encoding": "A file holds bytes that are not text in its encoding.",
        "line_ends": "The lines of a file end in a bare carriage return.",
        "missing_column": "A column that the key, the mapping or the contract names is not there.",
        "not_found": "No such file, or nothing matches the pattern.",
        "not_parquet": "A file is not Parquet, or is damaged.",
        "query_refused": "The database does not know the table, or refuses the query.",
        "read_failed": "Reading broke off; what was committed stays, the next run goes on from there.",
        "secret_missing": "A secret the connection refers to is not there.",
        "unknown_column": "The source has a column that the contract refuses.",
        "unreachable": "The system does not answer, or refuses the credentials.",
    }
)
"""Every rule a source as a whole can break. `SourceUnreadable.rule` is one of these keys."""


class CursorStale(SourceUnreadable):
    """The place a cursor points to has changed: read again from the start (`since=None`)."""

    def __init__(self, source: str, detail: str) -> None:
        super().__init__(source, "cursor_stale", detail)


@dataclass(frozen=True, slots=True)
class SourceSchema:
    """What a source offers before any row is read.

    columns: in order of appearance. is_complete: False where rows may leave columns out (JSON
    lines), so that an absent one is not yet known to be missing. notes: facts worth telling an
    operator, such as a file that has a header and no rows.
    """

    columns: tuple[str, ...]
    is_complete: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawRejection:
    """A row the reader itself could not take apart, with its text for the sealed quarantine.

    `raw` is personal: it goes nowhere else. It is empty under the rule `row_too_large`.
    """

    rejected: Rejected
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in the source's own columns, and the cursor that continues right after them.

    rows: one value per column; text is trimmed, blank text is None, other types as the transport
    gives them. row_numbers: the position of each row, from 1 within its location; rows rejected
    by the reader leave gaps. location: the file or table.
    """

    columns: tuple[str, ...]
    rows: list[Row] = field(repr=False)
    row_numbers: Sequence[int]
    location: str
    cursor: Cursor = field(repr=False)
    rejected: list[RawRejection] = field(default_factory=list)

    @property
    def first_row(self) -> int | None:
        """The number of the first row; None where every row was rejected."""
        return self.row_numbers[0] if self.row_numbers else None


class Reader(Protocol):
    """Yields rows and stores nothing. conformance.check_reader tests these promises."""

    def describe(self) -> SourceSchema:
        """Look at the source without reading its rows. Raises SourceUnreadable."""
        ...

    def read(self, since: Cursor | None) -> Iterator[Batch]:
        """Batches from the start, or right after the batch that carried `since`.

        Reading twice gives the same rows in the same order as long as the source stands still.
        Raises CursorStale at once where `since` no longer fits, SourceUnreadable at any batch.
        """
        ...
