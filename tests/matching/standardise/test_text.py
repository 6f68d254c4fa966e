"""Any text becomes ASCII lower case with single blanks, or nothing."""

from __future__ import annotations

import pytest

from matching.standardise import text


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        pytest.param("  José   GARCÍA ", "jose garcia", id="accents, case and blanks"),
        pytest.param("Groß", "gross", id="sharp s"),
        pytest.param("Søren Ægir Þór", "soren aegir thor", id="letters that NFKD leaves whole"),
        pytest.param("Łukasz Đorđe", "lukasz dorde", id="strokes"),
        pytest.param("Ǿre", "ore", id="a stroke under an accent"),
        pytest.param("İstanbul", "istanbul", id="the dotted capital I"),
        pytest.param("O’Brien", "o'brien", id="a typographer's apostrophe"),
        pytest.param("Мария Йовович", "mariya yovovich", id="Cyrillic"),
        pytest.param("Γιώργος", "giorgos", id="Greek"),
        pytest.param("12½ Oak", "12 1/2 oak", id="a fraction keeps its distance"),
        pytest.param("a\x00b\tc\nd", "a b c d", id="control characters part words"),
        pytest.param("ＦＵＬＬ ﬁ Ⅳ", "full fi iv", id="compatibility forms"),
    ],
)
def test_folding(raw: str, folded: str) -> None:
    assert text.fold(raw) == folded


@pytest.mark.parametrize("raw", [None, "", "   ", "\x00", "东京", "\u0301"])
def test_text_without_a_letter_we_can_write_is_nothing(raw: str | None) -> None:
    assert text.fold(raw) is None
    assert text.comparable(raw) is None
    assert text.words(raw) == []


def test_apostrophes_join_and_other_signs_part_words() -> None:
    assert text.words("Mary-Jane O'Brien, Jr.") == ["mary", "jane", "obrien", "jr"]
    assert text.comparable("Carpenter / Joiner (ret.)") == "carpenter joiner ret"
