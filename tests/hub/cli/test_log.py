"""`hub log` as an operator and an auditor meet it: sealed, verified, exported, proven, and tampered with."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from consent.log import verify
from hub import wiring
from hub.settings import Settings
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.journeys.logged import LoggedHub, Owner


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """A hub whose log holds five decisions, none of them numbered."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    settings = Settings(data_dir=tmp_path / "hub", database_url=made.urls.application)
    with wiring.open_hub(settings) as hub:
        logged = LoggedHub(hub)
        for number in range(5):
            logged.ask(number)
    return made


def tamper(line: Line, statement: str) -> None:
    Owner(line.urls.owner.replace("+psycopg", ""))(statement)


def test_the_log_is_sealed_and_verified(line: Line) -> None:
    assert line("log", "verify").code == 1  # nothing says yet what it should be
    line("log", "seal").answered("signed for 5 entries, 0 of them erased")
    line("log", "seal").answered("nothing new to sign")
    line("log", "verify").answered(
        "5 entries, 0 pending, 1 checkpoints, sealed to 5",
        "5 decisions made again, 0 not replayable: erased",
        "all holds",
    )
    report = line("log", "verify", "--json", "--replay-from", "3").json
    assert (report["holds"], report["replayed"], report["tree"]["sealed"]) == (True, 2, 5)


def test_what_does_not_hold_is_named_and_ends_with_1(line: Line) -> None:
    line("log", "seal")
    tamper(line, "UPDATE log_leaves SET leaf = sha256(leaf) WHERE number = 3")
    ran = line("log", "verify")
    assert (ran.code, ran.err) == (1, "")
    assert "entry_not_of_its_leaf: 3" in ran.out
    assert "does not hold" in ran.out
    ran = line("log", "verify", "--json")
    assert ran.code == 1
    assert ran.json["holds"] is False
    assert {one["kind"] for one in ran.json["tree"]["findings"]} == {
        "entry_not_of_its_leaf",
        "root_differs",
    }


def test_a_forged_release_is_named(line: Line, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "hub", database_url=line.urls.application)
    with wiring.open_hub(settings) as hub:
        logged = LoggedHub(hub)
        logged.restrict(77)
        logged.ask(77, believing=lambda facts: replace(facts, restrictions=()))
    line("log", "seal")
    ran = line("log", "verify")
    assert ran.code == 1
    assert "released_but_not_permitted: 5 vehicles existence, vehicles name" in ran.out


def test_a_checkpoint_that_somebody_kept_is_held_against_the_log(
    line: Line, tmp_path: Path
) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    line.with_settings(HUB_CHECKPOINT_DIR=str(kept))("log", "seal")
    [file] = kept.iterdir()
    line("log", "verify", "--checkpoint", str(file)).answered("2 checkpoints", "all holds")
    tamper(line, "DELETE FROM log_checkpoints")
    tamper(line, "DELETE FROM log_leaves WHERE number > 2")
    ran = line("log", "verify", "--checkpoint", str(file))
    assert ran.code == 1
    assert "truncated: 5 signed for 5 leaves, 3 are here" in ran.out
    line("log", "verify", "--checkpoint", "absent").refused("absent cannot be read")


def test_an_auditor_checks_export_and_proof_with_one_file_and_the_key(
    line: Line, tmp_path: Path
) -> None:
    line("log", "seal")
    key = line("log", "key").out.strip()
    line("log", "export", "log.jsonl").answered("5 entries in log.jsonl")
    with psycopg.connect(line.urls.owner.replace("+psycopg", "")) as connection:
        [id_] = connection.execute("SELECT max(id) FROM disclosures").fetchone() or [0]
    line("log", "prove", str(id_), "hers.tlog-proof").answered("entry 4 proven in hers.tlog-proof")
    for name in ("log.jsonl", "hers.tlog-proof"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
        done = subprocess.run(
            [sys.executable, "-I", verify.__file__, tmp_path / name, "--key", key],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
    first, *_ = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(first)["origin"] == key.partition("+")[0]


def test_what_cannot_be_proven_or_written_is_told(line: Line) -> None:
    line("log", "prove", "999", "hers.tlog-proof").refused("no disclosure 999 was ever written")
    line("log", "export", "absent/log.jsonl").refused("there is no folder absent")
    assert not (line.folder / "hers.tlog-proof").exists()


def test_a_name_that_no_key_may_have_is_refused(line: Line) -> None:
    line.with_settings(HUB_LOG_ORIGIN="our log")("log", "key").refused("HUB_LOG_ORIGIN")
    line.with_settings(HUB_LOG_ORIGIN="hub.example/log")("log", "key").answered("hub.example/log+")


def test_serving_seals_the_log_until_it_is_interrupted(line: Line) -> None:
    serving = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "serve"],
        env=os.environ | line.settings | {"HUB_PORT": "0", "HUB_PROCESSES": "1"},
        cwd=line.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        ends = time.monotonic() + 60
        while "5 entries, 0 pending" not in line("log", "verify").out:
            assert time.monotonic() < ends, "what waits is numbered while the hub serves"
            time.sleep(0.1)
    finally:
        serving.send_signal(signal.SIGINT)
        _, told = serving.communicate(timeout=60)
    assert serving.returncode == 0
    assert "serving at http://127.0.0.1:" in told
    line("log", "verify").answered("sealed to 5", "all holds")
