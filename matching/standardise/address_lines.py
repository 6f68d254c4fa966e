"""One written address to the words of its line and what stood beside it.

usaddress labels the words; which labels are believed is decided here. Commas are the writer's own
division and beat the labels. A plain line needs no labels (plain_line says why). What of the result
is evidence is addresses.py's business.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

import usaddress

from matching.standardise import text
from matching.standardise.usps import ABBREVIATIONS, DIRECTIONALS, UNIT_WORDS, state_code

_UNIT_LABELS: Final = frozenset(
    ("OccupancyType", "OccupancyIdentifier", "SubaddressType", "SubaddressIdentifier")
)
_BOX_LABELS: Final = frozenset(("USPSBoxType", "USPSBoxID"))
_PLACE_LABELS: Final = frozenset(("PlaceName", "StateName", "ZipCode"))
_ADDRESSEE_LABELS: Final = frozenset(("Recipient", "BuildingName", "LandmarkName", "NotAddress"))

_WORD: Final = r"(?:[a-z]+|[0-9]+(?:st|nd|rd|th))"
PLAIN_LINE: Final = re.compile(rf"([0-9]{{1,6}}) ({_WORD}(?: {_WORD}){{0,4}})")
_NOTPLAIN_LINE: Final = (UNIT_WORDS | set("abcdefghijklmnopqrstuvwxyz")) - DIRECTIONALS
_ORDINAL: Final = re.compile(r"[0-9]+(?:st|nd|rd|th)")
_BOX: Final = re.compile(
    r"(?:^box|(?<![a-z0-9])(?:p ?o ?box|po ?b|post office box)) ?(?:no |number )?([0-9]+[a-z]?)\b"
)
_ROUTE: Final = re.compile(r"(?<![a-z0-9])(?:rr|rural route|hc) ([0-9]+) box ([0-9]+[a-z]?)\b")
_LEADING_UNIT: Final = re.compile(
    rf"((?:(?:{'|'.join(sorted(UNIT_WORDS))})\.? ?|# ?)(?:[0-9]+[a-z]?|[a-z]))(?: ?, ?| )([0-9].*)"
)
_NUMBER_SAID: Final = re.compile(r"(?:no|number|#)\.? ?([0-9]+[a-z]? .+)")
_UNIT_BEFORE_NUMBER: Final = re.compile(r"([0-9]+[a-z]?)/([0-9]+[a-z]?)")
_ZIP: Final = re.compile(r"[0-9]{5}(?:-?[0-9]{4})?")
_STATE_AND_ZIP: Final = re.compile(rf"([a-z][a-z .]*[a-z.]) ({_ZIP.pattern})")

# Apostrophes and full stops belong to a word; - and / stay between digits ("112-10", "12 1/2").
_SIGNS: Final = str.maketrans(
    {chr(c): " " for c in range(128) if not chr(c).isalnum() and chr(c) not in "-/"}
    | dict.fromkeys("'`.")
)
_STRAY_DASH: Final = re.compile(r"(?<![0-9])[-/]+|[-/]+(?![0-9])")
# Longer text is no address, and the cost of labelling grows with it.
_LENGTH_MAX: Final = 200


class AddressText(NamedTuple):
    """What one text says: the line's words, then what stood beside it, as written."""

    words: str = ""
    unit: str | None = None
    city: str | None = None
    admin_unit: str | None = None
    post_code: str | None = None


def read(written: str, *, is_full: bool) -> AddressText:
    folded = text.fold(written)
    if folded is None or len(folded) > _LENGTH_MAX:
        return AddressText()
    by_commas = (_split_at_commas(folded) if is_full else None) or AddressText(folded)
    # A whole address on one line ends in a city, which no shape tells from a street.
    if (not is_full or by_commas.city) and (plain := plain_line(by_commas.words)) is not None:
        return by_commas._replace(words=plain)
    return read_labelled(folded, is_full=is_full)


def plain_line(folded: str) -> str | None:
    """The line of a number and up to five words of which none can name a unit.

    Equal to the labelled reading whatever labels the words get: there, a leading number always
    stays, words are dropped only where a unit word, a lone letter or a number bear the label out,
    and all else becomes these same words.
    """
    plain = PLAIN_LINE.fullmatch(folded)
    if plain is None:
        return None
    words = plain[2].split(" ")
    if not _NOTPLAIN_LINE.isdisjoint(words):
        return None
    number = plain[1].lstrip("0") or "0"
    return " ".join([number, *[ABBREVIATIONS.get(word, word) for word in words]])


@lru_cache(maxsize=16_384)
def read_labelled(folded: str, *, is_full: bool) -> AddressText:
    """What folded text says, by its commas and usaddress alone (no fast path).

    `is_full`: the text may end in city, state and post code even without commas; in a delivery
    line, words labelled so are part of the street.
    """
    by_commas = _split_at_commas(folded)
    read = by_commas or AddressText(folded)
    # Without the unit the rest may be labelled otherwise; repeated until nothing changes, so that
    # a comparable line stays itself. Each round but the last has fewer words.
    words, is_whole = read.words, is_full and by_commas is None
    while True:
        once = _read_once(words, is_full=is_whole)
        read = AddressText(
            once.words, *[old or new for old, new in zip(read[1:], once[1:], strict=True)]
        )
        if once.words == words or not once.words:
            return read
        words, is_whole = once.words, False


def _split_at_commas(folded: str) -> AddressText | None:
    """ "12 main st, apt 4, springfield, il 62704": the end is state and ZIP, before it the city."""
    head, *rest = [segment.strip() for segment in folded.rstrip(" ,.").split(",")]
    if len(rest) > 2 and _ZIP.fullmatch(rest[-1]):
        rest[-2:] = [f"{rest[-2]} {rest[-1]}"]
    ending = _STATE_AND_ZIP.fullmatch(rest[-1]) if len(rest) > 1 else None
    if ending is None or state_code(text.words(ending[1])) is None:
        return None
    return AddressText(", ".join([head, *rest[:-2]]), None, rest[-2], ending[1], ending[2])


def _read_once(folded: str, *, is_full: bool) -> AddressText:
    if box := _box(_cleaned(folded)):
        return AddressText(box)
    if leading := _LEADING_UNIT.fullmatch(folded):
        rest = _read_once(leading[2], is_full=is_full)
        return rest._replace(unit=leading[1])
    if said := _NUMBER_SAID.fullmatch(folded):
        return _read_once(said[1], is_full=is_full)
    labelled = usaddress.parse(folded)
    if not labelled:
        return AddressText()
    tokens = [token for token, _ in labelled]
    labels = [label for _, label in labelled]
    in_unit = _unit_places(tokens, labels)
    dropped = in_unit | _box_places(tokens, labels) | _addressee_places(tokens, labels)
    is_american = is_full and any(map(_is_american_end, tokens, labels))
    place_start = _place_start(tokens, labels) if is_american else len(tokens)
    kept = [place for place in range(place_start) if place not in dropped]
    if is_full:
        kept = _first_segment(tokens, kept)
    words = abbreviated(" ".join(tokens[place] for place in kept))
    written_unit = " ".join(tokens[place] for place in sorted(in_unit))
    if len(words) > 1 and (parted := _UNIT_BEFORE_NUMBER.fullmatch(words[0])):
        words[0], written_unit = parted[2], parted[1]
    if words and words[0].isdecimal():
        words[0] = words[0].lstrip("0") or "0"
    found = " ".join(words)
    read = AddressText(_box(found) or found, written_unit or None)
    if not is_american:
        return read
    city, state, code = (
        " ".join(token for token, label in labelled if label == wanted) or None
        for wanted in ("PlaceName", "StateName", "ZipCode")
    )
    return read._replace(city=city, admin_unit=state, post_code=code)


def _is_american_end(token: str, label: str) -> bool:
    """Whether a word is a ZIP or state and labelled so: without either the labels of an address's
    end are guesses at a country usaddress never saw."""
    word = token.strip(".,;()")
    return (label == "ZipCode" and _ZIP.fullmatch(word) is not None) or (
        label == "StateName" and state_code(text.words(word)) is not None
    )


def _box(cleaned: str) -> str | None:
    """The post box or rural route of a line that begins with no number; the rest is dropped."""
    if cleaned[:1].isdigit():
        return None
    if found := _ROUTE.search(cleaned):
        return f"rr {found[1]} box {found[2]}"
    found = _BOX.search(cleaned)
    return f"po box {found[1].lstrip('0') or '0'}" if found else None


def _unit_places(tokens: Sequence[str], labels: Sequence[str]) -> set[int]:
    """Places of the words labelled as a unit, of those runs that look like one."""
    places: set[int] = set()
    is_numbered = tokens[0][:1].isdigit()
    looks_like_unit = _looks_like_unit if is_numbered else _names_unit
    for run in _runs(labels, _UNIT_LABELS):
        # The number a text begins with is the house number, whatever its label; where it begins
        # with none, the number at its end is ("Rue de la Paix 12").
        members = [place for place in run if place or not is_numbered]
        if any(looks_like_unit(tokens[place]) for place in members):
            places.update(members)
    return places


def _box_places(tokens: Sequence[str], labels: Sequence[str]) -> set[int]:
    """Places of a post box after number and street, where the street is the better address."""
    places: set[int] = set()
    for run in _runs(labels, _BOX_LABELS):
        words = {tokens[place].strip(".,;()") for place in run}
        if "box" in words and 0 not in run and any(map(_looks_like_number, words)):
            places.update(run)
    return places


def _runs(labels: Sequence[str], wanted: frozenset[str]) -> list[list[int]]:
    """The places of neighbouring labels of the wanted ones, run by run."""
    grouped = groupby(range(len(labels)), key=lambda place: labels[place] in wanted)
    return [list(run) for is_wanted, run in grouped if is_wanted]


def _names_unit(token: str) -> bool:
    return token.strip(".,;()") in UNIT_WORDS or token.startswith("#")


def _looks_like_unit(token: str) -> bool:
    if _names_unit(token):
        return True
    word = token.strip(".,;()")
    if len(word) == 1:
        return word not in DIRECTIONALS
    return _looks_like_number(word)


def _looks_like_number(word: str) -> bool:
    return any(map(str.isdigit, word)) and not _ORDINAL.fullmatch(word)


def _addressee_places(tokens: Sequence[str], labels: Sequence[str]) -> set[int]:
    """Places of a name before the house number ("c/o Ann Smith, 12 Main St")."""
    for place, (token, label) in enumerate(zip(tokens, labels, strict=True)):
        if token[:1].isdigit():
            return set(range(place)) if label == "AddressNumber" else set()
        if label not in _ADDRESSEE_LABELS:
            break
    return set()


def _place_start(tokens: Sequence[str], labels: Sequence[str]) -> int:
    """Where city, state and post code begin; after two words at least, the shortest of lines."""
    for place in range(min(2, len(tokens)), len(tokens)):
        if labels[place] in _PLACE_LABELS:
            return place
    return len(tokens)


def _first_segment(tokens: Sequence[str], kept: Sequence[int]) -> list[int]:
    """The kept places up to the first comma that has a word with letters before it."""
    for count, place in enumerate(kept, start=1):
        has_letters = any(any(map(str.isalpha, tokens[k])) for k in kept[:count])
        if has_letters and tokens[place].endswith(","):
            return list(kept[:count])
    return list(kept)


# --- words -----------------------------------------------------------------------------------


def _cleaned(written: str) -> str:
    cleaned = written.translate(_SIGNS)
    if "-" in cleaned or "/" in cleaned:
        cleaned = _STRAY_DASH.sub(" ", cleaned)
    return " ".join(cleaned.split())


def abbreviated(written: str) -> list[str]:
    return [ABBREVIATIONS.get(word, word) for word in _cleaned(written).split()]
