"""The gates a model passes before it may link anybody.

Decides what is wrong enough with a model to refuse it. Splink gives a level it never learned a default
weight without a word, and predicts: here such a level stops the model instead.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from hub.domain.errors import ModelUnfit
from matching.features import COLUMNS, CUSTOM_PREFIX, FEATURES_VERSION
from matching.model import Model, TrainedComparison, TrainedLevel, to_microbits
from matching.portable import UnportableCondition, columns_of

WEIGHT_MAX_BITS = 40
"""No one answer may outweigh a million to one, a million times over."""

VECTORS_MAX = 2**63
ROUNDING_MICROBITS = 1

LEVELS_MAX = 64
"""A shipped comparison has at most nineteen; each is a branch of the code a model becomes."""

CONDITIONS_CHARACTERS_MAX = 100_000
"""All conditions of a model together; those shipped have 7,000."""

PRIOR_MAX_MICROBITS = to_microbits(100)
RARITY_MAX_MICROBITS = to_microbits(64)
"""A share is at least one in all the records there could be."""

_NAME = re.compile("[a-z][a-z0-9_]{0,79}")


def check(model: Model) -> None:
    """Raise ModelUnfit naming every reason why the model may not be published; return if there is none."""
    reasons = list(_reasons(model))
    if reasons:
        raise ModelUnfit(reasons)


def _reasons(model: Model) -> Iterator[str]:
    if model.features_version != FEATURES_VERSION:
        yield (
            f"it was learned on features version {model.features_version}, this release has {FEATURES_VERSION}"
        )
    if not model.comparisons:
        yield "it compares nothing"
    if not model.review_min_microbits <= model.link_min_microbits:
        yield "its review threshold lies above its link threshold"
    if not model.merge_min_microbits <= model.link_min_microbits:
        yield "its merge threshold lies above its link threshold"
    if math.prod(len(comparison.levels) + 1 for comparison in model.comparisons) >= VECTORS_MAX:
        yield "its answers are more than a vector of 63 bits can name: it has too many comparisons"
    if type(model.prior_microbits) is not int or abs(model.prior_microbits) > PRIOR_MAX_MICROBITS:
        yield f"its prior is no whole number of microbits within {PRIOR_MAX_MICROBITS}"
    written = sum(len(level.condition) for c in model.comparisons for level in c.levels)
    if written > CONDITIONS_CHARACTERS_MAX:
        yield f"its conditions are longer than {CONDITIONS_CHARACTERS_MAX} characters together"
    yield from _name_reasons(model)
    known = {*COLUMNS[model.kind], *(CUSTOM_PREFIX + c.name for c in model.custom)}
    for comparison in model.comparisons:
        yield from _comparison_reasons(comparison, known)
    yield from _rarity_reasons(model, known)


def _name_reasons(model: Model) -> Iterator[str]:
    """Names of comparisons and attributes become names of columns in SQL, as they are."""
    names = [comparison.name for comparison in model.comparisons]
    if not all(_NAME.fullmatch(name) for name in (*names, *(c.name for c in model.custom))):
        yield "a comparison or attribute is not named in lower-case letters, digits and underscores"
    if len(set(names)) < len(names):
        yield "two comparisons are of one name"


def _comparison_reasons(comparison: TrainedComparison, known: set[str]) -> Iterator[str]:
    if len(comparison.levels) < 2:
        yield f"{comparison.name}: it has fewer than two levels"
        return
    if len(comparison.levels) > LEVELS_MAX:
        yield f"{comparison.name}: it has more than {LEVELS_MAX} levels"
        return
    for level in comparison.levels:
        yield from (
            f"{comparison.name}, {level.label}: {reason}" for reason in _level_reasons(level)
        )
    *asked, last = (comparison.null_condition, *(level.condition for level in comparison.levels))
    if last != "ELSE":
        yield f"{comparison.name}: its last level leaves pairs without an answer"
    for condition in asked:
        yield from _condition_reasons(comparison.name, condition, known)
    if any(type(level.weight_microbits) is not int for level in comparison.levels):
        return
    if all(level.weight_microbits == 0 for level in comparison.levels):
        yield f"{comparison.name}: every level weighs nothing"
    if comparison.levels[-1].weight_microbits >= max(
        level.weight_microbits for level in comparison.levels[:-1]
    ):
        yield f"{comparison.name}: no agreement weighs more than disagreement"


def _level_reasons(level: TrainedLevel) -> Iterator[str]:
    if not (math.isfinite(level.m) and math.isfinite(level.u)):
        yield "m or u is not a finite number: it was not learned"
        return
    if not (0.0 < level.m <= 1.0 and 0.0 < level.u <= 1.0):
        yield "m or u is no share above zero: it was not learned"
        return
    if {type(level.weight_microbits), type(level.rarity_base_microbits)} != {int}:
        yield "its weight is no whole number of microbits"
        return
    if not 0 <= level.rarity_base_microbits <= RARITY_MAX_MICROBITS:
        yield "its rarity of the average agreement is that of no share"
    if abs(level.weight_microbits) > to_microbits(WEIGHT_MAX_BITS):
        yield f"it weighs more than {WEIGHT_MAX_BITS} bits"
    if (
        abs(level.weight_microbits - to_microbits(math.log2(level.m / level.u)))
        > ROUNDING_MICROBITS
    ):
        yield "its weight is not that of its m and u"


def _condition_reasons(name: str, condition: str, known: set[str]) -> Iterator[str]:
    try:
        unknown = columns_of(condition) - known
    except UnportableCondition as refused:
        yield f"{name}: {refused}"
        return
    if unknown:
        yield f"{name}: it asks for columns that features do not have: {', '.join(sorted(unknown))}"


def _rarity_reasons(model: Model, known: set[str]) -> Iterator[str]:
    for column in model.rarity_columns:
        if column not in known:
            yield "the rarity of a column that features do not have moves a weight"
        elif column not in model.rarities:
            yield f"{column}: the rarities of its values are missing"
        elif not all(
            type(microbits) is int and 0 <= microbits <= RARITY_MAX_MICROBITS
            for microbits in model.rarities[column].values()
        ):
            yield f"{column}: the rarity of a value is that of no share"
