"""What people of the demo world are called: given names by sex, birth year and origin; surnames.

Decides frequencies only. Which of their names a record shows, and how it is spelled there, is
sighting.py's and noise.py's. The lists under names/ were written for this project.
"""

from __future__ import annotations

from csv import DictReader
from functools import cache
from pathlib import Path

from nicknames import NickNamer

from demo.dice import Dice, Weighted, ranked

NAMES = Path(__file__).parent / "names"

ERAS = (1940, 1960, 1980, 2000, 2020)

ERA_OFFSETS = (4.0, 5.0, 6.0, 9.0, 14.0)
"""Parents agreed on a few names in 1940 and choose widely today: a larger offset is a flatter list."""


def read_sections(file: str) -> dict[str, list[str]]:
    """`[section]` headings with words below, `_` for a space inside a word, `#` lines left out."""
    sections: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (NAMES / file).read_text("utf-8").splitlines():
        if line.startswith("["):
            current = sections.setdefault(line.strip("[] "), [])
        elif not line.startswith("#"):
            current.extend(word.replace("_", " ") for word in line.split())
    return sections


def read_words(file: str) -> list[str]:
    """All words of a file without sections."""
    words = (NAMES / file).read_text("utf-8").split()
    return [word.replace("_", " ") for word in words]


def read_rows(file: str) -> list[dict[str, str]]:
    """The rows of a small CSV under names/."""
    with (NAMES / file).open(encoding="utf-8", newline="") as stream:
        return list(DictReader(stream))


class _GivenNames:
    """Given names of one sex."""

    def __init__(self, file: str) -> None:
        sections = read_sections(file)
        self._eras = [
            ranked(sections[str(era)], offset, 0.9)
            for era, offset in zip(ERAS, ERA_OFFSETS, strict=True)
        ]
        self._origins = {
            origin: ranked(names, 4.0, 0.8)
            for origin, names in sections.items()
            if not origin.isdigit()
        }

    def draw(self, dice: Dice, birth_year: int, origin: str) -> str:
        if origin:
            return self._origins[origin].draw(dice)
        # Fashions drift: between two eras the nearer list is the likelier one.
        place = min(max((birth_year - ERAS[0]) / 20, 0.0), len(ERAS) - 1.0)
        era = min(int(place + dice.random()), len(ERAS) - 1)
        return self._eras[era].draw(dice)


class Naming:
    """Draws names. One instance serves a whole world."""

    def __init__(self) -> None:
        surnames = read_sections("surnames.txt")
        origins = read_rows("origins.csv")
        self._given = {"F": _GivenNames("given_female.txt"), "M": _GivenNames("given_male.txt")}
        self._origin = Weighted((row["origin"], float(row["share"])) for row in origins)
        self._surnames = {
            row["origin"]: ranked(
                surnames[row["origin"]], float(row["offset"]), float(row["exponent"])
            )
            for row in origins
        }
        self._own_given_share = {
            row["origin"]: float(row["own_given_share"]) if row["given"] else 0.0 for row in origins
        }

    def origin(self, dice: Dice) -> str:
        """Where a family's names come from."""
        return self._origin.draw(dice)

    def surname(self, dice: Dice, origin: str) -> str:
        """A family name; now and then a double one, as Hispanic families often bear."""
        name = self._surnames[origin].draw(dice)
        if origin == "hispanic" and dice.chance(0.12):
            other = self._surnames[origin].draw(dice)
            if other != name:
                return f"{name}{dice.pick((' ', '-'))}{other}"
        return name

    def given(self, dice: Dice, sex: str, birth_year: int, origin: str) -> str:
        """A given name of the time, or of the family's origin."""
        own = dice.chance(self._own_given_share[origin])
        return self._given[sex].draw(dice, birth_year, origin if own else "")


@cache
def _namer() -> NickNamer:
    return NickNamer()


@cache
def nicknames(given: str) -> tuple[str, ...]:
    """Short forms in use for a given name, in a fixed order; empty where there are none."""
    found = _namer().nicknames_of(given)
    usable = (name for name in found if 2 < len(name) < 9 and name.isalpha())
    return tuple(name.capitalize() for name in sorted(usable))
