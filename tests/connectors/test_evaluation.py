from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from connectors.evaluation import Labelled, LabelledMapper, load_evaluation
from connectors.opening import open_reader
from connectors.source import Mode
from hub.domain.errors import SourceInvalid, SourceUnreadable
from hub.domain.records import Record, RecordKey, Rejected
from tests.connectors.documents import no_secrets

FEBRL: dict[str, object] = {
    "id": "dataset4a",
    "kind": "person",
    "connection": {"type": "files", "path": "dataset4a.csv"},
    "key": "rec_id",
    "duplicate_free": True,
    "truth": {"column": "rec_id", "transforms": [{"extract": "rec-([0-9]+)-"}]},
    "map": {
        "given_name": "given_name",
        "family_name": "surname",
        "birth_date": {
            "column": "date_of_birth",
            "transforms": [{"date": "%Y%m%d", "otherwise": None}],
        },
        "custom": {"birthplace": {"column": "suburb", "compare": "text"}},
    },
}
CSV = (
    "rec_id, given_name, surname, suburb, date_of_birth\n"
    "rec-1070-org, michaela, neumann, winston hills, 19151111\n"
    "rec-561-dup-0, elton, , windermere, 19651313\n"
    ", nobody, , ,\n"
)


def write(folder: Path, *sources: dict[str, object]) -> Path:
    path = folder / "febrl4.yaml"
    document = {"schema": "hub/evaluation@1", "id": "febrl4", "sources": list(sources)}
    path.write_text(yaml.safe_dump(document), "utf-8")
    return path


def test_each_row_gives_a_record_and_the_truth_about_it(tmp_path: Path) -> None:
    (tmp_path / "dataset4a.csv").write_text(CSV)
    (labelled,) = load_evaluation(write(tmp_path, FEBRL)).sources
    (batch,) = open_reader(labelled, tmp_path, no_secrets).read(None)
    mapper = LabelledMapper(labelled, batch.columns)
    numbered = zip(batch.rows, batch.row_numbers, strict=True)
    first, second, third = [mapper.record(row, number, None) for row, number in numbered]
    assert isinstance(first, Labelled)
    assert isinstance(second, Labelled)
    assert first.truth == "1070"
    assert first.record.key == RecordKey("dataset4a", "rec-1070-org")
    assert first.record.custom == {"birthplace": "winston hills"}
    assert (second.truth, second.record.birth_date) == ("561", None)
    assert third == Rejected(3, "rec_id", "key_missing")


def test_a_labelled_source_stands_in_for_an_ordinary_one(tmp_path: Path) -> None:
    (labelled,) = load_evaluation(write(tmp_path, FEBRL)).sources
    ordinary = labelled.as_source()
    assert (ordinary.id, ordinary.agency, ordinary.mode) == (
        "dataset4a",
        "dataset4a",
        Mode.SNAPSHOT,
    )
    assert ordinary.map == labelled.map
    assert ordinary.duplicate_free


def test_data_without_a_key_and_with_a_truth_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("name,cluster\nAnn,1\nAnne,\n")
    document: dict[str, object] = {
        "id": "people",
        "kind": "person",
        "connection": {"type": "files", "path": "people.csv"},
        "key": "$row",
        "truth": "cluster",
        "map": {"full_name": "name"},
    }
    (labelled,) = load_evaluation(write(tmp_path, document)).sources
    (batch,) = open_reader(labelled, tmp_path, no_secrets).read(None)
    mapper = LabelledMapper(labelled, batch.columns)
    found = [mapper.record(row, 1, None) for row in batch.rows]
    assert [(f.record.key.local_id, f.truth) for f in found if isinstance(f, Labelled)] == [
        ("1", "1"),
        ("2", None),
    ]
    assert mapper.key(batch.rows[1]) == "2"
    assert all(isinstance(f, Labelled) and isinstance(f.record, Record) for f in found)


def test_a_truth_column_that_is_not_there_is_missed(tmp_path: Path) -> None:
    (labelled,) = load_evaluation(write(tmp_path, {**FEBRL, "truth": "cluster"})).sources
    with pytest.raises(SourceUnreadable, match=r"missing_column \(cluster\)"):
        LabelledMapper(labelled, ("rec_id", "given_name", "surname", "suburb", "date_of_birth"))


@pytest.mark.parametrize(
    ("sources", "problem"),
    [
        pytest.param([], "sources: Tuple should have at least 1 item", id="no source"),
        pytest.param([FEBRL, FEBRL], "document: sources: two have the same id", id="one id twice"),
        pytest.param([{**FEBRL, "mode": "snapshot"}], "sources[0].mode: unknown field", id="a source's own field"),
        pytest.param([{k: v for k, v in FEBRL.items() if k != "truth"}], "sources[0].truth: missing", id="no truth"),
    ],
)  # fmt: skip
def test_a_mistake_in_an_evaluation_is_named(
    tmp_path: Path, sources: list[dict[str, object]], problem: str
) -> None:
    with pytest.raises(SourceInvalid) as caught:
        load_evaluation(write(tmp_path, *sources))
    assert caught.value.problems[0].startswith(problem)


def test_sources_must_agree_on_how_a_custom_attribute_compares(tmp_path: Path) -> None:
    mapping = {
        "full_name": "given_name",
        "custom": {"birthplace": {"column": "suburb", "compare": "exact"}},
    }
    with pytest.raises(SourceInvalid, match="compare it in different ways"):
        load_evaluation(write(tmp_path, FEBRL, {**FEBRL, "id": "other", "map": mapping}))
