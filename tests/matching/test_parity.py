"""A model whose code and batch differ is not published, and not served."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from rapidfuzz.distance import OSA, Levenshtein

from hub.domain.errors import ModelUnfit, ScorerMismatch
from hub.domain.records import ConstituentKind
from matching import compiled
from matching.candidates import TAGS_SCHEMA
from matching.compiled import compile_model
from matching.features import COLUMNS, Features
from matching.model import MICROBITS, Model, TrainedComparison, trained_level
from matching.parity import canary, check_canary, check_parity, compare, features_of, neighbours
from matching.publish import check
from matching.synthetic import LEVEL_HITS, synthetic_pairs
from tests.matching.models import EVERY_CUSTOM, prior_model
from tests.matching.registers import PERSON, engine, pair_table, people, register

PRIVATE = "zyxomma"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    opened = engine()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def model() -> Model:
    """Every comparison of persons; the name PRIVATE is known to be rare."""
    return prior_model(PERSON, EVERY_CUSTOM, {"given": {PRIVATE: 9 * MICROBITS}})


@pytest.fixture(scope="module")
def kept(model: Model) -> list[dict[str, Any]]:
    """A model's canary as it comes back from where it was kept."""
    opened = engine()
    try:
        found: list[dict[str, Any]] = json.loads(json.dumps(canary(model, opened)))
    finally:
        opened.close()
    return found


def asymmetric(model: Model) -> Model:
    level = trained_level("the other's middle name", "given_l = middle_r", (0.9, 0.01))
    other = trained_level("different", "ELSE", (0.1, 0.99))
    one_way = TrainedComparison("one_way", "given_l IS NULL OR given_r IS NULL", (level, other))
    return replace(model, comparisons=(*model.comparisons, one_way))


@pytest.mark.parametrize("kind", list(ConstituentKind))
def test_invented_pairs_reach_every_level(kind: ConstituentKind) -> None:
    shipped = prior_model(kind, EVERY_CUSTOM)
    table, pairs = synthetic_pairs(shipped, 8_000, 1)
    scorer = compile_model(shipped)
    prepared = {record: scorer.prepare(f) for record, f in features_of(shipped, table)}
    hits: Counter[tuple[int, int]] = Counter()
    for pair in pairs.to_pylist():
        answers = scorer.answers(prepared[pair["left"]], prepared[pair["right"]])
        hits.update(enumerate(answers))
    assert pairs.num_rows == 8_000
    seldom = {
        (comparison.name, answer): hits[place, answer]
        for place, comparison in enumerate(shipped.comparisons)
        for answer in range(len(comparison.levels) + 1)
        if hits[place, answer] < LEVEL_HITS
    }
    assert seldom == {}


def test_invented_pairs_are_those_of_their_seed(model: Model) -> None:
    once, again, other = (synthetic_pairs(model, 300, seed) for seed in (1, 1, 2))
    assert once[0].equals(again[0])
    assert once[1].equals(again[1])
    assert not once[0].equals(other[0])


def test_invented_pairs_try_what_features_hardly_hold(model: Model) -> None:
    table, _ = synthetic_pairs(model, 2_000, 1)
    assert table.column_names[0] == "record"
    given = table["given"].to_pylist()
    assert None in given
    assert PRIVATE in given
    assert any(not value.isascii() for value in given if value)
    assert "" not in given


def test_a_sound_model_passes_on_real_random_and_invented_pairs(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    seen = register(people(60))
    check_parity(prior_model(PERSON), connection, seen.table, seen.pairs())
    assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]


def test_a_model_that_depends_on_which_record_is_left_is_refused(
    model: Model, connection: duckdb.DuckDBPyConnection
) -> None:
    unfit = asymmetric(model)
    check(unfit)  # nothing but the pairs shows it
    with pytest.raises(ModelUnfit) as refused:
        check_parity(unfit, connection)
    reasons = refused.value.reasons
    assert any(reason.startswith("one_way, the other's middle name: another") for reason in reasons)
    assert not any(reason.startswith("given,") for reason in reasons)


def test_other_string_distances_than_the_batch_s_are_found(
    model: Model, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: OSA is Damerau's distance but for what is edited twice."""
    monkeypatch.setattr(compiled, "DamerauLevenshtein", OSA)
    with pytest.raises(ModelUnfit) as refused:
        check_parity(model, connection)
    assert any("answers otherwise" in reason for reason in refused.value.reasons)
    assert PRIVATE not in str(refused.value)


def test_characters_taken_for_bytes_are_found(
    model: Model, connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Characters:
        @staticmethod
        def distance(one: str | bytes, other: str | bytes, score_cutoff: int | None = None) -> int:
            texts = (text.decode() if isinstance(text, bytes) else text for text in (one, other))
            return int(Levenshtein.distance(*texts, score_cutoff=score_cutoff))

    monkeypatch.setattr(compiled, "Levenshtein", Characters)
    table, pairs = synthetic_pairs(model, 3_000, 1)
    assert any("answers otherwise" in reason for reason in compare(model, table, pairs, connection))


def test_neighbours_share_a_tag() -> None:
    rows = [(5, 1), (5, 2), (5, 3), (6, 1), (7, 9), (7, 9), (6, 3), (8, 4)]
    tags = pa.table(
        [[record for _, record in rows], [tag for tag, _ in rows], [1] * len(rows)],
        schema=TAGS_SCHEMA,
    )
    assert neighbours(tags).equals(pair_table([(1, 2), (1, 3), (2, 3)]))
    assert neighbours(tags, 1).num_rows == 1
    assert neighbours(tags.slice(0, 0)).num_rows == 0


# --- at every start -----------------------------------------------------------------------------


def test_a_model_s_own_code_passes_its_canary(model: Model, kept: list[dict[str, Any]]) -> None:
    assert len(kept) == 200
    assert len({entry["vector"] for entry in kept}) > 100
    check_canary(compile_model(model), kept)


def test_a_canary_holds_no_value_of_the_model_s(model: Model, kept: list[dict[str, Any]]) -> None:
    assert PRIVATE not in json.dumps(kept)


def test_a_canary_tries_rarities_all_the_same(model: Model, kept: list[dict[str, Any]]) -> None:
    """The prior and the levels alone do not come to the weights kept."""
    scorer = compile_model(replace(model, rarities={c: {} for c in model.rarity_columns}))
    records = [
        tuple(Features(tuple(e[side]), e[f"{side}_custom"]) for side in ("left", "right"))
        for e in kept
    ]
    plain = [scorer.weigh(scorer.prepare(left), scorer.prepare(right)) for left, right in records]
    assert sum(w != entry["weight_microbits"] for w, entry in zip(plain, kept, strict=True)) > 20


@pytest.mark.parametrize(
    ("part", "damaged"),
    [
        pytest.param("weight_microbits", 1, id="another weight"),
        pytest.param("weight_microbits", None, id="no weight"),
        pytest.param("vector", 0, id="other answers"),
        pytest.param("left", ["a"], id="too few columns"),
        pytest.param("left", None, id="no record"),
        pytest.param("right", [7] * len(COLUMNS[PERSON]), id="numbers for texts"),
        pytest.param("right_custom", 3, id="no attributes"),
    ],
)
def test_a_damaged_canary_is_a_mismatch(
    model: Model, kept: list[dict[str, Any]], part: str, damaged: object
) -> None:
    entries = [*kept[:3], {**kept[3], part: damaged}]
    with pytest.raises(ScorerMismatch, match="1 of 4") as refused:
        check_canary(compile_model(model), entries)
    assert (refused.value.different, refused.value.of) == (1, 4)


def test_no_canary_is_a_mismatch(model: Model) -> None:
    with pytest.raises(ScorerMismatch, match="0 of 0"):
        check_canary(compile_model(model), [])


def test_a_canary_finds_other_code_than_the_model_was_published_with(
    model: Model, kept: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = compile_model(replace(model, prior_microbits=model.prior_microbits + 1))
    with pytest.raises(ScorerMismatch, match="200 of 200"):
        check_canary(others, kept)
    monkeypatch.setattr(compiled, "DamerauLevenshtein", OSA)
    monkeypatch.setattr(OSA, "distance", lambda *_texts, score_cutoff=None: 9)
    with pytest.raises(ScorerMismatch):
        check_canary(compile_model(model), kept)
