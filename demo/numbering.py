"""Numbers and addresses of which no two people have the same: SSN, EIN, telephone, e-mail.

None of them is anybody's: SSN areas 773 to 899 were never given out while areas meant a place, EIN
prefixes are ones the tax office does not use, telephones lie in unassigned area codes and e-mail
domains below the reserved example.com, .net and .org.
"""

from __future__ import annotations

from collections.abc import Callable
from unicodedata import normalize

from demo.dice import Dice, Weighted
from demo.naming import read_rows
from demo.places import AREA_CODES

EIN_PREFIXES = ("07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89")


def ascii_letters(text: str) -> str:
    """Lower-case ASCII letters and digits of a name: `Muñoz-Díaz` gives `munozdiaz`."""
    folded = normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(filter(str.isalnum, folded)).lower()


class Numbering:
    """Issues each value once per world."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice
        self._ssns: set[str] = set()
        self._eins: set[str] = set()
        self._phones: set[str] = set()
        self._emails: set[str] = set()
        self._domains = Weighted(
            (row["domain"], float(row["weight"])) for row in read_rows("email_domains.csv")
        )

    def ssn(self) -> str:
        """Nine digits: area 773-899, group 01-99, serial 0001-9999."""
        dice = self._dice
        return _fresh(
            self._ssns,
            lambda: f"{dice.between(773, 899)}{dice.between(1, 99):02d}{dice.between(1, 9999):04d}",
        )

    def ein(self) -> str:
        """Nine digits: an unused prefix and a serial number."""
        return _fresh(self._eins, lambda: self._dice.pick(EIN_PREFIXES) + self._dice.digits(7))

    def phone(self) -> str:
        """Ten digits: unassigned area, exchange, line."""
        dice = self._dice
        return _fresh(
            self._phones,
            lambda: f"{dice.pick(AREA_CODES)}{dice.between(200, 989)}{dice.digits(4)}",
        )

    def email(self, given: str, family: str, birth_year: int) -> str:
        """An address such a person would choose; digits are added until it is free."""
        first, last = ascii_letters(given) or "me", ascii_letters(family) or "mail"
        return _fresh(self._emails, lambda: self._draw_email(first, last, birth_year))

    def business_email(self, name: str) -> str:
        """`info@` or the like at a domain of the business's own."""
        letters = ascii_letters(name)[:18]
        box = self._dice.pick(("info", "office", "contact", "hello", "billing"))
        return _fresh(
            self._emails,
            lambda: f"{box}@{letters}{self._dice.pick(('', 'llc', 'tk', '1'))}.example",
        )

    def _draw_email(self, first: str, last: str, birth_year: int) -> str:
        dice = self._dice
        local = dice.pick(
            (
                f"{first}.{last}",
                f"{first}{last}",
                f"{first[0]}{last}",
                f"{first}_{last}",
                f"{last}{first[0]}",
                f"{first}{last[0]}",
                f"{last}.{first}",
            )
        )
        if dice.chance(0.7) or len(local) < 8:
            local += dice.pick((f"{birth_year % 100:02d}", str(birth_year), dice.digits(3)))
        return f"{local}@{self._domains.draw(dice)}"


def _fresh(taken: set[str], draw: Callable[[], str]) -> str:
    value = draw()
    while value in taken:
        value = draw()
    taken.add(value)
    return value
