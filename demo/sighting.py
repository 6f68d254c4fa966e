"""A person as one agency has them on file: seen on a day, by a clerk or a form, with slips.

Decides which name, address and contacts were true on that day and what went wrong in writing them
down. The columns they go into are each agency's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from demo.dice import Dice
from demo.noise import misread_digits, misremember_date, misspell
from demo.person import Person
from demo.population import World

PLACEHOLDER_DATE = date(1900, 1, 1)
PLACEHOLDER_SSNS = ("999999999", "000000000", "123456789")
PLACEHOLDER_PHONES = ("9999999999", "0000000000", "5555555555")
PLACEHOLDER_EMAILS = ("none@none.com", "noemail@example.com", "n/a")


@dataclass(frozen=True, slots=True)
class Habits:
    """How often an agency's records go wrong, each a share of its records from 0 to 1.

    years: how far back its records were last touched. `middle_full` is the share of middle names
    given in full, `middle_initial` that of initials; the rest are left out.
    """

    years: float
    name_slip: float = 0.0
    nickname: float = 0.0
    given_initial: float = 0.0
    names_swapped: float = 0.0
    half_surname: float = 0.0
    unknown_given: float = 0.0
    middle_full: float = 0.0
    middle_initial: float = 0.0
    no_birth_date: float = 0.0
    birth_date_slip: float = 0.0
    placeholder_birth_date: float = 0.0
    no_ssn: float = 0.0
    ssn_slip: float = 0.0
    borrowed_ssn: float = 0.0
    placeholder_ssn: float = 0.0
    no_address: float = 0.0
    street_slip: float = 0.0
    no_unit: float = 0.0
    post_code_slip: float = 0.0
    no_phone: float = 0.0
    phone_slip: float = 0.0
    placeholder_phone: float = 0.0
    no_email: float = 0.0
    email_slip: float = 0.0
    placeholder_email: float = 0.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """The personal values of one record. Text is empty and the date None where not on file.

    ssn, phone: bare digits. street: number and street; city and post_code go with it.
    """

    seen_on: date
    given: str
    middle: str
    family: str
    suffix: str
    birth_date: date | None
    ssn: str
    street: str
    unit: str
    city: str
    post_code: str
    phone: str
    email: str


class Clerk:
    """Writes people down the way one agency does."""

    def __init__(self, world: World, habits: Habits, dice: Dice) -> None:
        self._people = world.people
        self._today = world.today
        self._earliest = world.today - timedelta(days=int(habits.years * 365.2425))
        self._habits = habits
        self._dice = dice

    def see(self, person: Person) -> Sighting:
        """The person on a day of the agency's memory. Person 0 is the story's and free of slips."""
        if person.number == 0:
            return _plain(person, self._today - timedelta(days=200))
        earliest = max(self._earliest, person.birth_date)
        return self._see_on(person, self._dice.day(earliest, self._today))

    def _see_on(self, person: Person, day: date) -> Sighting:
        given, family = self._names(person, day)
        street, unit, city, post_code = self._address(person, day)
        return Sighting(
            seen_on=day,
            given=given,
            middle=self._middle(person),
            family=family,
            suffix=person.suffix if self._dice.chance(0.8) else "",
            birth_date=self._birth_date(person),
            ssn=self._ssn(person),
            street=street,
            unit=unit,
            city=city,
            post_code=post_code,
            phone=self._phone(person, day),
            email=self._email(person, day),
        )

    def _names(self, person: Person, day: date) -> tuple[str, str]:
        habits, dice = self._habits, self._dice
        given, family = person.given, person.family_on(day)
        if person.usual_name and dice.chance(habits.nickname):
            given = person.usual_name
        elif dice.chance(habits.unknown_given):
            given = "UNKNOWN"
        elif dice.chance(habits.given_initial):
            given = given[0]
        if ("-" in family or " " in family) and dice.chance(habits.half_surname):
            family = dice.pick(family.replace("-", " ").split())
        if dice.chance(habits.name_slip):
            if dice.chance(0.45):
                given = misspell(given, dice)
            else:
                family = misspell(family, dice)
        if dice.chance(habits.names_swapped):
            given, family = family, given
        return given, family

    def _middle(self, person: Person) -> str:
        if not person.middle:
            return ""
        choice = self._dice.random()
        if choice < self._habits.middle_full:
            return person.middle
        return (
            person.middle[0]
            if choice < self._habits.middle_full + self._habits.middle_initial
            else ""
        )

    def _birth_date(self, person: Person) -> date | None:
        habits, dice = self._habits, self._dice
        if dice.chance(habits.no_birth_date):
            return None
        if dice.chance(habits.placeholder_birth_date):
            return PLACEHOLDER_DATE
        if dice.chance(habits.birth_date_slip):
            return min(misremember_date(person.birth_date, dice), self._today)
        return person.birth_date

    def _ssn(self, person: Person) -> str:
        habits, dice = self._habits, self._dice
        if dice.chance(habits.no_ssn):
            return ""
        if dice.chance(habits.placeholder_ssn):
            return dice.pick(PLACEHOLDER_SSNS)
        if dice.chance(habits.borrowed_ssn):
            return self._neighbour(person).ssn
        return misread_digits(person.ssn, dice) if dice.chance(habits.ssn_slip) else person.ssn

    def _neighbour(self, person: Person) -> Person:
        """Somebody of the household where there is one, else the person themself."""
        other = self._people[person.number - 1]
        return other if other.household == person.household else person

    def _address(self, person: Person, day: date) -> tuple[str, str, str, str]:
        habits, dice = self._habits, self._dice
        if dice.chance(habits.no_address):
            return "", "", "", ""
        home = person.home_on(day)
        street = home.street_line if dice.chance(0.75) else home.long_street_line
        if dice.chance(habits.street_slip):
            street = misspell(street, dice)
        unit = "" if dice.chance(habits.no_unit) else home.unit_line
        post_code = home.post_code
        if dice.chance(habits.post_code_slip):
            post_code = misread_digits(post_code, dice)
        return street, unit, home.city, post_code

    def _phone(self, person: Person, day: date) -> str:
        habits, dice = self._habits, self._dice
        phone = person.phone_on(day)
        if not phone or dice.chance(habits.no_phone):
            return dice.pick(PLACEHOLDER_PHONES) if dice.chance(habits.placeholder_phone) else ""
        return misread_digits(phone, dice) if dice.chance(habits.phone_slip) else phone

    def _email(self, person: Person, day: date) -> str:
        habits, dice = self._habits, self._dice
        email = person.email_on(day)
        if not email or dice.chance(habits.no_email):
            return dice.pick(PLACEHOLDER_EMAILS) if dice.chance(habits.placeholder_email) else ""
        if dice.chance(habits.email_slip):
            local, _, domain = email.partition("@")
            return f"{misspell(local, dice)}@{domain}"
        return email


def _plain(person: Person, day: date) -> Sighting:
    home = person.home
    return Sighting(
        day, person.given, person.middle, person.family, person.suffix, person.birth_date,
        person.ssn, home.street_line, home.unit_line, home.city, home.post_code, person.phone,
        person.email,
    )  # fmt: skip
