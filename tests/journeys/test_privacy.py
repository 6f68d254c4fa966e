"""What a thief of the disk would find: no name, date, number or address of anybody in the demo world."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from connectors.mapping import Mapper
from demo.generate import source_files
from hub.domain.records import Record, Rejected
from hub.embedded import ensure, stop
from tests.worlds import opened

SAMPLES = 200
EARLIEST_TERM = "2005-01-01"
SHORTEST = 7  # a shorter value may stand in PostgreSQL's own files by chance


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the whole demo ran: world, hub, temporary files and output each in its place."""
    folder = tmp_path_factory.mktemp("lived")
    (folder / "tmp").mkdir()
    environment = os.environ | {"TMPDIR": str(folder / "tmp"), "HUB_WORKERS": "2"}
    command = [
        sys.executable,
        "-m",
        "hub.cli",
        "demo",
        "run",
        "--people",
        "900",
        "--dir",
        str(folder),
    ]
    done = subprocess.run(
        command,
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (folder / "stderr.log").write_text(done.stderr)
    return folder


def personal_values(world: Path) -> Iterator[str]:
    """Names, dates, numbers, e-mails and streets as the agencies hold them."""
    for file in source_files(world):
        source, reader = opened(file)
        for batch in reader.read(None):
            mapper = Mapper(source, batch.columns)
            for number, row in zip(batch.row_numbers, batch.rows, strict=True):
                record = mapper.record(row, number, batch.location)
                if not isinstance(record, Rejected):
                    yield from _values(record)


def _values(record: Record) -> Iterator[str]:
    for name in record.names:
        yield from filter(None, (name.full_name, name.family_name, name.given_name))
    for address in record.addresses:
        yield from filter(None, (address.delivery_line, address.full_address))
    yield from (point.value for point in record.contact_points)
    yield from (identifier.value for identifier in record.identifiers)
    yield from (holding.number for holding in record.holdings if holding.number)
    if record.birth_date:
        yield record.birth_date.isoformat()
    yield record.key.local_id


def spellings(value: str) -> set[bytes]:
    """A value as it may lie in a file: as is, in either case, as a dump writes bytes."""
    texts = {value, value.lower(), value.upper()}
    return {text.encode() for text in texts} | {text.encode().hex().encode() for text in texts}


@pytest.fixture(scope="module")
def sampled(lived_in: Path) -> list[str]:
    """Some of the values the agencies hold, of every kind, and some dates of birth beside."""
    [world] = lived_in.glob("world-*")
    values = sorted({value for value in personal_values(world) if len(value) >= SHORTEST})
    dates = [value for value in values if value[4:5] == "-" and value[7:8] == "-"]
    # Terms of holdings rest in the clear by design, and a young child's birthday may be one of their days.
    young = {value for value in dates if value >= EARLIEST_TERM}
    values = [value for value in values if value not in young]
    dates = [value for value in dates if value not in young]
    return random.Random(5).sample(values, SAMPLES) + random.Random(5).sample(dates, 20)


def test_a_dump_of_every_table_holds_no_personal_value(lived_in: Path, sampled: list[str]) -> None:
    [data_dir] = lived_in.glob("hub-*")
    try:
        dump = dumped(ensure(data_dir).url("hub"))
    finally:
        stop(data_dir)
    assert len(dump) > 1_000_000, "there was something to dump"
    found = {value for value in sampled if any(text in dump for text in spellings(value))}
    assert not found, f"{len(found)} of {len(sampled)} sampled values are in the dump"


def dumped(url: str) -> bytes:
    """Every row of every table as text, as pg_dump writes them: bytes in hexadecimal."""
    parts = bytearray()
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables.fetchall():
            with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" TO STDOUT') as copy:
                for part in copy:
                    parts += part
    return bytes(parts)


def test_disk_logs_and_temporary_files_hold_no_personal_value(
    lived_in: Path, sampled: list[str]
) -> None:
    [world] = lived_in.glob("world-*")
    # Of the hub: cluster files and write-ahead log, key and password files, server log; and stderr.
    left = [file for file in lived_in.rglob("*") if file.is_file() and world not in file.parents]
    assert sum(file.stat().st_size for file in left) > 10_000_000, "the hub's files were looked at"

    found = set()
    for file in left:
        content = file.read_bytes()
        found |= {value for value in sampled if any(text in content for text in spellings(value))}
    assert not found, f"{len(found)} of {len(sampled)} sampled values lie in the clear"


def test_nothing_is_left_in_the_temporary_folder(lived_in: Path) -> None:
    assert [path for path in (lived_in / "tmp").rglob("*") if path.is_file()] == []


def test_the_search_would_find_a_value_left_in_the_clear(lived_in: Path) -> None:
    [world] = lived_in.glob("world-*")
    value = next(value for value in personal_values(world) if len(value) >= SHORTEST)
    planted = "\\x" + f"... {value} ...".encode().hex()
    assert any(text in planted.encode() for text in spellings(value))
