"""Who lives together: couples, children, elders, flat-shares, and those who live alone.

Decides kinship and what comes of it: shared surnames, addresses, telephones and e-mails, twins,
father and son of one name, marriages that changed a name, moves. These are what makes two people
of one household easy to take for one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from demo.dice import Dice, Weighted
from demo.naming import Naming, nicknames
from demo.numbering import Numbering
from demo.person import Person
from demo.places import Address, Places

YEAR_DAYS = 365.2425

TWINS_SHARE = 0.025
"""Births that are twins, per child born; about the national rate."""

JUNIOR_SHARE = 0.05
"""First sons who bear their father's whole name."""

_NOWHERE = Address("", "", "", "", "", "", "", "")
"""Stands in until the household has its home."""


class HouseholdMaker:
    """Draws one household after another from one stream of chance."""

    def __init__(
        self, dice: Dice, naming: Naming, places: Places, numbering: Numbering, today: date
    ) -> None:
        self._dice = dice
        self._naming = naming
        self._places = places
        self._numbering = numbering
        self._today = today
        self._kinds: Weighted[Callable[[], list[Person]]] = Weighted(
            (
                (self._single, 0.27),
                (self._couple, 0.25),
                (self._family, 0.29),
                (self._lone_parent, 0.08),
                (self._three_generations, 0.05),
                (self._flat_share, 0.06),
            )
        )

    def household(self, first: int) -> list[Person]:
        """The members, numbered from `first`, sharing a home and perhaps its telephone."""
        dice = self._dice
        members = self._kinds.draw(dice)()
        home = self._places.address(dice, is_flat=dice.chance(0.3))
        landline = self._numbering.phone() if dice.chance(0.22) else ""
        moved_together = dice.chance(0.25)
        former = self._places.address(dice, is_flat=dice.chance(0.4)) if moved_together else None
        moved_on = self._recent_day(9) if moved_together else None
        settled = []
        for place, member in enumerate(members):
            own_move = former is None and self._is_adult(member) and dice.chance(0.12)
            settled.append(
                replace(
                    member,
                    number=first + place,
                    household=first,
                    home=home,
                    former_home=self._places.address(dice, is_flat=True) if own_move else former,
                    moved_on=self._recent_day(9) if own_move else moved_on,
                    phone=landline if landline and dice.chance(0.35) else member.phone,
                )
            )
        return settled

    # --- kinds of household ------------------------------------------------------------------

    def _single(self) -> list[Person]:
        return [self._adult(self._dice.between(20, 92))]

    def _couple(self, age_min: int = 22, age_max: int = 88) -> list[Person]:
        dice = self._dice
        age = dice.between(age_min, age_max)
        one = self._adult(age, sex="M")
        same_sex = dice.chance(0.03)
        other = self._adult(max(19, age - 2 + dice.between(-4, 4)), sex="M" if same_sex else "F")
        if dice.chance(0.78):
            other = self._marry(other, one)
        if dice.chance(0.10):
            # One mailbox for two, as couples of a certain age keep it.
            other = replace(other, email=one.email, former_email="", email_changed_on=None)
        if dice.chance(0.12):
            other = replace(other, phone=one.phone, former_phone="", phone_changed_on=None)
        return [one, other]

    def _family(self) -> list[Person]:
        parents = self._couple(24, 58)
        return self._with_children(parents, parents[-1])

    def _lone_parent(self) -> list[Person]:
        parent = self._adult(self._dice.between(22, 56), sex="M" if self._dice.chance(0.2) else "F")
        return self._with_children([parent], parent)

    def _three_generations(self) -> list[Person]:
        members = self._family()
        elder_of = members[0]
        age = elder_of.age_on(self._today) + self._dice.between(21, 35)
        elder = self._adult(min(age, 97))
        if elder.sex == "M" or self._dice.chance(0.7):
            elder = replace(elder, family=elder_of.birth_family or elder_of.family)
        return [*members, elder]

    def _flat_share(self) -> list[Person]:
        base = self._dice.between(19, 34)
        count = self._dice.between(2, 4)
        return [self._adult(base + self._dice.between(0, 5)) for _ in range(count)]

    # --- people ------------------------------------------------------------------------------

    def _adult(self, age: int, sex: str = "") -> Person:
        dice = self._dice
        sex = sex or dice.pick("FM")
        origin = self._naming.origin(dice)
        family = self._naming.surname(dice, origin)
        person = self._born(sex, family, origin, self._birth_day(age))
        return self._with_contacts(person)

    def _born(self, sex: str, family: str, origin: str, birth_date: date) -> Person:
        dice = self._dice
        year = birth_date.year
        given = self._naming.given(dice, sex, year, origin)
        middle = self._naming.given(dice, sex, year, origin) if dice.chance(0.8) else ""
        short = nicknames(given)
        return Person(
            number=-1,
            household=-1,
            sex=sex,
            given=given,
            middle="" if middle == given else middle,
            family=family,
            birth_date=birth_date,
            ssn=self._numbering.ssn(),
            home=_NOWHERE,
            origin=origin,
            usual_name=dice.pick(short) if short and dice.chance(0.45) else None,
        )

    def _with_contacts(self, person: Person) -> Person:
        dice = self._dice
        has_email, changed_email = dice.chance(0.94), dice.chance(0.11)
        changed_phone = dice.chance(0.13)
        return replace(
            person,
            phone=self._numbering.phone(),
            former_phone=self._numbering.phone() if changed_phone else "",
            phone_changed_on=self._recent_day(6) if changed_phone else None,
            email=self._email(person) if has_email else "",
            former_email=self._email(person) if changed_email else "",
            email_changed_on=self._recent_day(6) if changed_email else None,
        )

    def _marry(self, bride: Person, groom: Person) -> Person:
        """Give one partner the other's name, both names, or neither."""
        dice = self._dice
        choice = dice.random()
        if choice > 0.72 or groom.family == bride.family:
            return bride
        youngest = max(bride.birth_date, groom.birth_date)
        since = min(youngest + timedelta(days=int(20 * YEAR_DAYS)), self._today)
        name = groom.family if choice < 0.64 else f"{bride.family}-{groom.family}"
        # Half of the weddings lie within the agencies' memory, so that old names are still on file.
        recent = max(since, self._today - timedelta(days=int(8 * YEAR_DAYS)))
        married_on = dice.day(recent if dice.chance(0.5) else since, self._today)
        return replace(bride, family=name, birth_family=bride.family, married_on=married_on)

    def _with_children(self, parents: list[Person], mother: Person) -> list[Person]:
        dice = self._dice
        namesake = parents[0]
        children: list[Person] = []
        names = {parent.given for parent in parents}
        age = min(mother.age_on(self._today) - dice.between(19, 34), 27)
        while age >= 0 and len(children) < 5:
            child = self._named_apart(namesake, self._birth_day(age), names)
            if namesake.sex == child.sex == "M" and not children and dice.chance(JUNIOR_SHARE):
                parents[0] = replace(namesake, suffix="Sr")
                child = replace(child, given=namesake.given, middle=namesake.middle, suffix="Jr")
            children.append(self._child_contacts(child, mother))
            names.add(child.given)
            if dice.chance(TWINS_SHARE):
                twin = self._named_apart(child, child.birth_date, names)
                children.append(self._child_contacts(twin, mother))
                names.add(twin.given)
            age -= dice.between(2, 5)
            if dice.chance(0.25):
                break
        return parents + children

    def _named_apart(self, kin: Person, birth_date: date, taken: set[str]) -> Person:
        """A child of the kin's surname whose given name nobody of the family bears yet."""
        sex = self._dice.pick("FM")
        child = self._born(sex, kin.family, kin.origin, birth_date)
        while child.given in taken:
            child = self._born(sex, kin.family, kin.origin, birth_date)
        return child

    def _child_contacts(self, child: Person, parent: Person) -> Person:
        """Young children are reached through a parent, older ones have their own."""
        if child.age_on(self._today) >= 15:
            return self._with_contacts(child)
        return replace(
            child,
            phone=parent.phone if self._dice.chance(0.6) else "",
            email=parent.email if self._dice.chance(0.2) else "",
        )

    # --- days --------------------------------------------------------------------------------

    def _is_adult(self, person: Person) -> bool:
        return person.age_on(self._today) >= 18

    def _birth_day(self, age: int) -> date:
        latest = self._today - timedelta(days=int(age * YEAR_DAYS) + 1)
        return self._dice.day(latest - timedelta(days=363), latest)

    def _recent_day(self, years: int) -> date:
        return self._dice.day(self._today - timedelta(days=int(years * YEAR_DAYS)), self._today)

    def _email(self, person: Person) -> str:
        known_as = person.usual_name or person.given
        return self._numbering.email(known_as, person.family, person.birth_date.year)
