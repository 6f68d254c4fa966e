"""Constrained average linkage: which clusters of a few records join, in which order, and which never may.

Decides by hard edges first (objection, then judgement, then source rule) and by average weight after,
in whole numbers throughout. Which records are judged together is partition.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

BIT = 1_000_000  # weights are whole micro-bits, so that sums and averages are exact and order-free

Pair = tuple[int, int]
WeightOf = Callable[[int, int], int]
"""(node, node) -> microbits; symmetric, and the same for a pair whenever and wherever it is asked."""


class Node(NamedTuple):
    """One record as the partition sees it.

    order_key breaks ties: unique, and the same in whatever order records were loaded (a record's number
    is not). looks names what the model sees of the record: equal looks, equal values in every comparison
    column. source is the number of its source if that holds a constituent at most once, else None.
    is_apart: the constituent objected to linkage.
    """

    order_key: bytes
    looks: int
    source: int | None = None
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Bars:
    """Where the partition draws its lines, in microbits; looks_max counts different looks.

    Pairs from review_min on connect a component. Two clusters join when their best pair reaches link_min
    and the average of all their pairs reaches merge_min. A component of more than looks_max different
    looks is not judged as a whole: see `split`.
    """

    review_min_microbits: int
    link_min_microbits: int
    merge_min_microbits: int
    looks_max: int = 100


def agglomerate(
    nodes: Sequence[Node],
    weight_of: WeightOf,
    bars: Bars,
    *,
    same: Collection[Pair] = (),
    different: Collection[Pair] = (),
) -> tuple[list[list[int]], list[Pair]]:
    """Constrained average linkage over all pairs of the nodes: (clusters, SAME judgements refused).

    Joins the two clusters of the highest average first, ties by the smallest order keys, until none may
    join. Raises ValueError when two nodes share an order key, since a tie would then hang on their order.
    """
    order = sorted(range(len(nodes)), key=lambda i: nodes[i].order_key)
    rank = {node: position for position, node in enumerate(order)}
    if any(nodes[i].order_key == nodes[j].order_key for i, j in pairwise(order)):
        raise ValueError("two records of one component share an order key")
    state = _Clusters([nodes[i] for i in order])
    for i, j in different:
        if i != j:
            state.hold_apart(rank[i], rank[j])
    refused = [
        (order[i], order[j])
        for i, j in sorted({(min(p), max(p)) for p in ((rank[a], rank[b]) for a, b in same)})
        if not state.join_judged(i, j)
    ]
    state.weigh(order, weight_of, bars)
    while (best := state.best_pair()) is not None:
        state.merge(*best)
    return [[order[i] for i in sorted(members)] for members in state.members.values()], refused


class _Clusters:
    """Clusters while they grow. A cluster is named by the lowest rank among its members.

    Ranks follow the order keys, so comparing names is comparing smallest keys. `nearest[a]` is a's best
    permitted partner of a higher name, so that a merge looks again only at those it touched.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        ranks = range(len(nodes))
        self.members: dict[int, list[int]] = {i: [i] for i in ranks}
        self._sources = {i: {nodes[i].source} - {None} for i in ranks}
        self._apart = {i for i in ranks if nodes[i].is_apart}
        self._foes: dict[int, set[int]] = {i: set() for i in ranks}
        self._of = list(ranks)
        self._totals: dict[int, dict[int, tuple[int, int]]] = {}
        self._nearest: dict[int, int] = {}

    def hold_apart(self, i: int, j: int) -> None:
        self._foes[i].add(j)
        self._foes[j].add(i)

    def join_judged(self, i: int, j: int) -> bool:
        """Join what a steward called SAME, whatever the source rule says; False if it may not be."""
        a, b = sorted((self._of[i], self._of[j]))
        if a == b:
            return True
        if b in self._foes[a] or not self._apart.isdisjoint((a, b)):
            return False
        self._absorb(a, b)
        return True

    def _absorb(self, a: int, b: int) -> None:
        for rank in self.members[b]:
            self._of[rank] = a
        self.members[a] += self.members.pop(b)
        self._sources[a] |= self._sources.pop(b)
        for foe in self._foes.pop(b):
            self._foes[foe].discard(b)
            self.hold_apart(foe, a)

    def weigh(self, order: Sequence[int], weight_of: WeightOf, bars: Bars) -> None:
        """Take the weights of all pairs across clusters, and find each cluster's nearest.

        order: what `weight_of` calls the node of each rank.
        """
        self._link_min, self._merge_min = bars.link_min_microbits, bars.merge_min_microbits
        names = sorted(self.members)
        totals: dict[int, dict[int, tuple[int, int]]] = {a: {} for a in names}
        self._totals = totals
        for position, a in enumerate(names):
            for b in names[position + 1 :]:
                if len(self.members[a]) == len(self.members[b]) == 1:
                    weight = weight_of(order[a], order[b])
                    totals[a][b] = totals[b][a] = (weight, weight)
                    continue
                weights = [
                    weight_of(order[i], order[j]) for i in self.members[a] for j in self.members[b]
                ]
                totals[a][b] = totals[b][a] = (sum(weights), max(weights))
        for a in names:
            self._look_again(a)

    def _may_join(self, a: int, b: int) -> bool:
        total, best = self._totals[a][b]
        return (
            best >= self._link_min
            and total >= self._merge_min * len(self.members[a]) * len(self.members[b])
            and b not in self._foes[a]
            and self._sources[a].isdisjoint(self._sources[b])
            and self._apart.isdisjoint((a, b))
        )

    def _is_closer(self, a: int, b: int, c: int, d: int) -> bool:
        """Whether a and b join before c and d: higher average, then smaller keys. Exact: no division."""
        left = self._totals[a][b][0] * len(self.members[c]) * len(self.members[d])
        right = self._totals[c][d][0] * len(self.members[a]) * len(self.members[b])
        return left > right or (left == right and (a, b) < (c, d))

    def _look_again(self, a: int) -> None:
        self._nearest.pop(a, None)
        for b in self._totals[a]:
            if b > a:
                self._offer(a, b)

    def _offer(self, a: int, b: int) -> None:
        if self._may_join(a, b):
            held = self._nearest.get(a)
            if held is None or self._is_closer(a, b, a, held):
                self._nearest[a] = b

    def best_pair(self) -> Pair | None:
        """The two clusters to join next, or None when none may."""
        best: Pair | None = None
        for a, b in self._nearest.items():
            if best is None or self._is_closer(a, b, *best):
                best = (a, b)
        return best

    def merge(self, a: int, b: int) -> None:
        """Join b to a (a < b) and look again only where the merge can change a nearest."""
        self._absorb(a, b)
        gone = self._totals.pop(b)
        self._nearest.pop(b, None)
        kept = self._totals[a]
        del kept[b], gone[a]
        for c, (total, best) in gone.items():
            del self._totals[c][b]
            kept[c] = self._totals[c][a] = (total + kept[c][0], max(best, kept[c][1]))
        for c in kept:
            if self._nearest.get(c) in (a, b):
                self._look_again(c)
            elif c < a:
                self._offer(c, a)
        self._look_again(a)
