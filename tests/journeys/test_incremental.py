"""One by one equals all at once: any order of changes leaves what one batch over the final state gives.

Each world is a database of its own; after every change the constituents, the components and the open
questions are held against that batch, and every id ever issued against the identity contract.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.judging import JudgementContradicted
from hub.domain.reviews import Verdict
from hub.journeys.context import Hub
from hub.journeys.judge import JudgementUnknown, judge, withdraw
from hub.journeys.objection import object_to_linkage, withdraw_objection
from hub.vault.keyring import RootKey
from tests.conftest import Server, open_hub
from tests.journeys.live import (
    Live,
    Row,
    assert_as_batch,
    assert_identities_hold,
    batch_engine,
    partition,
)

SOURCES = (("front", False), ("desk", False), ("ledger", True))

# Few values for each column, so that people are twins, namesakes, spouses and strangers by turns.
GIVEN = ("Maria", "Marie", "Mario", "Ingrid")
FAMILY = ("Okafor", "Okafar", "Lindqvist")
BORN = ("1984-03-09", "1984-09-03", "1961-12-30", None)
EMAIL = ("maria@example.org", "okafor@example.org", None)
PHONE = ("206-555-0142", "206-555-0177", None)
SSN = ("219-09-9041", "219-09-9014", "318-44-2107", None)
STREET = ("418 Heron Ln", "7 Alder St", None)


def rows() -> st.SearchStrategy[Row]:
    """A row of somebody; a value that is missing is left out."""
    return st.fixed_dictionaries(
        {
            "given": st.sampled_from(GIVEN),
            "family": st.sampled_from(FAMILY),
            "born": st.sampled_from(BORN),
            "email": st.sampled_from(EMAIL),
            "phone": st.sampled_from(PHONE),
            "ssn": st.sampled_from(SSN),
            "street": st.sampled_from(STREET),
            "zip": st.just("69407"),
        }
    ).map(lambda row: {column: value for column, value in row.items() if value is not None})


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with batch_engine() as made:
        yield made


@dataclass
class World:
    """A live hub, who is in it, and what may be done to it next."""

    live: Live
    present: dict[tuple[str, str], int] = field(default_factory=dict)
    acts: list[UUID] = field(default_factory=list)
    objecting: set[str] = field(default_factory=set)

    def step(self, data: st.DataObject) -> None:
        kinds = ["push", "push", "push"]
        if self.present:
            kinds += ["push_again", "remove", "object"]
        if len(self.present) > 1:
            kinds += ["judge", "judge"]
        if self.acts:
            kinds.append("withdraw")
        getattr(self, data.draw(st.sampled_from(kinds)))(data)

    def push(self, data: st.DataObject) -> None:
        name, duplicate_free = data.draw(st.sampled_from(SOURCES))
        key = f"k{data.draw(st.integers(0, 9))}"
        self._push(name, key, data.draw(rows()), duplicate_free=duplicate_free)

    def push_again(self, data: st.DataObject) -> None:
        name, key = data.draw(st.sampled_from(sorted(self.present)))
        self._push(name, key, data.draw(rows()), duplicate_free=dict(SOURCES)[name])

    def _push(self, name: str, key: str, row: Row, *, duplicate_free: bool) -> None:
        found = self.live.push(name, key, row, duplicate_free=duplicate_free)
        self.present[name, key] = found.record

    def remove(self, data: st.DataObject) -> None:
        name, key = data.draw(st.sampled_from(sorted(self.present)))
        del self.present[name, key]
        self.live.remove(name, key)

    def judge(self, data: st.DataObject) -> None:
        pair = data.draw(st.sets(st.sampled_from(sorted(self.present)), min_size=2, max_size=2))
        verdict = data.draw(st.sampled_from(Verdict))
        left, right = (":".join(one) for one in sorted(pair))
        before = partition(self.live.hub)
        try:
            made = judge(self.live.hub, verdict, left, right, author="s", reason="seen")
        except JudgementContradicted:
            assert partition(self.live.hub) == before, "what is refused changes nothing"
            return
        if made.act_id is not None and made.act_id not in self.acts:
            self.acts.append(made.act_id)

    def withdraw(self, data: st.DataObject) -> None:
        act = data.draw(st.sampled_from(self.acts))
        self.acts.remove(act)
        with suppress(JudgementUnknown):
            withdraw(self.live.hub, act, author="s")

    def object(self, data: st.DataObject) -> None:
        reference = ":".join(data.draw(st.sampled_from(sorted(self.present))))
        if reference in self.objecting:
            self.objecting.remove(reference)
            withdraw_objection(self.live.hub, reference, author="s")
        else:
            self.objecting.add(reference)
            object_to_linkage(self.live.hub, reference, author="s", reason="asked")


@pytest.fixture(scope="module")
def new_world(
    server: Server, modelled_template: tuple[str, RootKey]
) -> Iterator[Callable[[], World]]:
    name, keys = modelled_template
    made: list[Hub] = []

    def make() -> World:
        for hub in made:
            hub.engine.dispose()
        made[:] = [open_hub(server.fresh(name), keys)]
        return World(Live(made[0]))

    yield make
    for hub in made:
        hub.engine.dispose()


@pytest.mark.parametrize("part", range(4))
@given(data=st.data())
@settings(max_examples=130, deadline=None)
def test_any_history_leaves_what_a_batch_over_its_end_gives(
    part: int,
    data: st.DataObject,
    new_world: Callable[[], World],
    engine: duckdb.DuckDBPyConnection,
) -> None:
    world = new_world()
    for _ in range(data.draw(st.integers(0, 6))):
        world.push(data)
    for _ in range(data.draw(st.integers(2, 9))):
        world.step(data)
        assert_as_batch(world.live.hub, engine)
        assert_identities_hold(world.live.hub)
