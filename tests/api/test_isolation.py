"""Nothing tells an agency what only another knows: no field, id, count or error, whatever the other holds and does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hub.journeys.context import Hub
from hub.vault.keyring import RootKey
from tests.api.isolation import (
    PEOPLE,
    QUESTIONS,
    WILD_EMAIL,
    Act,
    Asked,
    Consented,
    Described,
    Pushed,
    World,
    by_id,
    by_key,
    world,
)
from tests.conftest import Server, open_hub
from tests.journeys.stewards import NOOR

EXAMPLES = int(os.environ.get("ISOLATION_EXAMPLES", "6"))
Alone = Callable[[], list[object]]
Opened = Callable[[], AbstractContextManager[World]]

CHANGES = st.sampled_from(
    [
        (),
        (("email", WILD_EMAIL),),
        (("street", "1 Wild Rd"), ("zip", "69499")),
        (("given", "Mia"),),
        (("family", "Okafor-Lund"), ("email", WILD_EMAIL)),
    ]
)
KEYS = st.sampled_from(["W1", "W2", "W3"])
KNOWN = st.sampled_from(["parks:P1", "vehicles:D1", "vehicles:D2", "wildlife:W1", "nowhere:N1"])
ACTS = st.one_of(
    st.builds(Pushed, KEYS, st.sampled_from(sorted(PEOPLE)), CHANGES),
    st.builds(Asked, KNOWN),
    st.builds(Described, st.sampled_from(sorted(PEOPLE))),
    st.builds(Consented, st.sampled_from(["vehicles:D1", "vehicles:D2"]), st.booleans()),
)
HISTORIES = st.lists(ACTS, min_size=1, max_size=6)


@pytest.fixture(scope="module")
def opened(server: Server, modelled_template: tuple[str, RootKey]) -> Opened:
    name, keys = modelled_template

    @contextmanager
    def made() -> Iterator[World]:
        hub: Hub = open_hub(server.fresh(name), keys)
        try:
            with world(hub) as found:
                yield found
        finally:
            hub.engine.dispose()

    return made


def told(made: World, before: list[Act], between: list[Act]) -> list[object]:
    """What parks is told in that world: of all its questions, asked twice, and by the ids it was shown."""
    for act in before:
        act.do(made)
    answers: list[object] = [made.told(body) for body in QUESTIONS]
    shown = [made.shown("parks", key) for key in ("parks:P1", "parks:P2")]
    for act in between:
        act.do(made)
    answers += [made.told(by_id(one)) for one in shown]
    answers += [made.told(body) for body in QUESTIONS]
    return answers


@pytest.fixture(scope="module")
def alone(opened: Opened) -> Alone:
    """What parks is told where wildlife holds and does nothing."""
    with opened() as made:
        found = told(made, [], [])

    # A function, for Hypothesis writes out whatever else a test is given.
    def answers() -> list[object]:
        return found

    return answers


def test_the_questions_find_and_miss_and_are_refused(alone: Alone) -> None:
    """So that what is compared below is worth comparing."""
    statuses = {one[0] for one in alone() if isinstance(one, tuple)}
    assert statuses == {200, 403, 422}
    found = [one[2]["found"] for one in alone() if isinstance(one, tuple) and one[0] == 200]
    assert {"one", "none"} <= set(found)
    assert found.count("one") >= 8


# Each example is a hub of its own: to shrink one takes minutes, and it is short.
@settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate))
@given(before=HISTORIES, between=HISTORIES)
def test_parks_cannot_tell_what_wildlife_holds_and_does(
    opened: Opened, alone: Alone, before: list[Act], between: list[Act]
) -> None:
    with opened() as made:
        answers = told(made, before, between)
    for number, (mine, other) in enumerate(zip(answers, alone(), strict=True)):
        assert mine == other, f"answer {number} of {len(answers)}, after {before} and {between}"


def test_each_agency_knows_her_by_an_id_of_its_own(opened: Opened) -> None:
    with opened() as made:
        Pushed("W1", "maria").do(made)
        shown = {
            "parks": made.shown("parks", "parks:P1"),
            "vehicles": made.shown("vehicles", "vehicles:D1"),
            "wildlife": made.shown("wildlife", "wildlife:W1"),
        }
        assert len(set(shown.values())) == 3
        assert made.counter.desk.together("parks:P1", "vehicles:D1", "wildlife:W1")
        assert made.counter.desk.id_of("parks:P1") not in shown.values()
        for agency in shown:
            for holder, one in shown.items():
                found = made.ask(agency, by_id(one)).json()["found"]
                assert found == ("one" if agency == holder else "none")


def test_no_reference_of_an_entry_is_two_agencys(opened: Opened) -> None:
    with opened() as made:
        given = [
            made.ask(agency, by_key("nowhere", "N1")).json()["disclosure"]
            for agency in ("parks", "wildlife", "vehicles")
            for _ in range(3)
        ]
        assert len(set(given)) == len(given)


def test_what_parks_may_know_does_show(opened: Opened, alone: Alone) -> None:
    """So that equal answers above are no accident of the questions."""
    with opened() as made:
        made.counter.desk.push("vehicles:D3", NOOR)
        assert told(made, [], []) != alone()
