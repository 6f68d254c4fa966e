from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from connectors.mapping import Mapper
from connectors.opening import open_reader
from connectors.source import Source, load_source
from demo.generate import generate
from demo.truth import Manifest
from hub.domain.records import Record, Rejected

TODAY = date(2026, 11, 22)
SEED = 11
PEOPLE = 3_500


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the connectors make of one source: records in order, and the rows they refuse."""

    source: Source
    records: list[Record]
    rejected: list[Rejected]


def load(yaml: Path) -> Loaded:
    """Read a source the way the hub does: its YAML, its reader, its mapper."""
    source = load_source(yaml)
    loaded = Loaded(source, [], [])
    for batch in open_reader(source, yaml.parent, lambda _name: None).read(None):
        loaded.rejected.extend(raw.rejected for raw in batch.rejected)
        mapper = Mapper(source, batch.columns)
        for row, number in zip(batch.rows, batch.row_numbers, strict=True):
            outcome = mapper.record(row, number, batch.location)
            if isinstance(outcome, Record):
                loaded.records.append(outcome)
            else:
                loaded.rejected.append(outcome)
    return loaded


def read_truth(folder: Path) -> dict[str, str]:
    """record -> entity, each record once."""
    lines = (folder / "truth.csv").read_text("utf-8").splitlines()
    assert lines[0] == "record,entity"
    pairs = [(record, entity) for record, _, entity in (x.rpartition(",") for x in lines[1:])]
    truth = dict(pairs)
    assert len(truth) == len(pairs)
    return truth


@pytest.fixture(scope="session")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    generate(PEOPLE, SEED, folder, TODAY)
    return folder


@pytest.fixture(scope="session")
def manifest(world_folder: Path) -> Manifest:
    from_file = Manifest.load(world_folder)
    assert from_file.people == PEOPLE
    return from_file


@pytest.fixture(scope="session")
def loaded(world_folder: Path, manifest: Manifest) -> dict[str, Loaded]:
    return {name: load(world_folder / f"{name}.yaml") for name in manifest.sources}


@pytest.fixture(scope="session")
def truth(world_folder: Path) -> dict[str, str]:
    return read_truth(world_folder)
