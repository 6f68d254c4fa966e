"""What time alone brings about: each hook ends or removes one sort of thing that has expired.

Decides that no hook keeps another from its work. Adding one: a function of the hub that answers how many
things it dealt with, in a transaction of its own and safe to be run twice, and a line in HOOKS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from hub.journeys import budgets, repeats
from hub.journeys.access import once
from hub.journeys.context import Hub
from hub.journeys.jobs import forget_ended
from hub.journeys.matchable import look_again

Hook = Callable[[Hub], int]

HOOKS: Final[Mapping[str, Hook]] = MappingProxyType(
    {
        "sources held to the policy of the day": look_again,
        "ended jobs": forget_ended,
        "proofs and assertions past their time": once.forget_old,
        "answers kept for repeats": repeats.forget_old,
        "questions of past days": budgets.forget_old,
    }
)


def keep_house(hub: Hub, hooks: Mapping[str, Hook] = HOOKS) -> dict[str, int]:
    """Run every hook; answers how many things each dealt with.

    Raises ExceptionGroup of what failed, when all have run.
    """
    dealt_with: dict[str, int] = {}
    failed: list[Exception] = []
    for name, hook in hooks.items():
        try:
            dealt_with[name] = hook(hub)
        except Exception as error:  # noqa: BLE001 (raised below, when the others have run)
            failed.append(error)
    if failed:
        raise ExceptionGroup("housekeeping", failed)
    return dealt_with
