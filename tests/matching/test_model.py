"""A model is kept and carried without losing a bit, its personal part apart."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from matching.model import (
    MICROBITS,
    Model,
    TrainedComparison,
    from_json,
    to_microbits,
    trained_level,
    with_suppressed,
)

shares = st.floats(min_value=1e-9, max_value=1.0)


def model(m: float = 0.9, u: float = 0.001) -> Model:
    levels = (
        trained_level("same", "given_l = given_r", (m, u), rarity="given"),
        trained_level("different", "ELSE", (0.1, 0.9), is_prior=True),
    )
    return Model(
        name="person-2026-11-22",
        kind=ConstituentKind.PERSON,
        features_version=1,
        custom=(CustomAttribute("born_in", CustomComparison.TEXT),),
        comparisons=(TrainedComparison("given", "given_l IS NULL OR given_r IS NULL", levels),),
        prior_microbits=-14_000_000,
        review_min_microbits=-4_000_000,
        link_min_microbits=1_000_000,
        merge_min_microbits=-1_000_000,
        suppressed_tags=(3, 9),
        card={"records": 12, "levels_on_priors": ["given: different"]},
        rarities={"given": {"zebulon": 20 * MICROBITS}},
    )


@given(m=shares, u=shares)
def test_a_model_survives_its_documents(m: float, u: float) -> None:
    kept = model(m, u)
    assert from_json(kept.to_json(), kept.rarities_to_json()) == kept


def test_the_document_holds_no_value_of_a_person() -> None:
    kept = model()
    assert "zebulon" not in kept.to_json()
    assert "zebulon" not in repr(kept)
    assert b"zebulon" in kept.rarities_to_json()


def test_without_its_rarities_a_model_says_that_it_has_none() -> None:
    assert from_json(model().to_json()).rarities == {}
    assert model().rarity_columns == ("given",)


def test_a_level_weighs_the_logarithm_of_m_over_u() -> None:
    level = trained_level("same", "a_l = a_r", (0.8, 0.1), rarity="a")
    assert level.weight_microbits == 3 * MICROBITS
    assert level.rarity_base_microbits == to_microbits(3.321928094887362)


def test_suppressed_tags_are_kept_in_order() -> None:
    assert with_suppressed(model(), (9, -4, 2)).suppressed_tags == (-4, 2, 9)


@pytest.mark.parametrize(
    "document",
    ["[]", "{}", '{"schema": "hub/model@9"}', json.dumps({"schema": "hub/model@1", "name": "x"})],
)
def test_another_document_is_no_model(document: str) -> None:
    with pytest.raises(ValueError, match=r"model document|missing required field"):
        from_json(document)
