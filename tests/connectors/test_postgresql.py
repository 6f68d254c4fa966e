"""The SQL reader on a real PostgreSQL: what SQLite cannot show (types, time zones, read-only)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from connectors.conformance import check_reader
from connectors.contract import Reader
from connectors.opening import open_reader
from hub import provision
from hub.domain.errors import SourceUnreadable
from tests.conftest import Server
from tests.connectors.documents import DRIVERS, source

MakeReader = Callable[..., Reader]
NAME = "agency_of_vehicles"


@pytest.fixture(scope="module")
def url(server: Server) -> Iterator[str]:
    """A database with drivers whose keys and moments are typed; some moments are equal."""
    provision.create_database(server.address, NAME)
    address = server.address.url(NAME, scheme="postgresql+psycopg")
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("set time zone 'Pacific/Auckland'")
        connection.exec_driver_sql(
            'create table "Drivers" (driver_no uuid, first_name char(8), last_name text,'
            " fee numeric(8, 2), updated_at timestamptz)"
        )
        connection.exec_driver_sql(
            """insert into "Drivers" select gen_random_uuid(), 'N' || n, ' ', n / 4.0,
               timestamptz '2024-01-01 00:00:00.123456+00' + (n / 5) * interval '1 hour'
               from generate_series(1, 60) n"""
        )
        connection.exec_driver_sql("insert into \"Drivers\" (first_name) values ('Nobody')")
        connection.exec_driver_sql("create sequence visits")
    yield address
    engine.dispose()


@pytest.fixture
def make(tmp_path: Path, url: str) -> MakeReader:
    def make_reader(**changes: object) -> Reader:
        connection = {"type": "sql", "url": "env:VEHICLES_URL", "table": "Drivers"}
        cursor = changes.pop("cursor", None)
        if cursor:
            connection |= {"cursor": str(cursor)}
        described = source(tmp_path, DRIVERS, connection=connection, **changes)
        return open_reader(described, tmp_path, {"VEHICLES_URL": url}.get, batch_rows=7)

    return make_reader


@pytest.mark.parametrize("key", ["driver_no", "fee", "first_name", "updated_at"])
def test_a_table_resumes_after_any_batch_whatever_the_type_of_its_key(
    make: MakeReader, key: str
) -> None:
    check_reader(lambda: make(key=key), 7)


def test_an_incremental_source_misses_none_of_the_rows_of_one_moment(make: MakeReader) -> None:
    def whole(reader: Reader, cursor: dict[str, object] | None) -> list[object]:
        return [row[0] for batch in reader.read(cursor) for row in batch.rows if row[0]]

    opened = make(mode="incremental", cursor="updated_at")
    every = whole(opened, None)
    assert len(set(every)) == 60
    seen = 0
    for batch in opened.read(None):
        seen += len([row for row in batch.rows if row[0]])
        assert whole(opened, batch.cursor) == every[seen:]


def test_an_agencys_database_is_only_read(make: MakeReader, tmp_path: Path, url: str) -> None:
    writing = 'with gone as (delete from "Drivers" returning *) select * from gone'
    connection = {"type": "sql", "url": "env:VEHICLES_URL", "query": writing}
    described = source(tmp_path, DRIVERS, connection=connection)
    with pytest.raises(SourceUnreadable):
        list(open_reader(described, tmp_path, {"VEHICLES_URL": url}.get).read(None))
    counting = "select *, nextval('visits') from \"Drivers\""
    described = source(tmp_path, DRIVERS, connection={**connection, "query": counting})
    with pytest.raises(SourceUnreadable, match="read_failed"):
        list(open_reader(described, tmp_path, {"VEHICLES_URL": url}.get).read(None))
    assert sum(len(batch.rows) for batch in make().read(None)) == 61


def test_a_refused_password_is_not_repeated(tmp_path: Path, url: str) -> None:
    wrong = sa.make_url(url).set(password="hunter2").render_as_string(hide_password=False)
    connection = {"type": "sql", "url": "env:VEHICLES_URL", "table": "Drivers"}
    described = source(tmp_path, DRIVERS, connection=connection)
    with pytest.raises(SourceUnreadable, match="unreachable") as caught:
        open_reader(described, tmp_path, {"VEHICLES_URL": wrong}.get).describe()
    assert "hunter2" not in str(caught.value)
    assert caught.value.__context__ is None
