"""Numbers somebody issued, to comparable ones, by scheme.

Decides which can be real numbers at all. How strong an equal number is, the model decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from matching.standardise import text
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

_PLACEHOLDERS: Final = PLACEHOLDERS[PlaceholderField.NUMBER]
_DIGITS: Final = 9
# One character repeated is a key held down; a number of fewer may be a real, early one.
_REPEATED_MIN: Final = 4
# Groups the IRS gives out after 9xx: these are taxpayer numbers of those without an SSN.
_ITIN_GROUPS: Final = frozenset(
    f"{group:02d}" for group in (*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100))
)
# OCR reads a digit as a letter (0 as o, 1 as l): up to three of nine and it is still a number.
_DAMAGED_LENGTHS: Final = range(8, 12)
_DAMAGED_DIGITS_MIN: Final = 6


def canonical(scheme: str, value: str | None) -> str | None:
    """A number in its scheme's one spelling, lower case letters and digits; None where it is none.

    `ssn`: nine digits the Social Security Administration could have issued, or an ITIN. Zeros lost
    in front (numbers kept as integers) are put back. A number with a letter read for a digit or a
    digit doubled (8 to 11 characters, most of them digits) stays as it is: close to the right one,
    which an edit distance sees. `ein`: nine digits. Other schemes: letters and digits.
    """
    found = text.words(value)
    bare = "".join(found)
    if not bare or " ".join(found) in _PLACEHOLDERS or _stands_for_nothing(bare):
        return None
    return _BY_SCHEME.get(scheme, _any)(bare)


def _any(bare: str) -> str | None:
    return bare


def _ssn(bare: str) -> str | None:
    if not bare.isdecimal() or len(bare) > _DIGITS:
        return _damaged(bare)
    digits = _padded(bare)
    if digits is None or digits in _PLACEHOLDERS:
        return None
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    if area in ("000", "666") or group == "00" or serial == "0000":
        return None
    if area[0] == "9" and group not in _ITIN_GROUPS:
        return None
    return digits


def _itin(bare: str) -> str | None:
    found = _ssn(bare)
    return found if found is None or not found.isdecimal() or found[0] == "9" else None


def _ein(bare: str) -> str | None:
    if not bare.isdecimal() or len(bare) > _DIGITS:
        return _damaged(bare)
    digits = _padded(bare)
    return None if digits is None or digits[:2] == "00" or digits in _PLACEHOLDERS else digits


def _padded(digits: str) -> str | None:
    """Nine digits, at most two zeros put back in front."""
    return digits.zfill(_DIGITS) if len(digits) >= _DIGITS - 2 else None


def _damaged(bare: str) -> str | None:
    has_digits = sum(letter.isdigit() for letter in bare) >= _DAMAGED_DIGITS_MIN
    return bare if len(bare) in _DAMAGED_LENGTHS and has_digits else None


def _stands_for_nothing(bare: str) -> bool:
    if bare in _PLACEHOLDERS or bare.strip("0") == "":
        return True
    return len(bare) >= _REPEATED_MIN and len(set(bare)) == 1


_BY_SCHEME: Final[Mapping[str, Callable[[str], str | None]]] = {
    "ssn": _ssn,
    "itin": _itin,
    "ein": _ein,
}
