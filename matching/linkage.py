"""The whole batch: a population and a model in, clusters and questions for stewards out.

Decides the order of the steps and what a batch reports of itself. The rule that makes clusters is
partition.py's alone; here the components it would join or leave apart without a doubt take a short cut.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa

from matching.average_linkage import Bars, Pair
from matching.blocking import RULES
from matching.candidates import candidate_pairs
from matching.components import Ints, PairWeights, runs
from matching.model import Model
from matching.pieces import components, cut, judge, pairs_inside, review_questions
from matching.population import NO_JUDGEMENTS, Judgements, Population, ground
from matching.review import Question
from matching.splink_model import score

Score = Callable[[pa.Table], pa.Table]
"""pairs [left, right] of record numbers -> [left, right, weight_microbits], one row for each."""

Progress = Callable[[str, float], None]
"""Told (step, share of it that is done, 0 to 1); steps are STEPS, in their order."""

STEPS = ("candidates", "score", "components", "score_inside", "partition", "review")
LOOKS_MAX = 100
"""Different looks a component is judged with as a whole: all its pairs are then weighed, some five thousand."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a batch counted. suppressed_tags were passed over, as the model says; outgrown_tags were not,
    though they are past the cap: the model wants a new version."""

    records: int
    pairs: int
    pairs_inside: int
    edges: int
    components: int
    largest_component: int
    clusters: int
    largest_cluster: int
    judged_one_by_one: int
    suppressed_tags: int = 0
    outgrown_tags: int = 0


@dataclass(frozen=True, slots=True)
class Linkage:
    """clusters[i] is the number, 0 upwards in the order of first records, of records[i]'s cluster;
    components[i] the lowest record number of its component.

    review: see review.questions, by record number. left_apart: records of components no bar divided.
    contradictions: SAME judgements not followed. seconds: by step of STEPS.
    """

    records: Ints
    clusters: Ints
    components: Ints
    review: list[Question]
    left_apart: list[list[int]]
    contradictions: list[Pair]
    statistics: Statistics
    seconds: dict[str, float]

    def members(self) -> list[list[int]]:
        """Record numbers of each cluster, ascending; the list is in the order of cluster numbers."""
        order = np.argsort(self.clusters, kind="stable")
        records = self.records[order].tolist()
        return [records[a:b] for a, b in pairwise(runs(self.clusters[order]).tolist())]


def link(
    population: Population,
    model: Model,
    *,
    connection: duckdb.DuckDBPyConnection,
    judgements: Judgements = NO_JUDGEMENTS,
    tag_cap: int,
    progress: Progress | None = None,
) -> Linkage:
    """Link a population with a published model.

    tag_cap: records that may share a tag before it is told as outgrown. The same population, model and
    judgements give the same clusters in any load order.
    """
    steps = _Steps(progress)
    with steps("candidates"):
        candidates = candidate_pairs(
            connection,
            population.tags,
            population.poor,
            model.suppressed_tags,
            tier_of_rule={number: rule.tier for number, rule in RULES.items()},
            cap=tag_cap,
        )
    weigh = partial(_score, population.features, model, connection)
    linked = link_pairs(
        population, candidates.pairs, weigh, bars_of(model), judgements, progress=progress
    )
    return replace(
        linked,
        seconds=steps.seconds | linked.seconds,
        statistics=replace(
            linked.statistics,
            suppressed_tags=len(candidates.suppressed),
            outgrown_tags=len(candidates.outgrown),
        ),
    )


def bars_of(model: Model) -> Bars:
    """Where a model draws its lines."""
    return Bars(
        review_min_microbits=model.review_min_microbits,
        link_min_microbits=model.link_min_microbits,
        merge_min_microbits=model.merge_min_microbits,
        looks_max=LOOKS_MAX,
    )


def _score(
    features: pa.Table, model: Model, connection: duckdb.DuckDBPyConnection, pairs: pa.Table
) -> pa.Table:
    return score(features, model, pairs, connection=connection)


def link_pairs(
    population: Population,
    pairs: pa.Table,
    weigh: Score,
    bars: Bars,
    judgements: Judgements = NO_JUDGEMENTS,
    *,
    progress: Progress | None = None,
) -> Linkage:
    """Link a population whose candidate pairs are given, with any symmetric scorer."""
    steps = _Steps(progress)
    records: Ints = population.features["record"].to_numpy()
    known = ground(population, judgements)
    weights = PairWeights(len(records))
    with steps("score"):
        _add(weights, records, weigh(pairs))
    with steps("components"):
        edges = int((weights.microbits >= bars.review_min_microbits).sum())
        candidates = weights.copy()
        component = components(known, weights, bars)
        pieces = cut(known, component, weights, bars)
    with steps("score_inside"):
        inside = pairs_inside(pieces)
        _, held = weights.find(inside.left, inside.right)
        if not held.all():
            left, right = records[inside.left[~held]], records[inside.right[~held]]
            _add(weights, records, weigh(pa.table({"left": left, "right": right})))
    with steps("partition"):
        microbits, _ = weights.find(inside.left, inside.right)
        judged = judge(known, pieces, inside, microbits, bars)
        _, cluster = np.unique(judged.cluster, return_inverse=True)
    with steps("review"):
        review = review_questions(
            known, cluster, candidates, bars, pieces.left_apart, judged.contradictions
        )
    return Linkage(
        records,
        cluster,
        records[component],
        [_with_records(question, records) for question in review],
        [records[part].tolist() for part in pieces.left_apart],
        [(int(records[i]), int(records[j])) for i, j in judged.contradictions],
        Statistics(
            records=len(records),
            pairs=len(pairs),
            pairs_inside=int((~held).sum()),
            edges=edges,
            components=len(np.unique(component)),
            largest_component=_largest(component),
            clusters=len(np.unique(cluster)),
            largest_cluster=_largest(cluster),
            judged_one_by_one=judged.one_by_one,
        ),
        steps.seconds,
    )


def _with_records(question: Question, records: Ints) -> Question:
    right = question.right
    return question._replace(
        left=int(records[question.left]), right=None if right is None else int(records[right])
    )


def _add(weights: PairWeights, records: Ints, scored: pa.Table) -> None:
    left = np.searchsorted(records, scored["left"].to_numpy())
    right = np.searchsorted(records, scored["right"].to_numpy())
    weights.add(left, right, scored["weight_microbits"].to_numpy())


def _largest(labels: Ints) -> int:
    return int(np.bincount(labels).max(initial=0))


class _Steps:
    """Times each step and tells of its beginning and end."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, step: str) -> Iterator[None]:
        self._tell(step, 0.0)
        started = time.perf_counter()
        yield
        self.seconds[step] = time.perf_counter() - started
        self._tell(step, 1.0)

    def _tell(self, step: str, share: float) -> None:
        if self._progress is not None:
            self._progress(step, share)
