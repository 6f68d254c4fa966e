"""Organizations' names to comparable ones, with the legal form kept apart.

"The Acme Co., L.L.C. d/b/a Joe's Diner" is name "acme", legal form "llc", trading name "joes diner".
"""

from __future__ import annotations

import re
from typing import Final

from matching.standardise import text
from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

_LEGAL_FORMS: Final = {
    form: short
    for short, forms in {
        "inc": "inc incorporated incorp",
        "llc": "llc lc llcs",
        "llp": "llp lllp",
        "lp": "lp",
        "ltd": "ltd limited ltda pty proprietary",
        "corp": "corp corporation corpn",
        "co": "co company cos companies",
        "pc": "pc",
        "pllc": "pllc",
        "pa": "pa",
        "plc": "plc",
        "cic": "cic",
        "gmbh": "gmbh",
        "ag": "ag",
        "sa": "sa sas sarl",
        "srl": "srl",
        "bv": "bv",
        "nv": "nv",
        "oy": "oy oyj",
        "ab": "ab",
        "as": "as asa aps",
        "kg": "kg",
        "ev": "ev",
        "ulc": "ulc",
    }.items()
    for form in forms.split()
}
_MARKER: Final = "dba"
# "t/a" only with its stroke: as bare letters it is initials (T. A. Smith Plumbing).
_MARKERS: Final = re.compile(
    r"(?<![a-z0-9])(?:d\.? ?/? ?b\.? ?/? ?a\.?|t/a|doing business as|trading as|also known as|"
    r"a/k/a|f/k/a|formerly known as|formerly)(?![a-z0-9])"
)
# Full stops belong to initials here (L.L.C.), so unlike in personal names they part nothing.
_SIGNS: Final = str.maketrans(
    {chr(code): " " for code in range(128) if not chr(code).isalnum()} | dict.fromkeys("'`.")
)
_PLACEHOLDERS: Final = PLACEHOLDERS[PlaceholderField.ORGANIZATION]


def name(full_name: str | None) -> str | None:
    """The name before any "dba", without "the", "and" and legal-form words; None for placeholders.

    A name of nothing but such words keeps one ("The Company" is "company").
    """
    segments = _segments(full_name)
    found = segments[0] if segments else None
    return None if found is None or found in _PLACEHOLDERS else found


def trading_name(full_name: str | None) -> str | None:
    """The name after "dba", "t/a" or "trading as", in the form of name(); None where there is none."""
    segments = _segments(full_name)
    found = segments[1] if len(segments) > 1 else None
    return None if found is None or found in _PLACEHOLDERS else found


def legal_form(full_name: str | None) -> str | None:
    """The legal form at the end of the name before any "dba", abbreviated: "Limited" is "ltd"."""
    for words in _words_of_segments(full_name):
        if len(words) > 1 or (words and words[0] in _LEGAL_FORMS):
            return _LEGAL_FORMS.get(words[-1])
        return None
    return None


def _segments(full_name: str | None) -> list[str]:
    return [" ".join(_core(words)) for words in _words_of_segments(full_name)]


def _words_of_segments(full_name: str | None) -> list[list[str]]:
    """The words of each name in the text, in order; never an empty list of words."""
    folded = text.fold(full_name)
    if folded is None:
        return []
    parted = _MARKERS.sub(f" {_MARKER} ", folded).replace("&", " and ").translate(_SIGNS)
    words = [word for word in parted.split() if word != "and"]
    found: list[list[str]] = [[]]
    for word in _join_initials(words):
        if word == _MARKER:
            found.append([])
        elif word != "and":
            found[-1].append(word)
    return [words for words in found if words]


def _join_initials(words: list[str]) -> list[str]:
    """Runs of single letters as one word: "j b auto" and "jb auto" are one name."""
    joined: list[str] = []
    in_run = False
    for word in words:
        is_letter = len(word) == 1 and word.isalpha()
        if is_letter and in_run:
            joined[-1] += word
        else:
            joined.append(word)
        in_run = is_letter
    return joined


def _core(words: list[str]) -> list[str]:
    while len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words = words[:-1]
    return words
