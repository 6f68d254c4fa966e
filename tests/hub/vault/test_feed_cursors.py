"""A place in a feed as it is given out: always one text, of one agency, and of nobody else's making."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.vault.feed_cursors import CursorRefused, FeedCursors
from hub.vault.keyring import generate

KEYS = generate()
OF = FeedCursors(KEYS)
POSITIONS = st.integers(0, 2**63 - 1)


@given(agency=st.text("abcdefgh-_0129é", max_size=20), position=POSITIONS)
def test_a_place_comes_back_and_always_looks_the_same(agency: str, position: int) -> None:
    text = OF.seal(agency, position)
    assert text == FeedCursors(KEYS).seal(agency, position)
    assert OF.open(agency, text) == position


@given(position=POSITIONS, at=st.integers(0, 31), letter=st.sampled_from("Ab0-_"))
def test_an_altered_one_is_refused(position: int, at: int, letter: str) -> None:
    text = OF.seal("parks", position)
    altered = text[:at] + letter + text[at + 1 :]
    if altered != text:
        with pytest.raises(CursorRefused):
            OF.open("parks", altered)


@given(text=st.text(max_size=40))
def test_any_other_text_is_refused_by_rule_without_being_quoted(text: str) -> None:
    with pytest.raises(CursorRefused) as refused:
        OF.open("parks", text)
    assert str(refused.value) == "cursor: must be one that this feed gave to this agency"


def test_another_agencys_and_another_hubs_are_refused() -> None:
    for foreign in (OF.seal("vehicles", 1), FeedCursors(generate()).seal("parks", 1)):
        with pytest.raises(CursorRefused):
            OF.open("parks", foreign)
