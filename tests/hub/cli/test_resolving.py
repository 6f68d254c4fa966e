"""`hub why`, `hub resolve`, and `hub link`, `serve` and `doctor` where a model is replaced or does not prove itself."""

from __future__ import annotations

import io
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.models import publish_model
from hub.vault import keyring
from tests.conftest import Server, open_hub
from tests.hub.cli.test_commands import PERSONAL, Line, Ran, line_for
from tests.matching.models import prior_model
from tests.worlds import BIRK, DRIVERS_HEADER, DRIVERS_YAML, MARIA, NOOR

DOGS_YAML = DRIVERS_YAML.replace("id: drivers", "id: dogs").replace("drivers.csv", "dogs.csv")
COLUMNS = DRIVERS_HEADER.split(",")


@contextmanager
def opened(line: Line) -> Iterator[Hub]:
    """The hub behind the commands."""
    hub = open_hub(line.urls, keyring.load(line.folder / "hub" / "root.key"))
    yield hub
    hub.engine.dispose()


def described(line: Line) -> Line:
    """The same, with the YAML of two sources in its folder."""
    line.write_drivers()
    (line.folder / "dogs.yaml").write_text(DOGS_YAML, encoding="utf-8")
    return line


@pytest.fixture
def bare(server: Server, tmp_path: Path) -> Line:
    """A hub that is ready and empty."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    return described(made)


@pytest.fixture(scope="module")
def modelled(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A database with a model for persons, to be cloned, and the file of its key."""
    name = server.create()
    made = line_for(tmp_path_factory.mktemp("modelled"), server.urls(name))
    made("init").answered("hub ready")
    with opened(made) as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
    return name, made.folder / "hub" / "root.key"


@pytest.fixture
def line(server: Server, tmp_path: Path, modelled: tuple[str, Path]) -> Line:
    """A hub that is ready and holds nobody, with a model for persons."""
    name, key_file = modelled
    folder = tmp_path / "hub"
    folder.mkdir(mode=0o700)
    shutil.copy(key_file, folder / "root.key")
    return described(line_for(tmp_path, server.fresh(name)))


def row_of(row: str) -> dict[str, object]:
    return dict(zip(COLUMNS, row.split(","), strict=True))


def lines(*rows: dict[str, object]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


class Typed(io.TextIOWrapper):
    """Standard input with this text in it; a terminal only if it says so."""

    def __init__(self, text: str, *, is_terminal: bool = False) -> None:
        super().__init__(io.BytesIO(text.encode()))
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


def fed(line: Line, text: str, *arguments: str, is_terminal: bool = False) -> Ran:
    """Run a command with this on its standard input."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdin", Typed(text, is_terminal=is_terminal))
        return line(*arguments)


# --- resolving ----------------------------------------------------------------------------------


def test_rows_are_resolved_one_by_one_and_the_same_row_twice_is_unchanged(line: Line) -> None:
    ran = fed(line, lines(row_of(MARIA), row_of(BIRK)), "resolve", "drivers.yaml", "--json")
    first, second = (json.loads(told) for told in ran.out.splitlines())
    assert (ran.code, ran.err) == (0, "")
    assert first["arrival"] == second["arrival"] == "new"
    assert first["constituent"] != second["constituent"]
    assert first["changes"] == ["constituent.created"]

    again = fed(line, lines(row_of(MARIA)), "resolve", "drivers.yaml", "--rows", "-")
    again.answered(f"row 1: unchanged, constituent {first['constituent']}")


def test_a_row_of_another_source_joins_and_a_changed_row_is_told_as_that(line: Line) -> None:
    fed(line, lines(row_of(MARIA)), "resolve", "drivers.yaml").answered("row 1: new")
    joined = fed(line, lines(row_of(MARIA)), "resolve", "dogs.yaml")
    joined.answered("row 1: new", "constituent.updated")
    moved = row_of(MARIA) | {"street": "9 Alder St"}
    fed(line, lines(moved), "resolve", "dogs.yaml").answered("row 1: changed", "updated")
    line("profile", "show", "drivers:D1").answered("2 records")


def test_rows_of_a_file_may_differ_in_their_columns_and_bad_ones_are_told_by_rule(
    line: Line,
) -> None:
    short = {name: row_of(BIRK)[name] for name in ("driver_no", "first_name", "last_name")}
    text = lines(row_of(MARIA)) + "\n" + lines(short, {"first_name": "Zenobia"}) + "{Zenobia\n"
    text += lines(row_of(NOOR) | {"born": "31 Feb"}, row_of(NOOR))
    (line.folder / "rows.jsonl").write_text(text, encoding="utf-8")

    ran = line("resolve", "drivers.yaml", "--rows", "rows.jsonl")
    assert ran.code == 1
    assert [told.split(",")[0] for told in ran.out.splitlines()] == [
        "row 1: new",
        "row 3: new",
        "row 7: new",
    ]
    assert ran.err.splitlines() == [
        "row 4, driver_no: key_missing",
        "row 5: not_json",
        "row 6, born: wrong_type",
    ]
    assert not [value for value in ("Zenobia", "31 Feb", "Maria") if value in ran.out + ran.err]


def test_a_column_that_the_contract_refuses_is_told_of_its_row_alone(line: Line) -> None:
    refusing = DRIVERS_YAML.replace("contract:", "contract:\n  unknown_columns: refuse")
    (line.folder / "drivers.yaml").write_text(refusing, encoding="utf-8")
    text = lines(row_of(MARIA) | {"shoe_size": "39"}, row_of(BIRK))
    ran = fed(line, text, "resolve", "drivers.yaml")
    assert (ran.code, ran.err) == (1, "row 1, shoe_size: unknown_column\n")
    assert ran.out.startswith("row 2: new")


def test_a_row_loaded_before_is_unchanged_when_it_comes_again_in_the_same_columns(
    line: Line,
) -> None:
    line("load", line.write_drivers(MARIA)).answered("drivers")
    line("resolve").answered("person: 1 new", "organization: nothing was pending")
    fed(line, lines(row_of(MARIA)), "resolve", "drivers.yaml").answered("row 1: unchanged")


def test_records_are_removed_at_their_agencys_word(line: Line) -> None:
    fed(line, lines(row_of(MARIA), row_of(BIRK)), "resolve", "drivers.yaml")
    removed = line("resolve", "drivers.yaml", "--remove", "D1", "--remove", "D2")
    removed.answered("removal 1: removed", "removal 2: removed", "constituent.erased")
    line("profile", "show", "drivers:D1").refused("no record under that key")
    line("resolve", "drivers.yaml", "--remove", "D1").refused("no record under that key")


def test_what_loads_left_is_resolved_up_to_the_limit(line: Line) -> None:
    line("load", line.write_drivers(MARIA, BIRK, NOOR)).answered("drivers")
    ran = line("resolve", "--kind", "person", "--limit", "2")
    ran.answered("person: 2 new", "the limit of 2 was reached")
    assert line("resolve", "--json").json["person"]["new"] == 1
    line("resolve", "--kind", "person").answered("person: nothing was pending")


def test_what_cannot_be_resolved_is_told(line: Line) -> None:
    line("resolve", "absent.yaml").refused("no such file")
    line("resolve", "drivers.yaml", "--rows", "absent.jsonl").refused("source drivers: not_found")
    numbered = DRIVERS_YAML.replace("key: driver_no", "key: $row")
    (line.folder / "drivers.yaml").write_text(numbered, encoding="utf-8")
    line("resolve", "drivers.yaml").refused("rows that come one by one")


@pytest.mark.parametrize(
    "arguments",
    [
        ("resolve", "--rows", "-"),
        ("resolve", "--remove", "D1"),
        ("resolve", "drivers.yaml", "--kind", "person"),
        ("resolve", "drivers.yaml", "--rows", "-", "--remove", "D1"),
        ("resolve", "--limit", "0"),
        ("link", "--preview", "--yes"),
        ("why", "drivers:D1"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_2(bare: Line, arguments: tuple[str, ...]) -> None:
    ran = bare(*arguments)
    assert ran.code == 2
    assert "Usage: " in ran.err


# --- why ----------------------------------------------------------------------------------------


def test_why_tells_the_verdict_keys_and_bits_and_no_value(line: Line) -> None:
    fed(line, lines(row_of(MARIA)), "resolve", "drivers.yaml")
    fed(line, lines(row_of(MARIA), row_of(BIRK)), "resolve", "dogs.yaml")
    ran = line("why", "drivers:D1", "dogs:D1")
    ran.answered("They are one constituent.", "national number", "link bar +1.00", "household")
    apart = line("why", "drivers:D1", "dogs:D2")
    apart.answered("They are not one constituent.", "share no blocking key")
    told = line("why", "drivers:D1", "dogs:D2", "--json").json
    assert told["is_same_constituent"] is False
    assert str(UUID(told["left"]["constituent"])) in apart.out
    words = " ".join([ran.out, apart.out, json.dumps(told)]).lower()
    assert not [cell for cell in PERSONAL if cell.lower() in words]


def test_why_of_nobody_is_refused_without_repeating_who_was_asked_for(line: Line) -> None:
    line("why", "drivers:Maria", "drivers:D2").refused("no record under that key")
    line("why", "Maria", "drivers:D2").refused("neither a constituent's id nor a record's")


# --- linking with a new model -------------------------------------------------------------------


@pytest.fixture
def linked(server: Server, demo_world: Path, tmp_path: Path) -> Line:
    """The demo world with its organizations linked by a trained model."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    made("load", str(demo_world)).answered("vehicles_fleet")
    made("link", "--kind", "organization").answered("(trained now)")
    return made


def models_of(line: Line) -> list[str]:
    return [row for row in line("model", "list").out.splitlines() if "organization-" in row]


def test_a_preview_tells_what_linking_would_change_and_changes_nothing(line: Line) -> None:
    line("load", line.write_drivers(MARIA, BIRK)).answered("drivers")
    preview = line("link", "--kind", "person", "--preview")
    preview.answered("person: 2 ids would be issued", "person: nothing was changed")
    line("profile", "show", "drivers:D1").refused("run `hub link`")
    [told] = line("link", "--kind", "person", "--preview", "--json").json
    assert (told["is_published"], told["ids_issued"]) == (False, 2)
    line("link", "--kind", "person").answered("linked")
    line("profile", "show", "drivers:D1").answered("Maria")


def test_a_model_is_replaced_only_by_somebodys_word(linked: Line) -> None:
    again = ("link", "--kind", "organization", "--retrain")
    unheard = linked(*again)
    assert unheard.code == 1
    assert "organization: 0 ids would be issued" in unheard.out
    assert "run it again with --yes" in unheard.err
    assert len(models_of(linked)) == 1

    no = fed(linked, "n\n", *again, is_terminal=True)
    assert no.code == 1
    assert "replace the model in use, with these effects?" in no.err
    assert len(models_of(linked)) == 1

    yes = fed(linked, "y\n", *again, is_terminal=True)
    assert yes.code == 0
    assert len(models_of(linked)) == 2

    agreed = linked(*again, "--yes", "--json")
    assert agreed.code == 0
    assert agreed.json[0]["is_published"] is True
    assert "would be merged" in agreed.err
    assert len(models_of(linked)) == 3


def test_what_moved_is_told_by_agency(line: Line) -> None:
    dogs = DOGS_YAML.replace("agency: vehicles", "agency: pets")
    (line.folder / "dogs.yaml").write_text(dogs, encoding="utf-8")
    other = row_of(MARIA) | {"first_name": "Ida", "last_name": "Brandt", "born": "1999-01-01"}
    other |= {"street": "1 Elm St", "ssn": "318-44-2101", "email": "ida@example.org"}
    fed(line, lines(row_of(MARIA)), "resolve", "drivers.yaml")
    fed(line, lines(other), "resolve", "dogs.yaml")
    (line.folder / "dogs.csv").write_text(f"{DRIVERS_HEADER}\n{MARIA}\n", encoding="utf-8")
    line("load", "dogs.yaml").answered("dogs")
    ran = line("link", "--kind", "person")
    ran.answered("person: 0 ids issued, 1 merged into others", "pets: 1 records moved")


# --- models that do not prove themselves --------------------------------------------------------


def tamper(line: Line) -> None:
    """Change the stored canary, as nobody but the database's owner can."""
    url = line.urls.owner.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE models DISABLE TRIGGER models_kept_as_written")
        connection.execute(
            "UPDATE models SET canary = jsonb_set(canary, '{0,weight_microbits}', '123456')"
        )
        connection.execute("ALTER TABLE models ENABLE TRIGGER models_kept_as_written")


def test_doctor_names_the_models_it_has_proven(line: Line) -> None:
    assert line("doctor", "--json").json["models"] == "proven: person-on-priors"
    line("doctor").answered("proven: person-on-priors")


def test_doctor_tells_a_model_that_answers_otherwise_as_a_failing_line(line: Line) -> None:
    tamper(line)
    ran = line("doctor")
    assert ran.code == 1
    assert "FAILED: compiled model refused: 1 of 200 canary pairs differ" in ran.out
    assert "PostgreSQL" in ran.out
    told = line("doctor", "--json")
    assert (told.code, told.json["is_healthy"]) == (1, False)
    assert "1 of 200" in told.json["reason"]


def test_serve_refuses_a_model_that_answers_otherwise(line: Line) -> None:
    tamper(line)
    line("serve").refused("1 of 200 canary pairs differ")
    fed(line, lines(row_of(MARIA)), "resolve", "drivers.yaml").refused("canary pairs differ")
