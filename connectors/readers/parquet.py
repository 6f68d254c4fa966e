"""Parquet files, a slice of a row group at a time.

Decides how Arrow's types become Python values. Whether they suit the mapping is checked later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from connectors.readers.formats import Chunk, Head, OpenFile, Position, check_names

READ_BUFFER_BYTES = 1 << 20
"""Column chunks are streamed through buffers of this size, not read whole."""


class Parquet:
    """Rows typed as the file types them."""

    is_complete = True

    def head(self, file: OpenFile) -> Head:
        """The top-level columns; a file without rows is no mistake."""
        parquet = _open(file)
        names = check_names(file, parquet.schema_arrow.names)
        return Head(names, parquet.metadata.num_rows > 0, {"row": 0})

    def row_columns(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Rows have the file's columns."""
        return columns

    def chunks(
        self, file: OpenFile, columns: tuple[str, ...], position: Position, rows_max: int
    ) -> Iterator[Chunk]:
        """Rows from the position on; row groups that lie before it are not read."""
        parquet = _open(file)
        row = position["row"]
        groups, skip = _groups_from(parquet, row)
        batches = parquet.iter_batches(rows_max, row_groups=groups, columns=list(columns))
        while True:
            try:
                batch = next(batches, None)
            except (pa.ArrowException, OSError) as error:
                # Arrow's messages can quote the data: only the kind of error is told.
                raise file.refuse("read_failed", type(error).__name__) from None
            if batch is None:
                return
            batch, skip = batch.slice(skip), max(0, skip - batch.num_rows)
            if batch.num_rows:
                rows = _rows(file, batch, row)
                numbers = range(row + 1, row + 1 + len(rows))
                row += len(rows)
                yield Chunk(rows, numbers, [], {"row": row})


def _open(file: OpenFile) -> pq.ParquetFile:
    file.stream.seek(0, 2)
    size = file.stream.tell()
    file.stream.seek(0)
    if not size:
        raise file.refuse("empty_file")
    try:
        return pq.ParquetFile(file.stream, buffer_size=READ_BUFFER_BYTES, pre_buffer=False)
    except (pa.ArrowException, OSError):
        raise file.refuse("not_parquet") from None


def _groups_from(parquet: pq.ParquetFile, row: int) -> tuple[list[int], int]:
    """The row groups that hold rows after the first `row` ones, and how many of them to skip."""
    total = parquet.metadata.num_row_groups
    for group in range(total):
        size = parquet.metadata.row_group(group).num_rows
        if row < size:
            return list(range(group, total)), row
        row -= size
    return [], 0


def _rows(file: OpenFile, batch: pa.RecordBatch, row: int) -> list[tuple[object, ...]]:
    try:
        return list(zip(*[_values(column) for column in batch.columns], strict=True))
    except UnicodeDecodeError:
        pass
    # Raised outside the block above: a UnicodeDecodeError carries the cell.
    raise file.refuse("encoding", f"in rows {row + 1} to {row + batch.num_rows}")


def _values(column: pa.Array[Any]) -> list[object]:
    kind = column.type
    # Python's moments hold microseconds; without the cast Arrow hands out pandas objects or fails.
    if pa.types.is_timestamp(kind) and kind.unit == "ns":
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif pa.types.is_time64(kind) and kind.unit == "ns":
        column = column.cast(pa.time64("us"), safe=False)
    return [
        (value.strip() or None) if isinstance(value, str) else value for value in column.to_pylist()
    ]
