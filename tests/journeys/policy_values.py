"""What the tests of policy journeys state and ask: who says so, an agreement more, what stands, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypedDict

import pytest

from consent.policy import Agreement
from consent.rules import PolicyInvalid, Rule
from hub.journeys.context import Hub
from hub.journeys.policies import show_policy
from tests.consent.values import LAW
from tests.journeys.stewards import Desk


class Saying(TypedDict):
    author: str
    reason: str


SAYS: Saying = {"author": "lund", "reason": "the act was amended"}


def agreement(id_: str = "permits", **changes: Any) -> Agreement:
    """One that the policy does not hold yet."""
    return replace(LAW, id=id_, epoch=0, **changes)


def in_force(hub: Hub) -> dict[str, Agreement]:
    return {str(one.ref): one for one in show_policy(hub).policy.agreements}


def refused_unwritten(hub: Hub, work: Callable[[], object]) -> tuple[Rule, ...]:
    """The rules it is refused by; no row of any table has changed."""
    before = Desk(hub).dump()
    with pytest.raises(PolicyInvalid) as caught:
        work()
    assert Desk(hub).dump() == before
    return caught.value.rules
