"""What holds once: a proof, an assertion. Whoever comes second is refused, at whichever process of the hub."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.jose import SKEW
from hub.journeys.context import Hub
from hub.store import database, used_once
from hub.store.used_once import Use
from hub.vault.keyring import Purpose
from hub.vault.tags import keyed_hash

#: What was made by a clock that runs ahead could else be taken twice.
_UNSETTLED: Final = SKEW


def require_first(
    hub: Hub,
    thing: tuple[str, str, str],
    made_at: datetime,
    expires_at: datetime,
    client: str | None = None,
) -> Use:
    """Use a thing up: its kind, whose it is, and its own id. client: of ours, which must be admitted still.

    Raises CredentialsRefused.
    """
    digest = keyed_hash(hub.keys, Purpose.USED_ONCE, *thing)
    with database.each_alone(hub.engine) as connection:
        found = used_once.use(connection, digest, expires_at, client)
    if made_at <= found.complete_since + _UNSETTLED:
        raise CredentialsRefused(thing[0], Flaw.UNSETTLED)
    if not found.is_first:
        raise CredentialsRefused(thing[0], Flaw.REPLAYED)
    if client is not None and not found.is_admitted:
        raise CredentialsRefused("token", Flaw.CLIENT)
    return found


def forget_old(hub: Hub) -> int:
    """Remove what nobody would take any more, used or not; how many."""
    with database.transaction(hub.engine) as connection:
        return used_once.forget(connection, hub.now())
