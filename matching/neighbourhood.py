"""The partition of a few records around a change, with the scorer a batch's model compiles to.

Decides which of them are candidates for each other, and gives the clusters, components and questions that
a batch over all records would give these. Who must be among them is the caller's to know: everyone in a
component that the change touches.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from matching.average_linkage import Bars, Node, Pair
from matching.blocking import RULES
from matching.compiled import Prepared, Scorer
from matching.features import Features
from matching.partition import connected, partition
from matching.review import Outcome, Question, questions

Tag = tuple[int, int]
"""A blocking tag and the number of its rule."""

SECOND_TIER = frozenset(number for number, rule in RULES.items() if rule.tier > 1)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One record near a change. source: the number of its source if that is duplicate-free.

    order_key: the record's keyed hash, which breaks ties. is_apart: the constituent objected to linkage.
    """

    record: int
    order_key: bytes
    source: int | None
    is_apart: bool
    is_poor: bool
    features: Features
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Stewards' standing judgements between the neighbours, as pairs of record numbers."""

    same: Collection[Pair] = ()
    different: Collection[Pair] = ()


@dataclass(frozen=True, slots=True)
class Divided:
    """Clusters and components of record numbers, ascending in each; questions name record numbers too."""

    clusters: list[list[int]]
    components: list[list[int]]
    questions: list[Question]


@dataclass(slots=True)
class Weights:
    """Weighs pairs once each; records that look the same to the model are weighed as one.

    weighed: microbits by the two looks, the lower first.
    """

    scorer: Scorer
    weighed: dict[Pair, int] = field(default_factory=dict)
    _prepared: list[Prepared] = field(default_factory=list)
    _looks: dict[object, int] = field(default_factory=dict)

    def look_of(self, features: Features) -> int:
        """What a record looks like: the same for equal values in every column."""
        values = (features.values, tuple(sorted(features.custom.items())))
        look = self._looks.setdefault(values, len(self._prepared))
        if look == len(self._prepared):
            self._prepared.append(self.scorer.prepare(features))
        return look

    def between(self, one: int, other: int) -> int:
        """Microbits of two records by their looks."""
        pair = (one, other) if one < other else (other, one)
        found = self.weighed.get(pair)
        if found is None:
            left, right = self._prepared[pair[0]], self._prepared[pair[1]]
            found = self.weighed[pair] = self.scorer.weigh(left, right)
        return found


def divide(
    neighbours: Sequence[Neighbour],
    weights: Weights,
    verdicts: Verdicts,
    bars: Bars,
    suppressed: Collection[int] = (),
) -> Divided:
    """Partition the neighbours as a batch would; suppressed: the model's tags too common to ask with."""
    looks = [weights.look_of(neighbour.features) for neighbour in neighbours]
    nodes = [
        Node(n.order_key, look, n.source, n.is_apart)
        for n, look in zip(neighbours, looks, strict=True)
    ]

    def weight_of(i: int, j: int) -> int:
        return weights.between(looks[i], looks[j])

    place = {neighbour.record: i for i, neighbour in enumerate(neighbours)}
    same, different = (_placed(pairs, place) for pairs in (verdicts.same, verdicts.different))
    edges = {
        (i, j): weight_of(i, j)
        for i, j in candidates(neighbours, suppressed)
        if not (nodes[i].is_apart or nodes[j].is_apart)
    }
    found = partition(nodes, edges, weight_of, bars, same=same, different=different)
    cluster = [0] * len(nodes)
    for label, members in enumerate(found.clusters):
        for i in members:
            cluster[i] = label
    outcome = Outcome(cluster, same, different, found.left_apart, found.contradictions)
    asked = _questions(outcome, nodes, edges, bars)
    records = [neighbour.record for neighbour in neighbours]
    return Divided(
        _named(found.clusters, records),
        _named(connected(nodes, edges, bars, same=same), records),
        [_with_records(question, records) for question in asked],
    )


def candidates(neighbours: Sequence[Neighbour], suppressed: Collection[int]) -> Iterator[Pair]:
    """The pairs (i < j) that share a tag which is not suppressed: one of the first tier, or of the second
    where one of the two is poor."""
    holders: defaultdict[Tag, list[int]] = defaultdict(list)
    for i, neighbour in enumerate(neighbours):
        for offered in neighbour.tags:
            holders[offered].append(i)
    met: set[Pair] = set()
    for (tag, rule), members in holders.items():
        if len(members) < 2 or tag in suppressed:
            continue
        is_second = rule in SECOND_TIER
        for place, j in enumerate(members):
            for i in members[:place]:
                if is_second and not (neighbours[i].is_poor or neighbours[j].is_poor):
                    continue
                met.add((i, j))
    return iter(met)


def _placed(pairs: Collection[Pair], place: Mapping[int, int]) -> list[Pair]:
    """Judgements on records that are not here sleep."""
    return [
        (place[left], place[right])
        for left, right in pairs
        if left in place and right in place and left != right
    ]


def _questions(
    outcome: Outcome, nodes: Sequence[Node], edges: Mapping[Pair, int], bars: Bars
) -> list[Question]:
    cluster = outcome.cluster
    within: dict[int, int] = {}
    crossing: list[tuple[int, int, int]] = []
    for (i, j), microbits in edges.items():
        if cluster[i] == cluster[j]:
            within[i] = max(microbits, within.get(i, microbits))
            within[j] = max(microbits, within.get(j, microbits))
        elif microbits >= bars.review_min_microbits and not (
            nodes[i].is_apart or nodes[j].is_apart
        ):
            crossing.append((i, j, microbits))
    sources: defaultdict[int, set[int]] = defaultdict(set)
    for i, node in enumerate(nodes):
        if node.source is not None:
            sources[cluster[i]].add(node.source)
    return questions(
        outcome,
        crossing,
        nodes.__getitem__,
        lambda i: within.get(i, bars.review_min_microbits),
        lambda label: frozenset(sources.get(label, ())),
        bars,
    )


def _named(groups: Sequence[Sequence[int]], records: Sequence[int]) -> list[list[int]]:
    return [sorted(records[i] for i in group) for group in groups]


def _with_records(question: Question, records: Sequence[int]) -> Question:
    left = records[question.left]
    if question.right is None:
        return question._replace(left=left)
    right = records[question.right]
    return question._replace(left=min(left, right), right=max(left, right))
