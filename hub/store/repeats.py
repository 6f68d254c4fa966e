"""Changes asked for under a key of the caller's, so that a repeat is answered and not done again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects import postgresql

from hub.store.tables import RepeatableRequest


@dataclass(frozen=True, slots=True)
class StoredRepeat:
    """What was asked, and what was answered: None while it is under way."""

    request_hash: bytes
    begun_at: datetime
    status: int | None
    sealed_answer: bytes | None


def begin(
    connection: Connection, client: str, key_hash: bytes, request_hash: bytes, at: datetime
) -> StoredRepeat | None:
    """Note a request as begun; what stands instead, where that key was used."""
    made = connection.execute(
        postgresql.insert(RepeatableRequest)
        .values(client_id=client, key_hash=key_hash, request_hash=request_hash, begun_at=at)
        .on_conflict_do_nothing()
        .returning(RepeatableRequest.client_id)
    ).one_or_none()
    if made is not None:
        return None
    row = connection.execute(
        select(
            RepeatableRequest.request_hash,
            RepeatableRequest.begun_at,
            RepeatableRequest.status,
            RepeatableRequest.sealed_answer,
        ).where(RepeatableRequest.client_id == client, RepeatableRequest.key_hash == key_hash)
    ).one_or_none()
    return None if row is None else StoredRepeat(*row)


def finish(
    connection: Connection, client: str, key_hash: bytes, status: int, sealed_answer: bytes
) -> None:
    """Note what was answered."""
    connection.execute(
        update(RepeatableRequest)
        .where(RepeatableRequest.client_id == client, RepeatableRequest.key_hash == key_hash)
        .values(status=status, sealed_answer=sealed_answer)
    )


def forget(connection: Connection, client: str, key_hash: bytes) -> None:
    """Free a key whose request changed nothing."""
    connection.execute(
        delete(RepeatableRequest).where(
            RepeatableRequest.client_id == client,
            RepeatableRequest.key_hash == key_hash,
            RepeatableRequest.status.is_(None),
        )
    )


def forget_old(connection: Connection, before: datetime) -> int:
    """Remove what was begun before that; how many."""
    return connection.execute(
        delete(RepeatableRequest).where(RepeatableRequest.begun_at < before)
    ).rowcount
