"""Link in the background what waits for it: records that loads stored, and what may be matched otherwise now.

Decides when records are resolved one by one and when a batch is quicker: both give the same constituents. No
model is trained here: that is an operator's to see and agree to (`hub link`). Safe to be run twice.
"""

from __future__ import annotations

from typing import Final

from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.models import active_model
from hub.journeys.resolve import is_waiting_for_more_than, resolve_pending

#: Some milliseconds each: beyond so many a batch, which reads everything, is done sooner.
ONE_BY_ONE_MAX: Final = 10_000

_AT_A_TIME: Final = 1_000


def link_pending(hub: Hub, kind: ConstituentKind) -> None:
    """Link what loads have stored, changed or removed since; without a model it is left to the first link.

    Raises what `resolve_pending` and `link_kind` raise; what was linked before stays.
    """
    if active_model(hub, kind) is None:
        return
    if is_waiting_for_more_than(hub, kind, ONE_BY_ONE_MAX):
        link_kind(hub, kind)
        return
    while sum(1 for _ in resolve_pending(hub, kind, _AT_A_TIME)) == _AT_A_TIME:
        pass


def rematch(hub: Hub, kind: ConstituentKind) -> None:
    """Link a kind anew, so that records of sources that may no longer be matched stand apart, and the reverse.

    Without a model it is left to the first link. Raises LinkBusy, MatchingMoved: then it is to be tried again.
    """
    if active_model(hub, kind) is not None:
        link_kind(hub, kind)
