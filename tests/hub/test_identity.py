"""The identity contract: what an id once issued answers with, through any history."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from hub.domain.identity import ConstituentId, Home, Placement, Standing, place, touched

Cluster = frozenset[int]


class Register:
    """All that a store would keep, and the plainest way to keep it."""

    def __init__(self) -> None:
        self.clusters: dict[ConstituentId, Cluster] = {}
        self.homes: dict[int, Home] = {}
        self.issued: list[ConstituentId] = []
        self.aliases: dict[ConstituentId, ConstituentId] = {}
        self.retired: dict[ConstituentId, ConstituentId] = {}
        self.tombstones: set[ConstituentId] = set()
        self._names = count(1)
        self.records = count(1)

    def issue(self) -> ConstituentId:
        return ConstituentId(next(self._names))

    @property
    def placed(self) -> dict[int, ConstituentId]:
        return {record: id_ for id_, cluster in self.clusters.items() for record in cluster}

    def standing(self, old: Iterable[ConstituentId]) -> Standing:
        """What `place` is to know of these clusters."""
        gone = set(old)
        inside = [record for id_ in gone for record in self.clusters[id_]]
        return Standing(
            homes={record: self.homes[record] for record in inside},
            placed={record: id_ for record, id_ in self.placed.items() if id_ in gone},
            followers={f: to for f, to in self.retired.items() if self.resolve(f) in gone},
        )

    def change(self, clusters: Sequence[Iterable[int]]) -> Placement:
        """Take a whole new partition; only what it touches is given to the rule."""
        wanted = [sorted(cluster) for cluster in clusters]
        numbers, old = touched(self.placed, wanted)
        changed = [wanted[number] for number in numbers]
        found = place(self.standing(old), changed, self.issue)
        kept = {id_: c for id_, c in self.clusters.items() if id_ not in old}
        self.clusters = kept | {
            id_: frozenset(c) for id_, c in zip(found.current, changed, strict=True)
        }
        self.homes |= found.homes
        self.homes = {r: h for r, h in self.homes.items() if any(r in c for c in wanted)}
        self.issued += found.issued
        self.retired |= found.retired
        self.tombstones |= found.tombstones
        self.aliases |= found.aliases
        for id_ in (*found.current, *found.tombstones):
            self.aliases.pop(id_, None)
        return found

    def resolve(self, id_: ConstituentId) -> ConstituentId | None:
        """The current id in one hop, None for a tombstone."""
        return None if id_ in self.tombstones else self.aliases.get(id_, id_)

    def id_of(self, record: int) -> ConstituentId:
        return self.placed[record]


def register(*clusters: Iterable[int]) -> Register:
    """A register whose clusters came one after the other, so that ids are 1, 2 ... in their order."""
    found = Register()
    for number in range(len(clusters)):
        found.change(clusters[: number + 1])
    return found


def test_each_new_cluster_gets_an_id_of_its_own_and_its_records_a_home() -> None:
    world = register([1, 2], [3])
    assert world.clusters == {1: {1, 2}, 2: {3}}
    assert world.homes == {1: 1, 2: 1, 3: 2}


def test_a_merge_changes_no_home_and_answers_with_the_oldest_id() -> None:
    world = register([1, 2], [3])
    found = world.change([[1, 2, 3]])
    assert found.current == [1]
    assert found.homes == {}
    assert world.resolve(ConstituentId(2)) == 1


def test_an_unmerge_gives_both_ids_back() -> None:
    world = register([1, 2], [3])
    world.change([[1, 2, 3]])
    world.change([[1, 2], [3]])
    assert world.clusters == {1: {1, 2}, 2: {3}}
    assert world.aliases == {}


def test_no_record_answers_to_the_other_persons_id_after_delete_and_unmerge() -> None:
    """Ids anchored to their first record would fail here: 1, 3 and 4 go, and 2 would inherit 1's id."""
    world = register([1, 4, 5], [2, 3])
    world.change([[1, 2, 3, 4, 5]])
    for gone in (3, 4, 1):
        (together,) = world.clusters.values()
        world.change([together - {gone}])
    world.change([[5], [2]])
    assert world.id_of(5) == 1
    assert world.id_of(2) == 2


def test_one_leaver_never_takes_the_id_of_those_who_stay() -> None:
    world = register([1, 2, 3])
    world.change([[1], [2, 3]])
    assert world.id_of(2) == world.id_of(3) == 1
    assert world.id_of(1) == 2
    assert world.homes == {1: 2, 2: 1, 3: 1}


def test_of_two_halves_the_one_with_the_oldest_record_keeps_the_id() -> None:
    world = register([1, 2, 3, 4])
    world.change([[2, 3], [1, 4]])
    assert world.id_of(1) == 1


def test_a_record_placed_where_several_ids_live_takes_a_home_at_the_next_split() -> None:
    world = register([1], [2])
    world.change([[1, 2]])
    world.change([[1, 2, 3]])
    assert world.homes[3] is None
    world.change([[1], [2, 3]])
    assert world.homes[3] == 2


def test_an_id_that_lost_its_last_record_passes_to_the_homeless() -> None:
    world = register([1], [2])
    world.change([[1, 2]])
    world.change([[1, 2, 3]])
    world.change([[1, 3]])
    assert world.homes[3] == 2
    world.change([[1], [3]])
    assert (world.id_of(1), world.id_of(3)) == (1, 2)


def test_an_id_with_no_one_to_pass_to_is_retired_and_follows_at_one_hop() -> None:
    world = register([1], [2], [3])
    world.change([[1, 2], [3]])
    world.change([[1], [3]])
    assert world.retired == {2: 1}
    world.change([[1, 3]])
    world.change([[3]])
    # C1 is retired into C3, and C2 must not be left pointing at C1.
    assert world.retired == {1: 3, 2: 3}
    assert world.aliases == {1: 3, 2: 3}
    world.change([])
    assert world.tombstones == {1, 2, 3}


def test_a_key_that_returns_is_a_new_record_and_a_new_constituent() -> None:
    world = register([1])
    world.change([])
    world.change([[2]])
    assert world.tombstones == {1}
    assert world.id_of(2) == 2


def test_a_record_that_moves_leaves_its_home_behind() -> None:
    world = register([1, 2], [3])
    world.change([[1], [2, 3]])
    assert world.clusters == {1: {1}, 2: {2, 3}}
    assert world.homes[2] == 2


def test_a_removal_told_together_with_a_split_ends_as_if_told_before_it() -> None:
    once, twice = (register([1], [2]) for _ in range(2))
    for world in (once, twice):
        world.change([[1, 2]])
        world.change([[1, 2, 3]])
    once.change([[1], [3]])
    twice.change([[1, 3]])
    twice.change([[1], [3]])
    assert once.clusters == twice.clusters == {1: {1}, 2: {3}}


class Histories(RuleBasedStateMachine):
    """Any history of merges, splits, moves, additions and removals."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Register()
        self.dead: set[ConstituentId] = set()

    @rule(data=st.data(), new=st.integers(0, 3), gone=st.integers(0, 2))
    def reshuffle(self, data: st.DataObject, new: int, gone: int) -> None:
        """Some clusters are taken apart and put together anew, with records that come and go."""
        world = self.world
        chosen = (
            data.draw(st.sets(st.sampled_from(sorted(world.clusters)))) if world.clusters else set()
        )
        pool = sorted(r for id_ in chosen for r in world.clusters[id_])
        pool = pool[gone:] + [next(world.records) for _ in range(new)]
        labels = data.draw(st.lists(st.integers(0, 2), min_size=len(pool), max_size=len(pool)))
        fresh: dict[int, list[int]] = {}
        for record, label in zip(pool, labels, strict=True):
            fresh.setdefault(label, []).append(record)
        untouched = {id_: c for id_, c in world.clusters.items() if id_ not in chosen}
        world.change([*untouched.values(), *fresh.values()])
        assert untouched.items() <= world.clusters.items(), "an untouched constituent keeps its id"

    @precondition(lambda self: len(self.world.clusters) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        pair = data.draw(
            st.sets(st.sampled_from(sorted(self.world.clusters)), min_size=2, max_size=3)
        )
        rest = [c for id_, c in self.world.clusters.items() if id_ not in pair]
        homes = dict(self.world.homes)
        self.world.change([*rest, frozenset().union(*(self.world.clusters[i] for i in pair))])
        assert self.world.homes == homes, "a merge changes no home"
        oldest = min(pair)
        assert {self.world.resolve(id_) for id_ in pair} == {oldest}

    @precondition(lambda self: self.world.clusters)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """One record leaves a cluster in which one id lives."""
        world = self.world
        id_ = data.draw(st.sampled_from(sorted(world.clusters)))
        cluster = world.clusters[id_]
        leaver = data.draw(st.sampled_from(sorted(cluster)))
        rest = [c for other, c in world.clusters.items() if other != id_]
        is_single = {world.homes[r] for r in cluster} == {id_}
        world.change([*rest, *([cluster - {leaver}] if len(cluster) > 1 else []), {leaver}])
        if is_single and len(cluster) > 2:
            assert world.clusters[id_] == cluster - {leaver}

    @invariant()
    def every_id_ever_issued_answers_in_one_hop_or_is_a_tombstone(self) -> None:
        world = self.world
        for id_ in world.issued:
            answer = world.resolve(id_)
            assert (answer in world.clusters) == (id_ not in world.tombstones)
            assert answer not in world.aliases

    @invariant()
    def the_dead_stay_dead(self) -> None:
        assert self.dead <= self.world.tombstones
        assert not self.world.tombstones & self.world.clusters.keys()
        assert not self.world.retired.keys() & self.world.clusters.keys()
        self.dead |= self.world.tombstones

    @invariant()
    def every_record_stands_under_one_id_and_is_at_home_or_homeless_there(self) -> None:
        world = self.world
        assert sorted(world.homes) == sorted(r for c in world.clusters.values() for r in c)
        for id_, cluster in world.clusters.items():
            living = {home for r in cluster if (home := world.homes[r]) is not None}
            assert id_ == min(living)
            assert {world.resolve(home) for home in living} == {id_}
            if len(living) == 1:
                assert {world.homes[r] for r in cluster} == living

    @invariant()
    def placing_the_whole_world_again_changes_nothing(self) -> None:
        world = self.world
        again = place(
            world.standing(world.clusters),
            [sorted(c) for c in world.clusters.values()],
            world.issue,
        )
        assert again.current == list(world.clusters)
        assert again.homes == {}
        assert again.issued == []
        assert again.aliases == {
            a: c for a, c in world.aliases.items() if a not in world.tombstones
        }


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=100, stateful_step_count=20, deadline=None)


@st.composite
def two_constituents(draw: st.DrawFn) -> tuple[Register, Cluster, Cluster]:
    """A register with two constituents of one id each, the older id on either side."""
    sizes = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    records = draw(st.permutations(range(1, sum(sizes) + 1)))
    first, second = frozenset(records[: sizes[0]]), frozenset(records[sizes[0] :])
    world = register(*draw(st.permutations([first, second])))
    world.records = count(sum(sizes) + 1)
    return world, first, second


def labels(size: int) -> st.SearchStrategy[list[bool]]:
    return st.lists(st.booleans(), min_size=size, max_size=size)


@given(two_constituents(), st.data())
@settings(max_examples=250, deadline=None)
def test_an_unmerge_restores_both_ids_while_each_side_holds_a_record_from_before(
    start: tuple[Register, Cluster, Cluster], data: st.DataObject
) -> None:
    world, first, second = start
    ids = {side: world.id_of(min(side)) for side in (first, second)}
    world.change([first | second])
    for _ in range(data.draw(st.integers(0, 8))):
        (together,) = world.clusters.values()
        removable = sorted(
            r for r in together if all(len(side & together - {r}) > 0 for side in (first, second))
        )
        if data.draw(st.booleans()) and removable:
            world.change([together - {data.draw(st.sampled_from(removable))}])
        else:
            world.change([together | {next(world.records)}])
    (together,) = world.clusters.values()
    added = together - first - second
    joins_first = {
        r for r, b in zip(sorted(added), data.draw(labels(len(added))), strict=True) if b
    }
    sides = (first & together | joins_first, second & together | added - joins_first)
    world.change(sides)
    assert world.clusters == {ids[first]: sides[0], ids[second]: sides[1]}


@given(st.data())
@settings(max_examples=120, deadline=None)
def test_giving_only_what_was_touched_equals_giving_everything(data: st.DataObject) -> None:
    world = register([1, 2, 3], [4, 5], [6], [7, 8])
    world.change([[1, 2, 3, 4, 5], [6], [7, 8]])
    labels = data.draw(st.lists(st.integers(0, 3), min_size=8, max_size=8))
    fresh: dict[int, list[int]] = {}
    for record, label in enumerate(labels, start=1):
        fresh.setdefault(label, []).append(record)
    clusters = list(fresh.values())
    names = count(100)
    whole = place(world.standing(world.clusters), clusters, lambda: ConstituentId(next(names)))
    world._names = count(100)
    world.change(clusters)
    assert dict(zip(whole.current, map(frozenset, clusters), strict=True)) == world.clusters


def test_a_cluster_that_keeps_its_records_is_not_touched() -> None:
    a, b, c = (ConstituentId(name) for name in (7, 8, 9))
    placed = {1: a, 2: a, 3: b, 4: b, 5: c}
    assert touched(placed, [[2, 1], [3], [4, 9]]) == ([1, 2], {b, c})
    assert touched({}, [[1]]) == ([0], set())
    assert touched(placed, []) == ([], {a, b, c})


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_ids_lost_at_once_pass_on_the_oldest_first(order: tuple[int, int]) -> None:
    world = register([1], [2], [3])
    world.change([[1, 2, 3]])
    world.change([[1, 2, 3, 4]])
    world.change([set(world.homes) - set(order)])
    assert world.homes == {3: 3, 4: 1}
    assert world.retired == {2: 1}


def test_a_first_link_of_many_records_takes_a_moment() -> None:
    clusters = [range(start, start + 3) for start in range(0, 90_000, 3)]
    names = count(1)
    started = time.perf_counter()
    found = place(Standing(), clusters, lambda: ConstituentId(next(names)))
    assert time.perf_counter() - started < 2
    assert len(found.current) == 30_000
    assert len(found.homes) == 90_000
