"""`/v1/pins`: a steward's word that, of one attribute, this record's value is the one a profile shows.

Decides the shapes. The value itself is not told: whoever pins it has the record's agency before her, and whether it
still states that value is told as `sleeps`.
"""

from __future__ import annotations

from datetime import datetime

from fastapi import Response

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.repeating import changes
from api.v1.references import ConstituentIn, Out, RecordOut
from api.v1.words import RecordRef, Sentence, Slug, Strict
from hub.access.scopes import Scope
from hub.journeys.pin import PinView, list_pins, pin, withdraw_pin

router = guarded_router(tags=["Stewards"])


class PinnedIn(Strict):
    """A record, and an attribute as a profile names it."""

    record: RecordRef
    attribute: Slug


class PinIn(PinnedIn):
    """What is to be pinned, and why; the reason rests sealed."""

    reason: Sentence


class PinOut(Out):
    """A pin. sleeps: the record states another value now."""

    record: RecordOut
    attribute: str
    sleeps: bool
    author: str
    reason: str
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


class PinsOut(Out):
    """Pins, oldest first within a record."""

    items: list[PinOut]


@router.post("/pins", status_code=204)
@changes
@needs(Scope.LINK_WRITE)
def make_pin(hub: HubOf, caller: CallerOf, said: PinIn) -> Response:
    """Show what this record states, whatever the rules would choose, while it states it."""
    pin(
        hub,
        str(said.record.value()),
        said.attribute,
        caller.client,
        said.reason,
        is_cleared=caller.is_cleared,
    )
    return Response(status_code=204)


@router.post("/pins/withdraw", status_code=204)
@changes
@needs(Scope.LINK_WRITE)
def withdraw(hub: HubOf, caller: CallerOf, said: PinnedIn) -> Response:
    """Leave the attribute to the rules again."""
    withdraw_pin(
        hub,
        str(said.record.value()),
        said.attribute,
        caller.client,
        is_cleared=caller.is_cleared,
    )
    return Response(status_code=204)


@router.post("/pins/query")
@needs(Scope.LINK_READ)
def pins(hub: HubOf, caller: CallerOf, whom: ConstituentIn) -> PinsOut:
    """List the pins on a constituent's records, withdrawn ones too."""
    found = list_pins(hub, whom.text(), is_cleared=caller.is_cleared)
    return PinsOut(items=[_pin(one) for one in found])


def _pin(view: PinView) -> PinOut:
    return PinOut(
        record=RecordOut.model_validate(view.record),
        attribute=view.attribute,
        sleeps=view.value is None and view.withdrawn_at is None,
        author=view.author,
        reason=view.reason,
        made_at=view.made_at,
        withdrawn_by=view.withdrawn_by,
        withdrawn_at=view.withdrawn_at,
    )
