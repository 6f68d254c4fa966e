"""The partition's rule over a million records: cut components, find the pairs inside, judge each piece.

Decides only what may take a short cut: a piece whose every pair is above the bars, or none, needs no
one-by-one judging to come out as partition.py would have it. Records are named by position.
"""

from __future__ import annotations

import numpy as np

from matching.average_linkage import Bars, Pair, agglomerate
from matching.components import Flags, Ints, PairWeights, connected, pairs_within
from matching.ground import Ground, Inside, Judged, Pieces
from matching.partition import split
from matching.review import Outcome, Question, questions
from matching.slices import slices


def components(ground: Ground, weights: PairWeights, bars: Bars) -> Ints:
    """Connected components by pairs in the review band or above, and by SAME judgements."""
    strong = weights.microbits >= bars.review_min_microbits
    strong &= ~(ground.apart[weights.left] | ground.apart[weights.right])
    held = [(i, j) for i, j in ground.same if not (ground.apart[i] or ground.apart[j])]
    same = np.array(held, np.int64).reshape(-1, 2)
    return connected(
        len(ground.source),
        np.concatenate((weights.left[strong], same[:, 0])),
        np.concatenate((weights.right[strong], same[:, 1])),
    )


def cut(ground: Ground, component: Ints, weights: PairWeights, bars: Bars) -> Pieces:
    """Pieces to judge as a whole: the components, those of too many different looks cut by `split`."""
    n = len(component)
    piece, look = component.copy(), np.arange(n)
    large = np.flatnonzero(np.bincount(component, minlength=n)[component] > bars.looks_max)
    if not len(large):
        return Pieces(piece, look, [])
    look[large] = ground.looks_of(large)
    edge_of = np.isin(component[weights.left], component[large])
    edge_of &= component[weights.left] == component[weights.right]
    edges = dict(
        zip(
            zip(weights.left[edge_of].tolist(), weights.right[edge_of].tolist(), strict=True),
            weights.microbits[edge_of].tolist(),
            strict=True,
        )
    )
    members = large.tolist()
    local = {position: i for i, position in enumerate(members)}
    parts = split(
        [ground.node(position, int(look[position])) for position in members],
        {(local[i], local[j]): microbits for (i, j), microbits in edges.items()},
        bars,
        same=[(local[i], local[j]) for i, j in ground.same if i in local and j in local],
    )
    for part in parts.pieces:
        positions = large[part]
        piece[positions] = positions.min()
    # Records that look the same may have been cut apart: a look's first record is one of its own piece.
    _, first, which = np.unique(
        piece[large] * n + look[large], return_index=True, return_inverse=True
    )
    look[large] = large[first][which]
    return Pieces(piece, look, [sorted(large[part].tolist()) for part in parts.left_apart])


def pairs_inside(pieces: Pieces) -> Inside:
    """The pairs to weigh before the pieces can be judged; bounded, since looks of a piece are."""
    n = len(pieces.piece)
    shared = np.bincount(pieces.piece, minlength=n)[pieces.piece] > 1
    firsts = np.flatnonzero(shared & (pieces.look == np.arange(n)))
    firsts = firsts[np.argsort(pieces.piece[firsts], kind="stable")]
    piece, left, right = pairs_within(pieces.piece[firsts], firsts)
    others = np.flatnonzero(pieces.look != np.arange(n))
    twin_of, at = np.unique(pieces.look[others], return_index=True)
    return Inside(
        np.concatenate((piece, pieces.piece[twin_of])),
        np.concatenate((left, twin_of)),
        np.concatenate((right, others[at])),
        len(twin_of),
    )


def _narrow(
    ground: Ground, pieces: Pieces, inside: Inside, microbits: Ints, bars: Bars
) -> tuple[Pieces, Inside, Ints]:
    """Pieces no further than a join can reach: every join needs a pair at the link bar, or a judgement.

    What the review band alone held together is judged apart, to the same end and in less time.
    """
    n = len(pieces.piece)
    linking = microbits >= bars.link_min_microbits
    same = np.array(ground.same, np.int64).reshape(-1, 2)
    same = same[pieces.piece[same[:, 0]] == pieces.piece[same[:, 1]]]
    piece = connected(
        n,
        np.concatenate((inside.left[linking], same[:, 0], np.arange(n))),
        np.concatenate((inside.right[linking], same[:, 1], pieces.look)),
    )
    kept = np.flatnonzero(piece[inside.left] == piece[inside.right])
    twins = int((kept >= len(inside.piece) - inside.twins).sum())
    several = kept[: len(kept) - twins]
    kept[: len(several)] = several[np.argsort(piece[inside.left[several]], kind="stable")]
    left = inside.left[kept]
    return (
        Pieces(piece, pieces.look, pieces.left_apart),
        Inside(piece[left], left, inside.right[kept], twins),
        microbits[kept],
    )


def judge(ground: Ground, pieces: Pieces, inside: Inside, microbits: Ints, bars: Bars) -> Judged:
    """Cluster every piece; microbits are the weights of `inside`'s pairs, in its order."""
    pieces, inside, microbits = _narrow(ground, pieces, inside, microbits, bars)
    n = len(pieces.piece)
    size = np.bincount(pieces.piece, minlength=n)
    lowest = np.full(n, np.iinfo(np.int64).max)
    highest = np.full(n, np.iinfo(np.int64).min)
    np.minimum.at(lowest, inside.piece, microbits)
    np.maximum.at(highest, inside.piece, microbits)
    is_judged = np.zeros(n, np.bool_)
    for i, j in (*ground.same, *ground.different):
        is_judged[pieces.piece[[i, j]]] = True
    is_doubled = _holds_a_source_twice(ground, pieces)

    # A narrowed piece hangs together by pairs at the link bar: if no average can fall below the merge bar
    # either, nothing stops its clusters short of one.
    several = (size > 1) & ~is_judged
    linked = highest >= bars.link_min_microbits
    whole = several & linked & ~is_doubled & (lowest >= bars.merge_min_microbits)
    none = several & (~linked | (is_doubled & (size == 2)))
    cluster = np.where(whole[pieces.piece], pieces.piece, np.arange(n))
    left_over = np.flatnonzero((size > 1) & ~whole & ~none)
    contradictions: list[Pair] = []
    for piece in slices(ground, pieces, inside, microbits, left_over):
        clusters, refused = agglomerate(
            piece.nodes, piece.weight_of, bars, same=piece.same, different=piece.different
        )
        for found in clusters:
            positions = [piece.members[i] for i in found]
            cluster[positions] = min(positions)
        contradictions += [(piece.members[i], piece.members[j]) for i, j in refused]
    contradictions += [(i, j) for i, j in ground.same if ground.apart[i] or ground.apart[j]]
    return Judged(cluster, contradictions, len(left_over))


def review_questions(
    ground: Ground,
    cluster: Ints,
    candidates: PairWeights,
    bars: Bars,
    left_apart: list[list[int]],
    contradictions: list[Pair],
) -> list[Question]:
    """The questions of a whole batch, by position; candidates: the pairs that share a tag."""
    left, right, microbits = candidates.left, candidates.right, candidates.microbits
    inside = cluster[left] == cluster[right]
    within = np.full(len(cluster), bars.review_min_microbits)
    for side in (left, right):
        np.maximum.at(within, side[inside], microbits[inside])
    chosen = ~inside & (microbits >= bars.review_min_microbits)
    chosen &= ~(ground.apart[left] | ground.apart[right])
    crossing = zip(
        left[chosen].tolist(), right[chosen].tolist(), microbits[chosen].tolist(), strict=True
    )
    sources = _sources_of(ground, cluster)
    return questions(
        Outcome(cluster.tolist(), ground.same, ground.different, left_apart, contradictions),
        crossing,
        lambda i: ground.node(i, i),
        within.__getitem__,
        lambda label: sources.get(label, frozenset()),
        bars,
    )


def _sources_of(ground: Ground, cluster: Ints) -> dict[int, frozenset[int]]:
    bound = np.flatnonzero(ground.source >= 0)
    found: dict[int, frozenset[int]] = {}
    for label, source in zip(cluster[bound].tolist(), ground.source[bound].tolist(), strict=True):
        found[label] = found.get(label, frozenset()) | {source}
    return found


def _holds_a_source_twice(ground: Ground, pieces: Pieces) -> Flags:
    doubled = np.zeros(len(pieces.piece), np.bool_)
    bound = np.flatnonzero(ground.source >= 0)
    if len(bound):
        span = ground.source.max() + 1
        keys, times = np.unique(
            pieces.piece[bound] * span + ground.source[bound], return_counts=True
        )
        doubled[keys[times > 1] // span] = True
    return doubled
