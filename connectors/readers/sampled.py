"""The first rows of a reader and no more: for evaluations on part of a data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from connectors.contract import Batch, Cursor, Reader, SourceSchema


class SampledReader:
    """Stops another reader after `rows_max` rows. Always reads from the start: a sample has no next run."""

    def __init__(self, reader: Reader, rows_max: int) -> None:
        self._reader = reader
        self._rows_max = rows_max

    def describe(self) -> SourceSchema:
        """As the reader beneath."""
        return self._reader.describe()

    def read(self, since: Cursor | None) -> Iterator[Batch]:  # noqa: ARG002 (the protocol's)
        """Batches until the sample is full."""
        left = self._rows_max
        for batch in self._reader.read(None):
            if len(batch.rows) >= left:
                yield replace(batch, rows=batch.rows[:left], row_numbers=batch.row_numbers[:left])
                return
            left -= len(batch.rows)
            yield batch
