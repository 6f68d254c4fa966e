"""Which pairs are put before a steward: those weighed in the review band or above that were not joined.

Decides one question per pair of clusters, its strongest pair, and why weight did not answer it. The same
rule serves a batch and one component alike. What a steward sees of it is left to the screens.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.domain.reviews import ReviewReason
from matching.average_linkage import Bars, Node, Pair


class Question(NamedTuple):
    """A question about two nodes (left < right), or about the left one alone.

    microbits: the pair's weight; None where the question is not about a weight.
    """

    left: int
    right: int | None
    microbits: int | None
    reason: ReviewReason


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the partition made of some nodes, as far as its questions need it; nodes by position.

    cluster: a label per node. same, different: stewards' judgements. left_apart, contradictions: see
    partition.Partition.
    """

    cluster: Sequence[int]
    same: Sequence[Pair]
    different: Sequence[Pair]
    left_apart: Sequence[Sequence[int]]
    contradictions: Sequence[Pair]


def questions(
    outcome: Outcome,
    crossing: Iterable[tuple[int, int, int]],
    node: Callable[[int], Node],
    best_within: Callable[[int], int],
    sources_of: Callable[[int], frozenset[int]],
    bars: Bars,
) -> list[Question]:
    """All questions, each once, in no particular order.

    crossing: the candidate pairs (i, j, microbits) from the review bar up whose nodes are in different
    clusters and not set apart by an objection. best_within: a node's best candidate weight inside its
    own cluster. sources_of: the duplicate-free sources in a cluster.
    """
    found = list(_about_parts(outcome, node))
    part_of = {i: number for number, part in enumerate(outcome.left_apart) for i in part}
    judged = _Judged(outcome)
    best: dict[Pair, tuple[int, bytes, bytes, int, int]] = {}
    for i, j, microbits in crossing:
        if i in part_of and part_of[i] == part_of.get(j):
            continue  # the component as a whole is asked about, not its thousands of pairs
        between = _between(outcome.cluster, i, j)
        if between in judged.clusters and not (
            microbits >= bars.link_min_microbits
            and judged.is_open(between, (i, j), microbits, best_within)
        ):
            continue
        low, high = sorted((node(i).order_key, node(j).order_key))
        offered = (-microbits, low, high, i, j)
        if between not in best or offered < best[between]:
            best[between] = offered
    for between, (negative, _, _, i, j) in best.items():
        if between in judged.clusters:
            reason = ReviewReason.AMBIGUOUS
        elif not sources_of(between[0]).isdisjoint(sources_of(between[1])):
            reason = ReviewReason.SOURCE
        elif -negative >= bars.link_min_microbits:
            reason = ReviewReason.AVERAGE
        else:
            reason = ReviewReason.BAND
        found.append(Question(min(i, j), max(i, j), -negative, reason))
    return found


def _about_parts(outcome: Outcome, node: Callable[[int], Node]) -> Iterator[Question]:
    for part in outcome.left_apart:
        first = min(part, key=lambda i: node(i).order_key)
        yield Question(first, None, None, ReviewReason.OVERSIZED)
    for i, j in {(min(pair), max(pair)) for pair in outcome.contradictions}:
        if node(i).is_apart or node(j).is_apart:
            continue  # an objection outranks a judgement: there is nothing to decide
        yield Question(i, j, None, ReviewReason.CONTRADICTION)


def _between(cluster: Sequence[int], i: int, j: int) -> Pair:
    a, b = cluster[i], cluster[j]
    return (a, b) if a < b else (b, a)


class _Judged:
    """The pairs of clusters held apart by a judgement, and what between them is still worth a question."""

    def __init__(self, outcome: Outcome) -> None:
        self._group: dict[int, int] = {}
        if outcome.different:
            for i, j in outcome.same:
                self._group[self._root(i)] = self._root(j)
        # Per pair of clusters, the groups of records (joined by SAME) of which a judgement speaks.
        self.clusters: defaultdict[Pair, set[int]] = defaultdict(set)
        for i, j in outcome.different:
            if outcome.cluster[i] != outcome.cluster[j]:
                spoken_of = self.clusters[_between(outcome.cluster, i, j)]
                spoken_of |= {self._root(i), self._root(j)}

    def _root(self, i: int) -> int:
        while (up := self._group.get(i, i)) != i:
            i = up
        return i

    def is_open(
        self, between: Pair, pair: Pair, microbits: int, best_within: Callable[[int], int]
    ) -> bool:
        """Whether one of the pair, of whom no judgement speaks, fits the other's cluster as well as its own."""
        return any(
            self._root(i) not in self.clusters[between] and microbits >= best_within(i)
            for i in pair
        )
