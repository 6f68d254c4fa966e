"""Which records of one connected component are one constituent: pure, exact, whatever order they came in.

Decides how far a component is judged as a whole, and answers for every record in it. Joining clusters is
average_linkage.py's, scoring pairs the caller's; the clusters' ids come from the home rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from matching.average_linkage import BIT, Bars, Node, Pair, WeightOf, agglomerate


@dataclass(frozen=True, slots=True)
class Split:
    """pieces: nodes to be judged together. left_apart: nodes that only fell apart at the highest bar."""

    pieces: list[list[int]]
    left_apart: list[list[int]]


@dataclass(frozen=True, slots=True)
class Partition:
    """clusters: each node exactly once, clusters and members in the order of their keys.

    contradictions: SAME judgements not followed, since they would join what another judgement or an
    objection holds apart. left_apart: for review, see Split.
    """

    clusters: list[list[int]]
    contradictions: list[Pair]
    left_apart: list[list[int]]


def partition(
    nodes: Sequence[Node],
    edges: Mapping[Pair, int],
    weight_of: WeightOf,
    bars: Bars,
    *,
    same: Collection[Pair] = (),
    different: Collection[Pair] = (),
) -> Partition:
    """Partition one component, or several at once.

    edges: the candidate pairs with their microbits; nodes are named by their position. weight_of is also
    asked for pairs that were no candidates, but only within a piece of the split.
    """
    parts = split(nodes, edges, bars, same=same)
    clusters: list[list[int]] = []
    contradictions = [(i, j) for i, j in same if nodes[i].is_apart or nodes[j].is_apart]
    for piece in parts.pieces:
        found, refused = _judge(nodes, piece, weight_of, bars, same, different)
        clusters += found
        contradictions += refused
    clusters.sort(key=lambda cluster: nodes[cluster[0]].order_key)
    return Partition(clusters, contradictions, parts.left_apart)


def split(
    nodes: Sequence[Node], edges: Mapping[Pair, int], bars: Bars, *, same: Collection[Pair] = ()
) -> Split:
    """Cut components of too many different looks by raising their bar, one bit at a time.

    Looks are counted, not records: sixty-four identical records are one look and stay together. What no
    bar divides is left apart for a steward, except where a SAME judgement holds it.
    """
    held = [(i, j) for i, j in same if not (nodes[i].is_apart or nodes[j].is_apart)]
    first = [
        (weight, i, j)
        for (i, j), weight in edges.items()
        if weight >= bars.review_min_microbits and not (nodes[i].is_apart or nodes[j].is_apart)
    ]
    result = Split([], [])
    waiting = [(list(range(len(nodes))), first, bars.review_min_microbits)]
    while waiting:
        members, strong, bar = waiting.pop()
        for part in _connected(members, [(i, j) for _, i, j in strong], held):
            if len(part) <= bars.looks_max or len({nodes[i].looks for i in part}) <= bars.looks_max:
                result.pieces.append(part)
                continue
            inside = set(part)
            left = [edge for edge in strong if edge[1] in inside and edge[0] >= bar + BIT]
            if left:
                waiting.append((part, left, bar + BIT))
            else:
                result.pieces.extend(_connected(part, held))
                result.left_apart.append(part)
    for parts in (result.pieces, result.left_apart):
        for part in parts:
            part.sort(key=lambda i: nodes[i].order_key)
        parts.sort(key=lambda part: nodes[part[0]].order_key)
    return result


def connected(
    nodes: Sequence[Node], edges: Mapping[Pair, int], bars: Bars, *, same: Collection[Pair] = ()
) -> list[list[int]]:
    """The components: nodes connected by pairs from the review bar up, and by SAME judgements.

    A node set apart by an objection is a component of its own.
    """

    def free(i: int, j: int) -> bool:
        return not (nodes[i].is_apart or nodes[j].is_apart)

    strong = [
        (i, j)
        for (i, j), weight in edges.items()
        if weight >= bars.review_min_microbits and free(i, j)
    ]
    return _connected(range(len(nodes)), strong, [(i, j) for i, j in same if free(i, j)])


def _connected(members: Sequence[int], *edge_lists: Iterable[Pair]) -> list[list[int]]:
    """Connected parts of the members; edges that leave them are passed over."""
    parent = {i: i for i in members}

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for edges in edge_lists:
        for i, j in edges:
            if i in parent and j in parent:
                parent[root(i)] = root(j)
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for i in members:
        parts[root(i)].append(i)
    return list(parts.values())


def _judge(
    nodes: Sequence[Node],
    piece: list[int],
    weight_of: WeightOf,
    bars: Bars,
    same: Collection[Pair],
    different: Collection[Pair],
) -> tuple[list[list[int]], list[Pair]]:
    if len(piece) == 1:
        return [piece], []
    judged = {node for pair in (*same, *different) for node in pair}
    if judged.isdisjoint(piece) and _is_plainly_one(nodes, piece, weight_of, bars):
        return [piece], []
    inside = {node: position for position, node in enumerate(piece)}
    clusters, refused = agglomerate(
        [nodes[i] for i in piece],
        lambda i, j: weight_of(piece[i], piece[j]),
        bars,
        same=[(inside[i], inside[j]) for i, j in same if i in inside and j in inside],
        different=[(inside[i], inside[j]) for i, j in different if i in inside and j in inside],
    )
    return (
        [[piece[i] for i in cluster] for cluster in clusters],
        [(piece[i], piece[j]) for i, j in refused],
    )


def _is_plainly_one(
    nodes: Sequence[Node], piece: list[int], weight_of: WeightOf, bars: Bars
) -> bool:
    """Whether nothing can stop a piece's clusters short of one, so that they need not be joined in turn.

    No average falls below the merge bar where no pair does; then whatever a pair at the link bar brings
    together joins, unless both hold a record of one duplicate-free source.
    """
    sources = [source for i in piece if (source := nodes[i].source) is not None]
    if len(sources) != len(set(sources)):
        return False
    strong = []
    for place, i in enumerate(piece):
        for j in piece[:place]:
            weight = weight_of(j, i)
            if weight < bars.merge_min_microbits:
                return False
            if weight >= bars.link_min_microbits:
                strong.append((j, i))
    return len(_connected(piece, strong)) == 1
