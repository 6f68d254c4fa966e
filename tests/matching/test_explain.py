"""A score is told in the model's words, and its parts add up."""

from __future__ import annotations

from dataclasses import asdict

import pytest

from matching.compiled import Scorer, compile_model
from matching.explain import CANNOT_SAY, ComparisonExplanation, explain
from matching.features import COLUMNS, Features
from matching.model import MICROBITS, to_microbits
from matching.parity import features_of
from matching.synthetic import synthetic_pairs
from tests.matching.models import EVERY_CUSTOM, prior_model
from tests.matching.registers import PERSON

BASE = {"given": "zebulon", "given_root": "zebulon", "given_sound": "z145", "family": "okafor"}


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return compile_model(prior_model(PERSON, EVERY_CUSTOM, {"given": {"zebulon": 12 * MICROBITS}}))


def told(
    scorer: Scorer, left: dict[str, str], right: dict[str, str]
) -> dict[str, ComparisonExplanation]:
    records = (Features(tuple(r.get(c) for c in COLUMNS[PERSON])) for r in (left, right))
    found = explain(scorer, *(scorer.prepare(features) for features in records))
    return {comparison.name: comparison for comparison in found.comparisons}


def test_a_shared_rare_name_says_so_apart_from_the_agreement(scorer: Scorer) -> None:
    given = told(scorer, BASE, BASE)["given"]
    level = to_microbits(7.0588936890535685)  # log2(0.80 / 0.006)
    base = to_microbits(
        7.380821783940931
    )  # -log2(0.006): what an average name's agreement is worth
    assert given == ComparisonExplanation("given", "same", level, 12 * MICROBITS - base)


def test_what_is_missing_is_told_as_that(scorer: Scorer) -> None:
    assert told(scorer, BASE, {"given": "zebulon"})["birth"] == ComparisonExplanation(
        "birth", CANNOT_SAY, 0, 0
    )


def test_a_disagreement_has_its_weight_and_no_rarity(scorer: Scorer) -> None:
    given = told(scorer, BASE, BASE | {"given": "ann", "given_root": "ann", "given_sound": "a500"})[
        "given"
    ]
    assert given.answer == "different"
    assert given.level_microbits < 0 == given.rarity_microbits


def test_the_parts_of_any_pair_add_up_to_its_weight(scorer: Scorer) -> None:
    model = scorer.model
    table, pairs = synthetic_pairs(model, 2_000, 1)
    prepared = {record: scorer.prepare(f) for record, f in features_of(model, table)}
    labels = {c.name: {CANNOT_SAY, *(lv.label for lv in c.levels)} for c in model.comparisons}
    for pair in pairs.to_pylist():
        left, right = prepared[pair["left"]], prepared[pair["right"]]
        found = explain(scorer, left, right)
        parts = sum(c.level_microbits + c.rarity_microbits for c in found.comparisons)
        assert found.prior_microbits + parts == found.weight_microbits == scorer.weigh(left, right)
        assert all(c.answer in labels[c.name] for c in found.comparisons)


def test_no_value_is_told(scorer: Scorer) -> None:
    records = (scorer.prepare(Features(tuple(BASE.get(c) for c in COLUMNS[PERSON]))) for _ in "lr")
    words = str(asdict(explain(scorer, *records)))
    assert not any(value in words for value in BASE.values())
