"""Look a constituent up for an agency: what is permitted of her, opened, logged and committed, then answered.

Decides what a look-up gives, and that every answer but a release leaves at one moment after the question came,
so that its time tells nothing. How she is reached, decided on and logged is asking.py's; what of her records may
be opened is release.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from consent.decision import Reason, Told
from consent.log.entry import Outcome
from hub.domain.released import ReleasedProfile
from hub.journeys.asking import (
    SILENCE_S,
    ByShown,
    LookUp,
    LookUpContended,
    LookUpInvalid,
    Whom,
    ask,
    keep_silence,
)
from hub.journeys.context import Hub
from hub.journeys.release import release

__all__ = [
    "SILENCE_S",
    "Answer",
    "ByShown",
    "LookUp",
    "LookUpContended",
    "LookUpInvalid",
    "Whom",
    "look_up",
]

ACTION: Final = "look_up"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the agency is told. disclosure: the entry of the log that says so.

    outcome is as it is told: a constituent of whom the agency may learn nothing is not found. told: of what a
    profile leaves out. reasons: why nobody was looked for, all of them the caller's own; is_too_little: the
    description could find anybody.
    """

    outcome: Outcome
    disclosure: int
    profile: ReleasedProfile | None = None
    told: tuple[Told, ...] = ()
    reasons: tuple[Reason, ...] = ()
    is_too_little: bool = False


def look_up(hub: Hub, asked: LookUp, *, pause: Callable[[float], None] = time.sleep) -> Answer:
    """Answer a look-up, logged and committed. pause: waits so many seconds before an answer that releases nothing.

    Raises LookUpContended, SealBroken, and DisclosureLogBehind while the log lags: then nothing was released.
    """
    received_s = time.monotonic()
    found = ask(hub, asked, ACTION, release)
    if found.outcome is not Outcome.RELEASED:
        keep_silence(received_s, pause)
    return Answer(
        found.outcome,
        found.disclosure,
        found.given,
        found.told,
        found.reasons,
        found.is_too_little,
    )
