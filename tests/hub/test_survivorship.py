"""Which value a profile shows: the order of the rules, and that the order of reading never decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.survivorship import Candidate, survive

AGENCIES = ("vehicles", "wildlife", "benefits", "parks")
#: Agencies in the order of their authority: the first has rank 1.
AUTHORITY = st.lists(st.sampled_from(AGENCIES), unique=True).map(
    lambda named: {agency: rank for rank, agency in enumerate(named, start=1)}
)
DAYS = st.none() | st.dates(date(1990, 1, 1), date(2026, 12, 31))
NOBODY: dict[str, int] = {}


@st.composite
def candidates(draw: st.DrawFn, *, verified: bool | None = None) -> Candidate:
    """A value as one of the sources states it: a source has one agency, a value one comparable form."""
    agency = draw(st.sampled_from(AGENCIES))
    value = draw(st.sampled_from(("Maria Okafor", "MARIA OKAFOR", "Mary Okafor", "M. Okafor")))
    return Candidate(
        value=value,
        comparable=value.lower(),
        source=f"{agency}_{draw(st.integers(1, 2))}",
        agency=agency,
        as_of=draw(DAYS),
        is_verified=draw(st.booleans()) if verified is None else verified,
    )


SEVERAL = st.lists(candidates(), min_size=1, max_size=8)


def says(value: str, source: str, as_of: date | None = None) -> Candidate:
    return Candidate(value, value.lower(), source, source, as_of)


def test_where_nobody_says_anything_nothing_is_shown() -> None:
    assert survive([], {"vehicles": 1}) is None


@given(SEVERAL, AUTHORITY, st.randoms(use_true_random=False))
def test_the_order_of_reading_never_matters(
    stated: list[Candidate], authority: dict[str, int], random: Random
) -> None:
    shuffled = list(stated)
    random.shuffle(shuffled)
    assert survive(shuffled, authority) == survive(stated, authority)


@given(SEVERAL, AUTHORITY)
def test_the_winner_is_one_of_the_candidates_and_every_candidate_agrees_with_it_or_lost(
    stated: list[Candidate], authority: dict[str, int]
) -> None:
    found = survive(stated, authority)
    assert found is not None
    assert found.winner in stated
    assert found.agreeing[0] == found.winner
    assert Counter(found.agreeing + found.lost) == Counter(stated)
    assert {item.comparable for item in found.agreeing} == {found.winner.comparable}
    assert found.winner.comparable not in {item.comparable for item in found.lost}


@given(SEVERAL, AUTHORITY)
def test_a_higher_authority_beats_everything_else(
    stated: list[Candidate], authority: dict[str, int]
) -> None:
    found = survive(stated, authority)
    assert found is not None
    below_all = len(AGENCIES) + 1
    ranks = [authority.get(item.agency, below_all) for item in stated]
    assert authority.get(found.winner.agency, below_all) == min(ranks)


@given(st.lists(candidates(verified=False), min_size=1, max_size=8), candidates(verified=True))
def test_a_verified_value_beats_any_number_of_asserted_ones(
    asserted: list[Candidate], verified: Candidate
) -> None:
    found = survive([*asserted, verified], NOBODY)
    assert found is not None
    assert found.winner == verified


@given(st.lists(DAYS, min_size=2, max_size=5), DAYS)
def test_what_more_sources_agree_on_beats_what_is_more_recent(
    agreed: list[date | None], other: date | None
) -> None:
    many = [says("Mary", f"source_{n}", day) for n, day in enumerate(agreed)]
    found = survive([says("Marie", "alone", other), *many], NOBODY)
    assert found is not None
    assert found.winner.value == "Mary"
    assert [item.source for item in found.lost] == ["alone"]


@given(st.lists(st.dates(), min_size=2, max_size=6, unique=True))
def test_among_equals_the_most_recent_is_shown_and_what_lost_comes_best_first(
    days: list[date],
) -> None:
    stated = [says(f"Mary {n}", f"source_{n}", day) for n, day in enumerate(days)]
    found = survive(stated, NOBODY)
    assert found is not None
    order = [item.as_of for item in (found.winner, *found.lost)]
    assert order == sorted(days, reverse=True)


@given(st.dates(date(1, 1, 2)))
def test_a_dated_value_beats_an_undated_one(day: date) -> None:
    found = survive([says("Marie", "a", None), says("Mary", "b", day)], NOBODY)
    assert found is not None
    assert found.winner.value == "Mary"


@given(SEVERAL, AUTHORITY)
def test_the_same_thing_spelled_otherwise_agrees_and_never_appears_as_lost(
    stated: list[Candidate], authority: dict[str, int]
) -> None:
    same = [replace(item, comparable="one and the same") for item in stated]
    found = survive(same, authority)
    assert found is not None
    assert found.lost == ()


@given(st.integers(2, 6))
def test_a_source_that_says_it_in_several_records_counts_once(records: int) -> None:
    repeated = [says("Marie", "alone", date(2026, 1, 1))] * records
    found = survive([*repeated, says("Mary", "one"), says("Mary", "other")], NOBODY)
    assert found is not None
    assert found.winner.value == "Mary"


def test_an_agency_without_authority_never_beats_one_with_any_rank() -> None:
    survivor = survive([says("a", "vehicles"), says("b", "aaa")], {"vehicles": 3})
    assert survivor is not None
    assert survivor.winner.value == "a"
