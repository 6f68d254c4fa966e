from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from consent.decision import Decision, Reason, Request, Ruling, decide
from consent.policy import DeclaredPurpose, Policy
from consent.vocabulary import LegalBasis, RestrictionKind
from hub.domain.errors import SealBroken
from hub.journeys import facts
from hub.journeys.context import Hub
from hub.journeys.policies import shared_policy
from hub.journeys.sweeps import Swept, sweep
from hub.store import database, subjects
from hub.vault import keyring
from tests.conftest import Server, tied_hub
from tests.consent.values import ASKED, POLICY, C, request, restricted
from tests.journeys.drawn_facts import PROMPTING, Drawn, Town

NOTICES = replace(
    ASKED,
    id="notices",
    sources=frozenset({"wildlife", "vehicles"}),
    legal_basis=LegalBasis.PUBLIC_INTEREST,
    categories=frozenset({C.EXISTENCE, C.NAME}),
)
RENEWED = replace(ASKED, revision=2, compatible_revisions=frozenset({1}))


@pytest.fixture(scope="module")
def town(server: Server) -> Iterator[Town]:
    """One for all drawn worlds: what stands of earlier ones is nobody's concern."""
    hub = tied_hub(server.fresh(), keyring.generate())
    found = Town(hub)
    with database.transaction(hub.engine) as connection:
        found.open_offices(connection)
    yield found
    hub.engine.dispose()


def populate(
    town: Town, drawn: Drawn, policy: Policy, *, constituents: int, steps_max: int
) -> list[int]:
    """A policy in force, and constituents of whom something was said; every id that was issued for it."""
    known = len(town.issued)
    with database.transaction(town.hub.engine) as connection:
        town.state(connection, policy)
        for _ in range(constituents):
            ids = town.settle(connection, drawn)
            for _ in range(drawn.amount(steps_max)):
                town.tell(connection, drawn, ids)
    return town.issued[known:]


def decided(town: Town, request: Request, numbers: list[int]) -> dict[int, Decision]:
    """The decision on each, one after the other."""
    hub, found = town.hub, {}
    with database.transaction(hub.engine) as connection:
        policy = shared_policy(hub, connection).policy
        for number in numbers:
            ids = subjects.ids_of(connection, number)
            gathered = facts.gather(hub, connection, ids, policy, town.held_by[number])
            found[number] = decide(request, gathered.facts)
    return found


def as_swept(town: Town, number: int, decision: Decision) -> Swept:
    held_by = town.held_by[number]
    permitted = {source: decision.permitted(source) for source in held_by}
    return Swept(number, decision.own_records_only, permitted)


def assert_equal(town: Town, request: Request, numbers: list[int]) -> dict[int, Decision]:
    """Hold a sweep equal to the decisions on each; answers these."""
    one_by_one = decided(town, request, numbers)
    swept = {one.number: one for one in sweep(town.hub, request, numbers, at_once=800)}
    assert swept == {number: as_swept(town, number, one) for number, one in one_by_one.items()}
    return one_by_one


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_a_sweep_permits_what_the_decision_on_each_permits(town: Town, random: Random) -> None:
    drawn = Drawn(random)
    numbers = populate(town, drawn, drawn.policy(), constituents=drawn.one((1, 2)), steps_max=8)
    assert_equal(town, drawn.request(), numbers)


def test_so_does_one_over_thousands_under_whatever_policy_is_in_force(town: Town) -> None:
    policy = replace(POLICY, agreements=(NOTICES, ASKED, RENEWED))
    drawn = Drawn(Random(20_260_615))
    numbers = populate(town, drawn, policy, constituents=1_000, steps_max=8)
    asked = request(requested=frozenset({C.NAME, C.HOLDING}))
    came_of = Counter(
        _outcome(ruling)
        for decision in assert_equal(town, asked, numbers).values()
        for ruling in decision.rulings
    )
    assert all(came_of[outcome] >= 5 for outcome in SEEN), came_of
    to_prompt = replace(policy, purposes=(DeclaredPurpose("licensing", PROMPTING),))
    others = [(to_prompt, asked, 500)]
    others += [(drawn.policy(), drawn.request(), 100) for _ in range(10)]
    for policy_in_force, request_made, some in others:
        with database.transaction(town.hub.engine) as connection:
            town.state(connection, policy_in_force)
        assert_equal(town, request_made, drawn.random.sample(numbers, some))


SEEN: Final = (
    None,
    LegalBasis.PUBLIC_INTEREST,
    LegalBasis.CONSENT,
    Reason.AT_RISK,
    Reason.OBJECTED,
    Reason.OBJECTED_TO_LINKAGE,
    Reason.DECEASED,
    Reason.CONSENT_UNKNOWN,
    Reason.CONSENT_WITHDRAWN,
    Reason.CONSENT_EXPIRED,
    Reason.EXISTENCE_WITHHELD,
)


def _outcome(ruling: Ruling) -> Reason | LegalBasis | None:
    return ruling.reasons[0] if ruling.reasons else ruling.legal_basis


def test_of_an_id_that_was_never_issued_nothing_is_permitted(town: Town) -> None:
    assert list(sweep(town.hub, request(), [10**9])) == [Swept(10**9, False, {})]


def test_a_restriction_that_does_not_open_stops_the_sweep(hub: Hub) -> None:
    town = Town(hub)
    with database.transaction(hub.engine) as connection:
        town.restrict(connection, 1, restricted(RestrictionKind.AT_RISK))
        connection.execute(text("DELETE FROM subject_keys"))
    with pytest.raises(SealBroken):
        list(sweep(hub, request(), [1]))
