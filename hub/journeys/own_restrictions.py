"""What a constituent restricts herself, at a portal, without an officer: an objection, and an objection to linkage.

Decides which kinds those are, and that she lifts what she put herself and nothing else. What they do, and who is told,
is restrictions.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from consent.vocabulary import RestrictionKind
from hub.journeys.access.admission import HERSELF, SIGNED
from hub.journeys.context import Hub
from hub.journeys.counter import Counter
from hub.journeys.restrictions import RestrictionView, lift, restrict, views
from hub.journeys.rights.requests import RECIPIENT, log_facts_read
from hub.journeys.rights.said import NOT_TOLD
from hub.journeys.saying import FactUnknown, read_facts
from hub.journeys.subjects import HeldSubject, in_subject_change

#: GDPR Art. 21, and not to be seen together: both hers to say, and neither needs a finding of anybody's.
KINDS: Final = frozenset({RestrictionKind.OBJECTION, RestrictionKind.OBJECTION_TO_LINKAGE})


@dataclass(frozen=True, slots=True)
class OwnRestriction:
    """A restriction that stands, as she reads it. is_hers: she put it, and may lift it."""

    id: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None
    is_hers: bool


def restrict_herself(
    hub: Hub, kind: RestrictionKind, *, reason: str, author: str, at: Counter
) -> tuple[str, ...]:
    """Put a restriction of KINDS on who signed in; the agencies that were told. Raises as restrict, FactUnknown."""
    if kind not in KINDS:
        raise FactUnknown("a restriction of that kind is an officer's to put")
    reference = at.reference(hub)
    sight = in_subject_change(hub, reference, lambda held: at.sight(hub, held))
    done = restrict(hub, reference, kind, authority=reason, author=author)
    return done.told if sight.is_whole else ()


def lift_herself(hub: Hub, restriction: str, *, author: str, at: Counter) -> None:
    """Lift one that she put herself. Raises FactUnknown for any other, and as restrictions.lift."""
    hers = {one.id for one in _standing(hub, at) if one.is_hers}
    if restriction not in hers:
        raise FactUnknown("no restriction of that number is hers to lift")
    lift(hub, at.reference(hub), restriction, author=author)


def list_own(hub: Hub, at: Counter, *, system: str) -> list[OwnRestriction]:
    """The restrictions that stand, the oldest first, but for those she is not told of; put there alone, where hidden.

    system: through which portal; the log says that she read them. Raises as in_subject_change, SealBroken,
    DisclosureLogBehind.
    """
    return _standing(hub, at, system)


def _standing(hub: Hub, at: Counter, system: str | None = None) -> list[OwnRestriction]:
    reference = at.reference(hub)

    def work(held: HeldSubject) -> list[OwnRestriction]:
        sight = at.sight(hub, held)
        if system is not None:
            log_facts_read(hub, held, RECIPIENT, system)
        return [
            _own(one)
            for one in views(read_facts(hub, held.connection, reference))
            if one.lifted_at is None
            and one.kind not in NOT_TOLD
            and (sight.is_whole or at.is_signed_here(one.author))
        ]

    return in_subject_change(hub, reference, work)


def _own(one: RestrictionView) -> OwnRestriction:
    is_hers = one.kind in KINDS and one.author.endswith(SIGNED + HERSELF)
    return OwnRestriction(one.id, one.kind, one.authority, one.starts_at, one.ends_at, is_hers)
