"""Any text to ASCII lower case with single blanks, the alphabet every comparable value is written in.

What a word means in a name, an address or a number is the other modules' business.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from matching.standardise.placeholders import PLACEHOLDERS, PlaceholderField

# Letters that NFKD leaves whole, so that dropping non-ASCII would lose them (ø would vanish from
# "Søren" and leave "sren"), and the Cyrillic and Greek alphabets by their usual romanisation.
_LATIN: Final = {
    "ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i",
    "ħ": "h", "ŋ": "ng", "ŧ": "t", "ĸ": "k", "ə": "e", "ɓ": "b", "ɗ": "d", "ƒ": "f", "ƙ": "k",
    "ɲ": "n", "ƴ": "y", "ǝ": "e", "ɛ": "e", "ɔ": "o", "ɣ": "g", "ʉ": "u", "ɨ": "i", "ŀ": "l",
}  # fmt: skip
_CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "д": "d", "е": "e", "ё": "e", "ж": "zh", "з": "z",
    "и": "i", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p", "р": "r",
    "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh",
    "щ": "shch", "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya", "і": "i", "ї": "i",
    "є": "ye", "ґ": "g", "ђ": "d", "ј": "j", "љ": "lj", "њ": "nj", "ћ": "c", "џ": "dz", "ў": "u",
}  # fmt: skip
_GREEK: Final = {
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i",
    "κ": "k", "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s",
    "ς": "s", "τ": "t", "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
}  # fmt: skip
# U+2044 is what NFKD makes of "½": dropped, "12½ Oak St" would become number 1212.
_SIGNS: Final = {
    "’": "'", "‘": "'", "ʼ": "'", "ʻ": "'", "`": "'", "´": "'", "“": '"', "”": '"', "‐": "-",
    "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-", "⁄": "/", "·": " ", "½": " 1/2", "¼": " 1/4",
    "¾": " 3/4",
}  # fmt: skip
_TO_ASCII: Final = str.maketrans(_LATIN | _CYRILLIC | _GREEK | _SIGNS)
_CONTROLS: Final = str.maketrans(dict.fromkeys((*range(32), 127), " "))

# Apostrophes belong to a word (O'Brien is one name); every other sign parts two words.
_WORD_SIGNS: Final = str.maketrans(
    {chr(code): " " for code in range(128) if not chr(code).isalnum()} | {"'": None, "`": None}
)
_PLACEHOLDERS: Final = PLACEHOLDERS[PlaceholderField.TEXT]


def fold(text: str | None) -> str | None:
    """Lower-case ASCII with single blanks and no control characters; None when nothing is left."""
    if not text:
        return None
    if not text.isascii():
        text = to_ascii(text)
    if not text.isprintable():
        text = text.translate(_CONTROLS)
    return " ".join(text.lower().split()) or None


def words(text: str | None) -> list[str]:
    """The folded words of letters and digits, signs dropped; empty when there are none."""
    folded = fold(text)
    if folded is None:
        return []
    if not folded.isalpha():
        return folded.translate(_WORD_SIGNS).split()
    return [folded]


def comparable(text: str | None) -> str | None:
    """The folded words of text that no other module knows better; None for placeholders ("N/A")."""
    found = " ".join(words(text))
    return found if found and found not in _PLACEHOLDERS else None


def to_ascii(text: str) -> str:
    """Lower-case ASCII by NFKD and the tables above; what neither knows is dropped."""
    # Once before NFKD for letters it would take apart wrongly (й to и), once after for those it
    # lays bare (ǿ is ø with an accent).
    text = text.lower().translate(_TO_ASCII)
    text = unicodedata.normalize("NFKD", text).lower().translate(_TO_ASCII)
    return text.encode("ascii", "ignore").decode("ascii")
