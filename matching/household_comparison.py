"""Surname and address in one question.

People of one household share both; asked apart, each would count the household once more. Decides the
pairings of what surnames say with what addresses say, and what each is believed to be worth.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from matching.levels import Comparison, Level, longer, missing, typos
from matching.shared_comparisons import CLOSE_LINE

SWAPPED: Final = "given_l = family_r AND family_l = given_r"

_SURNAMES: Final = (
    (
        "surname",
        "(family_l = family_r OR family_l = family_other_r OR family_other_l = family_r)",
        0.91,
        0.002,
    ),
    (
        "surname close",
        f"({typos('family', 1)} OR family_sound_l = family_sound_r OR {SWAPPED})",
        0.04,
        0.003,
    ),
    ("surname two typos", f"({typos('family', 2)} AND {longer('family', 4)})", 0.01, 0.004),
    ("other surname", "(family_l <> family_r)", 0.04, 0.99),
    ("no surname", "(family_l IS NULL OR family_r IS NULL)", 0.02, 0.02),
)
_LINES: Final = (
    ("address", "(line_l = line_r)", 0.45, 2e-5),
    ("address close", CLOSE_LINE, 0.15, 5e-5),
    ("other address", "(line_l <> line_r)", 0.40, 1.0),
    ("no address", "(line_l IS NULL OR line_r IS NULL)", 0.5, 0.5),
)
# Among strangers at one address, so many share the surname, so many a close one.
_SHARED_AT_ADDRESS: Final = {"surname": 0.5, "surname close": 0.02}


def household() -> Comparison:
    """Every pairing of what the surnames say with what the addresses say."""
    pairings = [
        _household_level(surname, line)
        for line in _LINES
        for surname in _SURNAMES
        if (surname[0], line[0]) != ("no surname", "no address")
    ]
    return Comparison(
        name="household",
        needs=("family",),
        null_condition=f"({missing('family')}) AND ({missing('line')})",
        blind_in=frozenset({"name"}),
        levels=(*pairings[:-1], replace(pairings[-1], condition="ELSE")),
    )


def _household_level(
    surname: tuple[str, str, float, float], line: tuple[str, str, float, float]
) -> Level:
    is_near = line[0] in ("address", "address close")
    share = _SHARED_AT_ADDRESS.get(surname[0], surname[3]) if is_near else surname[3]
    same_both = surname[0] == "surname" and line[0] == "address"
    return Level(
        label=f"{surname[0]}, {line[0]}",
        # The test that fails soonest goes first: engines skip the rest.
        condition=f"{line[1]} AND {surname[1]}"
        if line[0] == "address"
        else f"{surname[1]} AND {line[1]}",
        m_prior=surname[2] * line[2],
        u_prior=share * line[3],
        # Within a household the surname's frequency says nothing more.
        rarity="family" if surname[0] == "surname" and not is_near else None,
        equal_on=("family", "line") if same_both else (),
        needs=() if line[0] == "no address" else ("line",),
    )
