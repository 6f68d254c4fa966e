"""How values go wrong on their way into a register: typing, reading, hearing, remembering.

Decides what one slip does to one value. How often an agency's clerks slip is sighting.py's.
"""

from __future__ import annotations

from datetime import date

from demo.dice import Dice

_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

KEYBOARD: dict[str, str] = {
    key: "".join(
        other
        for near, other_row in enumerate(_ROWS)
        for there, other in enumerate(other_row)
        if other != key and abs(near - row_number) <= 1 and abs(there - place) <= 1
    )
    for row_number, row in enumerate(_ROWS)
    for place, key in enumerate(row)
}
"""The keys around each key."""

OCR = (
    ("rn", "m"), ("m", "rn"), ("cl", "d"), ("d", "cl"), ("vv", "w"), ("l", "1"), ("o", "0"),
    ("i", "l"), ("e", "c"), ("h", "b"), ("u", "v"), ("ri", "n"), ("g", "q"), ("s", "5"),
)  # fmt: skip
"""Letters a scanner takes for others."""

SOUNDS = (
    ("ph", "f"), ("f", "ph"), ("ck", "k"), ("c", "k"), ("k", "c"), ("sch", "sh"), ("ee", "ea"),
    ("ea", "ee"), ("ie", "y"), ("y", "ie"), ("ei", "ie"), ("ll", "l"), ("l", "ll"), ("tt", "t"),
    ("nn", "n"), ("n", "nn"), ("ss", "s"), ("z", "s"), ("s", "z"), ("x", "ks"), ("gh", ""),
    ("ow", "ou"), ("au", "aw"), ("er", "ar"), ("en", "on"), ("sen", "son"), ("mc", "mac"),
)  # fmt: skip
"""Spellings that sound alike."""


def misspell(word: str, dice: Dice) -> str:
    """The word with one slip: two letters swapped, one lost, doubled or mistyped, misread, misheard.

    The slip spares the first letter in most cases, as people's slips do.
    """
    if len(word) < 3:
        return word
    choice = dice.random()
    if choice < 0.18:
        return _rewrite(word, OCR, dice)
    if choice < 0.42:
        return _rewrite(word, SOUNDS, dice)
    place = dice.between(0 if dice.chance(0.12) else 1, len(word) - 2)
    if choice < 0.60:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if choice < 0.75:
        return word[:place] + word[place + 1 :]
    if choice < 0.83:
        return word[: place + 1] + word[place:]
    near = KEYBOARD.get(word[place].lower())
    return word[:place] + dice.pick(near) + word[place + 1 :] if near else word


def _rewrite(word: str, rules: tuple[tuple[str, str], ...], dice: Dice) -> str:
    """Apply one of the rules that fit, at its last place in the word."""
    lower = word.lower()
    fitting = [(old, new) for old, new in rules if lower.rfind(old) > 0]
    if not fitting:
        return word
    old, new = dice.pick(fitting)
    place = lower.rfind(old)
    return word[:place] + new + word[place + len(old) :]


def misread_digits(digits: str, dice: Dice) -> str:
    """The number with one digit wrong, or two neighbours swapped."""
    if len(digits) < 2:
        return digits
    place = dice.below(len(digits) - 1)
    if dice.chance(0.4):
        return digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    other = str((int(digits[place]) + dice.between(1, 9)) % 10)
    return digits[:place] + other + digits[place + 1 :]


def misremember_date(day: date, dice: Dice) -> date:
    """Day and month swapped, a day or a month off, or a slip in the year; always a real date."""
    choice = dice.random()
    if choice < 0.45 and day.day <= 12:
        return day.replace(month=day.day, day=day.month)
    if choice < 0.65:
        return day.replace(day=dice.between(1, 28))
    if choice < 0.75:
        return day.replace(month=dice.between(1, 12), day=min(day.day, 28))
    # February 29th exists in none of the years around its own.
    year = day.year + dice.pick((-10, -1, -1, 1, 1, 10))
    return day.replace(year=max(year, 1901), day=min(day.day, 28))
