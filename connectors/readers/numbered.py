"""Any reader's rows with their position as one more column, for data that has no key of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.contract import ROW_NUMBER, Batch, Cursor, Reader, SourceSchema


class NumberedRows:
    """Adds the column `$row`: the row's number, preceded by its file where there may be several."""

    def __init__(self, reader: Reader, with_location: bool) -> None:
        self._reader = reader
        self._with_location = with_location

    def describe(self) -> SourceSchema:
        """The reader's columns and `$row`."""
        schema = self._reader.describe()
        return replace(schema, columns=(*schema.columns, ROW_NUMBER))

    def read(self, since: Cursor | None) -> Iterator[Batch]:
        """The reader's batches, each row one value longer."""
        return (self._numbered(batch) for batch in self._reader.read(since))

    def _numbered(self, batch: Batch) -> Batch:
        prefix = f"{batch.location}:" if self._with_location else ""
        pairs = zip(batch.rows, batch.row_numbers, strict=True)
        rows = [(*row, f"{prefix}{number}") for row, number in pairs]
        return replace(batch, columns=(*batch.columns, ROW_NUMBER), rows=rows)
