from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import DamerauLevenshtein

from demo.dice import Dice, Weighted
from demo.keys import RECORDS_MAX, booking_account, licence_number
from demo.noise import misread_digits, misremember_date, misspell

DICE = st.integers(0, 10_000).map(lambda seed: Dice(seed, "noise"))
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=14)


@given(WORDS, DICE)
def test_a_slip_leaves_the_word_recognisable(word: str, dice: Dice) -> None:
    slipped = misspell(word, dice)
    assert slipped
    assert DamerauLevenshtein.distance(word, slipped) <= 3


@given(st.text(max_size=2), DICE)
def test_a_word_too_short_to_slip_in_stays(word: str, dice: Dice) -> None:
    assert misspell(word, dice) == word


@given(st.text("0123456789", min_size=2, max_size=12), DICE)
def test_a_misread_number_keeps_its_length(digits: str, dice: Dice) -> None:
    misread = misread_digits(digits, dice)
    assert len(misread) == len(digits)
    assert misread.isdigit()
    assert DamerauLevenshtein.distance(digits, misread) <= 1


@given(st.dates(date(1920, 1, 1), date(2026, 12, 31)), DICE)
def test_a_misremembered_date_is_still_a_date(day: date, dice: Dice) -> None:
    other = misremember_date(day, dice)
    assert abs(other.year - day.year) <= 10


@given(st.sets(st.integers(0, 5_000_000), min_size=2, max_size=50))
def test_no_two_people_get_one_key(numbers: set[int]) -> None:
    assert len({licence_number(number) for number in numbers}) == len(numbers)
    accounts = {booking_account(n, place) for n in numbers for place in range(RECORDS_MAX)}
    assert len(accounts) == len(numbers) * RECORDS_MAX


def test_a_stream_of_chance_hangs_on_seed_and_purpose_alone() -> None:
    def draws(seed: int, purpose: str) -> list[int]:
        dice = Dice(seed, purpose)
        return [dice.below(1_000_000) for _ in range(5)]

    # Written down once: another Python or machine must draw the same.
    assert draws(1, "parks") == [442_615, 152_533, 516_041, 216_813, 684_555]
    assert draws(1, "parks") != draws(2, "parks")
    assert draws(1, "parks") != draws(1, "vehicles")


def test_weights_decide_how_often_an_option_is_drawn() -> None:
    dice = Dice(4, "weights")
    options = Weighted([("often", 9.0), ("seldom", 1.0)])
    drawn = [options.draw(dice) for _ in range(2_000)]
    assert 0.85 < drawn.count("often") / len(drawn) < 0.95
