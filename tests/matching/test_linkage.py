"""The batch gives what the partition's rule gives, tells what it could not decide, and counts itself."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import combinations
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.records import ConstituentKind, Identifier, Name, Record, RecordKey
from hub.domain.reviews import ReviewReason
from matching.average_linkage import BIT, Bars, Node, Pair
from matching.blocking import is_poor, keys
from matching.candidates import TAGS_SCHEMA, suppressed_tags
from matching.compiled import Scorer
from matching.engine import connect
from matching.features import Features, derive, to_table
from matching.linkage import STEPS, Linkage, link, link_pairs
from matching.model import with_suppressed
from matching.neighbourhood import Divided, Neighbour, Verdicts, Weights, divide
from matching.partition import partition
from matching.population import NO_JUDGEMENTS, Judgements, Population
from matching.review import Question
from matching.splink_model import train

BARS = Bars(review_min_microbits=2 * BIT, link_min_microbits=6 * BIT, merge_min_microbits=4 * BIT)


@dataclass
class Toy:
    """A population of a few records; `bits` by pair of looks, as a model sees no more than looks."""

    looks: Sequence[int]
    bits: Mapping[Pair, int]
    candidates: Sequence[Pair]
    sources: Sequence[int]
    keys: Sequence[int]
    numbers: Sequence[int]
    judgements: Judgements = NO_JUDGEMENTS
    objecting: Sequence[int] = ()
    bars: Bars = BARS
    asked: list[set[Pair]] = field(default_factory=list)

    def microbits(self, i: int, j: int) -> int:
        a, b = sorted((self.looks[i], self.looks[j]))
        return self.bits[a, b] * BIT

    def weigh(self, pairs: pa.Table) -> pa.Table:
        place = {number: i for i, number in enumerate(self.numbers)}
        rows = list(zip(pairs["left"].to_pylist(), pairs["right"].to_pylist(), strict=True))
        self.asked.append(set(rows))
        weights = [self.microbits(place[left], place[right]) for left, right in rows]
        return pairs.append_column("weight_microbits", pa.array(weights, pa.int64()))

    def population(self) -> Population:
        return Population(
            features=pa.table(
                {
                    "record": pa.array(self.numbers, pa.int64()),
                    "looks": [None if look == 0 else f"v{look}" for look in self.looks],
                }
            ),
            tags=pa.table({}),
            poor=np.empty(0, np.int64),
            source=np.array(self.sources, np.int64),
            order_key=[key.to_bytes(4, "big") for key in self.keys],
            duplicate_free=frozenset({1, 2}),
            objecting=np.array([self.numbers[i] for i in self.objecting], np.int64),
        )

    def link(self) -> Linkage:
        self.asked.clear()
        numbered = [(self.numbers[i], self.numbers[j]) for i, j in self.candidates]
        pairs = pa.table(
            {
                "left": pa.array([a for a, _ in numbered], pa.int64()),
                "right": pa.array([b for _, b in numbered], pa.int64()),
            }
        )
        return link_pairs(self.population(), pairs, self.weigh, self.bars, self.judgements)

    def divide(self, places: Sequence[int]) -> Divided:
        """The same rule over some of the records, as real time asks it."""
        scorer = cast("Scorer", ToyScorer(self))
        shared = {pair: tag for tag, pair in enumerate(self.candidates)}
        return divide(
            [
                Neighbour(
                    record=self.numbers[i],
                    order_key=self.keys[i].to_bytes(4, "big"),
                    source=self.sources[i] if self.sources[i] in (1, 2) else None,
                    is_apart=i in self.objecting,
                    is_poor=False,
                    features=Features((str(self.looks[i]),)),
                    tags=tuple((tag, 1) for pair, tag in shared.items() if i in pair),
                )
                for i in places
            ],
            Weights(scorer),
            Verdicts(self.judgements.same, self.judgements.different),
            self.bars,
        )

    def by_rule(self) -> list[list[int]]:
        place = {number: i for i, number in enumerate(self.numbers)}

        def present(pairs: object) -> list[Pair]:
            assert isinstance(pairs, list)
            return [(place[a], place[b]) for a, b in pairs if a in place and b in place]

        found = partition(
            [
                Node(
                    key.to_bytes(4, "big"),
                    look,
                    source if source in (1, 2) else None,
                    i in self.objecting,
                )
                for i, (key, look, source) in enumerate(
                    zip(self.keys, self.looks, self.sources, strict=True)
                )
            ],
            {pair: self.microbits(*pair) for pair in self.candidates},
            self.microbits,
            self.bars,
            same=present(self.judgements.same),
            different=present(self.judgements.different),
        )
        return sorted(sorted(self.numbers[i] for i in c) for c in found.clusters)


@dataclass
class ToyScorer:
    """Stands where a compiled model would: weighs looks by the toy's table."""

    toy: Toy

    def prepare(self, features: Features) -> int:
        return int(features.values[0] or 0)

    def weigh(self, left: int, right: int) -> int:
        return self.toy.bits[min(left, right), max(left, right)] * BIT


def toy(bits: Mapping[Pair, int], count: int, **changes: object) -> Toy:
    """Records 10, 20, 30 ... of different looks; the named pairs are the candidates."""
    every = dict.fromkeys(combinations(range(1, count + 1), 2), -20)
    return replace(
        Toy(
            looks=range(1, count + 1),
            bits=every | {(i + 1, j + 1): w for (i, j), w in bits.items()},
            candidates=list(bits),
            sources=[0] * count,
            keys=range(count),
            numbers=[10 * (i + 1) for i in range(count)],
        ),
        **changes,  # type: ignore[arg-type]
    )


@st.composite
def toys(draw: st.DrawFn) -> Toy:
    n = draw(st.integers(2, 14))
    looks = [draw(st.integers(0, 9)) for _ in range(n)]
    pairs = list(combinations(range(n), 2))
    numbers = sorted(draw(st.sets(st.integers(1, 60), min_size=n, max_size=n)))
    judged = st.lists(
        st.tuples(st.sampled_from([*numbers, 99]), st.sampled_from(numbers)).filter(
            lambda p: p[0] != p[1]
        ),
        max_size=2,
    )
    return Toy(
        looks=looks,
        bits={
            p: draw(st.sampled_from([-20, 1, 3, 5, 6, 7, 7, 9, 12]))
            for p in [*combinations(range(10), 2), *((i, i) for i in range(10))]
        },
        candidates=sorted(draw(st.sets(st.sampled_from(pairs)))),
        sources=[draw(st.sampled_from([0, 0, 1, 2])) for _ in range(n)],
        keys=draw(st.permutations(range(n))),
        numbers=numbers,
        judgements=Judgements(draw(judged), draw(judged)),
        objecting=draw(st.lists(st.integers(0, n - 1), max_size=1)),
        bars=replace(BARS, looks_max=draw(st.sampled_from([2, 4, 100]))),
    )


@given(toys())
@settings(max_examples=250, deadline=None)
def test_the_batch_gives_exactly_the_clusters_of_the_rule(world: Toy) -> None:
    linked = world.link()
    assert sorted(linked.members()) == world.by_rule()
    assert linked.clusters.max() == linked.statistics.clusters - 1


@given(toys(), st.randoms())
@settings(max_examples=100, deadline=None)
def test_records_numbered_in_another_order_give_the_same_constituents(
    world: Toy, random: object
) -> None:
    order = list(range(len(world.looks)))
    random.shuffle(order)  # type: ignore[attr-defined]
    place = {old: new for new, old in enumerate(order)}
    renumbered = {world.numbers[old]: world.numbers[new] for new, old in enumerate(order)}

    def moved(pairs: object) -> list[Pair]:
        assert isinstance(pairs, list)
        return [(renumbered.get(a, 99), renumbered.get(b, 99)) for a, b in pairs]

    other = replace(
        world,
        looks=[world.looks[i] for i in order],
        sources=[world.sources[i] for i in order],
        keys=[world.keys[i] for i in order],
        candidates=sorted(
            (min(p), max(p)) for p in ((place[i], place[j]) for i, j in world.candidates)
        ),
        objecting=[place[i] for i in world.objecting],
        judgements=Judgements(moved(world.judgements.same), moved(world.judgements.different)),
    )
    expected = sorted(sorted(renumbered[r] for r in c) for c in world.link().members())
    assert sorted(other.link().members()) == expected


@given(toys())
@settings(max_examples=100, deadline=None)
def test_a_question_is_the_strongest_candidate_pair_of_two_clusters_left_apart(world: Toy) -> None:
    linked = world.link()
    at = dict(zip(linked.records.tolist(), linked.clusters.tolist(), strict=True))
    place = {number: i for i, number in enumerate(world.numbers)}
    part = {record: n for n, records in enumerate(linked.left_apart) for record in records}
    judged = {
        frozenset((at[a], at[b])) for a, b in world.judgements.different if a in at and b in at
    }
    strongest: dict[frozenset[int], int] = {}
    for i, j in world.candidates:
        a, b = world.numbers[i], world.numbers[j]
        weight = world.microbits(i, j)
        between = frozenset((at[a], at[b]))
        objects = {i, j} & set(world.objecting)
        is_of_one_part = a in part and part[a] == part.get(b)
        if weight < 2 * BIT or len(between) == 1 or between in judged or objects or is_of_one_part:
            continue
        strongest[between] = max(weight, strongest.get(between, weight))
    weighed = (ReviewReason.BAND, ReviewReason.AVERAGE, ReviewReason.SOURCE)
    asked = [question for question in linked.review if question.reason in weighed]
    found = {frozenset((at[q.left], at[q.right])): q.microbits for q in asked if q.right}
    assert found == strongest
    assert len(asked) == len(strongest)
    for question in asked:
        assert question.right is not None
        assert world.microbits(place[question.left], place[question.right]) == question.microbits


@given(toys())
@settings(max_examples=250, deadline=None)
def test_the_neighbourhood_of_everybody_gives_what_the_batch_gives(world: Toy) -> None:
    """Clusters, components and questions alike, one component at a time or all at once."""
    linked = world.link()
    components: dict[int, list[int]] = {}
    for record, label in zip(linked.records.tolist(), linked.components.tolist(), strict=True):
        components.setdefault(label, []).append(record)
    assert all(min(members) == label for label, members in components.items())
    place = {number: i for i, number in enumerate(world.numbers)}
    apart: list[Divided] = [
        world.divide([place[record] for record in members]) for members in components.values()
    ]
    whole = world.divide(range(len(world.numbers)))
    assert sorted(whole.clusters) == sorted(linked.members())
    assert sorted(whole.components) == sorted(components.values())
    assert sorted(whole.questions, key=str) == sorted(linked.review, key=str)
    assert sorted(c for part in apart for c in part.clusters) == sorted(linked.members())
    asked = [question for part in apart for question in part.questions]
    assert sorted(asked, key=str) == sorted(linked.review, key=str)


def test_a_newcomer_that_fits_both_of_two_judged_different_is_asked_about() -> None:
    bits = {(0, 2): 20, (1, 2): 20, (0, 1): 20}
    judgements = Judgements(different=[(10, 20)])
    linked = toy(bits, 3, judgements=judgements).link()
    assert linked.members() == [[10, 30], [20]]
    assert linked.review == [Question(20, 30, 20 * BIT, ReviewReason.AMBIGUOUS)]
    clearer = toy({**bits, (1, 2): 12}, 3, judgements=judgements).link()
    assert clearer.members() == [[10, 30], [20]]
    assert clearer.review == []
    answered = Judgements(different=[(10, 20)], same=[(10, 30)])
    assert toy(bits, 3, judgements=answered).link().review == []


def test_pairs_that_no_tag_brought_together_are_weighed_inside_a_component_once() -> None:
    world = toy({(0, 1): 12, (1, 2): 12, (3, 4): 12}, 5)
    linked = world.link()
    assert world.asked == [{(10, 20), (20, 30), (40, 50)}, {(10, 30)}]
    assert linked.statistics.pairs == 3
    assert linked.statistics.pairs_inside == 1


def test_a_second_scoring_is_not_asked_for_when_nothing_is_missing() -> None:
    world = toy({(0, 1): 12, (2, 3): 12}, 4)
    world.link()
    assert len(world.asked) == 1


def test_identical_records_are_weighed_once_however_many_they_are() -> None:
    count = 300
    world = Toy(
        looks=[1] * count + [2],
        bits={(1, 1): 20, (1, 2): 9},
        candidates=[(i, i + 1) for i in range(count)],
        sources=[0] * (count + 1),
        keys=range(count + 1),
        numbers=range(count + 1),
    )
    linked = world.link()
    assert linked.members() == [list(range(count + 1))]
    assert linked.statistics.pairs_inside <= 3


def test_identical_records_that_say_too_little_of_themselves_stay_apart() -> None:
    world = Toy(
        looks=[1, 1, 2, 2],
        bits={(1, 1): 5, (1, 2): 3, (2, 2): 20},
        candidates=list(combinations(range(4), 2)),
        sources=[0] * 4,
        keys=range(4),
        numbers=range(4),
        bars=replace(BARS, looks_max=2),
    )
    assert world.link().members() == [[0], [1], [2, 3]]


def test_a_component_no_bar_divides_comes_back_for_review() -> None:
    every = dict.fromkeys(combinations(range(6), 2), 20)
    linked = toy(every, 6, bars=replace(BARS, looks_max=4)).link()
    assert linked.left_apart == [[10, 20, 30, 40, 50, 60]]
    assert linked.statistics.largest_cluster == 1
    assert linked.review == [Question(10, None, None, ReviewReason.OVERSIZED)]


def test_a_question_says_why_weight_did_not_answer_it() -> None:
    bits = {(0, 1): 30, (1, 2): 8, (3, 4): 4, (5, 6): 30}
    linked = toy(bits, 7, sources=[0, 0, 0, 0, 0, 1, 1]).link()
    found = sorted((q.left, q.right, q.reason) for q in linked.review)
    assert found == [(20, 30, "average"), (40, 50, "band"), (60, 70, "source")]


def test_a_judgement_on_an_absent_record_sleeps() -> None:
    judgements = Judgements(same=[(10, 999)], different=[(999, 20)])
    assert toy({(0, 1): 12}, 2, judgements=judgements).link().members() == [[10, 20]]


def test_a_contradicted_judgement_is_reported_by_record() -> None:
    judgements = Judgements(same=[(10, 20), (20, 30)], different=[(30, 10)])
    linked = toy({}, 3, judgements=judgements).link()
    assert linked.members() == [[10, 20], [30]]
    assert linked.contradictions == [(20, 30)]
    assert linked.review == [Question(20, 30, None, ReviewReason.CONTRADICTION)]


def test_progress_names_every_step_in_order_and_each_is_timed() -> None:
    world, heard = toy({(0, 1): 12}, 2), list[tuple[str, float]]()
    pairs = pa.table({"left": pa.array([10], pa.int64()), "right": pa.array([20], pa.int64())})
    linked = link_pairs(
        world.population(),
        pairs,
        world.weigh,
        BARS,
        progress=lambda s, share: heard.append((s, share)),
    )
    assert heard == [(step, share) for step in STEPS[1:] for share in (0.0, 1.0)]
    assert list(linked.seconds) == list(STEPS[1:])


def test_an_empty_population_links_to_nothing() -> None:
    linked = toy({}, 0).link()
    assert linked.members() == []
    assert linked.review == []
    assert linked.statistics.largest_cluster == 0


def test_a_population_out_of_order_or_out_of_step_is_refused() -> None:
    with pytest.raises(ValueError, match="ascend"):
        toy({}, 2, numbers=[20, 10]).population()
    with pytest.raises(ValueError, match="one source"):
        toy({}, 2, sources=[0]).population()


GIVEN = ("Maria", "John", "Aisha", "Tomas", "Keiko", "Pavel", "Ingrid", "Samuel")
FAMILY = (
    "Okafor",
    "Lindqvist",
    "Moreno",
    "Tanaka",
    "Novak",
    "Haddad",
    "Byrne",
    "Castillo",
    "Weber",
)


def people(count: int) -> list[Record]:
    """`count` people, each in two sources; the second writes the given name with a slip of the pen."""
    records = []
    for i in range(count):
        given, family = GIVEN[i % len(GIVEN)], FAMILY[i // len(GIVEN) % len(FAMILY)]
        born = date(1950, 1, 1) + timedelta(days=i * 97)
        number = Identifier("ssn", f"{200 + i:03}-{10 + i % 80}-{1000 + i * 7}")
        for source, written in (("parks", given), ("vehicles", given[:-1] + "x")):
            records.append(
                Record(
                    RecordKey(source, str(i)),
                    ConstituentKind.PERSON,
                    names=(Name(given_name=written, family_name=family),),
                    birth_date=born,
                    identifiers=(number,) if i % 3 else (),
                )
            )
    return records


def population_of(records: Sequence[Record]) -> Population:
    kind = ConstituentKind.PERSON
    features = [derive(record) for record in records]

    def hashed(text: str) -> bytes:
        return hashlib.blake2b(text.encode(), digest_size=8).digest()

    tags = [
        {
            "record": number,
            "tag": int.from_bytes(hashed(f"{key.rule} {key.value}"), "big", signed=True),
            "rule": key.rule,
        }
        for number, found in enumerate(features)
        for key in keys(kind, found)
    ]
    poor: npt.NDArray[np.int64] = np.flatnonzero([is_poor(kind, found) for found in features])
    return Population(
        features=to_table(range(len(records)), features, kind, ()),
        tags=pa.Table.from_pylist(tags, schema=TAGS_SCHEMA),
        poor=poor,
        source=np.array([record.key.source == "parks" for record in records], np.int64),
        order_key=[hashed(str(record.key)) for record in records],
        duplicate_free=frozenset({0, 1}),
    )


def test_a_trained_model_links_the_same_people_in_whatever_order_they_were_loaded() -> None:
    records = people(70)
    population = population_of(records)
    with connect(512, 1) as connection:
        model = train(
            population.features, ConstituentKind.PERSON, name="test", connection=connection
        )
        common = suppressed_tags(connection, population.tags, 200)["tag"].to_pylist()
        model = with_suppressed(model, tuple(common))
        found = [
            {
                frozenset(str(order[number].key) for number in cluster)
                for cluster in link(
                    population_of(order), model, tag_cap=400, connection=connection
                ).members()
            }
            for order in (records, records[::-1])
        ]
    assert found[0] == found[1]
    pairs = {frozenset((f"parks:{i}", f"vehicles:{i}")) for i in range(70)}
    assert len(pairs & found[0]) >= 66
    assert found[0] <= pairs | {frozenset({str(record.key)}) for record in records}
