"""How well clusters agree with the truth, where the truth is known.

Decides the three measures the hub reports: over pairs, over records (B-cubed), and over whole entities.
All come from one table of counts, never from a list of pairs, so a million records take a moment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from matching.components import Ints


@dataclass(frozen=True, slots=True)
class Agreement:
    """precision: of what was said to belong together, the share that does; recall: of what belongs
    together, the share that was said to. A share of nothing is 1. f1: their harmonic mean."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Measures:
    """pairwise: over pairs of records. bcubed: mean over records of what the others of their cluster and
    of their entity say (Bagga & Baldwin 1998). exact_entities: share of true entities whose records are
    one cluster, all of them and no other's. largest_cluster counts all records; everything else only
    `records_judged`, since `records_without_truth` cannot be right or wrong.
    """

    pairwise: Agreement
    bcubed: Agreement
    exact_entities: float
    entities_true: int
    clusters: int
    largest_cluster: int
    records_judged: int
    records_without_truth: int


def measure(clusters: Ints | Sequence[int], truth: Sequence[str | None]) -> Measures:
    """Compare clusters with truth: the number of each record's cluster, the name of its true entity.

    The name is None where the truth is unknown. Raises ValueError when they are not as long as each other.
    """
    if len(clusters) != len(truth):
        raise ValueError("one cluster and one truth for each record")
    _, found = np.unique(np.asarray(clusters, np.int64), return_inverse=True)
    names = pa.array(truth, pa.string()).dictionary_encode()
    entity: Ints = names.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    known = entity >= 0
    _, cluster = np.unique(found[known], return_inverse=True)
    entity = entity[known]
    cluster_size, entity_size = np.bincount(cluster), np.bincount(entity)
    entity_size = entity_size[entity_size > 0]
    _, entity = np.unique(entity, return_inverse=True)
    cells, together = np.unique(cluster * len(entity_size) + entity, return_counts=True)
    of_cluster = cluster_size[cells // max(1, len(entity_size))]
    of_entity = entity_size[cells % max(1, len(entity_size))]
    exact = int(((together == of_cluster) & (together == of_entity)).sum())
    return Measures(
        pairwise=Agreement(
            _share(_pairs(together), _pairs(cluster_size)),
            _share(_pairs(together), _pairs(entity_size)),
        ),
        # A cell's records each see `together` of their cluster's, and of their entity's, as their own.
        bcubed=Agreement(
            _share(float((together * (together / of_cluster)).sum()), len(entity)),
            _share(float((together * (together / of_entity)).sum()), len(entity)),
        ),
        exact_entities=_share(exact, len(entity_size)),
        entities_true=len(entity_size),
        clusters=len(cluster_size),
        largest_cluster=int(np.bincount(found).max(initial=0)),
        records_judged=len(entity),
        records_without_truth=int((~known).sum()),
    )


def _pairs(sizes: Ints) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 1.0
