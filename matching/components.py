"""Connected records and the pairs inside them, a million at a time: arrays in, arrays out.

Decides nothing: these are the plain graph steps under linkage.py. Records are named by their position,
0 to n - 1; judging a component is left to partition.py.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def connected(n: int, left: Ints, right: Ints) -> Ints:
    """The component of each of n positions, named by the lowest position in it."""
    label = np.arange(n, dtype=np.int64)
    while True:
        a, b = label[left], label[right]
        crossing = a != b
        if not crossing.any():
            return label
        left, right, a, b = left[crossing], right[crossing], a[crossing], b[crossing]
        np.minimum.at(label, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(label, shorter := label[label]):
            label = shorter


def runs(labels: Ints) -> Ints:
    """Where each run of equal labels begins in a sorted array, and the array's length as the last entry."""
    if not len(labels):
        return np.zeros(1, np.int64)
    changes = np.flatnonzero(labels[1:] != labels[:-1]) + 1
    return np.concatenate(([0], changes, [len(labels)])).astype(np.int64)


def pairs_within(groups: Ints, members: Ints) -> tuple[Ints, Ints, Ints]:
    """All pairs of members of one group: (group, left, right), sorted by group.

    groups: sorted; members: ascending within a group. The pairs of a group of k stand as (0,1), (0,2) ...
    (k-2,k-1), so that `pair_index` finds one.
    """
    starts = runs(groups)
    sizes = np.diff(starts)
    offsets = np.concatenate(([0], np.cumsum(sizes * (sizes - 1) // 2)))
    first = np.empty(offsets[-1], np.int64)
    second = np.empty(offsets[-1], np.int64)
    for size in np.unique(sizes[sizes > 1]):
        chosen = np.flatnonzero(sizes == size)
        block = members[starts[chosen][:, None] + np.arange(size)]
        i, j = np.triu_indices(size, 1)
        at = offsets[chosen][:, None] + np.arange(len(i))
        first[at] = block[:, i]
        second[at] = block[:, j]
    return np.repeat(groups[starts[:-1]], np.diff(offsets)), first, second


def pair_index(i: int, j: int, size: int) -> int:
    """Where the pair (i, j), i < j, of a group of `size` stands among its pairs."""
    return i * size - i * (i + 1) // 2 + j - i - 1


class PairWeights:
    """Weights of pairs of positions, left < right; grows when pairs are scored later."""

    def __init__(self, n: int) -> None:
        self._n = n
        self._keys = np.empty(0, np.int64)
        self.left = np.empty(0, np.int64)
        self.right = np.empty(0, np.int64)
        self.microbits = np.empty(0, np.int64)

    def add(self, left: Ints, right: Ints, microbits: Ints) -> None:
        """Take pairs not held before, in any order."""
        keys = np.concatenate((self._keys, left * self._n + right))
        order = np.argsort(keys, kind="stable")
        self._keys = keys[order]
        self.left = np.concatenate((self.left, left))[order]
        self.right = np.concatenate((self.right, right))[order]
        self.microbits = np.concatenate((self.microbits, microbits))[order]

    def copy(self) -> PairWeights:
        """What is held now; `add` gives this one new arrays and leaves the copy's alone."""
        return copy(self)

    def find(self, left: Ints, right: Ints) -> tuple[Ints, Flags]:
        """(microbits, whether held) of each pair; 0 where not held."""
        keys = left * self._n + right
        at = np.searchsorted(self._keys, keys)
        held = at < len(self._keys)
        held[held] = self._keys[at[held]] == keys[held]
        microbits = np.zeros(len(keys), np.int64)
        microbits[held] = self.microbits[at[held]]
        return microbits, held
