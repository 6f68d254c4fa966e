"""Evaluating: labelled files through the real command, the documented figures and assignments out."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors.evaluation import load_evaluation
from connectors.opening import open_reader
from hub.cli.app import app
from hub.domain.errors import ModelUnfit, SourceInvalid, SourceUnreadable
from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.models import active_model
from matching.model import Model

PEOPLE = 80
GIVEN = [
    "Maria",
    "Birk",
    "Noor",
    "Tomas",
    "Ines",
    "Yusuf",
    "Edda",
    "Kofi",
    "Lena",
    "Pavel",
    "Aiko",
    "Ruth",
    "Omar",
    "Saga",
    "Dario",
    "Wren",
]
FAMILY = [
    "Okafor",
    "Lindqvist",
    "Haddad",
    "Moreau",
    "Castell",
    "Ferreira",
    "Novak",
    "Tanaka",
    "Whitlock",
    "Osei",
]
PLACES = [
    "Elmstead",
    "Tamarack",
    "Quillport",
    "Heron",
    "Alder",
    "Saltmarsh",
    "Brackwater",
    "Foxhollow",
]
UNTOLD = "S-untold"  # a second school record of the first person whose row does not say whose it is

EVALUATION = """
schema: hub/evaluation@1
id: town
label: A town's two registers
sources:
  - id: births
    kind: person
    connection: {type: files, path: births.csv}
    key: row_id
    duplicate_free: true
    truth: person_no
    map: &person
      given_name: first_name
      family_name: surname
      birth_date: {column: born, transforms: [{date: "%Y-%m-%d"}]}
      contact_points: [{kind: email, value: email}]
      custom: {birthplace: {column: birth_place, compare: text}}
  - id: schools
    kind: person
    connection: {type: files, path: schools.csv}
    key: row_id
    truth: person_no
    map: *person
"""
HEADER = ("row_id", "person_no", "first_name", "surname", "born", "email", "birth_place")
RATES = {"precision", "recall", "f1"}


def people() -> list[tuple[str, ...]]:
    """(given name, surname, birth date, e-mail, birthplace) of people nobody could mistake for each other."""
    drawn = random.Random(4)
    names = [(given, family) for given in GIVEN for family in FAMILY]
    days = drawn.sample(range(25_000), PEOPLE)
    return [
        (
            given,
            family,
            (date(1940, 1, 1) + timedelta(day)).isoformat(),
            f"{given}.{family}@example.org".lower(),
            drawn.choice(PLACES),
        )
        for (given, family), day in zip(drawn.sample(names, PEOPLE), days, strict=True)
    ]


def misspelt(word: str) -> str:
    return word[:2] + word[3] + word[2] + word[4:]


def write_town(folder: Path) -> Path:
    """Two registers of the same people, the second with typing errors and gaps; gives the evaluation."""
    births, schools = [], []
    for number, (given, family, born, email, place) in enumerate(people()):
        births.append((f"B{number}", f"p{number}", given, family, born, email, place))
        seen = (
            given,
            misspelt(family) if number % 6 == 0 else family,
            born,
            "" if number % 5 == 0 else email,
            misspelt(place) if number % 4 == 0 else place,
        )
        schools.append((f"S{number}", f"p{number}", *seen))
    schools.append((UNTOLD, "", *births[0][2:]))
    for name, rows in (("births", births), ("schools", schools)):
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as out:
            csv.writer(out).writerows([HEADER, *rows])
    file = folder / "town.yaml"
    file.write_text(EVALUATION, encoding="utf-8")
    return file


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one run of `hub evaluate` gave."""

    figures: dict[str, Any]
    header: list[str]
    clusters: dict[str, str]
    shown: str


def run(file: Path, *options: str) -> str:
    """`hub evaluate FILE OPTIONS`, giving its answer; what it raises is raised here."""
    settings = {"HUB_WORKERS": "0", "HUB_MATCHING_MEMORY_MB": "2000"}
    result = CliRunner(env=settings).invoke(
        app, ["evaluate", str(file), *options], catch_exceptions=False
    )
    assert result.exit_code == 0, result.stderr
    return result.stdout


def evaluated(file: Path, folder: Path) -> Evaluated:
    figures, assignments = folder / "figures.json", folder / "assignments.csv"
    shown = run(file, "--json", str(figures), "--assignments", str(assignments))
    with assignments.open(newline="", encoding="utf-8") as rows:
        header, *lines = csv.reader(rows)
    return Evaluated(json.loads(figures.read_text("utf-8")), header, dict(lines), shown)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def trained(town: Path, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    """One evaluation that trains on the town; tests only read it."""
    return evaluated(town, tmp_path_factory.mktemp("trained"))


def keys_of(town: Path, source: str) -> list[str]:
    with (town.parent / f"{source}.csv").open(newline="", encoding="utf-8") as rows:
        return [f"{source}:{row['row_id']}" for row in csv.DictReader(rows)]


def test_the_figures_have_exactly_the_documented_keys(trained: Evaluated) -> None:
    figures = trained.figures
    assert list(figures) == [
        "records",
        "entities_true",
        "clusters",
        "pairwise",
        "bcubed",
        "exact_entities",
        "largest_cluster",
        "review_pairs",
        "seconds",
        "peak_rss_mb",
        "model",
    ]
    assert set(figures["pairwise"]) == set(figures["bcubed"]) == RATES
    assert set(figures["seconds"]) == {"load", "train", "score", "cluster", "total"}


def test_every_documented_key_is_explained_in_the_document(trained: Evaluated) -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text("utf-8")
    for key in (*trained.figures, *trained.figures["seconds"]):
        assert f"`{key}`" in text, key


def test_an_easy_set_is_linked_without_one_wrong_pair(trained: Evaluated) -> None:
    figures = trained.figures
    assert (figures["records"], figures["entities_true"]) == (2 * PEOPLE, PEOPLE)
    assert figures["pairwise"]["precision"] == 1.0
    assert figures["pairwise"]["recall"] > 0.9
    assert figures["bcubed"]["precision"] == 1.0
    assert figures["clusters"] >= PEOPLE
    assert figures["largest_cluster"] == 3, "the first person's, with the row that is not judged"
    assert 0.9 < figures["exact_entities"] <= 1.0
    assert figures["review_pairs"] >= 0
    assert figures["model"].startswith("person-")


def test_seconds_and_memory_are_measured(trained: Evaluated) -> None:
    seconds = trained.figures["seconds"]
    assert all(spent > 0 for spent in seconds.values())
    parts = sum(spent for name, spent in seconds.items() if name != "total")
    assert parts <= seconds["total"] + 0.01
    assert trained.figures["peak_rss_mb"] > 50


def test_every_record_is_assigned_by_source_and_key(trained: Evaluated, town: Path) -> None:
    assert trained.header == ["record", "cluster"]
    assert list(trained.clusters) == keys_of(town, "births") + keys_of(town, "schools")
    assert all(cluster.isdigit() for cluster in trained.clusters.values())


def test_a_row_without_truth_is_linked_and_not_judged(trained: Evaluated) -> None:
    assert trained.clusters[f"schools:{UNTOLD}"] == trained.clusters["births:B0"]
    assert trained.figures["records"] == len(trained.clusters) - 1


def test_what_is_printed_names_the_figures_and_nobody(trained: Evaluated) -> None:
    assert trained.shown.startswith("A town's two registers\n")
    for key in ("pairwise", "bcubed", "review_pairs", "peak_rss_mb", "seconds"):
        assert f"\n{key} " in trained.shown
    assert not [family for family in FAMILY if family in trained.shown]


@pytest.fixture
def town_model(hub: Hub, town: Path) -> Model:
    """What linking the town in an ordinary hub learns."""
    sources = load_evaluation(town).sources
    readers = [open_reader(source, town.parent, lambda _: None) for source in sources]
    load_sources(
        hub, [(one.as_source(), reader) for one, reader in zip(sources, readers, strict=True)]
    )
    link_kind(hub, ConstituentKind.PERSON)
    chosen = active_model(hub, ConstituentKind.PERSON)
    assert chosen is not None
    return chosen.model


def test_a_custom_attribute_is_one_of_the_models_comparisons(town_model: Model) -> None:
    assert town_model.custom == (CustomAttribute("birthplace", CustomComparison.TEXT),)
    [birthplace] = [one for one in town_model.comparisons if "birthplace" in one.name]
    weights = [level.weight_microbits for level in birthplace.levels]
    assert weights[0] == max(weights) > 0 > weights[-1]
    assert len(weights) > 2, "a typing error is a level of its own"


def write_like(town: Path, change: Callable[[str], str], folder: Path) -> Path:
    """The town's evaluation, changed, in a folder of its own beside copies of the data."""
    for name in ("births.csv", "schools.csv"):
        (folder / name).write_bytes((town.parent / name).read_bytes())
    file = folder / "town.yaml"
    file.write_text(change(EVALUATION), encoding="utf-8")
    return file


def naming(text: str) -> str:
    return text.replace("id: town\n", "id: town\nmodel: saved.json\n", 1)


def sampled(text: str) -> str:
    return text.replace("id: schools\n", "id: schools\n    sample: 30\n")


def test_a_model_that_is_named_is_used_and_a_sample_is_the_first_rows(
    town: Path, town_model: Model, tmp_path: Path
) -> None:
    file = write_like(town, lambda text: sampled(naming(text)), tmp_path)
    (tmp_path / "saved.json").write_text(town_model.to_json(), encoding="utf-8")
    (tmp_path / "saved.frequencies.json").write_bytes(town_model.rarities_to_json())
    found = evaluated(file, tmp_path)

    assert found.figures["model"] == town_model.name
    assert found.figures["seconds"]["train"] == 0
    assert found.figures["pairwise"]["precision"] == 1.0
    assert list(found.clusters) == keys_of(town, "births") + keys_of(town, "schools")[:30]
    assert found.figures["records"] == PEOPLE + 30


def test_a_model_without_the_frequencies_it_weighs_by_is_refused(
    town: Path, town_model: Model, tmp_path: Path
) -> None:
    assert town_model.rarity_columns, "this model weighs by frequency"
    file = write_like(town, naming, tmp_path)
    (tmp_path / "saved.json").write_text(town_model.to_json(), encoding="utf-8")
    with pytest.raises(ModelUnfit, match="rarities of its values are missing"):
        run(file)


def test_a_model_file_that_is_missing_or_something_else_is_told(town: Path, tmp_path: Path) -> None:
    file = write_like(town, naming, tmp_path)
    with pytest.raises(SourceUnreadable, match="not_found"):
        run(file)
    (tmp_path / "saved.json").write_text('{"schema": "something else"}', encoding="utf-8")
    with pytest.raises(SourceUnreadable, match="not_a_model"):
        run(file)


def test_a_source_without_truth_is_told_before_a_hub_is_made(town: Path, tmp_path: Path) -> None:
    file = write_like(town, lambda text: text.replace("    truth: person_no\n", "", 1), tmp_path)
    with pytest.raises(SourceInvalid, match=r"sources\[0\]\.truth: missing"):
        run(file)


def test_a_dash_writes_the_figures_to_standard_output_and_nothing_else(
    town: Path, town_model: Model, tmp_path: Path
) -> None:
    file = write_like(town, naming, tmp_path)
    (tmp_path / "saved.json").write_text(town_model.to_json(), encoding="utf-8")
    (tmp_path / "saved.frequencies.json").write_bytes(town_model.rarities_to_json())
    assert json.loads(run(file, "--json", "-"))["records"] == 2 * PEOPLE
