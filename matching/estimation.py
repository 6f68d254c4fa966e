"""From counted answers to parameters: the arithmetic between Splink's estimates and a model's weights.

Decides how far data are believed against priors, how matches among random pairs are taken out of u,
and how likely two records are one constituent before anything is asked. Pure; knows no Splink.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from matching.levels import Comparison, Held, Level

PRIOR_PAIRS: Final = 30.0
"""A level's prior m weighs as much as this many pairs of one constituent."""

SESSION_MATCHES_MAX: Final = 5_000.0
"""Beyond this a training block's own bias, not its sampling error, is what is wrong with it."""

M_FLOOR: Final = 0.04
"""m stays above this share of its prior: data without a disagreement are no proof that none occurs."""

U_FLOOR: Final = 0.02
"""After the matches are taken out, u stays above this share of what was counted."""

TRUST_FROM: Final = 0.5
TRUST_WHOLE: Final = 0.9
"""Shares of true pairs between which a level held until proven rises from its prior to full weight."""

SHARE_MAX: Final = 0.999_999
"""Floors and priors may add up to a little more than one; a single share never does."""

INFORMATIVE_MIN_BITS: Final = 0.1

PROVING_PAIRS_MIN: Final = 20.0
"""So many pairs at least must be at a held level to prove anything."""

_BITS_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Parameters:
    """m and u of every level by comparison, and the probability that two random records match."""

    m: Mapping[str, Sequence[float]]
    u: Mapping[str, Sequence[float]]
    match_share: float

    @property
    def prior_bits(self) -> float:
        """The weight of a pair before anything is asked."""
        return math.log2(self.match_share / (1.0 - self.match_share))

    def bits(self, comparison: str, level: int) -> float:
        return math.log2(self.m[comparison][level] / self.u[comparison][level])


@dataclass(frozen=True, slots=True)
class Session:
    """What one training block taught: the level shares of the comparisons it could see, None where it
    met a level never, and from about how many pairs of one constituent each comparison learned."""

    block: str
    matches: Mapping[str, float]
    m: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Vectors:
    """The distinct answers of pairs: per row one level position per comparison (None: cannot say), and
    how many pairs gave it. share is the part of all pairs of the training blocks that was looked at."""

    rows: Sequence[tuple[int | None, ...]]
    counts: Sequence[int]
    share: float


def smoothed_u(comparison: Comparison, seen: Sequence[float], pairs: float) -> list[float]:
    """Level shares among random pairs, each with one more pair by its prior.

    seen: the shares counted; pairs: among how many. A level so rare that the sample met it never
    thus gets a share below one in the sample, not zero. Held levels keep their priors.
    """
    return [
        level.u_prior if _is_held(level) else (share * pairs + 1.0) / (pairs + 1.0 / level.u_prior)
        for level, share in zip(comparison.levels, seen, strict=True)
    ]


def without_matches(
    comparison: Comparison, u: Sequence[float], m: Sequence[float], match_share: float
) -> list[float]:
    """Take out of u the matches among the random pairs.

    In a small set with large clusters they are most of the agreement on a unique value, and would
    make it look common.
    """
    return [
        counted
        if _is_held(level)
        else min(
            SHARE_MAX,
            max((counted - match_share * matching) / (1.0 - match_share), U_FLOOR * counted),
        )
        for level, counted, matching in zip(comparison.levels, u, m, strict=True)
    ]


def combined_m(
    comparison: Comparison, sessions: Sequence[Session]
) -> tuple[list[float], list[float]]:
    """m of each level over the training blocks that saw it, and from how many pairs; shrunk to the prior."""
    mine = [session for session in sessions if comparison.name in session.m]
    weights = [min(session.matches[comparison.name], SESSION_MATCHES_MAX) for session in mine]
    total = sum(weights)
    m, pairs = [], []
    for position, level in enumerate(comparison.levels):
        seen = sum(
            weight * (session.m[comparison.name][position] or 0.0)
            for session, weight in zip(mine, weights, strict=True)
        )
        shrunk = (seen + PRIOR_PAIRS * level.m_prior) / (total + PRIOR_PAIRS)
        m.append(
            level.m_prior
            if _is_held(level)
            else min(SHARE_MAX, max(shrunk, M_FLOOR * level.m_prior))
        )
        pairs.append(0.0 if _is_held(level) else seen)
    return m, pairs


def evidence_bits(
    asked: Sequence[Comparison], parameters: Parameters, vectors: Vectors
) -> list[float]:
    """The weight of each row of answers, before the prior."""
    tables = [
        [parameters.bits(comparison.name, level) for level in range(len(comparison.levels))]
        for comparison in asked
    ]
    return [
        sum(table[level] for table, level in zip(tables, row, strict=True) if level is not None)
        for row in vectors.rows
    ]


def match_share(bits: Sequence[float], vectors: Vectors, records: int) -> float:
    """The probability that two random records match: the expected matches among the pairs of the
    training blocks, over all pairs, found by letting each guess correct the next.

    Kept within one match in all and ten records per constituent, so that a model gone wrong cannot
    talk itself into "all are one".
    """
    all_pairs = records * (records - 1) / 2
    lowest, highest = 1.0 / all_pairs, min(0.25, 4.5 * records / all_pairs)
    share = min(max(1.0 / records, lowest), highest)
    for _ in range(40):
        prior = math.log2(share / (1.0 - share))
        expected = sum(
            count * probability(prior + weight)
            for weight, count in zip(bits, vectors.counts, strict=True)
        )
        found = min(max(expected / vectors.share / all_pairs, lowest), highest)
        if abs(math.log2(found / share)) < 0.001:
            return found
        share = found
    return share


def with_proven(
    asked: Sequence[Comparison], parameters: Parameters, vectors: Vectors, bits: Sequence[float]
) -> Parameters:
    """Raise levels held until proven where the data show little to fear.

    A pair that shares a number under two first names is judged by everything but the number. Where
    nearly all such pairs are of one constituent (names are mistyped, numbers not lent), the level
    may count as much as the plain agreement; where half or fewer are, it stays at its prior.
    """
    u = {name: list(values) for name, values in parameters.u.items()}
    for place, comparison in enumerate(asked):
        plain = max(
            parameters.bits(comparison.name, position)
            for position, level in enumerate(comparison.levels)
            if not _is_held(level)
        )
        for position, level in enumerate(comparison.levels):
            own = parameters.bits(comparison.name, position)
            if level.held is not Held.UNTIL_PROVEN or not 0.0 < own < plain:
                continue
            trust = _trust(place, position, parameters.prior_bits - own, vectors, bits)
            u[comparison.name][position] = parameters.m[comparison.name][position] / 2.0 ** (
                own + trust * (plain - own)
            )
    return Parameters(parameters.m, u, parameters.match_share)


def within_reason(asked: Sequence[Comparison], parameters: Parameters) -> Parameters:
    """Take back what no agreement may be worth, whatever was counted.

    The last level, disagreement, never speaks for a match, and no level against it more than the last;
    no lesser agreement outweighs the full one, the first level that is not held: rarer is not better.
    """
    m = {name: list(values) for name, values in parameters.m.items()}
    for comparison in asked:
        u, last = parameters.u[comparison.name], len(comparison.levels) - 1
        full = next(i for i, level in enumerate(comparison.levels) if not _is_held(level))
        highest = max(0.0, parameters.bits(comparison.name, full))
        lowest = min(0.0, parameters.bits(comparison.name, last))
        for position in range(last + 1):
            bits = lowest if position == last else parameters.bits(comparison.name, position)
            m[comparison.name][position] = u[position] * 2.0 ** min(highest, max(lowest, bits))
    return Parameters(m, parameters.u, parameters.match_share)


def is_informative(comparison: Comparison, parameters: Parameters) -> bool:
    """Whether any agreement says anything: where all records name one town, the town says nothing."""
    return any(
        parameters.bits(comparison.name, position) >= INFORMATIVE_MIN_BITS
        for position, level in enumerate(comparison.levels)
        if not _is_held(level)
    )


def _is_held(level: Level) -> bool:
    return level.held is not Held.NOT


def _trust(
    place: int, position: int, prior_less_own: float, vectors: Vectors, bits: Sequence[float]
) -> float:
    """From 0 to 1: how sure the other comparisons are of the pairs at this level."""
    pairs = matches = 0.0
    for row, count, weight in zip(vectors.rows, vectors.counts, bits, strict=True):
        if row[place] == position:
            pairs += count
            matches += count * probability(prior_less_own + weight)
    if pairs < PROVING_PAIRS_MIN:
        return 0.0
    return min(1.0, max(0.0, (matches / pairs - TRUST_FROM) / (TRUST_WHOLE - TRUST_FROM)))


def probability(bits: float) -> float:
    """The probability whose odds have this binary logarithm."""
    return 1.0 / (1.0 + math.exp2(-max(-_BITS_MAX, min(_BITS_MAX, bits))))
