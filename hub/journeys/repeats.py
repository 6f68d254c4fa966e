"""A change is done once, however often it is asked for under one key (Idempotency-Key, the IETF's draft).

Decides what a repeat gets: the answer of the first, sealed until then; or that the first is under way, or was cut off,
when nobody can tell whether it was done. Look-ups are no changes: each repeat decides and is logged anew, and nothing
of its answer is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.store import database, repeats
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer
from hub.vault.tags import keyed_hash

#: For so long a repeat is known again.
KEPT: Final = timedelta(hours=24)


class RepeatDiffers(HubError):
    """That key was used for another request."""

    def __init__(self) -> None:
        super().__init__("the Idempotency-Key was used for another request")


class RepeatUnderWay(HubError):
    """The first request of that key is under way, or was cut off."""

    def __init__(self) -> None:
        super().__init__("the first request of that Idempotency-Key has not ended")


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request under a key. content: all of it that counts: method, address and body."""

    client: str
    key: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answered:
    """What the first request of a key was answered."""

    status: int
    body: bytes = field(repr=False)


def begin(hub: Hub, asked: Repeatable) -> Answered | None:
    """None for the first request of its key, which is to be done now; else what the first was answered.

    Raises RepeatDiffers, RepeatUnderWay.
    """
    key_hash, request_hash = _hashes(hub, asked)
    with database.transaction(hub.engine) as connection:
        known = repeats.begin(connection, asked.client, key_hash, request_hash, hub.now())
    if known is None:
        return None
    if known.request_hash != request_hash:
        raise RepeatDiffers
    if known.status is None or known.sealed_answer is None:
        raise RepeatUnderWay
    return Answered(known.status, _sealer(hub).open(key_hash, known.sealed_answer))


def finish(hub: Hub, asked: Repeatable, answered: Answered) -> None:
    """Keep what the first request was answered."""
    key_hash, _ = _hashes(hub, asked)
    sealed = _sealer(hub).seal(key_hash, answered.body)
    with database.transaction(hub.engine) as connection:
        repeats.finish(connection, asked.client, key_hash, answered.status, sealed)


def abandon(hub: Hub, asked: Repeatable) -> None:
    """Free the key of a request that was refused, and changed nothing."""
    key_hash, _ = _hashes(hub, asked)
    with database.transaction(hub.engine) as connection:
        repeats.forget(connection, asked.client, key_hash)


def forget_old(hub: Hub) -> int:
    """Remove what is past being repeated; how many."""
    with database.transaction(hub.engine) as connection:
        return repeats.forget_old(connection, hub.now() - KEPT)


def _hashes(hub: Hub, asked: Repeatable) -> tuple[bytes, bytes]:
    key_hash = keyed_hash(hub.keys, Purpose.REPEATED_ANSWER, asked.client, asked.key)
    request = keyed_hash(
        hub.keys, Purpose.REPEATED_ANSWER, asked.client, asked.content.decode("latin-1")
    )
    return key_hash, request


def _sealer(hub: Hub) -> ValueSealer:
    return ValueSealer(hub.keys, Purpose.REPEATED_ANSWER)
