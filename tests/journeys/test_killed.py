"""kill -9 in the middle of a load or a link: nothing is lost, nothing half-done stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from hub import provision
from tests.conftest import Server

ROWS = 24_000
YAML = """
schema: hub/source@1
id: drivers
agency: vehicles
kind: person
mode: snapshot
connection: {type: files, path: drivers.csv}
key: driver_no
map:
  given_name: first_name
  family_name: last_name
  contact_points: [{kind: email, value: email}]
"""


@dataclass(frozen=True, slots=True)
class Running:
    """A hub of its own for command-line processes, on the test server."""

    folder: Path
    urls: provision.Urls

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "HUB_DATA_DIR": str(self.folder / "hub"),
            "HUB_DATABASE_URL": self.urls.application,
            "HUB_OWNER_DATABASE_URL": self.urls.owner,
            "HUB_CHUNK_ROWS": "500",
            "HUB_WORKERS": "2",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "hub.cli", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> str:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=200)
        assert process.returncode == 0, err
        return out

    def count(self, query: str) -> int:
        with psycopg.connect(self.urls.application.replace("+psycopg", "")) as connection:
            row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])

    def kill_when(
        self,
        process: subprocess.Popen[str],
        query: str,
        *,
        after_s: float = 0,
        timeout_s: float = 100,
    ) -> None:
        """kill -9 the process alone, `after_s` after the query counts something; its workers must notice."""
        ends = time.monotonic() + timeout_s
        while not self.count(query):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < ends, "the moment to kill never came"
        with suppress(subprocess.TimeoutExpired):
            process.wait(after_s)
        assert process.poll() is None, "it was still at work"
        process.send_signal(signal.SIGKILL)
        process.communicate()


@pytest.fixture
def running(server: Server, tmp_path: Path) -> Running:
    made = Running(tmp_path, server.fresh(template=None))
    made.run("init")
    return made


def write_rows(folder: Path) -> Path:
    lines = [f"D{n},Given{n % 97},Family{n % 1013},p{n}@example.org" for n in range(ROWS)]
    (folder / "drivers.csv").write_text(
        "driver_no,first_name,last_name,email\n" + "\n".join(lines) + "\n", encoding="utf-8"
    )
    file = folder / "drivers.yaml"
    file.write_text(YAML, encoding="utf-8")
    return file


def test_a_load_killed_in_the_middle_goes_on_where_it_stood(running: Running) -> None:
    file = write_rows(running.folder)
    running.kill_when(running.start("load", str(file)), "SELECT count(*) FROM records")
    stored = running.count("SELECT count(*) FROM records")
    out = running.run("load", str(file))

    assert 0 < stored < ROWS, "it was killed in the middle"
    assert stored % 500 == 0, "chunks are whole"
    assert "resumed" in out
    assert running.count("SELECT count(DISTINCT key_hash) FROM records") == ROWS
    assert running.count("SELECT count(*) FROM records") == ROWS
    assert running.count("SELECT count(*) FROM record_keys") == ROWS
    assert running.count("SELECT version FROM records ORDER BY version DESC LIMIT 1") == 1


def test_a_link_killed_in_the_middle_changes_nothing_and_the_next_is_whole(
    running: Running,
) -> None:
    running.run("load", str(write_rows(running.folder)))
    process = running.start("link", "--kind", "person")
    running.kill_when(process, "SELECT count(*) FROM runs WHERE kind = 'link person'", after_s=3)
    assert running.count("SELECT count(*) FROM links") == 0
    assert running.count("SELECT count(*) FROM constituents") == 0

    running.run("link", "--kind", "person")
    assert running.count("SELECT count(DISTINCT record_id) FROM links") == ROWS
    assert running.count("SELECT count(*) FROM models") == 1, "a model is published with its links"
    assert running.count("SELECT count(*) FROM runs WHERE state = 'abandoned'") == 1
