"""Seeded chance for the demo world: the same seed draws the same world on every machine.

Everything is built on `random.Random.random()`, the one method whose sequence Python promises not
to change; `choice`, `shuffle` and NumPy's generators make no such promise across releases.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


class Dice:
    """Draws of one stream. Streams of different purposes do not disturb one another."""

    __slots__ = ("random",)

    def __init__(self, seed: int, purpose: str) -> None:
        # A text seed goes through SHA-512, so neighbouring seeds are unrelated streams.
        self.random = Random(f"{seed}/{purpose}").random

    def chance(self, probability: float) -> bool:
        """True in `probability` of the draws."""
        return self.random() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self.random() * limit)

    def between(self, first: int, last: int) -> int:
        """A whole number from first to last, both included."""
        return first + int(self.random() * (last - first + 1))

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each equally likely."""
        return options[int(self.random() * len(options))]

    def digits(self, count: int) -> str:
        """`count` decimal digits, leading zeros kept."""
        return f"{int(self.random() * 10**count):0{count}d}"

    def day(self, first: date, last: date) -> date:
        """A day from first to last, both included; `first` where they are crossed."""
        return first + timedelta(days=int(self.random() * max(1, (last - first).days + 1)))


class Weighted(Generic[T]):
    """Options of unequal likelihood, drawn in logarithmic time."""

    __slots__ = ("_bounds", "_options", "_total")

    def __init__(self, weights: Iterable[tuple[T, float]]) -> None:
        pairs = list(weights)
        self._options = [option for option, _ in pairs]
        self._bounds = list(accumulate(weight for _, weight in pairs))
        self._total = self._bounds[-1]

    def draw(self, dice: Dice) -> T:
        """One option, by weight."""
        return self._options[bisect(self._bounds, dice.random() * self._total)]


def ranked(options: Iterable[T], offset: float, exponent: float) -> Weighted[T]:
    """Options in order of frequency, falling off as Zipf and Mandelbrot found names to do."""
    distinct = dict.fromkeys(options)
    return Weighted((o, (rank + offset) ** -exponent) for rank, o in enumerate(distinct))
