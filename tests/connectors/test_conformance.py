"""Every reader keeps the promises of a Reader, and a reader that breaks one is found out."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.conformance import check_reader
from connectors.contract import Batch, Cursor, Reader, SourceSchema
from connectors.opening import open_reader
from tests.connectors.documents import no_secrets, source

ROWS = [(f"D{n:03}", f"First {n}", None if n % 7 == 0 else "Lee") for n in range(53)]
NAMES = ("driver_no", "first_name", "last_name")
BATCH_ROWS = 7


def csv_files(folder: Path) -> dict[str, object]:
    lines = [",".join(cell or "" for cell in row) for row in ROWS]
    lines[3] = '9,"stray,x'
    lines[9] = "ragged"
    lines[20] = '8,"two\nlines",x'
    lines[30] = ""
    for name, part in (("a.csv", lines[:26]), ("b.csv", []), ("c.csv", lines[26:])):
        (folder / name).write_text("\n".join([",".join(NAMES), *part]) + "\n")
    return {"type": "files", "path": "*.csv"}


def parquet_file(folder: Path) -> dict[str, object]:
    columns = dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True))
    pq.write_table(pa.table(columns), folder / "x.parquet", row_group_size=10)
    return {"type": "files", "path": "x.parquet"}


def jsonl_file(folder: Path) -> dict[str, object]:
    lines = [json.dumps(dict(zip(NAMES, row, strict=True))) for row in ROWS]
    lines[5] = "{broken"
    (folder / "x.jsonl").write_text("\n".join(lines))
    return {"type": "files", "path": "x.jsonl"}


def fixed_width_file(folder: Path) -> dict[str, object]:
    lines = [f"{a:<6}{b:<12}{c or '':<6}" for a, b, c in ROWS]
    (folder / "x.dat").write_text("\n".join(lines))
    starts = zip(NAMES, (1, 7, 19), (6, 12, 6), strict=True)
    columns = [{"name": name, "start": start, "width": width} for name, start, width in starts]
    return {"type": "files", "path": "x.dat", "format": "fixed_width", "columns": columns}


def sqlite_table(folder: Path) -> dict[str, object]:
    with sqlite3.connect(folder / "x.db") as database:
        database.execute("create table drivers (driver_no, first_name, last_name)")
        rows = [*ROWS, ("D001", "again", "x"), *[(None, "n", str(n)) for n in range(20)]]
        database.executemany("insert into drivers values (?, ?, ?)", rows)
    database.close()
    return {"type": "sql", "url": "sqlite:///x.db", "table": "drivers"}


@pytest.mark.parametrize("key", ["driver_no", "$row"])
@pytest.mark.parametrize(
    "place", [csv_files, parquet_file, jsonl_file, fixed_width_file, sqlite_table]
)
def test_every_reader_keeps_its_promises(
    tmp_path: Path, place: Callable[[Path], dict[str, object]], key: str
) -> None:
    connection = place(tmp_path)
    if connection["type"] == "sql" and key == "$row":
        key = "first_name"
    described = source(tmp_path, connection=connection, key=key)
    check_reader(lambda: open_reader(described, tmp_path, no_secrets, BATCH_ROWS), BATCH_ROWS)


class ListReader:
    """A reader of rows in a list, changed by a test to break one promise."""

    def __init__(self, change: Callable[[Batch], Batch]) -> None:
        self._change = change

    def describe(self) -> SourceSchema:
        return SourceSchema(NAMES)

    def read(self, since: Cursor | None) -> Iterator[Batch]:
        start = int(str(since["at"])) if since else 0
        for at in range(start, len(ROWS), BATCH_ROWS):
            rows = list(ROWS[at : at + BATCH_ROWS])
            numbers = range(at + 1, at + 1 + len(rows))
            batch = Batch(NAMES, list(rows), numbers, "list", {"at": at + BATCH_ROWS})
            yield self._change(batch)


def test_a_reader_of_a_list_keeps_its_promises() -> None:
    check_reader(lambda: ListReader(lambda batch: batch), BATCH_ROWS)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda b: replace(b, rows=b.rows * 2), "holds more than 7 rows"),
        (lambda b: replace(b, rows=b.rows[:-1]), "does not number each of its rows"),
        (lambda b: replace(b, rows=[row[:2] for row in b.rows]), "more or fewer values than there are columns"),
        (lambda b: replace(b, rows=[(" x", *row[1:]) for row in b.rows]), "blank or not trimmed"),
        (lambda b: replace(b, columns=("a", "b", "c")), "lacks columns that describe"),
        (lambda b: replace(b, cursor={"at": {1, 2}}), "does not survive JSON"),
        (lambda b: replace(b, cursor={"at": 0}), "does not give the remaining rows"),
        (lambda b: replace(b, row_numbers=[1] * len(b.rows)), "have the same number"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_told_in_a_sentence(
    change: Callable[[Batch], Batch], sentence: str
) -> None:
    def make() -> Reader:
        return ListReader(change)

    with pytest.raises(AssertionError, match=sentence):
        check_reader(make, BATCH_ROWS)
