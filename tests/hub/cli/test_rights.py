"""`hub rights` as an officer meets it."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from hub.domain.records import ConstituentKind
from hub.journeys.link import link_kind
from hub.journeys.models import publish_model
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.hub.cli.test_stewardship_reads import opened
from tests.matching.models import prior_model
from tests.worlds import BIRK, MARIA

D1, D2 = "drivers:D1", "drivers:D2"
CASE = ("--case", "case 12", "--by", "olga")
ORDER = ("--by", "olga", "--authority", "GDPR Art. 17(1)(a), request 2026-114")


@pytest.fixture(scope="module")
def template(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """Two drivers, linked. A database and its root key."""
    name = server.create()
    made = line_for(tmp_path_factory.mktemp("rights"), server.urls(name))
    made("init").answered("hub ready")
    made("load", made.write_drivers(MARIA, BIRK)).answered("drivers")
    with opened(made) as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
        link_kind(hub, ConstituentKind.PERSON)
    return name, made.folder / "hub"


@pytest.fixture
def line(server: Server, template: tuple[str, Path], tmp_path: Path) -> Line:
    name, data = template
    shutil.copytree(data, tmp_path / "hub")
    return line_for(tmp_path, server.fresh(name))


def test_what_is_held_is_told_with_why(line: Line) -> None:
    line("rights", "held", D1, *CASE).answered(
        "Okafor", "219-09-9041", "drivers (vehicles)", "It is the oldest of these records"
    )
    found = line("rights", "held", D1, *CASE, "--json").json
    assert found["records"][0]["record"]["key"] == {"source": "drivers", "local_id": "D1"}


def test_who_looked_is_told_own_views_too(line: Line) -> None:
    line("rights", "held", D1, *CASE)
    line("rights", "looked", D1, *CASE).answered("own_view", "rights", "released", "2 in all")
    found = line("rights", "looked", D1, "--case", "case 12", "--limit", "1", "--json").json
    assert (found["total"], [one["action"] for one in found["uses"]]) == (3, ["own_log"])
    assert found["uses"][0]["user"] is None


def test_a_correction_is_proposed_listed_and_answered(line: Line) -> None:
    proposed = ("rights", "correct", D1, "addresses", "419 Heron Ln", "--reason", "next door")
    line(*proposed, *CASE).answered("proposed: correction 1")
    line("rights", "corrections", "vehicles").answered(D1, "addresses", "419 Heron Ln")
    said = ("--note", "it is 418 on the deed", "--by", "tom")
    line("rights", "answer", "vehicles", "1", "declined", *said).answered("correction 1 declined")
    assert line("rights", "corrections", "vehicles", "--json").json == []
    line("rights", "corrections", "vehicles", "--all").answered("declined: it is 418")
    line("rights", "answer", "vehicles", "1", "accepted", *said).refused("answered already")
    line("rights", "correct", D1, "key", "x", "--reason", "y", *CASE).refused("must be one of")


def test_an_export_is_written_for_this_user_alone_and_can_be_checked(line: Line) -> None:
    line("rights", "export", D1, "--out", "hers.zip", *CASE).answered(
        "exported to hers.zip: 1 uses"
    )
    file = line.folder / "hers.zip"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    line("rights", "verify-export", "hers.zip").answered("genuine", "5 files")
    key = line("rights", "public-key").out.strip()
    elsewhere = line.with_settings(HUB_DATA_DIR=str(line.folder / "nothing"))
    stated = elsewhere("rights", "verify-export", "hers.zip", "--public-key", key, "--json").json
    assert stated["format"] == "hub/export@1"

    file.write_bytes(file.read_bytes()[:-30])
    line("rights", "verify-export", "hers.zip").refused("not an archive")
    line("rights", "verify-export", "none.zip").refused("cannot be read")
    line("rights", "verify-export", "hers.zip", "--public-key", "?").refused("public key")
    line("rights", "export", D1, "--out", "no/folder.zip", *CASE).refused("no folder")


def test_an_erasure_is_previewed_asked_about_done_and_certified(line: Line) -> None:
    line("rights", "erase", D1, *ORDER, "--preview").answered(D1, "would be erased", "1 records")
    asked = line("rights", "erase", D1, *ORDER, "--out", "certificate.json")
    assert asked.code == 1
    assert "not erased" in asked.err
    line("profile", "show", D1).answered("Okafor")

    done = line("rights", "erase", D1, *ORDER, "--out", "certificate.json", "--yes")
    done.answered("would be erased", "erased; entry ", "certificate certificate.json")
    line("profile", "show", D1).refused("no record under that key")
    file = line.folder / "certificate.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    line("rights", "verify-certificate", "certificate.json").answered("genuine", "entry ")
    stated = line("rights", "verify-certificate", "certificate.json", "--json").json
    assert stated["destroyed"]["records"] == {"drivers": 1}

    file.write_text(json.dumps(json.loads(file.read_text()) | {"certificate": "{}"}))
    line("rights", "verify-certificate", "certificate.json").refused("not signed")


def test_after_an_erasure_loads_and_pushes_pass_her_over(line: Line) -> None:
    done = line("rights", "erase", D1, *ORDER, "--out", "c.json", "--yes", "--json").json
    assert done["destroyed"]["kept_out"] == 1
    loaded = line("load", line.write_drivers(MARIA, BIRK))
    loaded.answered("1 of erased records passed over")
    row = dict(
        zip(["driver_no", "first_name", "last_name", "born"], MARIA.split(","), strict=False)
    )
    (line.folder / "row.jsonl").write_text(json.dumps(row) + "\n")
    pushed = line("resolve", "drivers.yaml", "--rows", "row.jsonl")
    assert pushed.code == 1
    assert pushed.err == "row 1: suppressed\n"
    line("rights", "reapply", "--by", "olga").answered("done over: 0 records")


def test_what_is_refused_is_told(line: Line) -> None:
    line("rights", "erase", "drivers:D9", *ORDER, "--preview").refused("no record under that key")
    line("rights", "held", D1, "--case", " ").refused("case")
    assert line("rights", "erase", D1, *ORDER).code == 2
    assert line("rights", "looked", D1, *CASE, "--limit", "0").code == 2
