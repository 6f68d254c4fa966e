"""The command line as an operator meets it: what each command answers, and how each failure reads."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from demo.story import MARIA as STORY
from hub import cli, provision
from hub.store.database import SCHEMA_HEAD
from hub.vault import keyring
from matching.model import from_json
from tests.conftest import Server
from tests.worlds import BIRK, DRIVERS_HEADER, DRIVERS_YAML, MARIA, NOOR

#: Cells too short to be told from chance ("D1") are left out.
PERSONAL = {cell for row in (MARIA, BIRK, NOOR) for cell in row.split(",") if len(cell) > 4}
BUSINESS = str(STORY.business_registration)
DOGS_YAML = (
    DRIVERS_YAML.replace("id: drivers", "id: dogs")
    .replace("drivers.csv", "dogs.csv")
    .replace("agency: vehicles", "agency: pets")
)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def answered(self, *fragments: str) -> None:
        assert (self.code, self.err) == (0, "")
        for fragment in fragments:
            assert fragment in self.out

    def refused(self, reason: str) -> None:
        """Exit 1 with one sentence on standard error that holds nobody's value."""
        assert self.code == 1
        assert self.out == ""
        assert re.fullmatch(rf"refused: .*{reason}.*\n", self.err, re.DOTALL), self.err
        assert "Traceback" not in self.err
        assert not [value for value in PERSONAL if value.lower() in self.err.lower()]


@dataclass(frozen=True, slots=True)
class Line:
    """A shell of an operator: a folder, and the settings of one hub."""

    folder: Path
    settings: dict[str, str]
    urls: provision.Urls

    def __call__(self, *arguments: str) -> Ran:
        """Run `hub ARGUMENTS` as its entry point does, in this process for quickness."""
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patched:
            for name, value in self.settings.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["hub", *arguments])
            patched.chdir(self.folder)
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                cli.main()
        code = ended.value.code
        assert isinstance(code, int | None)
        return Ran(code or 0, out.getvalue(), err.getvalue())

    def with_settings(self, **changes: str) -> Line:
        return replace(self, settings=self.settings | changes)

    def write_drivers(self, *rows: str, yaml: str = DRIVERS_YAML) -> str:
        """The drivers source with these rows, in the folder; gives the YAML's name."""
        text = "\n".join([DRIVERS_HEADER, *rows]) + "\n"
        (self.folder / "drivers.csv").write_text(text, encoding="utf-8")
        (self.folder / "drivers.yaml").write_text(yaml, encoding="utf-8")
        return "drivers.yaml"


def line_for(folder: Path, urls: provision.Urls) -> Line:
    settings = {
        "HUB_DATA_DIR": str(folder / "hub"),
        "HUB_DATABASE_URL": urls.application,
        "HUB_OWNER_DATABASE_URL": urls.owner,
        "HUB_WORKERS": "0",
        "HUB_MATCHING_MEMORY_MB": "2000",
    }
    return Line(folder, settings, urls)


@pytest.fixture
def hub(server: Server, tmp_path: Path) -> Line:
    """A hub that is ready and empty."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    return made


@pytest.fixture(scope="module")
def prepared(server: Server, demo_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Line:
    """The demo world loaded, its organizations linked; tests only read it."""
    made = line_for(tmp_path_factory.mktemp("prepared"), server.fresh())
    made("init").answered("hub ready")
    made("load", str(demo_world)).answered("vehicles_fleet")
    made("link", "--kind", "organization").answered("organization", "(trained now)")
    return made


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


# --- the hub itself ---------------------------------------------------------------------------


def test_init_says_where_the_hub_and_its_key_are_and_a_second_init_keeps_them(
    server: Server, tmp_path: Path
) -> None:
    line = line_for(tmp_path, server.fresh(template=None))
    key_file = tmp_path / "hub" / "root.key"
    line("init").answered("HUB_DATABASE_URL", f"root key made: {key_file}", "Keep a copy")
    content = key_file.read_bytes()
    again = line("init")
    again.answered("hub ready")
    assert "root key" not in again.out
    assert key_file.read_bytes() == content


def test_doctor_tells_the_facts_of_a_healthy_hub(prepared: Line) -> None:
    facts = prepared("doctor", "--json").json
    assert facts["is_healthy"] is True
    assert facts["schema"] == SCHEMA_HEAD
    assert facts["organizations"] > 0
    assert facts["open quarantine"] > 0
    shown = prepared("doctor")
    shown.answered("PostgreSQL", SCHEMA_HEAD)
    assert f"{facts['organizations']}" in shown.out


def other_key(line: Line) -> Line:
    """The same hub, opened with a key that is not its own."""
    file = line.folder / f"{uuid4()}.key"
    keyring.create(file)
    return line.with_settings(HUB_ROOT_KEY_FILE=str(file))


def test_doctor_says_as_json_what_is_wrong_and_exits_1(hub: Line) -> None:
    ran = other_key(hub)("doctor", "--json")
    assert (ran.code, ran.err) == (1, "")
    assert ran.json["is_healthy"] is False
    assert "not the one this database was sealed with" in ran.json["reason"]


@pytest.mark.parametrize(
    "command",
    [
        ("doctor",),
        ("load", "drivers.yaml"),
        ("link",),
        ("profile", "show", "drivers:D1"),
        ("model", "list"),
        ("quarantine", "list"),
        ("init",),
    ],
    ids=" ".join,
)
def test_every_command_refuses_a_wrong_root_key(hub: Line, command: tuple[str, ...]) -> None:
    hub.write_drivers(MARIA)
    other_key(hub)(*command).refused("root key is not the one .* restore the key file")


def test_a_missing_root_key_is_told(hub: Line) -> None:
    absent = str(hub.folder / "absent.key")
    hub.with_settings(HUB_ROOT_KEY_FILE=absent)("link").refused(r"absent\.key cannot be read")


def test_a_migration_behind_is_told_and_migrate_mends_it(server: Server, tmp_path: Path) -> None:
    urls = server.fresh(template=None)
    line = line_for(tmp_path, urls)
    (tmp_path / "hub").mkdir(mode=0o700)
    keyring.create(tmp_path / "hub" / "root.key")
    provision.migrate(urls.owner, "0001")

    line("doctor").refused("migration 0001.*run `hub migrate`")
    assert line("doctor", "--json").json["is_healthy"] is False
    line("migrate").answered("schema up to date")
    line("doctor").refused("not tied to a root key yet: run `hub init`")
    line("init").answered("hub ready")
    line("doctor").answered(SCHEMA_HEAD)


def test_an_unreachable_database_is_told_without_its_password(hub: Line, closed_port: int) -> None:
    url = f"postgresql://hub_app:s3cret-word@127.0.0.1:{closed_port}/hub"
    for command in ("doctor", "link"):
        ran = hub.with_settings(HUB_DATABASE_URL=url)(command)
        ran.refused(r"PostgreSQL does not answer at .*127\.0\.0\.1")
        assert "s3cret-word" not in ran.err


def test_a_setting_out_of_its_limits_is_named(hub: Line) -> None:
    hub.with_settings(HUB_WORKERS="many")("doctor").refused("HUB_WORKERS")


def test_stop_says_when_nothing_was_running(hub: Line) -> None:
    hub("stop").answered("not running")


# --- loading ----------------------------------------------------------------------------------


def test_load_tells_what_it_did_as_json_and_as_a_table(hub: Line) -> None:
    source = hub.write_drivers(MARIA, BIRK.replace("1961-12-30", "31 Feb"), NOOR)
    [report] = hub("load", source, "--json").json
    assert (report["source"], report["read"], report["inserted"]) == ("drivers", 3, 2)
    assert report["rejected_by_rule"] == {"wrong_type": 1}

    again = hub("load", source)
    again.answered("drivers", "wrong_type 1")
    assert not [value for value in PERSONAL if value in again.out]
    [report] = hub("load", source, "--json").json
    assert (report["inserted"], report["changed"], report["unchanged"]) == (0, 0, 2)


def test_a_folder_stands_for_all_the_sources_in_it(hub: Line) -> None:
    hub.write_drivers(MARIA, BIRK)
    (hub.folder / "dogs.csv").write_text(f"{DRIVERS_HEADER}\n{NOOR}\n", encoding="utf-8")
    (hub.folder / "dogs.yaml").write_text(DOGS_YAML, encoding="utf-8")
    reports = hub("load", ".", "--json").json
    assert {report["source"]: report["inserted"] for report in reports} == {"drivers": 2, "dogs": 1}


def test_a_folder_without_sources_and_a_file_that_is_not_there_are_told(hub: Line) -> None:
    (hub.folder / "bare").mkdir()
    hub("load", "bare").refused(r"bare: the folder holds no \*\.yaml")
    hub("load", "absent.yaml").refused(r"absent\.yaml: no such file")


def test_two_files_of_one_source_are_told(hub: Line) -> None:
    hub.write_drivers(MARIA)
    (hub.folder / "copy.yaml").write_text(DRIVERS_YAML, encoding="utf-8")
    hub("load", "drivers.yaml", "copy.yaml").refused("drivers: two of the files describe")


@pytest.mark.parametrize(
    ("right", "wrong", "reason"),
    [
        pytest.param(
            "given_name: first_name",
            "given_nam: first_name",
            r"map\.given_nam: unknown field; did you mean given_name\?",
            id="an unknown field",
        ),
        pytest.param(
            "family_name: last_name",
            "family_name: {column: last_name, transforms: [trim, shout]}",
            r"map\.family_name\.transforms\[1\]: unknown transform",
            id="an unknown transform",
        ),
        pytest.param("key: driver_no", "", r"drivers\.yaml: key: missing", id="a missing field"),
        pytest.param(
            "mode: snapshot", "mode: [snapshot", r"drivers\.yaml: line \d+", id="not YAML"
        ),
    ],
)
def test_a_mistake_in_a_source_is_told_with_its_path_before_anything_is_read(
    hub: Line, right: str, wrong: str, reason: str
) -> None:
    source = hub.write_drivers(MARIA, yaml=DRIVERS_YAML.replace(right, wrong))
    hub("load", source).refused(rf"drivers\.yaml: .*{reason}" if "map" in reason else reason)


def test_a_missing_column_and_a_missing_file_are_told(hub: Line) -> None:
    source = hub.write_drivers(MARIA, yaml=DRIVERS_YAML.replace("last_name", "surname"))
    hub("load", source).refused(r"source drivers: missing_column \(surname\)")
    (hub.folder / "drivers.csv").unlink()
    hub("load", source).refused("source drivers: not_found")


def test_too_many_bad_rows_are_told_by_number_and_never_by_value(hub: Line) -> None:
    bad = [row.replace("-", "/", 2) for row in (MARIA, BIRK, NOOR)]
    hub("load", hub.write_drivers(*bad)).refused("3 of 3 rows rejected.*`hub quarantine list`")
    assert [row["row"]["row_number"] for row in hub("quarantine", "list", "--json").json] == [
        3,
        2,
        1,
    ]


def test_an_unreachable_source_database_is_told_without_its_password(
    hub: Line, closed_port: int
) -> None:
    connection = "connection: {type: sql, url: env:DRIVERS_URL, table: drivers}"
    yaml = DRIVERS_YAML.replace("connection: {type: files, path: drivers.csv}", connection)
    source = hub.write_drivers(yaml=yaml)
    url = f"postgresql+psycopg://reader:s3cret-word@127.0.0.1:{closed_port}/vehicles"

    ran = hub.with_settings(DRIVERS_URL=url)("load", source)
    ran.refused("source drivers: unreachable")
    assert "s3cret-word" not in ran.err
    hub("load", source).refused("source drivers: secret_missing.*DRIVERS_URL")


# --- linking and looking ----------------------------------------------------------------------


def test_link_tells_what_it_found_as_json_and_finds_nothing_new_the_second_time(hub: Line) -> None:
    hub("load", hub.write_drivers(MARIA, BIRK, NOOR)).answered("drivers")
    persons, organizations = hub("link", "--json").json
    assert (persons["kind"], organizations["kind"]) == ("person", "organization")
    assert (persons["records"], persons["constituents"], persons["ids_issued"]) == (3, 3, 3)
    assert (organizations["records"], organizations["constituents"]) == (0, 0)
    assert (organizations["model"], organizations["is_new_model"]) == ("", False)

    [again] = hub("link", "--kind", "person", "--json").json
    assert (again["constituents"], again["ids_issued"], again["records_moved"]) == (3, 0, 0)


def test_a_profile_is_the_same_by_the_key_of_a_record_and_by_its_id(prepared: Line) -> None:
    by_key = prepared("profile", "show", BUSINESS, "--json").json
    assert prepared("profile", "show", by_key["id"], "--json").json == by_key
    assert by_key["kind"] == "organization"
    names = [item for item in by_key["attributes"] if item["attribute"] == "name"]
    assert names[0]["survivor"]["winner"]["source"]
    shown = prepared("profile", "show", BUSINESS)
    shown.answered(str(UUID(by_key["id"])), names[0]["survivor"]["winner"]["value"], "as of")


def test_a_profile_of_nobody_is_refused_without_repeating_who_was_asked_for(
    prepared: Line,
) -> None:
    prepared("profile", "show", str(uuid4())).refused("no constituent was ever issued that id")
    prepared("profile", "show", "Maria").refused("neither a constituent's id nor a record's")
    ran = prepared("profile", "show", "vehicles:219-09-9041")
    ran.refused("source vehicles has no record under that key")
    prepared("profile", "show", str(STORY.vehicles)).refused("run `hub link`")


def test_a_value_that_looks_like_markup_is_shown_as_it_stands(hub: Line) -> None:
    odd = MARIA.replace("Maria,", "Maria [/b],").replace("418 Heron", "418 [red]Heron")
    hub("load", hub.write_drivers(odd)).answered("drivers")
    hub("link", "--kind", "person").answered("person")
    hub("profile", "show", "drivers:D1").answered("Maria [/b] Okafor", "418 [red]Heron Ln")


def test_quarantine_lists_rows_by_place_and_rule(prepared: Line) -> None:
    rows = prepared("quarantine", "list", "--json").json
    assert {row["row"]["rule"] for row in rows} >= {"wrong_type"}
    assert all(row["sentence"].endswith(".") and row["row"]["row_number"] > 0 for row in rows)
    one_source = prepared("quarantine", "list", "--source", "wildlife", "--json").json
    assert {row["row"]["source"] for row in one_source} == {"wildlife"}
    assert len(prepared("quarantine", "list", "--limit", "1", "--json").json) == 1
    assert prepared("quarantine", "list", "--source", "nowhere", "--json").json == []
    prepared("quarantine", "list").answered("wildlife", "wrong_type")


def test_a_quarantined_row_is_never_shown(hub: Line) -> None:
    hub("load", hub.write_drivers(MARIA, BIRK.replace("1961-12-30", "31 Feb"))).answered("drivers")
    for arguments in ([], ["--json"]):
        ran = hub("quarantine", "list", *arguments)
        ran.answered("wrong_type", "born")
        assert not [value for value in (*PERSONAL, "31 Feb") if value in ran.out]


def test_models_are_listed_and_shown_without_the_values_they_learned(prepared: Line) -> None:
    by_kind = prepared("model", "show", "organization").json
    name = by_kind["name"]
    assert re.fullmatch(r"organization-\d{4}-\d\d-\d\dT[\d:.]+Z", name)
    assert prepared("model", "show", name).json == by_kind
    assert by_kind["comparisons"]
    assert "rarities" not in by_kind
    prepared("model", "list").answered(name, "yes")
    prepared("model", "show", "person").refused("no model of that name")


def test_an_exported_model_is_two_files_and_the_one_with_names_is_private(
    prepared: Line, tmp_path: Path
) -> None:
    out = tmp_path / "saved.json"
    ran = prepared("model", "export", "organization", "--out", str(out))
    frequencies = tmp_path / "saved.frequencies.json"
    assert ran.code == 0
    assert str(frequencies) in ran.err
    assert stat.S_IMODE(frequencies.stat().st_mode) == 0o600
    model = from_json(out.read_bytes(), frequencies.read_bytes())
    assert model.name == prepared("model", "show", "organization").json["name"]
    assert set(model.rarities) >= set(model.rarity_columns)


# --- the demo, and wrong usage ----------------------------------------------------------------


def test_the_demo_does_not_write_into_a_folder_that_holds_something(hub: Line) -> None:
    kept = hub.folder / "kept"
    kept.mkdir()
    (kept / "letter.txt").write_text("mine")
    hub("demo", "generate", "--people", "50", "--out", "kept").refused("kept is not empty")
    assert [file.name for file in kept.iterdir()] == ["letter.txt"]


def test_a_demo_world_can_be_generated_and_loaded(hub: Line) -> None:
    day = ("--today", "2026-11-22")
    hub("demo", "generate", "--people", "60", "--seed", "3", *day, "--out", "world").answered(
        "records of 60 people"
    )
    reports = hub("load", "world", "--json").json
    assert len(reports) == len(list((hub.folder / "world").glob("*.yaml")))
    assert sum(report["inserted"] for report in reports) > 60


@pytest.mark.parametrize(
    "arguments",
    [
        ("lode",),
        ("load",),
        ("load", "drivers.yaml", "--fast"),
        ("link", "--kind", "dog"),
        ("profile", "show"),
        ("quarantine", "list", "--limit", "0"),
        ("demo", "generate"),
        ("demo", "generate", "--people", "3", "--out", "world"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2_and_touches_nothing(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    line = line_for(tmp_path, provision.Urls("postgresql://nowhere", "postgresql://nowhere"))
    ran = line(*arguments)
    assert ran.code == 2
    assert "Usage: " in ran.err
    assert "Traceback" not in ran.err
    assert list(tmp_path.iterdir()) == []


def started(line: Line, *arguments: str) -> Ran:
    """The same as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "hub.cli", *arguments],
        env=os.environ | line.settings,
        cwd=line.folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_a_process_of_its_own_answers_the_same(prepared: Line) -> None:
    ours, others = prepared("doctor", "--json"), started(prepared, "doctor", "--json")
    assert (others.code, others.err) == (ours.code, ours.err)
    told, here = json.loads(others.out), json.loads(ours.out)
    assert told.pop("oldest job waits")
    assert here.pop("oldest job waits")
    assert told == here
    wrong = other_key(prepared)
    assert started(wrong, "doctor") == wrong("doctor")
