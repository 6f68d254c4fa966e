"""Hold the hub's links against a known truth: what an evaluation and the demo both report."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from hub.journeys.context import Hub
from hub.store import constituents, database
from hub.vault.tags import Hasher
from matching.measures import Measures, measure


def cluster_by_key(hub: Hub) -> dict[bytes, int]:
    """The age number of the constituent each record is linked to, by the record's key hash."""
    with database.transaction(hub.engine) as connection:
        return dict(constituents.links_by_key(connection))


def measure_links(hub: Hub, truth: Iterable[tuple[str, str]]) -> Measures:
    """Measure all links against (record as `source:key`, entity). Records not linked are left out."""
    clusters = cluster_by_key(hub)
    key_hash = Hasher(hub.keys).key
    judged = ((clusters.get(key_hash(record)), entity) for record, entity in truth)
    return measure_clusters((cluster, entity) for cluster, entity in judged if cluster is not None)


def measure_clusters(judged: Iterable[tuple[int, str | None]]) -> Measures:
    """Measure (cluster number, true entity or None) of each record."""
    rows = list(judged)
    numbers = np.array([cluster for cluster, _ in rows], dtype=np.int64)
    return measure(numbers, [entity for _, entity in rows])
