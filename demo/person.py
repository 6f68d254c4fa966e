"""One invented person: who they are, and who and where they were on an earlier day.

Decides truth only. What an agency has written down of it is sighting.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from demo.places import Address


@dataclass(frozen=True, slots=True)
class Person:
    """A person in truth.

    `number` counts from 0 and is the place in the population. `birth_family` differs from `family`
    where a marriage changed it, on `married_on`. A `former_` value held until its date; where the
    date is None there was none. `household` is shared by those who live together; `usual_name` is
    what the person is called, None where that is the given name. SSN and telephones are bare digits.
    `origin` says where the family's names come from, so that children are named accordingly.
    """

    number: int
    household: int
    sex: str
    given: str
    middle: str
    family: str
    birth_date: date
    ssn: str
    home: Address
    origin: str = ""
    suffix: str = ""
    usual_name: str | None = None
    birth_family: str = ""
    married_on: date | None = None
    former_home: Address | None = None
    moved_on: date | None = None
    phone: str = ""
    former_phone: str = ""
    phone_changed_on: date | None = None
    email: str = ""
    former_email: str = ""
    email_changed_on: date | None = None

    def family_on(self, day: date) -> str:
        """The family name borne on that day."""
        if self.married_on is not None and day < self.married_on:
            return self.birth_family
        return self.family

    def home_on(self, day: date) -> Address:
        """The address lived at on that day."""
        if self.former_home is not None and self.moved_on is not None and day < self.moved_on:
            return self.former_home
        return self.home

    def phone_on(self, day: date) -> str:
        """The telephone number used on that day; empty where there was none."""
        if self.phone_changed_on is not None and day < self.phone_changed_on:
            return self.former_phone
        return self.phone

    def email_on(self, day: date) -> str:
        """The e-mail address used on that day; empty where there was none."""
        if self.email_changed_on is not None and day < self.email_changed_on:
            return self.former_email
        return self.email

    def age_on(self, day: date) -> int:
        """Whole years lived on that day."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)
