"""What is printed is what is held: no value is read as markup, and foreign errors are never quoted."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from uuid import UUID

import duckdb
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from hub import cli
from hub.cli.failures import sentence_for
from hub.cli.link import print_links
from hub.cli.output import (
    OutputUnwritable,
    answers,
    errors,
    require_writable,
    write_private,
    writing,
)
from hub.cli.profile import print_profile
from hub.domain.constituents import AttributeView, Profile
from hub.domain.errors import SourceInvalid
from hub.domain.records import ConstituentKind, RecordKey
from hub.domain.survivorship import Candidate, Survivor
from hub.journeys.link import LinkReport
from matching.engine import connect

MARKUP = (
    "SMITH [/b]",
    "12 Main [rear]",
    "[bold]",
    "[/]",
    ":smile:",
    "[link=x]y",
    "\\[b]",
    "[#fff]z",
)
Capture = pytest.CaptureFixture[str]


def profile_of(*values: str) -> Profile:
    def candidate(value: str) -> Candidate:
        return Candidate(value, value, "drivers", "vehicles", as_of=None)

    return Profile(
        id=UUID(int=7),
        kind=ConstituentKind.PERSON,
        aliases=(),
        records=(RecordKey("drivers", "D1"),),
        roles=(),
        attributes=tuple(
            AttributeView("name", Survivor(candidate(value), (), (candidate(value),)))
            for value in values
        ),
        holdings=(),
        cases=(),
        relationships=(),
        open_reviews=0,
    )


def test_values_that_look_like_markup_are_shown_as_they_are(capsys: Capture) -> None:
    print_profile(profile_of(*MARKUP))
    shown = capsys.readouterr().out
    assert [value for value in MARKUP if shown.count(value) < 2] == []
    assert "person 00000000-0000-0000-0000-000000000007  (1 records)" in shown


@given(st.text("[]/\\:=#abc ", min_size=1, max_size=20).map(str.strip).filter(bool))
def test_no_console_reads_markup_in_what_it_is_given(value: str) -> None:
    for console in (answers, errors):
        table = Table(value, title=value)
        table.add_row(value)
        with console.capture() as captured:
            console.print(value, table)
        assert captured.get().count(value) >= 4


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["hub", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_an_error_about_a_name_that_looks_like_markup_is_told_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("[ab]*.yaml", "[b]drivers.yaml", "drivers[].yaml"):
        assert run(monkeypatch, "load", name) == 1
        assert capsys.readouterr().err == f"refused: {name}: no such file\n"
    (tmp_path / "[bold]").mkdir()
    assert run(monkeypatch, "load", "[bold]") == 1
    assert capsys.readouterr().err.startswith("refused: [bold]: the folder holds no")


def test_a_day_that_is_none_is_wrong_usage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "demo", "generate", "--out", "world", "--today", "foo") == 2
    assert "--today" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--json", "--assignments"])
def test_an_evaluation_says_that_it_could_not_write_before_it_reads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture, option: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "evaluate", "absent.yaml", option, "nowhere/figures") == 1
    assert capsys.readouterr().err == (
        "refused: nowhere/figures cannot be written: there is no folder nowhere\n"
    )


def test_a_model_is_exported_to_a_name_that_an_evaluation_can_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Capture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "model", "export", "person", "--out", "person") == 2
    assert "ends in .json" in capsys.readouterr().err


def test_a_file_that_can_be_written_is_not_touched_by_asking(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    kept.write_text("mine")
    require_writable(kept)
    require_writable(tmp_path / "new.json")
    assert [file.read_text() for file in tmp_path.iterdir()] == ["mine"]
    with pytest.raises(OutputUnwritable, match="it is a folder"):
        require_writable(tmp_path)


def test_a_disk_that_refuses_is_told_with_the_file() -> None:
    full = Path("/dev/full")
    with (
        pytest.raises(OutputUnwritable, match="/dev/full cannot be written: No space"),
        writing(full),
    ):
        full.write_text("figures")


def test_a_private_file_is_private_also_where_an_open_one_stood(tmp_path: Path) -> None:
    file = tmp_path / "person.frequencies.json"
    file.write_bytes(b"old")
    file.chmod(0o644)
    write_private(file, b"new")
    assert file.read_bytes() == b"new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_outgrown_blocking_values_are_told_with_what_to_do(capsys: Capture) -> None:
    print_links(
        [
            LinkReport("person", tags_outgrown=1200, is_published=True),
            LinkReport("organization", is_published=True),
        ]
    )
    shown = capsys.readouterr().out
    assert "person: 1,200 blocking values have outgrown HUB_TAG_RECORDS_MAX" in shown
    assert "`hub link --kind person --retrain`" in shown
    assert "organization:" not in shown


def out_of_matching_memory() -> None:
    connection = connect(16, 1)
    try:
        connection.execute("SELECT list(hash(i)) FROM range(50_000_000) t(i)").fetchall()
    finally:
        connection.close()


def a_worker_that_ends() -> None:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(os._exit, 1).result()


def wrapped_by_another_library() -> None:
    try:
        out_of_matching_memory()
    except duckdb.OutOfMemoryException as cause:
        raise RuntimeError("SELECT 'Maria'") from cause


def a_lost_connection() -> None:
    cause = psycopg.errors.AdminShutdown("DETAIL: Maria")
    raise DBAPIError("SELECT 'Maria'", None, cause) from cause


@pytest.mark.parametrize(
    ("fail", "remedy"),
    [
        (out_of_matching_memory, "HUB_MATCHING_MEMORY_MB"),
        (wrapped_by_another_library, "HUB_MATCHING_MEMORY_MB"),
        (a_worker_that_ends, "lower HUB_WORKERS"),
        (a_lost_connection, "connection to the database was lost"),
    ],
)
def test_a_failure_below_is_told_in_our_words_with_a_remedy(
    fail: Callable[[], None], remedy: str
) -> None:
    with pytest.raises(Exception) as raised:  # noqa: PT011 (which class it is, is the table's matter)
        fail()
    sentence = sentence_for(raised.value)
    assert sentence is not None
    assert remedy in sentence
    assert "Maria" not in sentence


def test_our_own_errors_speak_for_themselves_and_unforeseen_ones_are_not_hidden() -> None:
    assert sentence_for(SourceInvalid("a.yaml", ["key: missing"])) == "a.yaml: key: missing"
    assert sentence_for(ZeroDivisionError()) is None
