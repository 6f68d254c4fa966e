from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from connectors.contract import Batch, CursorStale, Reader, Row
from connectors.opening import open_reader
from connectors.readers.progress import Progress, from_json, to_json
from hub.domain.errors import SourceUnreadable
from tests.connectors.documents import DRIVERS, no_secrets, source

SQLITE = {"type": "sql", "url": "sqlite:///agency.db", "table": "drivers"}


@pytest.fixture
def agency(tmp_path: Path) -> Path:
    """A folder with a real database of drivers, some of whom have no number."""
    path = tmp_path / "agency.db"
    with sqlite3.connect(path) as database:
        database.execute(
            "create table drivers (driver_no text, first_name text, last_name text, updated_at text)"
        )
        drivers: list[tuple[object, ...]] = [
            (f"D{n:03}", f" N{n} ", "", f"2024-01-{1 + n // 4:02}") for n in range(40)
        ]
        drivers += [("D007", "Twice", "x", "2024-01-02"), (" D9 ", "Padded", "x", "2024-01-02")]
        drivers += [(None, "Nobody", "x", "2024-01-03"), (None, "Noone", "x", "2024-01-03")]
        database.executemany("insert into drivers values (?, ?, ?, ?)", drivers)
    database.close()
    return tmp_path


def reader(
    folder: Path,
    connection: Mapping[str, object] = SQLITE,
    batch_rows: int = 10,
    secrets: Callable[[str], str | None] = no_secrets,
    **changes: object,
) -> Reader:
    return open_reader(
        source(folder, DRIVERS, connection=dict(connection), **changes), folder, secrets, batch_rows
    )


def keys(batches: list[Batch]) -> list[object]:
    return [row[batch.columns.index("driver_no")] for batch in batches for row in batch.rows]


def test_rows_come_in_the_order_of_the_key_and_those_without_one_at_the_end(agency: Path) -> None:
    batches = list(reader(agency).read(None))
    found = keys(batches)
    assert len(found) == 44
    assert found[-2:] == [None, None]
    assert found[1:-2] == sorted(str(key) for key in found[1:-2])
    assert batches[0].rows[1] == ("D000", "N0", None, "2024-01-01")


@pytest.mark.parametrize("batch_rows", [1, 3, 10])
def test_a_key_that_stands_there_twice_is_given_twice_even_across_a_restart(
    agency: Path, batch_rows: int
) -> None:
    opened = reader(agency, batch_rows=batch_rows)
    read: list[object] = []
    for batch in opened.read(None):
        read += keys([batch])
        resumed = reader(agency, batch_rows=batch_rows).read(batch.cursor)
        assert [*read, *keys(list(resumed))].count("D007") == 2


def test_rows_of_one_key_are_told_apart_by_content_not_by_their_order() -> None:
    earlier = Progress(["k"])
    earlier.advance([("D1", "a"), ("D7", "first")], [0])
    resumed = Progress.from_cursor(earlier.cursor())
    assert resumed is not None
    other_order: list[Row] = [("D7", "second"), ("D7", "first"), ("D8", "b")]
    assert resumed.without_seen(other_order, [0]) == [("D7", "second"), ("D8", "b")]


def test_an_incremental_source_gives_only_what_is_newer(agency: Path) -> None:
    connection = {**SQLITE, "cursor": "updated_at"}
    opened = reader(agency, connection, mode="incremental")
    batches = [batch for batch in opened.read(None) if None not in keys([batch])]
    last = batches[-1].cursor
    with sqlite3.connect(agency / "agency.db") as database:
        database.execute("update drivers set updated_at = '2024-03-01' where driver_no = 'D003'")
        database.execute("insert into drivers values ('D900', 'New', 'x', '2024-02-01')")
    database.close()
    newer = [key for key in keys(list(opened.read(last))) if key is not None]
    assert newer == ["D900", "D003"]


def test_an_incremental_source_gives_rows_without_a_cursor_value_on_every_run(
    agency: Path,
) -> None:
    with sqlite3.connect(agency / "agency.db") as database:
        database.execute("update drivers set updated_at = null where driver_no = 'D003'")
    database.close()
    opened = reader(agency, {**SQLITE, "cursor": "updated_at"}, mode="incremental")
    *_, last = opened.read(None)
    assert "D003" in keys(list(opened.read(last.cursor)))


def test_a_query_is_read_like_a_table(agency: Path) -> None:
    query = "select driver_no, first_name, ':x' as last_name from drivers where driver_no < 'D005';"
    connection = {"type": "sql", "url": "sqlite:///agency.db", "query": query}
    (batch,) = reader(agency, connection).read(None)
    assert batch.location == "query"
    assert batch.rows[1] == ("D000", "N0", ":x")
    assert len(batch.rows) == 6


def test_a_key_may_be_several_columns(agency: Path) -> None:
    opened = reader(agency, key=["last_name", "driver_no"], batch_rows=3)
    batches = list(opened.read(None))
    rest = [row for batch in opened.read(batches[4].cursor) for row in batch.rows]
    assert rest == [row for batch in batches[5:] for row in batch.rows]


def test_the_agencys_database_cannot_be_written(agency: Path) -> None:
    before = (agency / "agency.db").read_bytes()
    connection = {**SQLITE, "url": "sqlite:///agency.db"}
    list(reader(agency, connection).read(None))
    assert (agency / "agency.db").read_bytes() == before
    assert sorted(path.name for path in agency.iterdir()) == ["agency.db", "source.yaml"]


def test_a_database_file_that_is_not_there_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"unreachable \(sqlite: OperationalError\)"):
        reader(tmp_path).describe()
    assert not (tmp_path / "agency.db").exists()


def test_an_unreachable_database_is_told_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"postgresql+psycopg://hub:hunter2@127.0.0.1:{port}/vehicles?application_name=hunter3"
    connection = {"type": "sql", "url": "env:VEHICLES_URL", "table": "drivers"}
    opened = reader(tmp_path, connection, secrets={"VEHICLES_URL": url}.get)
    with pytest.raises(SourceUnreadable) as caught:
        opened.describe()
    assert str(caught.value) == (
        f"source vehicles: unreachable (postgresql at 127.0.0.1:{port}: OperationalError)"
    )
    # What the driver said is not even attached: a logged traceback shows nothing of it.
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is None


def test_a_secret_is_taken_from_the_environment_or_a_file(agency: Path) -> None:
    (agency / "url.txt").write_text("sqlite:///agency.db\n")
    by_file = {**SQLITE, "url": "file:url.txt"}
    by_name = {**SQLITE, "url": "env:VEHICLES_URL"}
    environment = {"VEHICLES_URL": "sqlite:///agency.db"}
    assert "driver_no" in reader(agency, by_file).describe().columns
    assert "driver_no" in reader(agency, by_name, secrets=environment.get).describe().columns


@pytest.mark.parametrize("url", ["env:VEHICLES_URL", "file:nowhere.txt"])
def test_a_secret_that_is_not_there_is_named(agency: Path, url: str) -> None:
    with pytest.raises(SourceUnreadable, match=rf"secret_missing \({url}\)"):
        reader(agency, {**SQLITE, "url": url})


def test_a_secret_that_is_no_url_is_not_repeated(agency: Path) -> None:
    connection = {**SQLITE, "url": "env:VEHICLES_URL"}
    with pytest.raises(SourceUnreadable, match="the secret is not a database URL") as caught:
        reader(agency, connection, secrets=lambda _: "hunter2")
    assert caught.value.__context__ is None


def test_an_unknown_table_or_driver_is_told(agency: Path) -> None:
    with pytest.raises(SourceUnreadable, match="query_refused"):
        reader(agency, {**SQLITE, "table": "nobody"}).describe()
    with pytest.raises(SourceUnreadable, match="driver_missing"):
        reader(agency, {**SQLITE, "url": "nosuchdialect://host/db"}).describe()


def test_a_key_that_is_no_column_is_told(agency: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"missing_column \(licence_no\)"):
        list(reader(agency, key="licence_no").read(None))


def test_a_row_the_driver_cannot_read_is_told_without_its_content(agency: Path) -> None:
    with sqlite3.connect(agency / "agency.db") as database:
        database.execute(
            "update drivers set last_name = cast(x'4f6b61666f72ff' as text) where driver_no > 'D020'"
        )
    database.close()
    with pytest.raises(SourceUnreadable, match="read_failed") as caught:
        list(reader(agency).read(None))
    assert "Okafor" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    "cursor", [{}, {"order": ["x"], "after": None, "seen": [], "nulls": 0, "row": 0}, {"order": 7}]
)
def test_a_cursor_of_another_key_is_refused(agency: Path, cursor: dict[str, object]) -> None:
    with pytest.raises(CursorStale):
        reader(agency).read(cursor)


@pytest.mark.parametrize(
    "value",
    [
        "D1", 7, 7.5, Decimal("7.50"), date(2024, 1, 31), time(10, 30),
        datetime(2024, 1, 31, 10, tzinfo=UTC), UUID(int=7), b"\x00\xff",
    ],
)  # fmt: skip
def test_a_key_keeps_its_type_in_a_cursor(value: object) -> None:
    assert from_json(to_json(value)) == value
    assert type(from_json(to_json(value))) is type(value)
