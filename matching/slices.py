"""Take single pieces out of a batch's long arrays, as the partition's rule asks for them.

Decides nothing: each slice says of its records what partition.py would be told of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from matching.average_linkage import Node, Pair, WeightOf
from matching.components import Ints, pair_index, runs
from matching.ground import Ground, Inside, Pieces


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece to be judged one by one: its positions, and what partition.py asks, by place among them."""

    members: list[int]
    nodes: list[Node]
    weight_of: WeightOf
    same: list[Pair]
    different: list[Pair]


def slices(
    ground: Ground, pieces: Pieces, inside: Inside, microbits: Ints, wanted: Ints
) -> Iterator[Slice]:
    """The wanted pieces, each with its weights taken out of the long arrays."""
    same = _by_piece(ground.same, pieces)
    different = _by_piece(ground.different, pieces)
    positions = np.flatnonzero(np.isin(pieces.piece, wanted))
    positions = positions[np.argsort(pieces.piece[positions], kind="stable")]
    everyone = positions.tolist()
    looks = pieces.look[positions].tolist()
    pairs_end = len(inside.piece) - inside.twins
    pair_starts = np.searchsorted(inside.piece[:pairs_end], wanted).tolist()
    weights = microbits.tolist()
    own = dict(zip(inside.left[pairs_end:].tolist(), weights[pairs_end:], strict=True))
    bounds = runs(pieces.piece[positions]).tolist()
    for first_pair, (start, end) in zip(pair_starts, pairwise(bounds), strict=True):
        members = everyone[start:end]
        place = {position: i for i, position in enumerate(members)}
        piece = members[0]
        yield Slice(
            members,
            [ground.node(position, 0) for position in members],
            _weight_of(members, looks[start:end], weights, first_pair, own),
            [(place[i], place[j]) for i, j in same.get(piece, ())],
            [(place[i], place[j]) for i, j in different.get(piece, ())],
        )


def _by_piece(pairs: list[Pair], pieces: Pieces) -> dict[int, list[Pair]]:
    found: defaultdict[int, list[Pair]] = defaultdict(list)
    for i, j in pairs:
        piece = int(pieces.piece[i])
        if piece == pieces.piece[j]:
            found[piece].append((i, j))
    return found


def _weight_of(
    members: list[int], looks: list[int], weights: list[int], first_pair: int, own: dict[int, int]
) -> WeightOf:
    """The weights of one piece; records that look the same share those of the first of them."""
    if members == looks:
        size = len(members)

        def weight_of_own(i: int, j: int) -> int:
            return weights[
                first_pair + (pair_index(i, j, size) if i < j else pair_index(j, i, size))
            ]

        return weight_of_own
    firsts = sorted(set(looks))
    place = {look: i for i, look in enumerate(firsts)}
    places = [place[look] for look in looks]

    def weight_of(i: int, j: int) -> int:
        if looks[i] == looks[j]:
            return own[looks[i]]
        a, b = sorted((places[i], places[j]))
        return weights[first_pair + pair_index(a, b, len(firsts))]

    return weight_of
