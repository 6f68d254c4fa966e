"""A steward's pin outranks every rule, and only that; of several the latest decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.survivorship import Candidate, survive
from tests.hub.test_survivorship import AUTHORITY, SEVERAL, candidates

PINNED_AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@given(SEVERAL, candidates(), AUTHORITY)
def test_a_pinned_value_is_shown_whatever_the_rules_would_choose(
    stated: list[Candidate], chosen: Candidate, authority: dict[str, int]
) -> None:
    pinned = replace(chosen, pinned_at=PINNED_AT)
    found = survive([*stated, pinned], authority)
    assert found is not None
    assert found.winner == pinned
    assert found.is_pinned


@given(SEVERAL, candidates(), candidates(), st.integers(1, 10**12))
def test_of_two_pins_the_latest_decides(
    stated: list[Candidate], early: Candidate, late: Candidate, microseconds: int
) -> None:
    later = PINNED_AT + timedelta(microseconds=microseconds)
    pins = [replace(early, pinned_at=PINNED_AT), replace(late, pinned_at=later)]
    found = survive([*pins, *stated], {})
    assert found is not None
    assert found.winner.pinned_at == later


@given(SEVERAL, AUTHORITY)
def test_without_a_pin_the_rules_decide_and_say_so(
    stated: list[Candidate], authority: dict[str, int]
) -> None:
    found = survive(stated, authority)
    assert found is not None
    assert not found.is_pinned
