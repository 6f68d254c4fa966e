"""What a batch links: the records of one constituent kind and what stewards and objectors said of them.

Decides the shapes a caller hands over, and turns record numbers into the positions the steps work on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa

from matching.average_linkage import Pair
from matching.components import Ints
from matching.ground import Ground


@dataclass(frozen=True, slots=True)
class Population:
    """Records of one constituent kind, as a batch links them.

    features: `record` (int64, strictly ascending) and the comparison columns. tags: candidates.TAGS_SCHEMA.
    poor, objecting: record numbers (int64), of records with few strong attributes and of those that stand
    apart, whatever they weigh. source, order_key: one per row of features; the key is unique, and stable
    whatever order records were loaded in. duplicate_free: source numbers.
    """

    features: pa.Table
    tags: pa.Table
    poor: Ints
    source: Ints
    order_key: Sequence[bytes]
    duplicate_free: frozenset[int] = frozenset()
    objecting: Ints = field(default_factory=lambda: np.empty(0, np.int64))

    def __post_init__(self) -> None:
        records = self.features["record"].to_numpy()
        if not (len(records) == len(self.source) == len(self.order_key)):
            raise ValueError("a population has one source and one order key per record")
        if len(records) > 1 and not (np.diff(records) > 0).all():
            raise ValueError("a population's records ascend strictly")

    @property
    def compared(self) -> pa.Table:
        """The features of the records that do not stand apart."""
        is_apart = np.isin(self.features["record"].to_numpy(), self.objecting)
        return self.features.filter(pa.array(~is_apart)) if is_apart.any() else self.features


@dataclass(frozen=True, slots=True)
class Judgements:
    """Stewards' accepted words on pairs of records, as record numbers. One on an absent record sleeps."""

    same: Collection[Pair] = ()
    different: Collection[Pair] = ()


NO_JUDGEMENTS = Judgements()


def ground(population: Population, judgements: Judgements) -> Ground:
    """The population by position, without judgements and objections on records it does not hold."""
    records: Ints = population.features["record"].to_numpy()
    bound = np.isin(population.source, list(population.duplicate_free))
    return Ground(
        source=np.where(bound, population.source, -1).astype(np.int64),
        order_key=population.order_key,
        apart=np.isin(records, population.objecting),
        same=_positions(records, judgements.same),
        different=_positions(records, judgements.different),
        looks_of=partial(_looks, population.features),
    )


def _positions(records: Ints, pairs: Collection[Pair]) -> list[Pair]:
    asked = np.array(list(pairs), np.int64).reshape(-1, 2)
    asked = asked[np.isin(asked, records).all(axis=1) & (asked[:, 0] != asked[:, 1])]
    return [(int(i), int(j)) for i, j in np.searchsorted(records, asked)]


def _looks(features: pa.Table, positions: Ints) -> Ints:
    """For each position the first of them with equal values in every comparison column."""
    rows = features.drop_columns(["record"]).take(positions)
    firsts: dict[tuple[object, ...], int] = {}
    columns = [column.to_pylist() for column in rows.columns] or [[None] * len(positions)]
    return np.array(
        [
            firsts.setdefault(values, position)
            for position, values in zip(positions.tolist(), zip(*columns, strict=True), strict=True)
        ],
        np.int64,
    )
