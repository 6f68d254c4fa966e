"""No agency's feed tells what only another knows: the same stories told with and without another agency in them.

Three agencies push, change and remove records of few people, stewards judge, constituents object, agencies look
up and so are shown ids. After each step every agency reads its feed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hub.domain.errors import HubError
from hub.domain.judging import JudgementContradicted
from hub.domain.reviews import Verdict
from hub.journeys.context import Hub
from hub.journeys.judge import judge
from hub.journeys.objection import object_to_linkage
from hub.journeys.pairwise import shown_to
from hub.store import database
from hub.vault.keyring import RootKey
from tests.conftest import Server, open_hub
from tests.journeys.followers import Follower, Held, Told, held, shown_ids
from tests.journeys.live import Live, Row
from tests.journeys.stewards import BIRK, MARIA
from tests.journeys.test_incremental import rows

AGENCIES = ("parks", "vehicles", "wildlife")
OTHER = "wildlife"

#: Stories are told on real hubs, a second each: one that fails is short enough to read as it is.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)

#: People whom nobody else holds, and who share no value with anybody else's.
STRANGERS: tuple[Row, ...] = (
    {"given": "Tove", "family": "Brandt", "born": "1975-04-02", "ssn": "518-55-9021"},
    {"given": "Noor", "family": "Haddad", "born": "1999-07-21", "ssn": "411-07-3315"},
)

#: People of whom everybody holds a record sooner or later.
KNOWN: tuple[Row, ...] = tuple(
    {**person, "phone": phone}
    for person in (MARIA, BIRK)
    for phone in ("206-555-0142", "206-555-0177")
)

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """What happens: `what` to these records, first of all to the first."""

    what: str
    keys: tuple[Key, ...]
    row: Row = field(default_factory=dict)
    verdict: Verdict = Verdict.SAME
    agency: str = "parks"

    def concerns(self, agency: str) -> bool:
        return any(name == agency for name, _ in self.keys) or (
            self.what == "show" and self.agency == agency
        )


def people() -> st.SearchStrategy[Row]:
    """Rows of the well known, and now and then of somebody much like somebody else."""
    known = st.sampled_from(KNOWN)
    return st.one_of(known, known, rows())


def steps(others_rows: st.SearchStrategy[Row], *, apart: bool) -> st.SearchStrategy[Step]:
    """Steps of anybody; `apart`: stewards judge no record of the other agency."""

    def key(names: Sequence[str]) -> st.SearchStrategy[Key]:
        return st.tuples(st.sampled_from(names), st.sampled_from(("1", "2")))

    everybody, judged = key(AGENCIES), key(AGENCIES[:2] if apart else AGENCIES)
    push = everybody.flatmap(
        lambda one: st.builds(
            Step,
            what=st.just("push"),
            keys=st.just((one,)),
            row=others_rows if one[0] == OTHER else people(),
        )
    )
    pairs = st.lists(judged, min_size=2, max_size=2, unique=True).map(tuple)
    return st.one_of(
        push,
        push,
        push,
        push,
        st.builds(Step, what=st.just("remove"), keys=st.tuples(everybody)),
        st.builds(Step, what=st.just("object"), keys=st.tuples(everybody)),
        st.builds(Step, what=st.just("judge"), keys=pairs, verdict=st.sampled_from(Verdict)),
        st.builds(
            Step,
            what=st.just("show"),
            keys=st.tuples(judged),
            agency=st.sampled_from(AGENCIES[:2] if apart else AGENCIES),
        ),
    )


@dataclass
class World:
    """A hub in which a story is told, and the agencies that follow."""

    hub: Hub
    live: Live = field(init=False)
    followers: dict[str, Follower] = field(init=False)

    def __post_init__(self) -> None:
        self.live = Live(self.hub)
        self.followers = {agency: Follower(self.hub, agency) for agency in AGENCIES}

    def take(self, step: Step) -> None:
        """Do it, as far as it can be done: what is removed twice, or contradicts, is refused."""
        references = [":".join(key) for key in step.keys]
        try:
            if step.what == "push":
                self.live.push(*step.keys[0], step.row)
            elif step.what == "remove":
                self.live.resolver(step.keys[0][0])
                self.live.remove(*step.keys[0])
            elif step.what == "object":
                object_to_linkage(self.hub, references[0], author="s", reason="said so")
            elif step.what == "judge":
                judge(self.hub, step.verdict, *references, author="s", reason="seen")
            else:
                shown_to(self.hub, step.agency, references[0])
        except (HubError, JudgementContradicted):
            pass

    def foreign(self, agency: str) -> set[UUID]:
        """Ids that the agency may never see: the hub's own, and other agencies'."""
        with database.transaction(self.hub.engine) as connection:
            public = set(connection.scalars(text("SELECT public_id FROM constituents")))
        return public.union(*(shown_ids(self.hub, one) for one in AGENCIES if one != agency))


@dataclass
class Names:
    """Ids by the order in which an agency first met them: what is left when ids are random."""

    known: dict[UUID, int] = field(default_factory=dict)

    def of(self, id_: UUID | None) -> int | None:
        return None if id_ is None else self.known.setdefault(id_, len(self.known))

    def told(self, news: Sequence[Told]) -> list[Named]:
        return [(kind, self.of(id_), self.of(other)) for kind, id_, other in news]


Named = tuple[str, int | None, int | None]
Make = Callable[[], World]


@pytest.fixture(scope="module")
def make_world(server: Server, modelled_template: tuple[str, RootKey]) -> Make:
    name, keys = modelled_template
    return lambda: World(open_hub(server.fresh(name), keys))


@dataclass
class Heard:
    """What an agency was told after each step, and how its records stood to it then: all ids by name."""

    names: Names = field(default_factory=Names)
    news: list[list[Named]] = field(default_factory=list)
    views: list[list[tuple[int | None, int]]] = field(default_factory=list)


def heard(world: World, story: Sequence[Step]) -> dict[str, Heard]:
    """What the first two agencies are told."""
    found = {agency: Heard() for agency in AGENCIES[:2]}
    try:
        for step in story:
            world.take(step)
            for agency, one in found.items():
                one.news.append(one.names.told(world.followers[agency].news()))
                own = held(world.hub, agency)
                one.views.append(
                    [
                        (one.names.of(own.shown[number]), own.versions[number])
                        for number in sorted(own.shown)
                    ]
                )
    finally:
        world.hub.engine.dispose()
    return found


@given(story=st.lists(steps(st.sampled_from(STRANGERS), apart=True), min_size=4, max_size=12))
@settings(max_examples=8, phases=PHASES)
def test_what_strangers_of_another_agency_do_changes_no_word_of_a_feed(
    make_world: Make, story: list[Step]
) -> None:
    with_other = heard(make_world(), story)
    without = heard(make_world(), [step for step in story if not step.concerns(OTHER)])
    for agency in AGENCIES[:2]:
        news: dict[bool, list[list[Named]]] = {True: [], False: []}
        for step, told in zip(story, with_other[agency].news, strict=True):
            news[step.concerns(OTHER)].append(told)
        assert not any(news[True])
        assert news[False] == without[agency].news


@given(story=st.lists(steps(people(), apart=True), min_size=4, max_size=14))
@settings(max_examples=12, phases=PHASES)
def test_another_agencys_records_of_the_same_people_are_heard_of_only_by_what_they_do_to_its_own(
    make_world: Make, story: list[Step]
) -> None:
    with_other = heard(make_world(), story)
    without = heard(make_world(), [step for step in story if not step.concerns(OTHER)])
    for agency in AGENCIES[:2]:
        one, alone = with_other[agency], without[agency]
        number = 0
        view: list[tuple[int | None, int]] = []
        for step, news, now in zip(story, one.news, one.views, strict=True):
            if step.concerns(OTHER):
                assert not news or now != view
                if now != view:
                    break
                continue
            if now != alone.views[number]:
                break
            assert news == alone.news[number]
            number, view = number + 1, now


@given(data=st.data())
@settings(max_examples=15, phases=PHASES)
def test_a_feed_tells_only_what_became_other_of_its_agencys_own_records(
    make_world: Make, data: st.DataObject
) -> None:
    story = data.draw(st.lists(steps(people(), apart=False), min_size=4, max_size=14))
    world = make_world()
    try:
        knew: dict[str, Held] = {one: held(world.hub, one) for one in AGENCIES}
        for step in story:
            world.take(step)
            for agency, follower in world.followers.items():
                between = held(world.hub, agency)
                news = follower.news(data.draw(st.integers(1, 5)))
                now = held(world.hub, agency)
                if between == knew[agency]:
                    assert news == [], step
                assert follower.live == set(now.shown.values())
                named = {id_ for _, *ids in news for id_ in ids if id_}
                assert named <= shown_ids(world.hub, agency)
                assert named.isdisjoint(world.foreign(agency))
                knew[agency] = now
        for agency, follower in world.followers.items():
            again = Follower(world.hub, agency)
            again.news()
            assert again.live == follower.live
    finally:
        world.hub.engine.dispose()
