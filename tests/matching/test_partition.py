"""The partition is a pure function of records, weights, judgements and rules, one component at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.average_linkage import BIT, Bars, Node, Pair, agglomerate
from matching.partition import Partition, partition, split

BARS = Bars(review_min_microbits=2 * BIT, link_min_microbits=6 * BIT, merge_min_microbits=4 * BIT)


def named(count: int) -> list[Node]:
    """Nodes 0, 1, 2 ... of different looks, whose order keys follow their positions."""
    return [Node(order_key=f"{i:04}".encode(), looks=i) for i in range(count)]


def clusters_of(
    nodes: Sequence[Node],
    bits: Mapping[Pair, float],
    bars: Bars = BARS,
    *,
    others_bits: float = -10,
    same: Sequence[Pair] = (),
    different: Sequence[Pair] = (),
) -> list[list[int]]:
    """The clusters where the named pairs are candidates and all others weigh `others_bits`."""
    weights = {tuple(sorted(pair)): round(w * BIT) for pair, w in bits.items()}
    return partition(
        nodes,
        {(min(p), max(p)): w for p, w in weights.items()},
        lambda i, j: weights.get((min(i, j), max(i, j)), round(others_bits * BIT)),
        bars,
        same=same,
        different=different,
    ).clusters


def test_two_records_join_at_the_link_bar_and_not_a_microbit_below() -> None:
    assert clusters_of(named(2), {(0, 1): 6}) == [[0, 1]]
    assert clusters_of(named(2), {(0, 1): 6 - 1e-6}) == [[0], [1]]


def test_a_chain_is_cut_where_the_average_says_so() -> None:
    # 0-1 and 2-3 are sure; 1-2 alone would chain them although 0 and 3 are plainly different.
    assert clusters_of(named(4), {(0, 1): 20, (1, 2): 9, (2, 3): 20}) == [[0, 1], [2, 3]]


def test_records_that_share_no_tag_are_judged_by_their_own_weight_too() -> None:
    chain = {(0, 1): 12, (1, 2): 12}
    assert clusters_of(named(3), chain, others_bits=10) == [[0, 1, 2]]
    assert clusters_of(named(3), chain, others_bits=-30) == [[0, 1], [2]]


def test_the_highest_average_joins_first_and_ties_go_to_the_smallest_keys() -> None:
    assert clusters_of(named(3), {(0, 1): 8, (1, 2): 9}) == [[0], [1, 2]]
    assert clusters_of(named(3), {(0, 1): 9, (1, 2): 9}) == [[0, 1], [2]]
    reverse = [Node(bytes([9 - i]), i) for i in range(3)]
    assert clusters_of(reverse, {(0, 1): 9, (1, 2): 9}) == [[2, 1], [0]]


def test_averages_are_compared_exactly_where_floats_would_call_them_equal() -> None:
    # 2 and 3 are sure; then 1 is nearer to them than to 0 by half a part in 2**53, lost in a float, and
    # a tie would go to 0 and 1.
    huge = 2**53
    weights = {(2, 3): 8 * huge, (1, 2): huge, (1, 3): huge + 1, (0, 1): huge}
    found, _ = agglomerate(
        named(4),
        lambda i, j: weights.get((min(i, j), max(i, j)), 0),
        Bars(0, 1, 1),
        different=[(0, 2), (0, 3)],
    )
    assert found == [[0], [1, 2, 3]]


def test_two_records_of_a_duplicate_free_source_never_meet_by_weight() -> None:
    nodes = [n._replace(source=s) for n, s in zip(named(3), (7, None, 7), strict=True)]
    assert clusters_of(nodes, {(0, 1): 30, (1, 2): 29, (0, 2): 40}) == [[0, 1], [2]]


def test_a_judgement_joins_what_the_source_rule_holds_apart() -> None:
    nodes = [n._replace(source=7) for n in named(3)]
    bits = {(0, 1): 30, (1, 2): 30, (0, 2): 30}
    assert clusters_of(nodes, bits, same=[(0, 2)]) == [[0, 2], [1]]


def test_an_objection_outranks_a_judgement() -> None:
    nodes = named(3)
    nodes[1] = nodes[1]._replace(is_apart=True)
    found = partition(
        nodes, {(0, 1): 30 * BIT, (0, 2): 30 * BIT}, lambda i, j: 30 * BIT, BARS, same=[(0, 1)]
    )
    assert found.clusters == [[0, 2], [1]]


def test_a_judgement_joins_records_no_weight_would() -> None:
    assert clusters_of(named(3), {(1, 2): 30}, same=[(0, 1)], others_bits=-50) == [[0, 1], [2]]
    assert clusters_of(named(2), {}, same=[(1, 0)], others_bits=-50) == [[0, 1]]


def test_a_judgement_of_different_holds_through_a_chain() -> None:
    chain = {(0, 1): 30, (1, 2): 29, (0, 2): 28}
    assert clusters_of(named(3), chain, different=[(2, 0)]) == [[0, 1], [2]]


def test_a_judgement_of_different_holds_against_a_chain_of_judgements_and_says_so() -> None:
    found = partition(
        named(3), {}, lambda i, j: 30 * BIT, BARS, same=[(0, 1), (2, 1)], different=[(0, 2)]
    )
    assert found.clusters == [[0, 1], [2]]
    assert found.contradictions == [(1, 2)]


def test_sixty_four_identical_records_are_one_constituent_whatever_the_guard() -> None:
    bars = replace(BARS, looks_max=5)
    nodes = [n._replace(looks=0) for n in named(64)]
    every = dict.fromkeys(combinations(range(64), 2), 25)
    assert clusters_of(nodes, every, bars) == [list(range(64))]


def test_a_large_component_is_judged_in_parts_found_by_raising_the_bar() -> None:
    bars = replace(BARS, looks_max=4)
    groups = {pair: 20 for base in (0, 4) for pair in combinations(range(base, base + 4), 2)}
    found = partition(
        named(8),
        {p: w * BIT for p, w in (groups | {(3, 4): 7}).items()},
        lambda i, j: 20 * BIT if i // 4 == j // 4 else 5 * BIT,
        bars,
    )
    assert found == Partition([[0, 1, 2, 3], [4, 5, 6, 7]], [], [])


def test_the_bar_rises_by_one_bit_and_no_further_than_it_must() -> None:
    groups = {pair: 7.0 for base in (0, 4) for pair in combinations(range(base, base + 4), 2)}
    found = clusters_of(named(8), groups | {(3, 4): 5.5}, replace(BARS, looks_max=4))
    assert found == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_component_no_bar_divides_is_left_apart_for_review() -> None:
    bars = replace(BARS, looks_max=4)
    every = dict.fromkeys(combinations(range(6), 2), 20 * BIT)
    found = partition(named(6), every, lambda i, j: 20 * BIT, bars, same=[(5, 2)])
    assert found.clusters == [[0], [1], [2, 5], [3], [4]]
    assert found.left_apart == [[0, 1, 2, 3, 4, 5]]


def test_the_guard_is_not_asked_for_pairs_across_its_pieces() -> None:
    asked: set[Pair] = set()

    def weight_of(i: int, j: int) -> int:
        asked.add((i, j))
        return 20 * BIT

    chain = {(i, i + 1): (20 if i % 3 != 2 else 8) * BIT for i in range(8)}
    partition(named(9), chain, weight_of, replace(BARS, looks_max=3))
    assert asked
    assert all(i // 3 == j // 3 for i, j in asked)


def test_a_merge_may_bring_two_clusters_nearer_than_either_part_was() -> None:
    # 0 is nearest to {3, 4} (5 on average, one pair at the link bar); neither 1 (5.9, below that bar) nor
    # {2, 5} (4.9) is as near, but the two together are (5.23).
    bits: dict[Pair, float] = {(3, 4): 30, (2, 5): 25, (1, 2): 20, (1, 5): 20}
    bits |= {(0, 1): 5.9, (0, 2): 6, (0, 5): 3.8, (0, 3): 6, (0, 4): 4}
    assert clusters_of(named(6), bits) == [[0, 1, 2, 5], [3, 4]]


def test_two_records_with_one_order_key_are_refused() -> None:
    twice = [Node(b"k", 0), Node(b"k", 1)]
    with pytest.raises(ValueError, match="order key"):
        agglomerate(twice, lambda i, j: 9 * BIT, BARS)


@dataclass(frozen=True)
class World:
    """A small population; `bits[i, j]` is a pair's weight, candidate or not."""

    nodes: tuple[Node, ...]
    bits: Mapping[Pair, int]
    candidates: frozenset[Pair]
    same: frozenset[Pair] = frozenset()
    different: frozenset[Pair] = frozenset()
    bars: Bars = field(default=replace(BARS, looks_max=7))

    def resolve(self, members: Sequence[int]) -> set[frozenset[int]]:
        """The clusters of these records alone, in the order given."""
        place = {node: i for i, node in enumerate(members)}

        def local(pairs: frozenset[Pair]) -> list[Pair]:
            return [(place[i], place[j]) for i, j in pairs if i in place and j in place]

        def weight_of(a: int, b: int) -> int:
            i, j = sorted((members[a], members[b]))
            return self.bits[i, j] * BIT

        found = partition(
            [self.nodes[i] for i in members],
            {(a, b): weight_of(a, b) for a, b in local(self.candidates)},
            weight_of,
            self.bars,
            same=local(self.same),
            different=local(self.different),
        )
        return {frozenset(members[i] for i in cluster) for cluster in found.clusters}

    def component(self, member: int, present: set[int]) -> set[int]:
        edges = {p for p in self.candidates if self.bits[p] * BIT >= self.bars.review_min_microbits}
        reached, waiting = {member}, [member]
        while waiting:
            i = waiting.pop()
            for pair in edges | self.same:
                if i in pair:
                    (other,) = set(pair) - {i}
                    if other in present - reached:
                        reached.add(other)
                        waiting.append(other)
        return reached


@st.composite
def worlds(draw: st.DrawFn, judged: bool = True) -> World:
    n = draw(st.integers(2, 10))
    pairs = list(combinations(range(n), 2))
    # Few different weights, so that ties are the rule and not the exception.
    bits = {p: draw(st.sampled_from([-20, 1, 3, 5, 6, 7, 7, 9, 12])) for p in pairs}
    some = st.frozensets(st.sampled_from(pairs), max_size=3)
    same = draw(some) if judged else frozenset()
    return World(
        nodes=tuple(
            Node(
                order_key=key.to_bytes(2, "big"),
                looks=draw(st.integers(0, n)),
                source=draw(st.sampled_from([None, None, 1, 2])),
                is_apart=judged and draw(st.integers(0, 9)) == 0,
            )
            for key in draw(st.permutations(range(n)))
        ),
        bits=bits,
        candidates=frozenset(draw(st.frozensets(st.sampled_from(pairs)))),
        same=same,
        different=draw(some) - same if judged else frozenset(),
        bars=replace(BARS, looks_max=draw(st.sampled_from([2, 4, 100]))),
    )


@given(worlds(), st.randoms())
@settings(max_examples=150, deadline=None)
def test_the_order_of_records_changes_nothing(world: World, random: object) -> None:
    members = list(range(len(world.nodes)))
    expected = world.resolve(members)
    random.shuffle(members)  # type: ignore[attr-defined]
    assert world.resolve(members) == expected


@given(worlds(), st.data())
@settings(max_examples=150, deadline=None)
def test_adding_and_removing_one_by_one_equals_the_batch_over_what_is_left(
    world: World, data: st.DataObject
) -> None:
    present: set[int] = set()
    live: set[frozenset[int]] = set()
    for member in data.draw(st.lists(st.integers(0, len(world.nodes) - 1), max_size=20)):
        if member in present:
            touched = world.component(member, present) - {member}
            present.discard(member)
            live = {c - {member} for c in live} - {frozenset()}
        else:
            present.add(member)
            touched = world.component(member, present)
        live = {c for c in live if not c & touched} | world.resolve(sorted(touched))
        assert live == world.resolve(sorted(present))


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_every_record_stands_in_exactly_one_cluster(world: World) -> None:
    found = world.resolve(range(len(world.nodes)))
    assert sorted(i for cluster in found for i in cluster) == list(range(len(world.nodes)))


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_hard_edges_hold_for_whole_clusters(world: World) -> None:
    found = world.resolve(range(len(world.nodes)))
    at = {i: cluster for cluster in found for i in cluster}
    for i, j in world.different:
        assert at[i] != at[j]
    for i, node in enumerate(world.nodes):
        if node.is_apart:
            assert at[i] == {i}
    if not world.different and not any(node.is_apart for node in world.nodes):
        assert all(at[i] == at[j] for i, j in world.same)


@given(worlds(judged=False))
@settings(max_examples=150, deadline=None)
def test_a_duplicate_free_source_stands_in_a_cluster_once(world: World) -> None:
    for cluster in world.resolve(range(len(world.nodes))):
        sources = [s for i in cluster if (s := world.nodes[i].source) is not None]
        assert len(sources) == len(set(sources))


@given(worlds(judged=False))
@settings(max_examples=120, deadline=None)
def test_the_split_loses_no_record_and_keeps_its_promise_on_looks(world: World) -> None:
    edges = {p: world.bits[p] * BIT for p in world.candidates}
    parts = split(world.nodes, edges, world.bars)
    assert sorted(i for piece in parts.pieces for i in piece) == list(range(len(world.nodes)))
    for piece in parts.pieces:
        assert len({world.nodes[i].looks for i in piece}) <= world.bars.looks_max


@given(worlds(judged=False))
@settings(max_examples=120, deadline=None)
def test_the_joins_are_those_of_the_rule_written_out_plainly(world: World) -> None:
    """The nearest-partner bookkeeping against a scan of every pair of clusters at every step."""
    nodes, bars = world.nodes, world.bars
    clusters = [frozenset({i}) for i in range(len(nodes))]

    def facts(a: frozenset[int], b: frozenset[int]) -> list[int]:
        return [world.bits[min(i, j), max(i, j)] * BIT for i in a for j in b]

    def permitted(a: frozenset[int], b: frozenset[int]) -> bool:
        weights = facts(a, b)
        taken = [{nodes[i].source for i in c} - {None} for c in (a, b)]
        return (
            max(weights) >= bars.link_min_microbits
            and sum(weights) >= bars.merge_min_microbits * len(weights)
            and not taken[0] & taken[1]
        )

    def lowest(cluster: frozenset[int]) -> bytes:
        return min(nodes[i].order_key for i in cluster)

    while choices := [p for p in combinations(sorted(clusters, key=lowest), 2) if permitted(*p)]:
        # A quotient of small integers is exact enough to compare; max() keeps the first, smallest keys.
        a, b = max(choices, key=lambda p: sum(facts(*p)) / len(facts(*p)))
        clusters = [c for c in clusters if c not in (a, b)] + [a | b]

    found, _ = agglomerate(nodes, lambda i, j: world.bits[min(i, j), max(i, j)] * BIT, bars)
    assert {frozenset(c) for c in found} == set(clusters)
