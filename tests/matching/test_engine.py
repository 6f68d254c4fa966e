"""The batch engine keeps personal values in memory, or fails."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from matching.engine import _SHUT, EngineNotHardened, connect

# Some 90 MB of rows that cannot be compressed, held until the connection closes.
BEYOND_MEMORY = "CREATE TABLE held AS SELECT md5(i::VARCHAR) || md5((-i)::VARCHAR) AS h FROM range(1_200_000) t(i)"
LIMIT_MB = 40


@pytest.fixture
def working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh working directory that is also the temporary directory of this process."""
    monkeypatch.chdir(tmp_path)
    for name in ("TMPDIR", "TEMP", "TMP", "HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def files_below(folder: Path) -> list[str]:
    return [str(Path(root) / name) for root, _, names in os.walk(folder) for name in names]


def test_a_query_beyond_the_memory_limit_fails_and_leaves_no_file_where_plain_duckdb_leaves_one(
    working_directory: Path,
) -> None:
    plain = duckdb.connect(":memory:")
    plain.execute(f"SET memory_limit = '{LIMIT_MB}MiB'")
    plain.execute("SET threads = 1")
    plain.execute(BEYOND_MEMORY)
    spilled = files_below(working_directory)
    plain.close()
    assert spilled, "without a spilled file from plain DuckDB this test could not fail"
    for path in files_below(working_directory):
        Path(path).unlink()

    hardened = connect(LIMIT_MB, 1)
    with pytest.raises(duckdb.OutOfMemoryException):
        hardened.execute(BEYOND_MEMORY)
    assert files_below(working_directory) == []
    hardened.close()
    assert files_below(working_directory) == []


@pytest.mark.parametrize(
    "statement",
    [
        "SET temp_directory = '.tmp'",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
        "RESET temp_directory",
        "PRAGMA temp_directory='.tmp'",
        "COPY (SELECT 1) TO 'out.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "ATTACH 'other.duckdb'",
        "EXPORT DATABASE 'out'",
        "INSTALL httpfs",
        "LOAD httpfs",
    ],
)
def test_no_statement_opens_a_door_again(statement: str, working_directory: Path) -> None:
    connection = connect(64, 1)
    with pytest.raises(duckdb.Error):
        connection.execute(statement)
    assert files_below(working_directory) == []


def test_a_query_cannot_reach_a_python_variable_by_its_name() -> None:
    secrets = pa.table({"value": ["x"]})
    with pytest.raises(duckdb.CatalogException):
        connect(64, 1).execute("SELECT * FROM secrets")
    assert secrets.num_rows == 1


def test_two_engines_share_nothing() -> None:
    first, second = connect(64, 1), connect(64, 1)
    first.execute("CREATE TABLE t AS SELECT 1 AS x")
    with pytest.raises(duckdb.CatalogException):
        second.execute("SELECT * FROM t")


@pytest.mark.parametrize(("memory_limit_mb", "threads"), [(0, 1), (64, 0), (-5, 1)])
def test_senseless_limits_are_refused(memory_limit_mb: int, threads: int) -> None:
    with pytest.raises(ValueError, match="at least"):
        connect(memory_limit_mb, threads)


def test_a_setting_duckdb_did_not_take_stops_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.engine._SHUT", (*_SHUT[:-1], ("lock_configuration", "yes")))
    with pytest.raises(EngineNotHardened, match="lock_configuration"):
        connect(64, 1)


def test_splink_trains_and_scores_on_the_hardened_engine(working_directory: Path) -> None:
    rows = [{"unique_id": i, "given": f"g{i % 7}", "family": f"f{i % 5}"} for i in range(120)]
    api = DuckDBAPI(connection=connect(256, 1))
    people = api.register(pa.Table.from_pylist(rows), dataset_display_name="people")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[cl.ExactMatch("given"), cl.ExactMatch("family")],
        blocking_rules_to_generate_predictions=[block_on("given")],
    )
    linker = Linker(people, settings)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e4, seed=1)
    assert linker.inference.predict().as_record_list()
    assert files_below(working_directory) == []
