"""What is told of a change: one event for each constituent that is not as it was, and none for the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.events import Change, EventKind, changes
from hub.domain.identity import ConstituentId, Placement, touched
from tests.hub.test_identity import Register, register


def told(
    world: Register, clusters: Sequence[Iterable[int]], changed: Iterable[int] = ()
) -> list[Change]:
    """Change the world, and what is told of it, as a journey would tell it."""
    wanted = [sorted(cluster) for cluster in clusters]
    numbers, old = touched(world.placed, wanted)
    placed = {record: id_ for record, id_ in world.placed.items() if id_ in old}
    aliases = {id_: to for id_, to in world.aliases.items() if to in old}
    placement = world.change(clusters)
    return changes(placed, [wanted[n] for n in numbers], placement, set(changed), aliases)


def event(kind: EventKind, id_: int, *others: int) -> Change:
    return Change(kind, ConstituentId(id_), tuple(map(ConstituentId, others)))


def test_new_records_create_constituents() -> None:
    assert told(Register(), [[1, 2], [3]]) == [
        event(EventKind.CREATED, 1),
        event(EventKind.CREATED, 2),
    ]


def test_what_stays_as_it_was_is_not_told() -> None:
    world = register([1, 2], [3])
    assert told(world, [[1, 2], [3]]) == []
    assert told(world, [[1, 2], [3], [4]]) == [event(EventKind.CREATED, 3)]


def test_a_merge_names_the_ids_that_resolve_to_the_survivor_now() -> None:
    world = register([1], [2], [3])
    assert told(world, [[1, 2, 3]]) == [event(EventKind.MERGED, 1, 2, 3)]


def test_a_merge_with_a_new_record_is_one_event() -> None:
    world = register([1], [2])
    assert told(world, [[1, 2, 3]]) == [event(EventKind.MERGED, 1, 2)]


def test_a_split_names_the_new_id() -> None:
    world = register([1, 2, 3])
    assert told(world, [[1, 2], [3]]) == [event(EventKind.SPLIT, 1, 2)]


def test_an_unmerge_is_a_split_that_gives_the_old_id_back() -> None:
    world = register([1], [2], [3])
    told(world, [[1, 2, 3]])
    assert told(world, [[1], [2], [3]]) == [event(EventKind.SPLIT, 1, 2, 3)]


def test_joining_and_leaving_update() -> None:
    world = register([1, 2])
    assert told(world, [[1, 2, 3]]) == [event(EventKind.UPDATED, 1)]
    assert told(world, [[1, 3]]) == [event(EventKind.UPDATED, 1)]


def test_a_record_that_moves_between_two_updates_both() -> None:
    world = register([1, 2, 3], [4, 5])
    assert told(world, [[1, 2], [3, 4, 5]]) == [
        event(EventKind.UPDATED, 1),
        event(EventKind.UPDATED, 2),
    ]


def test_changed_values_update_where_the_records_stay() -> None:
    """Such a cluster is handed to `place` although its records are the same."""
    placed, placement = register([1, 2]).placed, Placement(current=[ConstituentId(1)])
    assert changes(placed, [[1, 2]], placement, {2}) == [event(EventKind.UPDATED, 1)]
    assert changes(placed, [[1, 2]], placement, {7}) == []


def test_the_last_record_leaving_erases() -> None:
    world = register([1], [2])
    assert told(world, [[1]]) == [event(EventKind.ERASED, 2)]


def test_ids_that_answered_are_erased_with_the_last_record() -> None:
    world = register([1], [2])
    told(world, [[1, 2]])
    assert told(world, []) == [event(EventKind.ERASED, 1), event(EventKind.ERASED, 2)]


def test_an_id_retired_into_the_one_it_held_is_a_merge_and_no_split() -> None:
    world = register([1], [2])
    told(world, [[1, 2]])
    assert told(world, [[2]]) == [event(EventKind.MERGED, 2, 1)]


def test_an_id_given_back_that_takes_another_in_is_split_from_the_one_and_merged_with_the_other() -> (
    None
):
    world = register([1], [2], [3])
    told(world, [[1, 2], [3]])
    assert told(world, [[1], [2, 3]]) == [
        event(EventKind.SPLIT, 1, 2),
        event(EventKind.MERGED, 2, 3),
    ]


def test_an_alias_that_goes_over_to_another_is_told_where_aliases_are_given() -> None:
    world = register([1], [2], [3])
    told(world, [[1, 3], [2]])
    assert told(world, [[1], [2, 3]]) == [
        event(EventKind.UPDATED, 1),
        event(EventKind.MERGED, 2, 3),
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[list[list[int]]]:
    """Partitions one after the other, of records of which some come and some go."""
    steps = []
    for _ in range(draw(st.integers(1, 6))):
        present = draw(st.lists(st.integers(1, 8), unique=True))
        labels = draw(st.lists(st.integers(0, 3), min_size=len(present), max_size=len(present)))
        groups = [[r for r, n in zip(present, labels, strict=True) if n == k] for k in range(4)]
        steps.append([group for group in groups if group])
    return steps


@given(histories())
def test_who_follows_the_events_knows_every_id_and_what_it_answers_with(
    steps: list[list[list[int]]],
) -> None:
    world = Register()
    alive: set[int] = set()
    answers: dict[int, int] = {}
    numbers: dict[int, int] = {}
    for step, clusters in enumerate(steps):
        # A key that returns after removal is a new record.
        present = {record for cluster in clusters for record in cluster}
        numbers = {key: numbers.get(key, 100 * step + key) for key in present}
        before = world.clusters
        found = told(world, [[numbers[key] for key in cluster] for cluster in clusters])
        for change in found:
            if change.kind is EventKind.CREATED:
                alive.add(change.constituent)
        for change in found:
            if change.kind is EventKind.SPLIT:
                alive |= set(change.others)
                answers = {a: to for a, to in answers.items() if a not in change.others}
        for change in found:
            if change.kind is EventKind.MERGED:
                alive.add(change.constituent)
                answers.pop(change.constituent, None)
                alive -= set(change.others)
                answers |= dict.fromkeys(change.others, change.constituent)
            if change.kind is EventKind.ERASED:
                alive.discard(change.constituent)
                answers.pop(change.constituent, None)
        assert alive == set(world.clusters)
        assert answers == world.aliases
        named = {change.constituent for change in found} | {
            other for change in found for other in change.others
        }
        for id_, members in world.clusters.items():
            assert (before.get(id_) != members) == (id_ in named)
