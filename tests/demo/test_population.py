from __future__ import annotations

from collections import Counter, defaultdict
from itertools import combinations

import pytest

from demo.naming import nicknames, read_sections
from demo.numbering import EIN_PREFIXES
from demo.person import Person
from demo.places import AREA_CODES
from demo.population import World, populate
from tests.demo.conftest import TODAY

PEOPLE = 6_000


@pytest.fixture(scope="module")
def world() -> World:
    return populate(PEOPLE, 3, TODAY)


@pytest.fixture(scope="module")
def households(world: World) -> list[list[Person]]:
    together: dict[int, list[Person]] = defaultdict(list)
    for person in world.people:
        together[person.household].append(person)
    return list(together.values())


def test_people_and_businesses_stand_at_their_number(world: World) -> None:
    assert [person.number for person in world.people] == list(range(PEOPLE))
    assert [one.number for one in world.businesses] == list(range(len(world.businesses)))


def test_nobody_is_born_after_today_or_older_than_a_century(world: World) -> None:
    assert {0 <= person.age_on(TODAY) <= 100 for person in world.people} == {True}


def test_members_of_a_household_share_their_home(households: list[list[Person]]) -> None:
    assert all(len({member.home for member in members}) == 1 for members in households)


def test_nobody_has_anothers_ssn_and_every_ssn_lies_in_the_stated_range(world: World) -> None:
    numbers = [person.ssn for person in world.people[1:]]
    assert len(set(numbers)) == len(numbers)
    assert all(
        773 <= int(n[:3]) <= 899 and n[3:5] != "00" and n[5:] != "0000" and len(n) == 9
        for n in numbers
    )


def test_telephones_and_emails_can_reach_nobody(world: World) -> None:
    for person in world.people:
        for phone in filter(None, (person.phone, person.former_phone)):
            assert phone[:3] in AREA_CODES
        for email in filter(None, (person.email, person.former_email)):
            domain = email.partition("@")[2]
            reserved = ("example.com", "example.net", "example.org", "example")
            assert domain.endswith(tuple(f".{name}" for name in reserved))


def test_tax_numbers_have_prefixes_the_tax_office_does_not_use(world: World) -> None:
    assert {one.ein[:2] for one in world.businesses[1:] if one.ein} <= set(EIN_PREFIXES)


def test_there_are_twins_and_they_never_share_a_given_name(households: list[list[Person]]) -> None:
    twins = [
        (one, other)
        for members in households
        for one, other in combinations(members, 2)
        if one.birth_date == other.birth_date and one.family == other.family
    ]
    assert len(twins) >= 5
    assert all(one.given != other.given for one, other in twins)


def test_fathers_and_sons_of_one_name_live_together(households: list[list[Person]]) -> None:
    pairs = [
        (junior, senior)
        for members in households
        for junior in members
        for senior in members
        if junior.suffix == "Jr" and senior.suffix == "Sr"
    ]
    assert len(pairs) >= 5
    for junior, senior in pairs:
        assert (junior.given, junior.middle) == (senior.given, senior.middle)
        assert junior.birth_date > senior.birth_date


def test_names_and_places_were_others_before_weddings_and_moves(world: World) -> None:
    married = [p for p in world.people if p.married_on and p.birth_family != p.family]
    assert len(married) > PEOPLE / 30
    for person in married:
        assert person.married_on is not None
        assert person.family_on(person.birth_date) == person.birth_family
        assert person.family_on(person.married_on) == person.family
    moved = [p for p in world.people if p.moved_on]
    assert len(moved) > PEOPLE / 10
    for person in moved:
        assert person.moved_on is not None
        assert person.home_on(person.moved_on) == person.home
        assert person.home_on(person.birth_date.min) == person.former_home


def test_couples_share_telephones_and_mailboxes_now_and_then(
    households: list[list[Person]],
) -> None:
    shared = Counter[str]()
    for members in households:
        adults = [m for m in members if m.age_on(TODAY) >= 22]
        for one, other in combinations(adults, 2):
            shared["phone"] += bool(one.phone) and one.phone == other.phone
            shared["email"] += bool(one.email) and one.email == other.email
    assert shared["phone"] > 50
    assert shared["email"] > 50


def test_businesses_have_owners_who_exist_and_are_of_age(world: World) -> None:
    for business in world.businesses:
        assert business.owners
        assert len(set(business.owners)) == len(business.owners)
        assert all(20 <= world.people[owner].age_on(TODAY) <= 80 for owner in business.owners)
    assert any(len(business.owners) > 1 for business in world.businesses)
    owners = Counter(owner for business in world.businesses for owner in business.owners)
    assert max(owners.values()) > 1


def test_given_names_follow_the_fashion_of_their_years(world: World) -> None:
    def share(name: str, people: list[Person]) -> float:
        return sum(p.given == name for p in people) / len(people)

    women = [p for p in world.people if p.sex == "F"]
    old = [p for p in women if p.birth_date.year < 1955]
    young = [p for p in women if p.birth_date.year > 2010]
    assert share("Mary", old) > 4 * share("Mary", young)
    assert share("Olivia", young) > 4 * share("Olivia", old)


def test_surnames_are_many_and_few_of_them_common(world: World) -> None:
    assert len({name for names in read_sections("surnames.txt").values() for name in names}) > 2_000
    borne = Counter(person.family for person in world.people)
    assert borne.most_common(1)[0][1] < PEOPLE * 0.03
    assert any("-" in name for name in borne)
    assert any(not name.isascii() for name in borne)


def test_nicknames_come_in_a_fixed_order() -> None:
    assert "Bill" in nicknames("William")
    assert list(nicknames("William")) == sorted(nicknames("William"))
    assert nicknames("Ximena-Luz") == ()
