from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from demo.generate import DEMO_SOURCES, generate
from demo.population import PEOPLE_MIN
from demo.truth import Manifest
from tests.demo.conftest import TODAY


def _contents(folder: Path) -> dict[str, object]:
    """Every file's content; for the two containers what is in them, their own headers aside."""
    contents: dict[str, object] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if path.suffix == ".sqlite":
            with closing(sqlite3.connect(path)) as database:
                contents[name] = list(database.iterdump())
        elif path.suffix == ".parquet":
            contents[name] = pq.read_table(path)
        else:
            contents[name] = path.read_bytes()
    return contents


def test_the_same_seed_gives_the_same_world(tmp_path: Path) -> None:
    for name in ("one", "two"):
        generate(300, 5, tmp_path / name, TODAY)
    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    generate(300, 5, tmp_path / "one", TODAY)
    generate(300, 6, tmp_path / "two", TODAY)
    one, two = _contents(tmp_path / "one"), _contents(tmp_path / "two")
    assert one["wildlife/licences.jsonl"] != two["wildlife/licences.jsonl"]
    assert one["wildlife.yaml"] == two["wildlife.yaml"]


def test_the_manifest_reads_back_as_it_was_written(tmp_path: Path) -> None:
    manifest = generate(PEOPLE_MIN, 1, tmp_path, TODAY)
    assert Manifest.load(tmp_path) == manifest
    assert list(manifest.sources) == [source.id for source in DEMO_SOURCES]


def test_progress_is_told_step_by_step(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    generate(PEOPLE_MIN, 1, tmp_path, TODAY, lambda *step: steps.append(step))
    assert [done for _, done, _ in steps] == list(range(len(DEMO_SOURCES) + 2))
    assert {total for *_, total in steps} == {len(DEMO_SOURCES) + 1}


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(FileExistsError):
        generate(PEOPLE_MIN, 1, tmp_path, TODAY)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_too_small_a_world_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=str(PEOPLE_MIN)):
        generate(PEOPLE_MIN - 1, 1, tmp_path / "new", TODAY)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("today", [date(2024, 2, 29), date(2025, 1, 1), date(2026, 12, 31)])
def test_a_world_can_be_drawn_on_any_day(today: date, tmp_path: Path) -> None:
    assert generate(150, 3, tmp_path, today).today == today
