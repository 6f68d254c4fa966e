"""A second officer's approval to lift a restriction, made by that officer and handed to the one who lifts it.

Decides that an approval is of one restriction, holds a day, and cannot be made by anybody but the hub: so who lifts
names no second officer who was not asked. Which kinds need one is restrictions.py's.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from hub.domain.errors import HubError, SealBroken
from hub.journeys.context import Hub
from hub.journeys.restrictions import list_restrictions
from hub.journeys.saying import FactUnknown, number_in, require_author
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer

LASTS: Final = timedelta(days=1)
_NUMBER_BYTES: Final = 8

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class ApprovalRefused(HubError):
    """What was handed in is no approval of that restriction's lifting, or one that holds no more."""

    def __init__(self) -> None:
        super().__init__("approval: none of this restriction that holds: ask the second officer")


def approve_lift(hub: Hub, reference: str, restriction: str, *, officer: str) -> str:
    """An approval to hand to the officer who lifts it. Raises FactUnknown, PolicyInvalid, and as list_restrictions."""
    require_author(officer)
    number = number_in("x", restriction)
    stands = {one.id for one in list_restrictions(hub, reference) if one.lifted_at is None}
    if f"x{number}" not in stands:
        raise FactUnknown("no such restriction of this constituent stands")
    said = {"officer": officer, "until": hub.now() + LASTS}
    return urlsafe_b64encode(_sealer(hub).seal(_context(number), _encode(said))).decode("ascii")


def officer_in(hub: Hub, approval: str, restriction: str) -> str:
    """The officer who approved that restriction's lifting. Raises ApprovalRefused."""
    try:
        said = _decode(
            _sealer(hub).open(_context(number_in("x", restriction)), urlsafe_b64decode(approval))
        )
    except (ValueError, SealBroken):
        said = None
    if said is None or datetime.fromisoformat(said["until"]) <= hub.now():
        raise ApprovalRefused
    return str(said["officer"])


def _sealer(hub: Hub) -> ValueSealer:
    return ValueSealer(hub.keys, Purpose.LIFT_APPROVAL)


def _context(number: int) -> bytes:
    return b"lift of restriction " + number.to_bytes(_NUMBER_BYTES, "big")
