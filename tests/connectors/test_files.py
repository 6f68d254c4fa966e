from __future__ import annotations

import gzip
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.contract import Batch, CursorStale, Reader, Row
from connectors.opening import open_reader
from hub.domain.errors import SourceUnreadable
from tests.connectors.documents import DRIVERS, no_secrets, source

HEADER = "driver_no,first_name,last_name\n"
CSV = HEADER + "1,Ann,Lee\n2,Bob,May\n3,Zoe,Ray\n"


def reader(
    folder: Path, connection: Mapping[str, object], batch_rows: int = 5_000, **changes: object
) -> Reader:
    described = source(folder, DRIVERS, connection={"type": "files", **connection}, **changes)
    return open_reader(described, folder, no_secrets, batch_rows)


def rows(batches: list[Batch]) -> list[Row]:
    return [row for batch in batches for row in batch.rows]


def test_one_file_beside_the_document(tmp_path: Path) -> None:
    (tmp_path / "drivers.csv").write_text(CSV)
    opened = reader(tmp_path, {"path": "drivers.csv"})
    assert opened.describe().columns == ("driver_no", "first_name", "last_name")
    (batch,) = opened.read(None)
    assert batch.rows == [("1", "Ann", "Lee"), ("2", "Bob", "May"), ("3", "Zoe", "Ray")]
    assert (batch.first_row, batch.location) == (1, "drivers.csv")


def test_files_that_match_a_pattern_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "a [strange] folder"
    (folder / "drop").mkdir(parents=True)
    for name in ("b.csv", "a.csv", "c.csv"):
        (folder / "drop" / name).write_text(HEADER + f"{name},x,y\n")
    batches = list(reader(folder, {"path": "drop/*.csv"}).read(None))
    assert [batch.location for batch in batches] == ["a.csv", "b.csv", "c.csv"]
    assert [row[0] for row in rows(batches)] == ["a.csv", "b.csv", "c.csv"]


def test_files_of_one_source_have_the_same_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    (tmp_path / "b.csv").write_text("driver_no,last_name,first_name\n1,Lee,Ann\n")
    with pytest.raises(SourceUnreadable, match=r"columns_differ \(b\.csv\)"):
        reader(tmp_path, {"path": "*.csv"}).describe()


@pytest.mark.parametrize("path", ["nowhere.csv", "nowhere/*.csv", "*.nothing"])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, path: str) -> None:
    with pytest.raises(SourceUnreadable, match="not_found"):
        reader(tmp_path, {"path": path, "format": "csv"}).describe()


@pytest.mark.parametrize("name", ["x.csv", "x.parquet", "x.jsonl"])
def test_an_empty_file_is_refused_whatever_its_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(SourceUnreadable, match=rf"empty_file \({name}\)"):
        reader(tmp_path, {"path": name}).describe()


def test_a_file_with_a_header_only_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    (tmp_path / "b.csv").write_text(HEADER)
    assert reader(tmp_path, {"path": "*.csv"}).describe().notes == ("b.csv: no rows",)


def test_a_protocol_without_a_driver_is_told_without_the_host(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"driver_missing \(x\.csv\)"):
        reader(tmp_path, {"path": "nosuch://agency.example/x.csv"}).describe()


def test_compressed_files_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "drivers.csv.gz").write_bytes(gzip.compress(CSV.encode()))
    assert len(rows(list(reader(tmp_path, {"path": "drivers.csv.gz"}).read(None)))) == 3
    (tmp_path / "drivers.csv.gz").write_bytes(gzip.compress(CSV.encode())[:-12])
    with pytest.raises(SourceUnreadable, match="read_failed"):
        list(reader(tmp_path, {"path": "drivers.csv.gz"}).read(None))


def test_a_cursor_of_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "drivers.csv"
    path.write_text(CSV)
    opened = reader(tmp_path, {"path": "drivers.csv"}, batch_rows=1)
    cursor = next(opened.read(None)).cursor
    path.write_text(CSV + "4,New,One\n")
    with pytest.raises(CursorStale, match=r"drivers\.csv, or a file before it, has changed"):
        opened.read(cursor)
    path.unlink()
    (tmp_path / "drivers.csv").mkdir()
    with pytest.raises(SourceUnreadable):
        opened.read(cursor)


def test_a_file_that_arrives_later_is_read_from_the_last_cursor_on(tmp_path: Path) -> None:
    (tmp_path / "2024-01.csv").write_text(CSV)
    opened = reader(tmp_path, {"path": "*.csv"}, mode="incremental")
    *_, last = opened.read(None)
    assert list(opened.read(last.cursor)) == []
    (tmp_path / "2024-02.csv").write_text(HEADER + "9,New,One\n")
    assert rows(list(opened.read(last.cursor))) == [("9", "New", "One")]


def test_rows_without_a_key_can_be_numbered(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(HEADER + "1,Ann\n2,Bob,May\n")
    one = list(reader(tmp_path, {"path": "a.csv"}, key="$row").read(None))
    assert one[0].columns[-1] == "$row"
    assert rows(one) == [("2", "Bob", "May", "2")]
    many = list(reader(tmp_path, {"path": "*.csv"}, key="$row").read(None))
    assert rows(many) == [("2", "Bob", "May", "a.csv:2")]


def test_parquet_gives_typed_values_and_plain_text(tmp_path: Path) -> None:
    moment = datetime.fromisoformat("2024-01-31T10:00:00.000123")
    table = pa.table(
        {
            "driver_no": pa.array([1, 2], pa.int64()),
            "first_name": pa.array([" Ann ", ""], pa.large_string()),
            "last_name": pa.array(["Lee", None]).dictionary_encode(),
            "dob": pa.array([date(1980, 1, 31), None]),
            "touched": pa.array([moment, None], pa.timestamp("ns")),
        }
    )
    pq.write_table(table, tmp_path / "drivers.parquet")
    batches = list(reader(tmp_path, {"path": "drivers.parquet"}).read(None))
    assert rows(batches) == [
        (1, "Ann", "Lee", date(1980, 1, 31), moment),
        (2, None, None, None, None),
    ]
    assert type(batches[0].rows[0][4]) is datetime


def test_parquet_resumes_inside_and_between_row_groups(tmp_path: Path) -> None:
    table = pa.table(
        {"driver_no": list(range(25)), "first_name": ["A"] * 25, "last_name": ["B"] * 25}
    )
    pq.write_table(table, tmp_path / "drivers.parquet", row_group_size=10)
    opened = reader(tmp_path, {"path": "drivers.parquet"}, batch_rows=4)
    seen = 0
    for batch in opened.read(None):
        seen += len(batch.rows)
        rest = rows(list(opened.read(batch.cursor)))
        assert [row[0] for row in rest] == list(range(seen, 25))


def test_what_is_not_parquet_is_refused_without_quoting_it(tmp_path: Path) -> None:
    (tmp_path / "drivers.parquet").write_bytes(b"Maria Okafor 1980-01-31")
    with pytest.raises(SourceUnreadable, match=r"not_parquet \(drivers\.parquet\)") as caught:
        reader(tmp_path, {"path": "drivers.parquet"}).describe()
    assert "Okafor" not in str(caught.value)


def test_parquet_text_that_is_no_text_is_refused_by_its_place(tmp_path: Path) -> None:
    names = pa.array([b"Jos\xe9"], pa.binary()).cast(pa.string(), safe=False)
    table = pa.table({"driver_no": [1], "first_name": names, "last_name": ["B"]})
    pq.write_table(table, tmp_path / "drivers.parquet")
    with pytest.raises(SourceUnreadable, match=r"encoding \(drivers\.parquet: in rows 1 to 1\)"):
        list(reader(tmp_path, {"path": "drivers.parquet"}).read(None))


JSONL = (
    '{"driver_no": 1, "first_name": " Ann "}\n'
    "\n"
    '{"driver_no": 2, "last_name": "May", "extra": [1]}\n'
    "{not json}\n"
    "[1, 2]\n"
    '{"driver_no": 3, "first_name": "", "late": 1}\n'
)


def test_json_lines_may_leave_members_out(tmp_path: Path) -> None:
    (tmp_path / "drivers.jsonl").write_text(JSONL)
    opened = reader(tmp_path, {"path": "drivers.jsonl"})
    assert not opened.describe().is_complete
    (batch,) = opened.read(None)
    assert batch.columns == ("driver_no", "first_name", "last_name", "extra", "late")
    assert batch.rows == [
        (1, "Ann", None, None, None),
        (2, None, "May", [1], None),
        (3, None, None, None, 1),
    ]
    assert [(one.rejected.row, one.rejected.rule) for one in batch.rejected] == [
        (3, "not_json"),
        (4, "not_object"),
    ]


def test_a_member_first_seen_deep_in_the_file_is_refused_where_the_contract_says_so(
    tmp_path: Path,
) -> None:
    usual = '{"driver_no": 1, "first_name": "A", "last_name": "B"}\n'
    (tmp_path / "drivers.jsonl").write_text(usual * 1_000 + '{"driver_no": 2, "blood_type": "0"}\n')
    opened = reader(tmp_path, {"path": "drivers.jsonl"}, contract={"unknown_columns": "refuse"})
    (batch,) = opened.read(None)
    (rejection,) = batch.rejected
    assert (rejection.rejected.row, rejection.rejected.field) == (1001, "blood_type")
    assert rejection.rejected.rule == "unknown_column"


def test_fixed_width_lines_may_be_cut_short(tmp_path: Path) -> None:
    columns = [
        {"name": "driver_no", "start": 1, "width": 4},
        {"name": "first_name", "start": 5, "width": 6},
        {"name": "last_name", "start": 11, "width": 6},
    ]
    (tmp_path / "drop.dat").write_bytes("0001Ann   Lee   \r\n0002José\r\n\r\n".encode("latin-1"))
    connection = {
        "path": "drop.dat",
        "format": "fixed_width",
        "columns": columns,
        "encoding": "latin-1",
    }
    (batch,) = reader(tmp_path, connection).read(None)
    assert batch.rows == [("0001", "Ann", "Lee"), ("0002", "José", None)]
