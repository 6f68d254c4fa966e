"""The promises of a Reader as one check, for the readers here and for other people's.

Decides what a test of a connector must hold; `check_reader` is called from a test with a small real
source whose rows do not change meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from connectors.contract import RULES, Batch, Cursor, Reader, Row
from hub.domain.records import Rejected

MakeReader = Callable[[], Reader]


def check_reader(make_reader: MakeReader, batch_rows: int) -> None:
    """Raise AssertionError, with a sentence, at the first promise broken.

    make_reader gives a new reader of the same source each time; batch_rows is the limit it was made
    with. The source should hold several times as many rows, or resumption goes untested.
    """
    schema = make_reader().describe()
    _hold(len(set(schema.columns)) == len(schema.columns), "describe() names a column twice")
    batches = list(make_reader().read(None))
    for batch in batches:
        _check_batch(batch, batch_rows)
        _hold(
            set(schema.columns) <= set(batch.columns),
            "a batch lacks columns that describe() names",
        )
        _hold(batch.columns == batches[0].columns, "batches differ in their columns")
    _hold(_content(make_reader().read(None)) == _content(batches), "reading twice gives other rows")
    _check_resumption(make_reader, batches)


def _check_batch(batch: Batch, batch_rows: int) -> None:
    _hold(len(batch.rows) <= batch_rows, f"a batch holds more than {batch_rows} rows")
    _hold(len(batch.rows) == len(batch.row_numbers), "a batch does not number each of its rows")
    _hold(
        all(len(row) == len(batch.columns) for row in batch.rows),
        "a row has more or fewer values than there are columns",
    )
    _hold(all(type(row) is tuple for row in batch.rows), "a row is not a tuple")
    texts = [value for row in batch.rows for value in row if isinstance(value, str)]
    _hold(all(text and text == text.strip() for text in texts), "a text is blank or not trimmed")
    rejected = [raw.rejected for raw in batch.rejected]
    _hold(
        all(one.rule in RULES for one in rejected), "a row is rejected for a rule that RULES lacks"
    )
    numbers = [*batch.row_numbers, *[one.row for one in rejected]]
    _hold(len(set(numbers)) == len(numbers), "two rows of a batch have the same number")
    _hold(all(number >= 1 for number in numbers), "a row has a number below 1")
    _hold(_survives_json(batch.cursor), "a cursor does not survive JSON")


def _check_resumption(make_reader: MakeReader, batches: list[Batch]) -> None:
    for index, batch in enumerate(batches):
        rest = _content(make_reader().read(_through_json(batch.cursor)))
        _hold(
            rest == _content(batches[index + 1 :]),
            f"going on after batch {index + 1} of {len(batches)} does not give the remaining rows",
        )


def _content(
    batches: Iterable[Batch],
) -> tuple[list[tuple[str, int, Row]], list[tuple[Rejected, str]]]:
    """Rows with location and number, and rejections; where batches begin and end is left open."""
    rows: list[tuple[str, int, Row]] = []
    rejected: list[tuple[Rejected, str]] = []
    for batch in batches:
        numbered = zip(batch.row_numbers, batch.rows, strict=True)
        rows += [(batch.location, number, row) for number, row in numbered]
        rejected += [(raw.rejected, raw.raw) for raw in batch.rejected]
    return rows, rejected


def _through_json(cursor: Cursor) -> Cursor:
    restored: Cursor = json.loads(json.dumps(cursor))
    return restored


def _survives_json(cursor: Cursor) -> bool:
    try:
        return _through_json(cursor) == cursor
    except (TypeError, ValueError):
        return False


def _hold(promise: bool, broken: str) -> None:
    # Not an assert statement: those vanish under `python -O`, and this check is shipped.
    if not promise:
        raise AssertionError(broken)
