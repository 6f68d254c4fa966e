"""The people of the demo world: households drawn one after another until enough have been born.

Decides how many there are and that the person of the story is number 0. How a household is made up
is households.py's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from demo.businesses import Business, found_businesses
from demo.dice import Dice
from demo.households import HouseholdMaker
from demo.naming import Naming
from demo.numbering import Numbering
from demo.person import Person
from demo.places import Places
from demo.story import MARIA, maria, maria_business

PEOPLE_MIN = 50
"""Fewer do not fill every agency, and no model can be trained on them."""


@dataclass(frozen=True, slots=True)
class World:
    """Everyone and every business in truth, on the day `today`.

    people[i].number == i and businesses[i].number == i; number 0 of each belongs to the story.
    """

    seed: int
    today: date
    people: list[Person] = field(repr=False)
    businesses: list[Business] = field(repr=False)

    def dice(self, purpose: str) -> Dice:
        """A stream of chance for one purpose, so that agencies do not disturb one another."""
        return Dice(self.seed, purpose)


def check_people(people: int) -> None:
    """Raise ValueError below PEOPLE_MIN."""
    if people < PEOPLE_MIN:
        raise ValueError(f"the demo world needs at least {PEOPLE_MIN} people")


def populate(people: int, seed: int, today: date) -> World:
    """Draw a world of exactly `people` persons. Raises ValueError below PEOPLE_MIN."""
    check_people(people)
    places = Places()
    numbering = Numbering(Dice(seed, "numbers"))
    maker = HouseholdMaker(Dice(seed, "households"), Naming(), places, numbering, today)
    population = [maria(today)]
    while len(population) < people:
        # A number fixed by the story is nobody else's: the maker starts above it.
        population.extend(maker.household(first=len(population)))
    del population[people:]
    businesses = [maria_business()]
    businesses += found_businesses(
        Dice(seed, "businesses"), population, places, numbering, today, first=MARIA.business + 1
    )
    return World(seed, today, population, businesses)
