"""The Merkle tree over leaves: roots, growth by its right edge, and proofs, as RFC 6962 §2.1 defines them.

Growing needs about twenty hashes, never the leaves before. Proofs read stored nodes through a function
that is handed in; where nodes rest, and what a leaf says, is not known here. Proofs are made and
checked by the iterative forms of RFC 9162 §2.1.3 and §2.1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Final, Self

EMPTY_ROOT: Final = sha256(b"").digest()
HASH_BYTES: Final = 32

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"

ReadNode = Callable[[int, int], bytes]
"""(level, index) to the root of the perfect subtree over leaves [index * 2^level, (index + 1) * 2^level)."""


def leaf_hash(leaf: bytes) -> bytes:
    """Hash of a leaf's data; its first byte keeps a leaf from passing for a node (RFC 6962 §2.1)."""
    return sha256(_LEAF + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of two children."""
    return sha256(_NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Node:
    """The root of a perfect subtree; once complete it never changes."""

    level: int
    index: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class RightEdge:
    """A tree of `size` leaves, as the roots of its perfect subtrees, largest first: one for each 1 bit.

    Raises ValueError if the hashes are not as many as the size has 1 bits.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"{len(self.hashes)} hashes are no right edge of {self.size} leaves")

    def root(self) -> bytes:
        """The tree's root; of no leaves, the hash of nothing."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            root = node_hash(left, root)
        return root

    def extended(self, leaf_hashes: Iterable[bytes]) -> tuple[Self, list[Node]]:
        """The tree with further leaves, and the inner nodes they completed (levels from 1), to be stored."""
        hashes, size, completed = list(self.hashes), self.size, []
        for top in leaf_hashes:
            level, index = 0, size
            while index & 1:
                top = node_hash(hashes.pop(), top)  # noqa: PLW2901
                level, index = level + 1, index >> 1
                completed.append(Node(level, index, top))
            hashes.append(top)
            size += 1
        return type(self)(size, tuple(hashes)), completed


class HeldNodes:
    """All nodes of a tree in memory: for small trees, and for tests. `read` is a ReadNode."""

    __slots__ = ("_levels", "size")

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.size = len(leaf_hashes)
        self._levels = [list(leaf_hashes)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[0::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    def read(self, level: int, index: int) -> bytes:
        return self._levels[level][index]


def root_at(size: int, read: ReadNode) -> bytes:
    """The root the tree had at `size` leaves."""
    return _range_root(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: ReadNode) -> list[bytes]:
    """Audit path of leaf `index` in the tree of `size` leaves, from the leaf's sibling up.

    RFC 6962 §2.1.1. Raises ValueError if there is no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} among {size}")
    start, end = 0, size
    beside = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            beside.append((middle, end))
            end = middle
        else:
            beside.append((start, middle))
            start = middle
    return [_range_root(*span, read) for span in reversed(beside)]


def consistency_proof(first: int, second: int, read: ReadNode) -> list[bytes]:
    """That the tree of `first` leaves is the beginning of the tree of `second` (RFC 6962 §2.1.2).

    Empty for equal sizes and for a first of 0. Raises ValueError if first > second.
    """
    if not 0 <= first <= second:
        raise ValueError(f"{first} leaves are no beginning of {second}")
    if first == 0:
        return []
    start, end = 0, second
    spans = []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    if start:
        spans.append((start, end))
    return [_range_root(*span, read) for span in reversed(spans)]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `leaf` (its hash) is leaf `index` of the tree with that size and root (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or any(len(item) != HASH_BYTES for item in (leaf, *proof)):
        return False
    place, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and compare_digest(found, root)


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `first` leaves is a beginning of the other (RFC 9162 §2.1.4.2).

    Equal sizes need equal roots and an empty proof; a first of 0 the empty tree's root and an empty proof.
    """
    if not 0 <= first <= second or any(len(item) != HASH_BYTES for item in proof):
        return False
    if first in (0, second):
        known = EMPTY_ROOT if first == 0 else second_root
        return not proof and compare_digest(first_root, known)
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(beside, old), node_hash(beside, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and compare_digest(old, first_root) and compare_digest(new, second_root)


def _split(count: int) -> int:
    """The largest power of two below `count`, which is above 1."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_root(start: int, end: int, read: ReadNode) -> bytes:
    """Root over leaves [start, end), where start is a multiple of every perfect subtree in it."""
    hashes = []
    while start < end:
        level = (end - start).bit_length() - 1
        hashes.append(read(level, start >> level))
        start += 1 << level
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root
