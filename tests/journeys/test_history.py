"""Recorded time: any moment answers with the ids and records that were known then, and with no value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, pairwise
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.identity import ConstituentId
from hub.journeys.context import Hub
from hub.journeys.history import (
    HistoryEntry,
    HistoryKind,
    MomentRefused,
    history,
    identity_as_of,
)
from hub.journeys.load import load_sources
from hub.journeys.profile import show_profile
from hub.store import database
from hub.vault.tags import Hasher
from tests.journeys.partitions import SOURCE, Partitions
from tests.worlds import BIRK, MARIA, NOOR, write_drivers

INSTANT = timedelta(microseconds=1)
Kind = HistoryKind


# --- against a plain model ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """What the model had from a moment on."""

    at: datetime
    clusters: dict[ConstituentId, frozenset[int]]
    answers: dict[ConstituentId, ConstituentId | None]


@st.composite
def steps(draw: st.DrawFn) -> list[dict[int, int]]:
    """Partitions one after the other: record's place -> group; a place that is missing was removed."""
    return draw(
        st.lists(st.dictionaries(st.integers(0, 6), st.integers(0, 2)), min_size=1, max_size=6)
    )


def lived(world: Partitions, drawn: list[dict[int, int]]) -> list[Moment]:
    """Let the world go through the partitions; a place that fills again has a new record."""
    moments = []
    standing: dict[int, int] = {}
    for groups in drawn:
        fresh = [place for place in groups if place not in standing]
        standing = {place: record for place, record in standing.items() if place in groups}
        standing |= dict(zip(fresh, world.records(len(fresh)), strict=True))
        wanted = [
            [standing[place] for place in groups if groups[place] == group]
            for group in sorted(set(groups.values()))
        ]
        at = world.change(wanted)
        answers = {id_: world.model.resolve(id_) for id_ in world.model.issued}
        moments.append(Moment(at, dict(world.model.clusters), answers))
    return moments


def check_moment(world: Partitions, moment: Moment, at: datetime) -> None:
    """Every id and every record answers at `at` as the model had them from `moment` on."""
    for id_, public_id in world.public.items():
        if id_ not in moment.answers:
            with pytest.raises(MomentRefused, match="issued on"):
                identity_as_of(world.hub, str(public_id), at)
            continue
        found = identity_as_of(world.hub, str(public_id), at)
        current = moment.answers[id_]
        if current is None:
            assert (found.id, found.records, found.aliases) == (None, (), ())
            continue
        assert found.id == world.public[current]
        assert [record.number for record in found.records] == sorted(moment.clusters[current])
        assert found.aliases == tuple(
            world.public[other]
            for other, answer in sorted(moment.answers.items())
            if answer == current and other != current
        )
    placed = {record: id_ for id_, members in moment.clusters.items() for record in members}
    for record, id_ in placed.items():
        assert identity_as_of(world.hub, f"{SOURCE}:{record}", at).id == world.public[id_]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=steps())
def test_any_moment_answers_with_what_was_known_then(
    hub: Hub, drawn: list[dict[int, int]], numbers: Iterator[int]
) -> None:
    world = Partitions(hub, numbers)
    moments = lived(world, drawn)
    for moment in moments:
        check_moment(world, moment, moment.at)
    for moment, following in pairwise(moments):
        check_moment(world, moment, following.at - INSTANT)
    for id_, public_id in world.public.items():
        retold(world, id_, history(hub, str(public_id)))


def retold(world: Partitions, id_: ConstituentId, story: list[HistoryEntry]) -> None:
    """The story of an id, told from its beginning, ends where the model stands."""
    members: set[int] = set()
    answering: set[UUID] = set()
    main = world.model.resolve(id_)
    current = world.public[id_ if main is None else main]
    for entry in story:
        if entry.kind in (Kind.JOINED, Kind.MOVED, Kind.LEFT):
            assert entry.record is not None
            is_here = entry.id == current and entry.kind is not Kind.LEFT
            (members.add if is_here else members.discard)(entry.record.number)
        if entry.kind in (Kind.MERGED, Kind.RETIRED, Kind.GIVEN_BACK, Kind.TOMBSTONE):
            assert entry.id is not None
            is_here = entry.other_id == current and entry.kind in (Kind.MERGED, Kind.RETIRED)
            (answering.add if is_here else answering.discard)(entry.id)
    assert [entry.at for entry in story] == sorted(entry.at for entry in story)
    if main is None:
        assert members == set()
        assert story[-1].kind is Kind.TOMBSTONE
    else:
        assert members == world.model.clusters[main]
        answers = world.model.aliases.items()
        assert answering == {world.public[other] for other, to in answers if to == main}


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return count(1)


# --- named cases --------------------------------------------------------------------------------


@pytest.fixture
def world(hub: Hub) -> Partitions:
    return Partitions(hub, count(1))


def told(world: Partitions, reference: str) -> list[tuple[HistoryKind, UUID | None, UUID | None]]:
    return [(entry.kind, entry.id, entry.other_id) for entry in history(world.hub, reference)]


def test_the_story_of_a_merge_and_an_unmerge(world: Partitions) -> None:
    older, younger = world.records(2)
    world.change([[older], [younger]])
    one, two = world.public_of(older), world.public_of(younger)
    world.change([[older, younger]])
    world.change([[older], [younger]])
    assert told(world, str(one)) == [
        (Kind.ISSUED, one, None),
        (Kind.JOINED, one, None),
        (Kind.MOVED, one, two),
        (Kind.MERGED, two, one),
        (Kind.MOVED, two, one),
        (Kind.GIVEN_BACK, two, one),
    ]


def test_the_story_of_an_id_that_answers_with_another_is_that_ones(world: Partitions) -> None:
    older, younger = world.records(2)
    world.change([[older], [younger]])
    two = world.public_of(younger)
    world.change([[older, younger]])
    assert told(world, str(two)) == told(world, str(world.public_of(older)))
    assert told(world, str(two)) == told(world, f"{SOURCE}:{younger}")


def test_the_story_of_an_id_given_back_is_not_the_other_ones(world: Partitions) -> None:
    older, younger = world.records(2)
    world.change([[older], [younger]])
    world.change([[older, younger]])
    world.change([[older], [younger]])
    [late] = world.records(1)
    world.change([[older], [younger, late]])
    of_older = history(world.hub, f"{SOURCE}:{older}")
    assert late not in {entry.record.number for entry in of_older if entry.record}


def test_the_story_ends_with_the_last_record(world: Partitions) -> None:
    [only] = world.records(1)
    world.change([[only]])
    id_ = world.public_of(only)
    world.change([])
    kinds = [kind for kind, _, _ in told(world, str(id_))]
    assert kinds == [Kind.ISSUED, Kind.JOINED, Kind.LEFT, Kind.TOMBSTONE]
    assert told(world, f"{SOURCE}:{only}") == told(world, str(id_))


def test_an_id_retired_into_the_one_it_held_says_so(world: Partitions) -> None:
    older, younger = world.records(2)
    world.change([[older], [younger]])
    one, two = world.public_of(older), world.public_of(younger)
    world.change([[older, younger]])
    world.change([[younger]])
    assert (Kind.RETIRED, one, two) in told(world, str(two))


def test_moments_that_cannot_be_answered_are_refused(world: Partitions) -> None:
    [record] = world.records(1)
    at = world.change([[record]])
    reference = str(world.public_of(record))
    with pytest.raises(MomentRefused, match="future"):
        identity_as_of(world.hub, reference, at + timedelta(days=1))
    with pytest.raises(MomentRefused, match="issued on"):
        identity_as_of(world.hub, reference, at - INSTANT)
    with pytest.raises(MomentRefused, match="time zone"):
        identity_as_of(world.hub, reference, at.replace(tzinfo=None))
    with pytest.raises(RecordUnknown, match="under no constituent then"):
        identity_as_of(world.hub, f"{SOURCE}:{record}", at - INSTANT)


def test_nobody_has_no_history(world: Partitions) -> None:
    at = world.hub.now()
    [loose] = world.records(1)
    for ask in (
        lambda ref: identity_as_of(world.hub, ref, at),
        lambda ref: history(world.hub, ref),
    ):
        with pytest.raises(ConstituentUnknown, match="ever issued"):
            ask(str(uuid4()))
        with pytest.raises(RecordUnknown, match="never had a record"):
            ask("nowhere:1")
        with pytest.raises(RecordUnknown, match="neither"):
            ask("Maria")
    with pytest.raises(RecordUnknown, match="run `hub link`"):
        history(world.hub, f"{SOURCE}:{loose}")


# --- real records -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drivers:
    """Three drivers, each a constituent of their own, of whom the first is gone since the moment."""

    hub: Hub
    at: datetime
    removed_at: datetime


@pytest.fixture
def drivers(hub: Hub, tmp_path: Path) -> Drivers:
    load_sources(hub, [write_drivers(tmp_path, [MARIA, BIRK, NOOR])])
    world = Partitions(hub, count(1))
    maria, birk, noor = world.loaded("drivers:D1", "drivers:D2", "drivers:D3")
    world.change([[maria], [birk], [noor]])
    at = hub.now()
    load_sources(hub, [write_drivers(tmp_path, [BIRK, NOOR])], is_accepting_removals=True)
    removed_at = hub.now()
    world.change([[birk], [noor]])
    return Drivers(hub, at, removed_at)


def test_a_record_is_named_by_its_key_while_it_can_be_opened_and_erased_afterwards(
    drivers: Drivers,
) -> None:
    hub, at = drivers.hub, drivers.at
    [birk] = identity_as_of(hub, "drivers:D2", at).records
    [gone] = identity_as_of(hub, "drivers:D1", at).records
    assert str(birk) == "drivers:D2"
    assert (gone.source, gone.local_id) == ("drivers", None)
    assert str(gone) == f"drivers record {gone.number} (erased)"
    assert [entry.kind for entry in history(hub, "drivers:D1")][-2:] == [Kind.LEFT, Kind.TOMBSTONE]


def test_a_removed_record_is_under_nobody_from_its_removal_on(drivers: Drivers) -> None:
    """Also while its link still stands: the next link ends it."""
    hub = drivers.hub
    assert len(identity_as_of(hub, "drivers:D1", drivers.at).records) == 1
    id_ = str(identity_as_of(hub, "drivers:D1", drivers.at).id)
    assert identity_as_of(hub, id_, drivers.removed_at).records == ()
    with pytest.raises(RecordUnknown):
        identity_as_of(hub, "drivers:D1", drivers.removed_at)


def test_now_is_what_the_profile_shows(drivers: Drivers) -> None:
    hub = drivers.hub
    profile = show_profile(hub, "drivers:D3")
    found = identity_as_of(hub, "drivers:D3", hub.now())
    assert found.id == profile.id
    assert [str(record) for record in found.records] == [str(key) for key in profile.records]


def test_a_judgement_stands_in_the_story_of_both_with_its_author_and_without_its_reason(
    drivers: Drivers,
) -> None:
    hub, at = drivers.hub, drivers.at
    judge(hub, "drivers:D2", "drivers:D3", at)
    for reference in ("drivers:D2", "drivers:D3"):
        judged, withdrawn = (entry for entry in history(hub, reference) if entry.author)
        assert (judged.kind, judged.verdict, judged.author) == (Kind.JUDGED, "different", "ines")
        assert (withdrawn.kind, withdrawn.author) == (Kind.WITHDRAWN, "tomas")
        assert {str(judged.record), str(judged.other_record)} == {"drivers:D2", "drivers:D3"}
    assert not [entry for entry in history(hub, "drivers:D1") if entry.author]


def judge(hub: Hub, left: str, right: str, at: datetime) -> None:
    """A judgement made and withdrawn, as the table would hold it."""
    first, second = sorted(Hasher(hub.keys).key(key) for key in (left, right))
    with database.transaction(hub.engine) as connection:
        connection.execute(
            text(
                "INSERT INTO judgements (act_id, kind, verdict, left_key_hash, right_key_hash, "
                "left_content_hash, right_content_hash, author, sealed_reason, judged_at, "
                "withdrawn_by, withdrawn_at) VALUES (:act, 'person', 'different', :left, :right, "
                "'', '', 'ines', '', :at, 'tomas', :later)"
            ),
            {
                "act": uuid4(),
                "left": first,
                "right": second,
                "at": at,
                "later": at + timedelta(seconds=1),
            },
        )
