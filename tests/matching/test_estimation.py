"""Counts become parameters that neither chance nor a household can make absurd."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.estimation import (
    Parameters,
    Session,
    Vectors,
    combined_m,
    evidence_bits,
    is_informative,
    match_share,
    probability,
    smoothed_u,
    with_proven,
    within_reason,
    without_matches,
)
from matching.levels import Comparison, Held, Level

SAME = Level("same", "a_l = a_r", 0.9, 1e-4)
LENT = Level(
    "same, other first name", "a_l = a_r AND b_l <> b_r", 0.03, 5e-4, held=Held.UNTIL_PROVEN
)
OTHER = Level("different", "ELSE", 0.1, 0.9999)
NUMBER = Comparison("number", ("a",), "a_l IS NULL", (LENT, SAME, OTHER))
shares = st.floats(min_value=0.0, max_value=1.0)


@given(seen=st.tuples(shares, shares, shares), pairs=st.floats(min_value=0, max_value=1e9))
def test_u_is_never_zero_and_held_levels_keep_theirs(
    seen: tuple[float, float, float], pairs: float
) -> None:
    u = smoothed_u(NUMBER, seen, pairs)
    assert u[0] == LENT.u_prior
    assert all(0 < share <= 1 for share in u)


def test_without_data_u_is_the_prior_and_with_much_the_data() -> None:
    assert smoothed_u(NUMBER, (0, 0, 0), 0)[1] == pytest.approx(SAME.u_prior)
    assert smoothed_u(NUMBER, (0, 0.01, 0.99), 1e9)[1] == pytest.approx(0.01, rel=1e-3)


def test_matches_among_random_pairs_do_not_make_a_number_look_common() -> None:
    counted = [LENT.u_prior, 0.9 * 0.004 + 1e-6, 0.996]
    cleaned = without_matches(NUMBER, counted, [0.03, 0.9, 0.07], 0.004)
    assert cleaned[1] < counted[1] / 10
    assert cleaned[1] > 0


@given(st.lists(st.tuples(st.floats(0, 1e6), st.none() | shares, st.none() | shares), max_size=4))
def test_m_stays_a_share_above_its_floor(
    taught: list[tuple[float, float | None, float | None]],
) -> None:
    sessions = [
        Session(str(place), {"number": matches}, {"number": [None, same, other]})
        for place, (matches, same, other) in enumerate(taught)
    ]
    m, pairs = combined_m(NUMBER, sessions)
    assert m[0] == LENT.m_prior
    assert all(0 < share < 1 for share in m)
    assert all(count >= 0 for count in pairs)


def test_a_block_counts_by_the_pairs_that_could_answer() -> None:
    """Three pairs that all disagree do not outvote a thousand that agree."""
    sessions = [
        Session("birth", {"number": 1000}, {"number": [None, 0.97, 0.03]}),
        Session("email", {"number": 3}, {"number": [None, None, 1.0]}),
    ]
    m, _ = combined_m(NUMBER, sessions)
    assert m[2] < 0.05


def parameters(share: float = 1e-3) -> Parameters:
    return Parameters({"number": [0.03, 0.9, 0.07]}, {"number": [5e-4, 1e-6, 0.9999]}, share)


def test_the_share_of_matches_is_found_from_the_evidence() -> None:
    vectors = Vectors([(1,), (2,)], [500, 20_000], 1.0)
    bits = evidence_bits((NUMBER,), parameters(), vectors)
    found = match_share(bits, vectors, records=1000)
    assert found == pytest.approx(500 / (1000 * 999 / 2), rel=0.05)


@given(
    st.lists(st.tuples(st.floats(-40, 40), st.integers(1, 10**6)), max_size=8),
    st.integers(2, 10**6),
)
def test_the_share_of_matches_stays_within_reason(
    rows: list[tuple[float, int]], records: int
) -> None:
    vectors = Vectors([(None,)] * len(rows), [count for _, count in rows], 1.0)
    found = match_share([bits for bits, _ in rows], vectors, records)
    assert 0 < found <= 0.5
    assert found >= min(0.25, 1 / (records * (records - 1) / 2)) * 0.999


@pytest.mark.parametrize(
    ("bits", "is_raised"),
    [
        pytest.param(25.0, True, id="names are mistyped: all else agrees"),
        pytest.param(2.0, False, id="numbers are lent: all else differs"),
    ],
)
def test_a_held_level_counts_in_full_only_where_all_else_agrees(
    bits: float, is_raised: bool
) -> None:
    before = parameters()
    vectors = Vectors([(0,)], [100], 1.0)
    own = before.bits("number", 0)
    after = with_proven((NUMBER,), before, vectors, [own + bits])
    plain = before.bits("number", 1)
    assert after.bits("number", 0) == pytest.approx(plain if is_raised else own, abs=0.1)


def test_a_handful_of_pairs_proves_nothing() -> None:
    before = parameters()
    after = with_proven((NUMBER,), before, Vectors([(0,)], [5], 1.0), [40.0])
    assert after.bits("number", 0) == pytest.approx(before.bits("number", 0))


@given(st.floats(-500, 500))
def test_probability_and_bits_agree(bits: float) -> None:
    found = probability(bits)
    assert 0 <= found <= 1
    if abs(bits) < 30:
        assert math.log2(found / (1 - found)) == pytest.approx(bits, abs=1e-3)


def test_no_lesser_agreement_outweighs_the_full_one_and_disagreement_never_speaks_for() -> None:
    before = Parameters({"number": [0.03, 0.5, 0.4]}, {"number": [1e-12, 0.01, 0.1]}, 1e-3)
    after = within_reason((NUMBER,), before)
    assert after.bits("number", 1) == pytest.approx(before.bits("number", 1))
    assert after.bits("number", 0) == pytest.approx(before.bits("number", 1))
    assert after.bits("number", 2) == pytest.approx(0.0)


def test_a_column_with_one_value_for_all_is_not_informative() -> None:
    one_town = Parameters({"number": [0.03, 0.97, 0.03]}, {"number": [5e-4, 0.97, 0.03]}, 1e-3)
    assert not is_informative(NUMBER, one_town)
    assert is_informative(NUMBER, parameters())
