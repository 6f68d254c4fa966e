"""What each agency is shown of a constituent: an id of its own, which another's records never change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import count
from uuid import UUID, uuid4

import pytest

from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.journeys.context import Hub
from hub.journeys.pairwise import PairwiseUnknown, resolve_shown, shown_to
from hub.store import database, pairwise
from tests.journeys.partitions import SOURCE, Partitions


@pytest.fixture
def world(hub: Hub) -> Partitions:
    return Partitions(hub, count(1))


def shown(world: Partitions, agency: str, record: int) -> UUID:
    return shown_to(world.hub, agency, f"{SOURCE}:{record}")


def test_an_agency_is_always_shown_the_same_id_by_key_and_by_public_id(world: Partitions) -> None:
    one, two = world.records(2)
    world.change([[one, two]])
    first = shown(world, "parks", one)
    assert first == shown(world, "parks", one) == shown(world, "parks", two)
    assert first == shown_to(world.hub, "parks", str(world.public_of(one)))


def test_no_two_agencies_are_shown_one_id_and_none_the_public_one(world: Partitions) -> None:
    first, second = world.records(2)
    world.change([[first], [second]])
    seen = [
        shown(world, agency, record)
        for agency in ("parks", "benefits", "wildlife")
        for record in (first, second)
    ]
    assert len({*seen, world.public_of(first), world.public_of(second)}) == 8


def test_an_older_record_of_another_agency_changes_nothing_that_is_shown(world: Partitions) -> None:
    older, mine = world.records(2)
    world.change([[older], [mine]])
    before = shown(world, "parks", mine)
    world.change([[older, mine]])
    assert world.public_of(mine) == world.public[world.model.issued[0]], "it resolves to another id"
    assert shown(world, "parks", mine) == before
    world.change([[older], [mine]])
    assert shown(world, "parks", mine) == before
    assert shown(world, "parks", older) != before


def test_of_two_ids_that_were_shown_the_older_is_after_a_merge_and_both_after_an_unmerge(
    world: Partitions,
) -> None:
    older, younger = world.records(2)
    world.change([[older], [younger]])
    late, early = shown(world, "parks", younger), shown(world, "parks", older)
    world.change([[older, younger]])
    assert shown(world, "parks", younger) == early
    assert {resolve_shown(world.hub, "parks", id_) for id_ in (early, late)} == {
        world.public_of(older)
    }
    world.change([[older], [younger]])
    assert (shown(world, "parks", older), shown(world, "parks", younger)) == (early, late)
    assert resolve_shown(world.hub, "parks", late) == world.public_of(younger)


def test_unknown_foreign_and_gone_ids_are_told_alike(world: Partitions) -> None:
    stays, goes = world.records(2)
    world.change([[stays], [goes]])
    foreign, gone = shown(world, "parks", stays), shown(world, "benefits", goes)
    world.change([[stays]])
    told = set()
    for pairwise_id in (uuid4(), foreign, gone, world.public_of(stays)):
        with pytest.raises(PairwiseUnknown) as refused:
            resolve_shown(world.hub, "benefits", pairwise_id)
        told.add(str(refused.value))
    assert len(told) == 1


def test_nobody_is_shown_under_what_is_no_reference(world: Partitions) -> None:
    with pytest.raises(ConstituentUnknown):
        shown_to(world.hub, "parks", str(uuid4()))
    with pytest.raises(RecordUnknown):
        shown_to(world.hub, "parks", f"{SOURCE}:404")


def test_an_agency_is_concerned_by_the_ids_it_was_shown_and_by_no_others(
    world: Partitions,
) -> None:
    one, two, three = world.records(3)
    world.change([[one], [two], [three]])
    mine = shown(world, "parks", one)
    shown(world, "benefits", two)
    public = [world.public_of(record) for record in (one, two, three)]
    with database.transaction(world.hub.engine) as connection:
        assert pairwise.concerns(connection, "parks", public) == {public[0]: mine}
        assert pairwise.concerns(connection, "wildlife", public) == {}


def test_a_first_showing_at_once_by_many_gives_one_id(world: Partitions) -> None:
    records = world.records(10)
    world.change([[record] for record in records])
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda n: (n % 10, shown(world, "parks", records[n % 10])), range(80)))
    assert len(set(seen)) == 10
