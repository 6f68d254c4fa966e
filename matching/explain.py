"""Why a pair weighs what it weighs, in the model's own words and bits.

Decides what an explanation holds: answers and their weights, never a value. How it is shown is left to
the edges; why a pair was never compared at all is candidates.py's and the partition's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from matching.compiled import Prepared, Scorer

CANNOT_SAY: Final = "cannot say"
"""The answer where a record lacks what the comparison asks for."""


@dataclass(frozen=True, slots=True)
class ComparisonExplanation:
    """One comparison's part in a pair's weight.

    answer: the label of the level, or CANNOT_SAY. level_microbits: what that answer weighs between two
    records of average values; rarity_microbits: how much more (or less) because the shared value is rare
    (or common). Both 0 where the answer is CANNOT_SAY.
    """

    name: str
    answer: str
    level_microbits: int
    rarity_microbits: int


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """A pair's weight in its parts: the prior and every comparison, in the model's order, add up to it."""

    weight_microbits: int
    prior_microbits: int
    comparisons: tuple[ComparisonExplanation, ...]


def explain(scorer: Scorer, left: Prepared, right: Prepared) -> PairExplanation:
    """Take a pair's weight apart: the same code that weighs it says at which level each comparison is."""
    answers, parts = scorer.answers(left, right), scorer.contributions(left, right)
    told = []
    for comparison, answer, part in zip(scorer.model.comparisons, answers, parts, strict=True):
        if answer == 0:
            told.append(ComparisonExplanation(comparison.name, CANNOT_SAY, 0, 0))
            continue
        level = comparison.levels[len(comparison.levels) - answer]
        moved = part - level.weight_microbits
        told.append(
            ComparisonExplanation(comparison.name, level.label, level.weight_microbits, moved)
        )
    prior = scorer.model.prior_microbits
    return PairExplanation(prior + sum(parts), prior, tuple(told))
