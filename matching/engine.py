"""An in-memory DuckDB that writes nothing anywhere: personal values stay in this process's memory.

Decides which doors of DuckDB are shut, and proves them shut before anyone gets the connection. What
is asked of the connection is left to those who ask: candidates.py, linkage.py and splink_model.py.
"""

from __future__ import annotations

import duckdb

from hub.domain.errors import HubError

MEMORY_LIMIT_MIN_MB = 16  # DuckDB's own structures want a few megabytes before the first row
ENGINE_THREADS = (
    2  # keeps the two cores the project is measured on busy; more add memory, not speed
)
_MEBIBYTE = 1024 * 1024
_UNITS = {
    "bytes": 1,
    "KiB": 1024,
    "MiB": _MEBIBYTE,
    "GiB": 1024 * _MEBIBYTE,
    "TiB": 1024**2 * _MEBIBYTE,
}

# Order matters: once external access is off DuckDB refuses to hear of temp_directory at all, and once
# the configuration is locked it hears of nothing. Splink needs none of these doors.
_SHUT = (
    ("temp_directory", ""),  # the default is `.tmp` in the working directory, in clear text
    ("max_temp_directory_size", "0 bytes"),
    ("autoinstall_known_extensions", "false"),
    ("autoload_known_extensions", "false"),
    ("allow_community_extensions", "false"),
    ("allow_persistent_secrets", "false"),
    (
        "python_enable_replacements",
        "false",
    ),  # a query must not reach Python variables by their name
    ("enable_external_access", "false"),
    ("lock_configuration", "true"),
)


class EngineNotHardened(HubError):
    """DuckDB did not take a setting that keeps personal values off the disk; names the setting."""

    def __init__(self, setting: str) -> None:
        self.setting = setting
        super().__init__(f"the matching engine refuses to run: DuckDB did not take {setting}")


def connect(memory_limit_mb: int, threads: int) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB of its own that cannot spill, read or write files, load extensions or be re-configured.

    memory_limit_mb (MiB) is a hard end: with nowhere to spill to, a query beyond it raises
    duckdb.OutOfMemoryException. Arrow tables come in with `register`, and go out with `to_arrow_table`.

    Raises EngineNotHardened if any setting reads back other than asked, ValueError on limits too small.
    """
    if memory_limit_mb < MEMORY_LIMIT_MIN_MB or threads < 1:
        raise ValueError(f"the engine needs {MEMORY_LIMIT_MIN_MB} MiB and one thread at least")
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"SET memory_limit = '{memory_limit_mb}MiB'")
        connection.execute(f"SET threads = {threads}")
        for setting, value in _SHUT:
            connection.execute(f"SET {setting} = '{value}'")
        _check(connection, memory_limit_mb, threads)
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: duckdb.DuckDBPyConnection, memory_limit_mb: int, threads: int) -> None:
    rows = connection.execute("SELECT name, value FROM duckdb_settings()").fetchall()
    settings = {str(name): str(value) for name, value in rows}
    for setting, value in (*_SHUT, ("threads", str(threads))):
        if settings.get(setting) != value:
            raise EngineNotHardened(setting)
    if _bytes(settings["memory_limit"]) > (memory_limit_mb + 1) * _MEBIBYTE:
        raise EngineNotHardened("memory_limit")


def _bytes(shown: str) -> float:
    """Read DuckDB's own way of writing a size ("512.0 MiB"); it rounds to one decimal."""
    number, _, unit = shown.partition(" ")
    return float(number) * _UNITS[unit]
