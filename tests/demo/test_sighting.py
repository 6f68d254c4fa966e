from __future__ import annotations

import pytest

from demo.dice import Dice
from demo.person import Person
from demo.population import World, populate
from demo.sighting import (
    PLACEHOLDER_DATE,
    PLACEHOLDER_SSNS,
    Clerk,
    Habits,
    Sighting,
)
from tests.demo.conftest import TODAY


@pytest.fixture(scope="module")
def world() -> World:
    return populate(800, 2, TODAY)


def _seen(world: World, habits: Habits) -> list[tuple[Person, Sighting]]:
    clerk = Clerk(world, habits, Dice(1, "clerk"))
    return [(person, clerk.see(person)) for person in world.people[1:]]


def test_a_clerk_without_slips_writes_what_was_true_on_that_day(world: World) -> None:
    for person, seen in _seen(world, Habits(years=6.0, middle_full=1.0)):
        assert max(person.birth_date, seen.seen_on) == seen.seen_on <= TODAY
        assert (seen.given, seen.middle) == (person.given, person.middle)
        assert seen.family == person.family_on(seen.seen_on)
        assert seen.post_code == person.home_on(seen.seen_on).post_code
        assert seen.phone == person.phone_on(seen.seen_on)
        assert seen.email == person.email_on(seen.seen_on)
        assert (seen.birth_date, seen.ssn) == (person.birth_date, person.ssn)


def test_old_sightings_show_former_names_and_homes(world: World) -> None:
    seen = _seen(world, Habits(years=6.0))
    assert any(s.family != p.family for p, s in seen)
    assert any(s.post_code != p.home.post_code for p, s in seen)


def test_placeholders_stand_where_values_are_unknown(world: World) -> None:
    habits = Habits(years=1.0, placeholder_birth_date=1.0, placeholder_ssn=1.0, unknown_given=1.0)
    for _, seen in _seen(world, habits):
        assert seen.birth_date == PLACEHOLDER_DATE
        assert seen.ssn in PLACEHOLDER_SSNS
        assert seen.given == "UNKNOWN"


def test_an_ssn_is_borrowed_inside_the_household_only(world: World) -> None:
    owners = {person.ssn: person for person in world.people}
    seen = _seen(world, Habits(years=1.0, borrowed_ssn=1.0))
    assert any(s.ssn != p.ssn for p, s in seen)
    assert all(owners[s.ssn].household == p.household for p, s in seen)


def test_swapped_names_keep_both_names(world: World) -> None:
    for person, seen in _seen(world, Habits(years=0.0, names_swapped=1.0)):
        assert (seen.family, seen.given) == (person.given, person.family)


def test_half_of_a_double_surname_is_one_of_its_halves(world: World) -> None:
    doubles = [
        (p, s)
        for p, s in _seen(world, Habits(years=0.0, half_surname=1.0))
        if "-" in p.family or " " in p.family
    ]
    assert doubles
    assert all(s.family in p.family.replace("-", " ").split() for p, s in doubles)
