"""The shapes a batch's partition works on: everything by position, 0 to n - 1, in arrays.

Decides nothing; pieces.py fills them and slices.py takes single pieces out of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matching.average_linkage import Node, Pair
from matching.components import Flags, Ints


@dataclass(frozen=True, slots=True)
class Ground:
    """What the partition knows of n records beside their weights, one entry per position.

    source: number of a duplicate-free source, else -1. apart: objects to linkage. same, different: pairs
    of positions. looks_of: positions -> for each the lowest of them that looks the same to the model.
    """

    source: Ints
    order_key: Sequence[bytes]
    apart: Flags
    same: list[Pair]
    different: list[Pair]
    looks_of: Callable[[Ints], Ints]

    def node(self, position: int, look: int) -> Node:
        source = int(self.source[position])
        return Node(
            self.order_key[position],
            look,
            source if source >= 0 else None,
            bool(self.apart[position]),
        )


@dataclass(frozen=True, slots=True)
class Pieces:
    """piece: per position, the lowest position of the piece it is judged in. look: per position, the
    lowest one of its piece known to look the same. left_apart: positions no bar divided."""

    piece: Ints
    look: Ints
    left_apart: list[list[int]]


@dataclass(frozen=True, slots=True)
class Inside:
    """The pairs whose weights judge the pieces: every pair of different looks of a piece, sorted by piece,
    and after them (`twins` many) one pair of equal looks where a look has several records."""

    piece: Ints
    left: Ints
    right: Ints
    twins: int


@dataclass(frozen=True, slots=True)
class Judged:
    """cluster: per position, the lowest position of its cluster. one_by_one: pieces without a short cut."""

    cluster: Ints
    contradictions: list[Pair]
    one_by_one: int
