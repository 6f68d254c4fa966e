"""An uncleared caller cannot tell one who is at risk from one who is unknown, by answer or by time.

The statistical test: over 2,000 alternating calls the two samples of 1,000 durations are compared by the two-sample
Kolmogorov-Smirnov statistic, which sees any difference of the distributions. The bound is its critical value at
a level of one in a million, so that a sound build does not fail by chance; the same statistic must tell the
two apart when answers do not wait, or it would show nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import pytest

from consent.vocabulary import RestrictionKind
from hub.domain.records import Name, RecordKey
from hub.journeys.claims import IsNamed
from hub.journeys.context import Hub
from hub.journeys.look_up import Answer, look_up
from hub.journeys.verify import Verified, verify
from tests.journeys.counters import C, Counter, restrict
from tests.journeys.stewards import BIRK

CALLS = 2_000
LEVEL = 1e-6
AT_RISK, UNKNOWN = "vehicles:D2", "vehicles:D9"

Silent: TypeAlias = Answer | Verified


@pytest.fixture
def counter(modelled_hub: Hub) -> Counter:
    counter = Counter(modelled_hub)
    counter.desk.push("vehicles:D2", BIRK)
    restrict(modelled_hub, AT_RISK, RestrictionKind.AT_RISK)
    return counter


def durations_s(ask: Callable[[str], Silent], calls: int) -> tuple[list[float], list[float], int]:
    """How long each sort of call took, in turn, and how many different answers there were."""
    spent: dict[str, list[float]] = {AT_RISK: [], UNKNOWN: []}
    answers = set()
    for number in range(calls):
        whom = (AT_RISK, UNKNOWN)[number % 2]
        started = time.perf_counter()
        answer = ask(whom)
        spent[whom].append(time.perf_counter() - started)
        answers.add(replace(answer, disclosure=0))
    return spent[AT_RISK], spent[UNKNOWN], len(answers)


def looking_up(counter: Counter, pause: Callable[[float], None]) -> Callable[[str], Answer]:
    """Look-ups that wait so."""
    asked = counter.asked(C.NAME)
    return lambda whom: look_up(
        counter.hub, replace(asked, whom=RecordKey.parse(whom)), pause=pause
    )


def verifying(counter: Counter, pause: Callable[[float], None]) -> Callable[[str], Verified]:
    """The same of a claim that is true of who is at risk."""
    claim = IsNamed(Name(given_name="Birk", family_name="Lindqvist"))
    return lambda whom: verify(counter.hub, counter.claimed(claim, whom=whom), pause=pause)


def distance(left: list[float], right: list[float]) -> float:
    """The two-sample Kolmogorov-Smirnov statistic: the largest gap between the two distributions."""
    both = np.sort(np.concatenate([left, right]))
    shares = [np.searchsorted(np.sort(one), both, side="right") / len(one) for one in (left, right)]
    return float(np.max(np.abs(shares[0] - shares[1])))


def critical(left: int, right: int) -> float:
    """What the statistic exceeds by chance with probability LEVEL (Smirnov 1948, large samples)."""
    return math.sqrt(-math.log(LEVEL / 2) / 2 * (left + right) / (left * right))


def test_neither_answers_nor_times_tell_the_two_apart(counter: Counter) -> None:
    at_risk, unknown, answers = durations_s(looking_up(counter, time.sleep), CALLS)
    assert answers == 1
    assert distance(at_risk, unknown) < critical(len(at_risk), len(unknown))


def test_nor_do_they_where_a_claim_is_verified(counter: Counter) -> None:
    at_risk, unknown, answers = durations_s(verifying(counter, time.sleep), 800)
    assert answers == 1
    assert distance(at_risk, unknown) < critical(len(at_risk), len(unknown))


@pytest.mark.parametrize("asking", [looking_up, verifying])
def test_without_the_wait_the_times_would_tell(
    counter: Counter, asking: Callable[[Counter, Callable[[float], None]], Callable[[str], Silent]]
) -> None:
    at_risk, unknown, _ = durations_s(asking(counter, lambda _: None), 600)
    assert distance(at_risk, unknown) > critical(len(at_risk), len(unknown))
