"""Link labelled data in a hub made for it, by the code that links agencies' data, and hold it against the truth.

Decides how truth is joined to clusters. The measures are matching.measures'; the hub is the caller's,
and thrown away after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connectors.contract import Reader
from connectors.evaluation import Evaluation, Labelled, LabelledMapper, LabelledSource
from hub.journeys.accuracy import cluster_by_key, measure_clusters
from hub.journeys.context import Hub
from hub.journeys.link import LinkReport, link_kind
from hub.journeys.load import LoadReport, load_sources
from hub.journeys.memory import MemoryWatch
from hub.journeys.models import publish_model
from hub.vault.tags import Hasher
from matching.measures import Measures
from matching.model import Model

Progress = Callable[[str], None]
"""Told what is being done, a phrase a step."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A record and the number of the cluster it was linked into."""

    record: str
    cluster: int
    truth: str | None


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """How well the clusters agree with the truth, and what it took."""

    loads: list[LoadReport]
    links: list[LinkReport]
    measures: Measures
    assignments: list[Assignment]
    seconds: dict[str, float]
    peak_rss_mb: int
    model: str


def evaluate(
    hub: Hub,
    evaluation: Evaluation,
    readers: Sequence[Reader],
    model: Model | None,
    progress: Progress,
) -> EvaluationReport:
    """Load and link an evaluation's sources in an empty hub and measure the clusters.

    readers: one for each source, in their order. model: link with this one; None trains on the data.
    """
    with MemoryWatch() as memory:
        started = time.monotonic()
        progress("loading")
        loaded = [
            (source.as_source(), reader)
            for source, reader in zip(evaluation.sources, readers, strict=True)
        ]
        loads = load_sources(hub, loaded)
        loaded_at = time.monotonic()
        if model is not None:
            publish_model(hub, model)
        kinds = sorted({source.kind for source in evaluation.sources})
        progress("linking")
        links = [link_kind(hub, kind) for kind in kinds]
        seconds = _seconds(started, loaded_at, links)
    progress("measuring")
    assignments = _assignments(hub, evaluation, readers)
    return EvaluationReport(
        loads=loads,
        links=links,
        measures=measure_clusters((item.cluster, item.truth) for item in assignments),
        assignments=assignments,
        seconds=seconds,
        peak_rss_mb=memory.peak_mb,
        model=", ".join(link.model for link in links),
    )


def _seconds(started: float, loaded_at: float, links: Sequence[LinkReport]) -> dict[str, float]:
    def spent(*steps: str) -> float:
        return sum(link.seconds.get(step, 0.0) for link in links for step in steps)

    return {
        "load": loaded_at - started,
        "train": spent("train"),
        "score": spent("read", "candidates", "score", "score_inside"),
        "cluster": spent("components", "partition", "review", "publish"),
        "total": time.monotonic() - started,
    }


def _assignments(hub: Hub, evaluation: Evaluation, readers: Sequence[Reader]) -> list[Assignment]:
    """Every labelled row with the cluster its record is in; rows that became no record are left out."""
    cluster_of = cluster_by_key(hub)
    hasher = Hasher(hub.keys)
    found: dict[str, Assignment] = {}
    for source, reader in zip(evaluation.sources, readers, strict=True):
        for labelled in _labelled(source, reader):
            key = str(labelled.record.key)
            cluster = cluster_of.get(hasher.key(key))
            if cluster is not None:
                found.setdefault(key, Assignment(key, cluster, labelled.truth))
    return list(found.values())


def _labelled(source: LabelledSource, reader: Reader) -> Iterator[Labelled]:
    mapper: LabelledMapper | None = None
    columns: tuple[str, ...] = ()
    for batch in reader.read(None):
        if mapper is None or batch.columns != columns:
            mapper, columns = LabelledMapper(source, batch.columns), batch.columns
        for number, values in zip(batch.row_numbers, batch.rows, strict=True):
            item = mapper.record(values, number, batch.location)
            if isinstance(item, Labelled):
                yield item
