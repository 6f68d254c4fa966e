"""Which pairs a batch puts before a steward: those it weighed in the review band and did not join.

Decides one question per pair of clusters, its strongest, and says why it was not answered by weight.
What a steward sees of it, and in what order, is left to the screens.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
import pyarrow as pa

from matching.average_linkage import Bars
from matching.components import Ints, PairWeights
from matching.ground import Ground


class Doubt(StrEnum):
    """Why two clusters with a pair in the review band or above are apart."""

    BAND = "band"  # no pair reaches the link bar
    AVERAGE = (
        "average"  # a pair does, the two clusters' average does not, or their component was cut
    )
    SOURCE = "source"  # both hold a record of one duplicate-free source


def review_pairs(
    records: Ints,
    cluster: Ints,
    weights: PairWeights,
    bars: Bars,
    ground: Ground,
) -> pa.Table:
    """The strongest pair of each two clusters: columns left, right (record numbers), left_cluster,
    right_cluster, weight_microbits, doubt (a Doubt's value); strongest first, ties by order keys.

    records and cluster are by position, cluster numbers from 0 upwards. Clusters a steward called DIFFERENT and records that may not be linked are not asked about.
    """
    chosen = weights.microbits >= bars.review_min_microbits
    chosen &= cluster[weights.left] != cluster[weights.right]
    chosen &= ~(ground.apart[weights.left] | ground.apart[weights.right])
    left, right, microbits = weights.left[chosen], weights.right[chosen], weights.microbits[chosen]
    between = _between(cluster, left, right)
    judged = np.array(ground.different, np.int64).reshape(-1, 2)
    open_question = ~np.isin(between, _between(cluster, judged[:, 0], judged[:, 1]))
    left, right = left[open_question], right[open_question]
    microbits, between = microbits[open_question], between[open_question]

    place = _ranks(ground.order_key, left, right)
    low, high = np.minimum(place[0], place[1]), np.maximum(place[0], place[1])
    order = np.lexsort((high, low, -microbits, between))
    _, first = np.unique(between[order], return_index=True)
    best = order[first]
    best = best[np.lexsort((high[best], low[best], -microbits[best]))]
    left, right, microbits = left[best], right[best], microbits[best]
    return pa.table(
        {
            "left": records[left],
            "right": records[right],
            "left_cluster": cluster[left],
            "right_cluster": cluster[right],
            "weight_microbits": microbits,
            "doubt": _doubts(cluster, ground.source, left, right, microbits, bars),
        }
    )


def _between(cluster: Ints, left: Ints, right: Ints) -> Ints:
    """A number for the unordered pair of clusters of each pair of positions."""
    a, b = cluster[left], cluster[right]
    return np.minimum(a, b) * len(cluster) + np.maximum(a, b)


def _ranks(order_key: Sequence[bytes], left: Ints, right: Ints) -> tuple[Ints, Ints]:
    """The place of each position's order key among those asked about."""
    asked, where = np.unique(np.concatenate((left, right)), return_inverse=True)
    keys = [order_key[i] for i in asked.tolist()]
    rank = np.empty(len(keys), np.int64)
    rank[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(len(keys))
    places = rank[where]
    return places[: len(left)], places[len(left) :]


def _doubts(
    cluster: Ints, source: Ints, left: Ints, right: Ints, microbits: Ints, bars: Bars
) -> list[str]:
    shared = np.zeros(len(left), np.bool_)
    for number in np.unique(source[source >= 0]):
        holds = np.zeros(len(cluster), np.bool_)
        holds[cluster[source == number]] = True
        shared |= holds[cluster[left]] & holds[cluster[right]]
    strong = microbits >= bars.link_min_microbits
    doubts = np.where(shared, Doubt.SOURCE, np.where(strong, Doubt.AVERAGE, Doubt.BAND))
    return [str(doubt) for doubt in doubts]
