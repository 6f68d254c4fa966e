"""Loading: what becomes a record, what is set aside, and what a second look changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from connectors.contract import Batch, Cursor, Reader, SourceSchema
from hub.domain.errors import SourceInvalid, SourceUnreadable, TooManyRejected
from hub.journeys.context import Hub
from hub.journeys.load import LoadReport, load_sources
from hub.journeys.quarantine import list_quarantine
from hub.store import database
from tests.worlds import (
    BIRK,
    DRIVERS_HEADER,
    DRIVERS_YAML,
    MARIA,
    NOOR,
    open_written,
    write_drivers,
)


def load(hub: Hub, folder: Path, *rows: str) -> LoadReport:
    return load_sources(hub, [write_drivers(folder, rows)])[0]


def contents(hub: Hub) -> list[object]:
    """Everything a load may change, without the times."""
    tables = {
        "records": "id, version, key_hash, content_hash, core, match, removed_at",
        "record_keys": "*",
        "tags": "*",
        "holdings": "*",
        "quarantine": "id, row_number, field, rule, sealed_row, resolved_at",
    }
    with database.transaction(hub.engine) as connection:
        return [
            connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY 1, 2")).all()
            for table, columns in tables.items()
        ]


def test_rows_become_records_once(hub: Hub, tmp_path: Path) -> None:
    first = load(hub, tmp_path, MARIA, BIRK, NOOR)
    before = contents(hub)
    second = load(hub, tmp_path, MARIA, BIRK, NOOR)

    assert (first.read, first.inserted, first.rejected) == (3, 3, 0)
    assert (second.read, second.unchanged) == (3, 3)
    assert contents(hub) == before


def test_a_changed_row_is_a_new_version_of_the_same_record(hub: Hub, tmp_path: Path) -> None:
    load(hub, tmp_path, MARIA, BIRK)
    report = load(hub, tmp_path, MARIA, BIRK.replace("7 Alder St", "12 Alder St"))

    assert (report.changed, report.unchanged, report.inserted) == (1, 1, 0)
    with database.transaction(hub.engine) as connection:
        assert connection.scalars(text("SELECT version FROM records ORDER BY id")).all() == [1, 2]
        assert connection.scalar(text("SELECT count(*) FROM record_keys")) == 2


def test_a_changed_mapping_makes_every_row_news(hub: Hub, tmp_path: Path) -> None:
    load(hub, tmp_path, MARIA, BIRK)
    remapped = DRIVERS_YAML.replace(
        "given_name: first_name", "given_name: {column: first_name, transforms: [upper]}"
    )
    report = load_sources(hub, [write_drivers(tmp_path, [MARIA, BIRK], yaml=remapped)])[0]
    assert report.changed == 2


def test_a_key_twice_in_a_source_is_one_record_and_one_quarantined_row(
    hub: Hub, tmp_path: Path
) -> None:
    report = load(hub, tmp_path, MARIA, BIRK, MARIA.replace("Maria", "Marie"))
    [row] = list_quarantine(hub, None, 10)

    assert (report.inserted, report.rejected_by_rule) == (2, {"duplicate_key": 1})
    assert (row.row.row_number, row.row.location) == (3, "drivers.csv")
    assert row.sentence == "Another row of the same load has the same key."


def test_a_key_twice_is_found_across_chunks(hub: Hub, tmp_path: Path) -> None:
    rows = [MARIA.replace("D1,", f"N{number},") for number in range(2_500)]
    report = load(hub, tmp_path, *rows, rows[3])
    assert (report.inserted, report.rejected_by_rule) == (2_500, {"duplicate_key": 1})


def test_a_bad_row_names_row_field_and_rule_and_keeps_the_rest(hub: Hub, tmp_path: Path) -> None:
    report = load(hub, tmp_path, MARIA, BIRK.replace("1961-12-30", "31 Feb"), NOOR)
    [row] = list_quarantine(hub, "drivers", 10)

    assert (report.inserted, report.rejected) == (2, 1)
    assert (row.row.row_number, row.row.field, row.row.rule) == (2, "born", "wrong_type")


def test_a_bad_row_met_again_is_the_same_one_and_a_mended_one_is_resolved(
    hub: Hub, tmp_path: Path
) -> None:
    bad = BIRK.replace("1961-12-30", "31 Feb")
    for _ in range(2):
        load(hub, tmp_path, MARIA, bad, NOOR)
        assert len(list_quarantine(hub, None, 10)) == 1
    load(hub, tmp_path, MARIA, BIRK, NOOR)
    assert list_quarantine(hub, None, 10) == []


def test_too_many_bad_rows_stop_the_load_and_keep_what_was_good(hub: Hub, tmp_path: Path) -> None:
    bad = [BIRK.replace("D2", f"B{n}").replace("1961-12-30", "31 Feb") for n in range(4)]
    with pytest.raises(TooManyRejected, match="4 of 5 rows rejected"):
        load(hub, tmp_path, MARIA, *bad)
    with database.transaction(hub.engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM records")) == 1
        assert connection.scalar(text("SELECT state FROM runs")) == "failed"


def test_a_record_gone_from_a_complete_snapshot_is_removed_and_returns_as_a_new_one(
    hub: Hub, tmp_path: Path
) -> None:
    rows = [MARIA.replace("D1,", f"N{number},") for number in range(30)]
    load(hub, tmp_path, *rows)
    gone = load(hub, tmp_path, *rows[1:])
    back = load(hub, tmp_path, *rows)

    assert (gone.removed, back.inserted) == (1, 1)
    with database.transaction(hub.engine) as connection:
        numbers = connection.scalars(text("SELECT id FROM records ORDER BY id")).all()
    assert numbers == list(range(1, 32))


def test_a_snapshot_that_lost_half_its_rows_removes_nothing(hub: Hub, tmp_path: Path) -> None:
    rows = [MARIA.replace("D1,", f"N{number},") for number in range(30)]
    load(hub, tmp_path, *rows)
    report = load(hub, tmp_path, *rows[:15])
    assert (report.removed, report.held) == (0, 15)


def test_a_missing_column_stops_the_load_before_anything_is_read(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"missing_column.*last_name"):
        load_sources(
            hub,
            [
                write_drivers(
                    tmp_path, [MARIA], header=DRIVERS_HEADER.replace("last_name", "surname")
                )
            ],
        )


def test_an_empty_file_is_refused_and_a_header_alone_is_not(hub: Hub, tmp_path: Path) -> None:
    source, reader = write_drivers(tmp_path, [])
    assert load_sources(hub, [(source, reader)])[0].read == 0
    (tmp_path / "drivers.csv").write_bytes(b"")
    with pytest.raises(SourceUnreadable, match="empty_file"):
        load_sources(hub, [(source, reader)])


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        pytest.param(BIRK.replace("Birk", 'Bi"rk'), "stray_quote", id="a stray quote"),
        pytest.param(BIRK.replace("Birk", "Bi\0rk"), "nul_byte", id="a NUL byte"),
        pytest.param(BIRK.replace("Birk", "B" * 1_000_000), "cell_too_large", id="a 1 MB cell"),
        pytest.param(BIRK.replace("D2,", ","), "key_missing", id="no key"),
        pytest.param(BIRK + ",more", "ragged_row", id="a cell too many"),
    ],
)
def test_one_broken_row_is_set_aside_and_its_neighbours_load(
    hub: Hub, tmp_path: Path, row: str, rule: str
) -> None:
    report = load(hub, tmp_path, MARIA, row, NOOR)
    assert (report.inserted, report.rejected_by_rule) == (2, {rule: 1})


class BreaksOff:
    """A reader whose transport fails after so many batches."""

    def __init__(self, reader: Reader, batches: int) -> None:
        self._reader = reader
        self._batches = batches

    def describe(self) -> SourceSchema:
        return self._reader.describe()

    def read(self, since: Cursor | None) -> Iterator[Batch]:
        for number, batch in enumerate(self._reader.read(since)):
            if number == self._batches:
                raise SourceUnreadable("drivers", "read_failed")
            yield batch


def test_a_load_that_broke_off_is_made_whole_by_the_next(
    hub: Hub, new_hub: Callable[[], Hub], tmp_path: Path
) -> None:
    rows = [MARIA.replace("D1,", f"N{number},") for number in range(3_500)]
    source, reader = write_drivers(tmp_path, rows)
    with pytest.raises(SourceUnreadable, match="read_failed"):
        load_sources(hub, [(source, BreaksOff(reader, 2))])
    report = load_sources(hub, [(source, reader)])[0]

    assert (report.unchanged + report.inserted, report.removed) == (3_500, 0)
    with database.transaction(hub.engine) as connection:
        assert connection.scalar(text("SELECT count(DISTINCT key_hash) FROM records")) == 3_500


def numbered(count: int) -> list[str]:
    return [MARIA.replace("D1,", f"N{number},") for number in range(count)]


def test_a_bad_cell_in_a_known_row_keeps_the_record_as_it_was(hub: Hub, tmp_path: Path) -> None:
    rows = numbered(40)
    load(hub, tmp_path, *rows)
    broken = load(hub, tmp_path, rows[0].replace("1984-03-09", "31 Feb"), *rows[1:])
    mended = load(hub, tmp_path, *rows)

    assert (broken.rejected, broken.removed, broken.held) == (1, 0, 0)
    assert (mended.unchanged, mended.inserted) == (40, 0)
    assert list_quarantine(hub, None, 10) == []


def test_a_row_unreadable_down_to_its_key_removes_nobody(hub: Hub, tmp_path: Path) -> None:
    rows = numbered(40)
    load(hub, tmp_path, *rows)
    unreadable = rows[0].replace("Maria", 'Ma"ria')
    first = load(hub, tmp_path, unreadable, *rows[1:])
    # It stands in the quarantine now, so the operator has seen it, and the record is gone indeed.
    second = load(hub, tmp_path, unreadable, *rows[1:])
    assert (first.held, first.removed) == (1, 0)
    assert (second.held, second.removed) == (0, 1)


def test_a_small_source_can_lose_records(hub: Hub, tmp_path: Path) -> None:
    load(hub, tmp_path, MARIA, BIRK, NOOR)
    assert load(hub, tmp_path, MARIA, BIRK).removed == 1


def test_an_operator_who_has_looked_accepts_what_is_missing(hub: Hub, tmp_path: Path) -> None:
    rows = numbered(40)
    load(hub, tmp_path, *rows)
    held = load(hub, tmp_path, *rows[:20])
    source_and_reader = write_drivers(tmp_path, rows[:20])
    accepted = load_sources(hub, [source_and_reader], is_accepting_removals=True)[0]
    assert (held.held, accepted.removed) == (20, 20)


def test_a_removed_record_cannot_be_opened_again(hub: Hub, tmp_path: Path) -> None:
    load(hub, tmp_path, MARIA, BIRK, NOOR)
    load(hub, tmp_path, MARIA, BIRK)
    with database.transaction(hub.engine) as connection:
        keys = connection.scalars(text("SELECT record_id FROM record_keys ORDER BY 1")).all()
        tagged = connection.scalars(text("SELECT DISTINCT record_id FROM tags ORDER BY 1")).all()
    assert list(keys) == [1, 2]
    assert set(tagged) <= {1, 2}


def test_the_same_cells_under_a_corrected_header_are_news(hub: Hub, tmp_path: Path) -> None:
    swapped = DRIVERS_HEADER.replace("first_name,last_name", "last_name,first_name")
    load_sources(hub, [write_drivers(tmp_path, [MARIA, BIRK], header=swapped)])
    assert load(hub, tmp_path, MARIA, BIRK).changed == 2


def test_an_open_row_of_a_held_export_stays_open(hub: Hub, tmp_path: Path) -> None:
    rows = numbered(40)
    load(hub, tmp_path, BIRK.replace("1961-12-30", "31 Feb"), *rows)
    report = load(hub, tmp_path, *rows[:10])
    assert report.held == 30
    assert len(list_quarantine(hub, None, 10)) == 1


def test_a_resolved_row_is_no_longer_kept(hub: Hub, tmp_path: Path) -> None:
    load(hub, tmp_path, MARIA, BIRK.replace("1961-12-30", "31 Feb"), NOOR)
    load(hub, tmp_path, MARIA, BIRK, NOOR)
    with database.transaction(hub.engine) as connection:
        assert connection.scalars(text("SELECT sealed_row FROM quarantine")).all() == [None]


INCREMENTAL_YAML = """
schema: hub/source@1
id: anglers
agency: wildlife
kind: person
mode: incremental
connection: {type: sql, url: "sqlite:///anglers.db", table: anglers, cursor: updated_at}
key: id
contract:
  rejected_share_max: 0.5
map:
  given_name: first_name
  family_name: last_name
  birth_date: {column: born, transforms: [{date: "%Y-%m-%d"}]}
"""


def write_anglers(folder: Path, rows: Sequence[tuple[str, str, str, str, str]]) -> None:
    with closing(sqlite3.connect(folder / "anglers.db")) as connection, connection:
        connection.execute("DROP TABLE IF EXISTS anglers")
        connection.execute("CREATE TABLE anglers (id, first_name, last_name, born, updated_at)")
        connection.executemany("INSERT INTO anglers VALUES (?, ?, ?, ?, ?)", rows)


def test_an_incremental_source_reads_only_what_is_newer_and_closes_what_was_mended(
    hub: Hub, tmp_path: Path
) -> None:
    rows = [
        ("1", "Maria", "Okafor", "1984-03-09", "2026-01-01"),
        ("2", "Birk", "Lindqvist", "31 Feb", "2026-01-02"),
    ]
    write_anglers(tmp_path, rows)
    source = open_written(tmp_path, INCREMENTAL_YAML)
    first = load_sources(hub, [source])[0]
    assert len(list_quarantine(hub, None, 10)) == 1

    rows[1] = ("2", "Birk", "Lindqvist", "1961-12-30", "2026-02-01")
    write_anglers(tmp_path, rows)
    second = load_sources(hub, [source])[0]
    assert (first.inserted, first.rejected) == (1, 1)
    assert (second.read, second.inserted, second.removed) == (1, 1, 0)
    assert list_quarantine(hub, None, 10) == []


def test_a_changed_mapping_reads_an_incremental_source_from_the_start(
    hub: Hub, tmp_path: Path
) -> None:
    rows = [("1", "Maria", "Okafor", "1984-03-09", "2026-01-01")]
    write_anglers(tmp_path, rows)
    load_sources(hub, [open_written(tmp_path, INCREMENTAL_YAML)])
    changed = INCREMENTAL_YAML.replace("family_name: last_name", "middle_name: last_name")
    report = load_sources(hub, [open_written(tmp_path, changed)])[0]
    assert (report.read, report.changed) == (1, 1)


def test_two_sources_that_compare_an_attribute_differently_are_refused(
    hub: Hub, tmp_path: Path
) -> None:
    declared = DRIVERS_YAML + "  custom: {birthplace: {column: city, compare: text}}\n"
    load_sources(hub, [write_drivers(tmp_path, [MARIA], yaml=declared)])
    other = declared.replace("id: drivers", "id: riders").replace("compare: text", "compare: exact")
    with pytest.raises(SourceInvalid, match=r"birthplace: source drivers compares it otherwise"):
        load_sources(hub, [write_drivers(tmp_path, [BIRK], yaml=other)])
