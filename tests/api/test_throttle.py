"""How often a caller may call."""

from __future__ import annotations

import pytest

from api import throttle
from api.throttle import Rate, TooFast


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def allowed(rate: Rate, caller: str, tries: int) -> int:
    done = 0
    for _ in range(tries):
        try:
            rate.require_room(caller)
        except TooFast:
            continue
        done += 1
    return done


def test_a_seconds_worth_may_come_at_once_and_then_the_rate(clock: Clock) -> None:
    rate = Rate(10, clock)
    assert allowed(rate, "parks", 50) == 10
    clock.now_s += 0.35
    assert allowed(rate, "parks", 50) == 3
    clock.now_s += 60
    assert allowed(rate, "parks", 50) == 10, "quiet is not saved up"


def test_one_caller_takes_nothing_from_another(clock: Clock) -> None:
    rate = Rate(5, clock)
    assert allowed(rate, "parks", 9) == 5
    assert allowed(rate, "wildlife", 9) == 5


def test_who_is_told_to_wait_finds_room_then(clock: Clock) -> None:
    rate = Rate(0.5, clock)
    rate.require_room("parks")
    with pytest.raises(TooFast) as told:
        rate.require_room("parks")
    clock.now_s += told.value.retry_after_s
    rate.require_room("parks")


def test_many_callers_fill_no_memory(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "_CALLERS_MAX", 100)
    rate = Rate(2, clock)
    for number in range(1_000):
        rate.require_room(f"address {number}")
    assert len(rate._busy_until_s) <= 100
