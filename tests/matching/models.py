"""Models nobody trained, for tests: every shipped comparison, weighing what its priors say."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from matching.comparisons import comparisons
from matching.features import COLUMNS, CUSTOM_PREFIX, FEATURES_VERSION
from matching.levels import Comparison
from matching.model import MICROBITS, Model, Rarities, TrainedComparison, trained_level

EVERY_CUSTOM = tuple(
    CustomAttribute(f"by_{comparison}", comparison) for comparison in CustomComparison
)


def prior_model(
    kind: ConstituentKind,
    custom: Sequence[CustomAttribute] = (),
    rarities: Rarities | None = None,
) -> Model:
    """A publishable model over all that is ever asked of a kind. rarities: of some columns, others know none."""
    columns = frozenset(COLUMNS[kind]) | {CUSTOM_PREFIX + attribute.name for attribute in custom}
    asked = tuple(map(_on_priors, comparisons(kind, columns, custom)))
    moving = {level.rarity for comparison in asked for level in comparison.levels if level.rarity}
    return Model(
        name=f"{kind}-on-priors",
        kind=kind,
        features_version=FEATURES_VERSION,
        custom=tuple(sorted(custom)),
        comparisons=asked,
        prior_microbits=-20 * MICROBITS,
        review_min_microbits=-4 * MICROBITS,
        link_min_microbits=1 * MICROBITS,
        merge_min_microbits=-1 * MICROBITS,
        rarities={column: dict((rarities or {}).get(column, {})) for column in moving},
    )


def _on_priors(comparison: Comparison) -> TrainedComparison:
    levels = tuple(
        trained_level(
            level.label, level.condition, (level.m_prior, level.u_prior), rarity=level.rarity
        )
        for level in comparison.levels
    )
    return TrainedComparison(comparison.name, comparison.null_condition, levels)
