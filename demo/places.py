"""The invented state of Tamarack (TK): its cities, post codes, streets and telephone areas.

No place, post code or telephone area here is assigned to anybody: the postal service has no state
TK and has given out no post code from 694 to 699; the five area codes belong to no region.
"""

from __future__ import annotations

from dataclasses import dataclass

from demo.dice import Dice, Weighted, ranked
from demo.naming import read_rows, read_words

STATE = "TK"

AREA_CODES = ("237", "466", "576", "823", "875")

KINDS = {
    "St": "Street", "Ave": "Avenue", "Rd": "Road", "Dr": "Drive", "Ln": "Lane",
    "Ct": "Court", "Blvd": "Boulevard", "Way": "Way", "Pl": "Place", "Ter": "Terrace",
}  # fmt: skip

_KIND_WEIGHTS = (28, 18, 14, 14, 9, 5, 3, 4, 3, 2)

_DIRECTIONS = ("N", "S", "E", "W")


@dataclass(frozen=True, slots=True)
class Address:
    """Where somebody lives or trades. `direction`, `unit_kind` and `unit` may be empty."""

    number: str
    direction: str
    street: str
    kind: str
    unit_kind: str
    unit: str
    city: str
    post_code: str

    @property
    def street_line(self) -> str:
        """Number and street with the kind abbreviated: `412 N Oak St`."""
        front = f"{self.number} {self.direction} " if self.direction else f"{self.number} "
        return f"{front}{self.street} {self.kind}"

    @property
    def long_street_line(self) -> str:
        """Number and street written out: `412 N Oak Street`."""
        front = f"{self.number} {self.direction} " if self.direction else f"{self.number} "
        return f"{front}{self.street} {KINDS[self.kind]}"

    @property
    def unit_line(self) -> str:
        """`Apt 4B`, or empty."""
        return f"{self.unit_kind} {self.unit}" if self.unit else ""


class Places:
    """Draws addresses and telephone areas of the state."""

    def __init__(self) -> None:
        cities = read_rows("cities.csv")
        self._cities = Weighted((row, float(row["post_codes"])) for row in cities)
        self._streets = ranked(read_words("streets.txt"), 30.0, 0.6)
        self._kinds = Weighted(zip(KINDS, _KIND_WEIGHTS, strict=True))

    def address(self, dice: Dice, *, is_flat: bool) -> Address:
        """Somewhere in the state; flats have a unit and share their building with others."""
        city = self._cities.draw(dice)
        post_code = int(city["first_post_code"]) + dice.below(int(city["post_codes"]))
        number = dice.between(1, 40) * 100 if is_flat else dice.between(1, 9899)
        unit_kind = dice.pick(("Apt", "Apt", "Apt", "Unit", "#")) if is_flat else ""
        return Address(
            number=str(number),
            direction=dice.pick(_DIRECTIONS) if dice.chance(0.22) else "",
            street=self._streets.draw(dice),
            kind=self._kinds.draw(dice),
            unit_kind=unit_kind,
            unit=_unit(dice) if is_flat else "",
            city=city["city"],
            post_code=str(post_code),
        )


def _unit(dice: Dice) -> str:
    floor = dice.between(1, 12)
    return f"{floor}{dice.pick('ABCDEF')}" if dice.chance(0.4) else f"{floor}{dice.digits(2)}"
