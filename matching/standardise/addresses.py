"""Postal addresses to comparable ones: number and street as one line, and the parts beside it.

Decides what of an address is evidence. How a written line is read is address_lines.py's business.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from matching.standardise import text
from matching.standardise.address_lines import AddressText, abbreviated, read
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField
from matching.standardise.usps import ABBREVIATIONS, LONE_UNIT_WORDS, UNIT_WORDS, state_code

_ADDRESSES: Final = PLACEHOLDERS[PlaceholderField.ADDRESS]
# The line abbreviates ("street" is "st"), so a remark may reach the check in either writing.
_LINES: Final = _ADDRESSES | {" ".join(abbreviated(known)) for known in _ADDRESSES}
_CITIES: Final = PLACEHOLDERS[PlaceholderField.CITY]
_ADMIN_UNITS: Final = PLACEHOLDERS[PlaceholderField.ADMIN_UNIT]
_POST_CODES: Final = PLACEHOLDERS[PlaceholderField.POST_CODE]


class AddressParts(NamedTuple):
    """An address in comparable parts; `line` is house number and street, or the post box."""

    line: str | None
    house_number: str | None
    street: str | None
    unit: str | None
    city: str | None
    admin_unit: str | None
    post_code: str | None


def line(
    delivery_line: str | None = None, full_address: str | None = None, unit: str | None = None
) -> str | None:
    """Number and street in USPS abbreviations without unit ("12 n main st"), or "po box 12".

    `full_address` is read only where there is no `delivery_line`. `unit` is what the source holds
    as the unit, dropped from the line's end where it is repeated there. None for placeholders ("no
    fixed abode") and for a number without a street.
    """
    return parts(delivery_line, full_address, unit).line


def parts(
    delivery_line: str | None = None,
    full_address: str | None = None,
    stated_unit: str | None = None,
    stated_city: str | None = None,
    stated_admin_unit: str | None = None,
    stated_post_code: str | None = None,
) -> AddressParts:
    """Every comparable part of an address; a stated part goes before one found in the text."""
    said = _read(delivery_line, is_full=False)
    if not said.words:
        said = _read(full_address, is_full=True)
    own_unit = unit(stated_unit) or unit(said.unit)
    found = _evidence(_without_unit(said.words, own_unit if stated_unit else None))
    number, street = _split_number(found)
    return AddressParts(
        found,
        number,
        street,
        own_unit,
        city(stated_city) or city(said.city),
        admin_unit(stated_admin_unit) or admin_unit(said.admin_unit),
        post_code(stated_post_code) or post_code(said.post_code),
    )


def unit(written: str | None) -> str | None:
    """A unit without its designator: "Apt. 4-B" and "#4b" are "4b"; "Rear" stays "rear"."""
    found = text.words(written)
    if not found or " ".join(found) in _ADDRESSES:
        return None
    numbers = "".join(word for word in found if word not in UNIT_WORDS)
    own = numbers or next((word for word in found if word in LONE_UNIT_WORDS), None)
    # Words run together can make what stands alone for nothing: "A CP" is "acp".
    return None if own in _ADDRESSES or own in UNIT_WORDS - LONE_UNIT_WORDS else own


def city(written: str | None) -> str | None:
    """A place's name, its words abbreviated as in an address ("Saint Paul", "St. Paul")."""
    found = text.words(written)
    if not found or " ".join(found) in _CITIES or "".join(found).isdecimal():
        return None
    return " ".join([ABBREVIATIONS.get(word, word) for word in found])


def admin_unit(written: str | None) -> str | None:
    """A state's two-letter code where it names one of the United States, else its words."""
    found = text.words(written)
    whole = " ".join(found)
    if not found or whole in _ADMIN_UNITS:
        return None
    return state_code(found) or whole


def post_code(written: str | None) -> str | None:
    """The five digits of a ZIP or ZIP+4; any other post code's letters and digits, unparted."""
    words = text.words(written)
    found = "".join(words)
    if len(found) == 9 and found.isdecimal():
        found = found[:5]
    return found if found and _POST_CODES.isdisjoint((found, " ".join(words))) else None


def _read(written: str | None, *, is_full: bool) -> AddressText:
    """What the text says; nothing where it is a remark ("N/A", which labels would take apart)."""
    said = read(written, is_full=is_full) if written else AddressText()
    if said.words and not said.words[0].isdigit() and " ".join(text.words(written)) in _ADDRESSES:
        return AddressText()
    return said


def _without_unit(words: str, own_unit: str | None) -> str:
    """The words without a last one that only repeats the stated unit; number and street stay."""
    if own_unit and words.endswith(f" {own_unit}") and words.count(" ") > 2:
        return words[: -len(own_unit) - 1]
    return words


def _evidence(words: str) -> str | None:
    """The line if it says where: not a placeholder, and more than a number without a street."""
    return words if words not in _LINES and any(map(str.isalpha, words)) else None


def _split_number(found: str | None) -> tuple[str | None, str | None]:
    if found is None:
        return None, None
    number, _, street = found.partition(" ")
    return (number, street) if street and number[:1].isdigit() else (None, found)
