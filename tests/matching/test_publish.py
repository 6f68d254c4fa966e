"""What is wrong with a model is named, and stops it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.domain.errors import ModelUnfit
from hub.domain.records import ConstituentKind
from matching.features import FEATURES_VERSION
from matching.model import Model, TrainedComparison, TrainedLevel, trained_level
from matching.publish import check

SAME = trained_level("same", "given_l = given_r", (0.9, 0.01), rarity="given")
OTHER = trained_level("different", "ELSE", (0.1, 0.99))
GIVEN = TrainedComparison("given", "given_l IS NULL OR given_r IS NULL", (SAME, OTHER))
FIT = Model(
    name="person-2026-11-22",
    kind=ConstituentKind.PERSON,
    features_version=FEATURES_VERSION,
    custom=(),
    comparisons=(GIVEN,),
    prior_microbits=-10_000_000,
    review_min_microbits=-4_000_000,
    link_min_microbits=1_000_000,
    merge_min_microbits=-1_000_000,
    rarities={"given": {"ann": 7_000_000}},
)


def with_levels(*levels: TrainedLevel) -> Model:
    return replace(FIT, comparisons=(replace(GIVEN, levels=levels),))


def with_null(condition: str) -> Model:
    return replace(FIT, comparisons=(replace(GIVEN, null_condition=condition),))


def test_a_fit_model_passes() -> None:
    check(FIT)


@pytest.mark.parametrize(
    ("unfit", "reason"),
    [
        pytest.param(replace(FIT, features_version=0), "features version", id="other features"),
        pytest.param(replace(FIT, comparisons=()), "compares nothing", id="no comparison"),
        pytest.param(
            replace(FIT, review_min_microbits=2_000_000), "review threshold", id="thresholds crossed"
        ),
        pytest.param(replace(FIT, merge_min_microbits=2_000_000), "merge threshold", id="merge above link"),
        pytest.param(replace(FIT, rarities={}), "rarities of its values are missing", id="no rarities"),
        pytest.param(replace(FIT, comparisons=(GIVEN,) * 40), "too many comparisons", id="too many"),
        pytest.param(with_levels(SAME), "fewer than two levels", id="one level"),
        pytest.param(with_levels(replace(SAME, m=0.0), OTHER), "was not learned", id="m is zero"),
        pytest.param(with_levels(replace(SAME, u=float("nan")), OTHER), "was not learned", id="u is no number"),
        pytest.param(with_levels(replace(SAME, u=1.5), OTHER), "was not learned", id="u above one"),
        pytest.param(
            with_levels(trained_level("same", "given_l = given_r", (0.9, 1e-14)), OTHER),
            "weighs more than",
            id="one answer decides all",
        ),
        pytest.param(
            with_levels(replace(SAME, weight_microbits=1), OTHER), "not that of its m and u", id="altered weight"
        ),
        pytest.param(
            with_levels(trained_level("same", "given_l = given_r", (0.5, 0.5)), trained_level("different", "ELSE", (0.5, 0.5))),
            "every level weighs nothing",
            id="all zero",
        ),
        pytest.param(
            with_levels(replace(SAME, condition="given_l = given_r"), replace(OTHER, condition="given_l <> given_r")),
            "without an answer",
            id="no last level",
        ),
        pytest.param(
            with_levels(
                trained_level("same", "given_l = given_r", (0.1, 0.9)), trained_level("different", "ELSE", (0.9, 0.1))
            ),
            "no agreement weighs more",
            id="disagreement speaks for",
        ),
        pytest.param(with_null("shoe_size_l IS NULL"), "shoe_size", id="column that features lack"),
        pytest.param(with_null("jaccard(given_l, given_r) > 0.5"), "do not agree on", id="unportable function"),
    ],
)  # fmt: skip
def test_an_unfit_model_is_refused_by_name(unfit: Model, reason: str) -> None:
    with pytest.raises(ModelUnfit) as refused:
        check(unfit)
    assert any(reason in text for text in refused.value.reasons)


def test_every_reason_is_given_at_once() -> None:
    unfit = replace(with_levels(replace(SAME, m=0.0), OTHER), features_version=0, rarities={})
    with pytest.raises(ModelUnfit) as refused:
        check(unfit)
    assert len(refused.value.reasons) >= 3
