"""Pins of stewards: put down, withdrawn, and read for the profiles they decide in. None is ever deleted.

A pin names its record by keyed hash, so one on a removed record sleeps until the key returns. Whether its
value is still stated, only who can open the record can tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects.postgresql import insert

from hub.store.database import among
from hub.store.tables import Pin


@dataclass(frozen=True, slots=True)
class StoredPin:
    """A pin as it rests; `withdrawn_at` None while it stands."""

    key_hash: bytes
    attribute: str
    value_hash: bytes
    author: str
    sealed_reason: bytes
    made_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


_COLUMNS = (
    Pin.key_hash,
    Pin.attribute,
    Pin.value_hash,
    Pin.author,
    Pin.sealed_reason,
    Pin.made_at,
    Pin.withdrawn_by,
    Pin.withdrawn_at,
)


def put(connection: Connection, pin: StoredPin) -> None:
    """Put a pin in the place of the one that stands on that record and attribute, if any."""
    addition = (
        insert(Pin)
        .values(
            key_hash=pin.key_hash,
            attribute=pin.attribute,
            value_hash=pin.value_hash,
            author=pin.author,
            sealed_reason=pin.sealed_reason,
            made_at=pin.made_at,
        )
        .on_conflict_do_nothing()
        .returning(Pin.id)
    )
    # Two stewards may pin at once: the second waits in the insert, then withdraws what the first put.
    while True:
        withdraw(connection, pin.key_hash, pin.attribute, pin.author, pin.made_at)
        if connection.execute(addition).one_or_none() is not None:
            return


def withdraw(
    connection: Connection, key_hash: bytes, attribute: str, author: str, at: datetime
) -> bool:
    """End the pin that stands there; False when none does."""
    ended = connection.execute(
        update(Pin)
        .where(Pin.key_hash == key_hash, Pin.attribute == attribute, Pin.withdrawn_at.is_(None))
        .values(withdrawn_by=author, withdrawn_at=at)
    )
    return ended.rowcount > 0


def standing(connection: Connection, key_hashes: Sequence[bytes]) -> list[StoredPin]:
    """The pins that stand on those records."""
    rows = connection.execute(
        select(*_COLUMNS).where(among(Pin.key_hash, key_hashes), Pin.withdrawn_at.is_(None))
    ).all()
    return [StoredPin(*row) for row in rows]


def ever(connection: Connection, key_hashes: Sequence[bytes]) -> list[StoredPin]:
    """All pins that ever stood on those records, oldest first."""
    rows = connection.execute(
        select(*_COLUMNS).where(among(Pin.key_hash, key_hashes)).order_by(Pin.id)
    ).all()
    return [StoredPin(*row) for row in rows]
