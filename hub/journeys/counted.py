"""A client's questions within its day's budget: counted, then asked, and what gave nothing counted too.

Decides the order alone: the count comes before the question, so that a question past the budget is never asked. What
counts is budgets.py's, what is answered look_up.py's and verify.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from consent.log.entry import Outcome
from hub.journeys import look_up as looking
from hub.journeys import verify as verifying
from hub.journeys.budgets import missed, spend
from hub.journeys.context import Hub
from hub.journeys.look_up import Answer, LookUp
from hub.journeys.verify import Verified, Verify


def look_up(
    hub: Hub,
    asked: LookUp,
    *,
    distinct_max: int | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Answer:
    """A look-up of the asker's system. distinct_max: its own budget. Raises BudgetSpent, and what a look-up does."""
    client = asked.asker.system
    spend(hub, client, asked, distinct_max=distinct_max)
    answer = looking.look_up(hub, asked, pause=pause)
    if answer.outcome is not Outcome.RELEASED:
        missed(hub, client)
    return answer


def verify(
    hub: Hub,
    asked: Verify,
    *,
    distinct_max: int | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Verified:
    """The same of claims."""
    client = asked.asker.system
    spend(hub, client, asked, distinct_max=distinct_max)
    answer = verifying.verify(hub, asked, pause=pause)
    if answer.is_miss:
        missed(hub, client)
    return answer
