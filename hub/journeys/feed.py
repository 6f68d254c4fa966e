"""The change feed: read what happened since, say how far one has come, and go back.

Decides the rules of a consumer's cursor: reading never moves it, so an event is delivered until it is
acknowledged, at least once and in order. This is the whole feed, for the hub's own consumers; what of it
an agency is told, under which ids and positions, is decided where it is told.
"""

from __future__ import annotations

import re
from typing import Final

from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.store import database, outbox
from hub.store.outbox import FeedEvent

__all__ = [
    "ConsumerInvalid",
    "FeedEvent",
    "PositionRefused",
    "acknowledge",
    "read_feed",
    "replay",
    "sequence_all",
]

_CONSUMER: Final = re.compile(r"[a-z][a-z0-9_-]{0,60}")


class ConsumerInvalid(HubError):
    """A consumer's name is not one."""

    def __init__(self) -> None:
        super().__init__(
            "a consumer's name is a small letter and up to 60 small letters, digits, _ or -"
        )


class PositionRefused(HubError):
    """A cursor would move to where it may not: beyond what there is, or back without a replay."""

    def __init__(self, position: int, reason: str) -> None:
        self.position = position
        super().__init__(f"position {position}: {reason}")


def read_feed(hub: Hub, consumer: str, limit: int = 1_000) -> list[FeedEvent]:
    """The events after the consumer's cursor, at most `limit`; the cursor stays where it is.

    Numbers what was committed before, so that the answer is never behind the tables. A consumer never
    heard of reads from the start. Raises ConsumerInvalid.
    """
    _check(consumer)
    sequence_all(hub)
    with database.transaction(hub.engine) as connection:
        return outbox.read(connection, outbox.cursor_of(connection, consumer), limit)


def sequence_all(hub: Hub) -> int:
    """Number every event committed by now, a transaction a batch; answers how many."""
    total = 0
    while True:
        with database.transaction(hub.engine) as connection:
            moved = outbox.sequence(connection)
        total += moved
        if moved < outbox.SEQUENCE_BATCH:
            return total


def acknowledge(hub: Hub, consumer: str, position: int) -> None:
    """Say that all up to `position` was taken in; saying it again is no error.

    Raises ConsumerInvalid, and PositionRefused beyond the feed's end or before the cursor.
    """
    _move(hub, consumer, position, is_replay=False)


def replay(hub: Hub, consumer: str, position: int = 0) -> None:
    """Set the cursor back, so that the events after `position` are read again.

    Raises ConsumerInvalid, and PositionRefused where the consumer has not come so far.
    """
    _move(hub, consumer, position, is_replay=True)


def _move(hub: Hub, consumer: str, position: int, *, is_replay: bool) -> None:
    _check(consumer)
    if position < 0:
        raise PositionRefused(position, "the feed starts after 0")
    with database.transaction(hub.engine) as connection:
        end = outbox.last_position(connection)
        if position > end:
            raise PositionRefused(position, f"the feed ends at {end}")
        if is_replay and position > outbox.cursor_of(connection, consumer):
            raise PositionRefused(position, "the consumer has not come so far")
        at = hub.now()
        if not outbox.move_cursor(connection, consumer, position, at, is_replay=is_replay):
            raise PositionRefused(position, "the consumer is further on; going back is a replay")


def _check(consumer: str) -> None:
    if not _CONSUMER.fullmatch(consumer):
        raise ConsumerInvalid
