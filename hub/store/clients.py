"""Clients, the keys they enrolled, and the codes to enrol one with. Rows are ended, never removed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.dialects import postgresql

from hub.store.tables import Client, ClientKey, Enrolment


@dataclass(frozen=True, slots=True)
class StoredClient:
    """A client as it was made; ended_at: None while it is admitted."""

    id: str
    name: str
    agency: str | None
    scopes: frozenset[str]
    purposes: frozenset[str]
    roles: frozenset[str]
    distinct_per_day: int | None
    made_by: str
    made_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A client's public key; revoked_at: None while it is good."""

    thumbprint: str
    client: str
    members: dict[str, Any]
    enrolled_at: datetime
    revoked_at: datetime | None


def add(connection: Connection, client: StoredClient) -> bool:
    """Write a new client; False where the id is taken."""
    made = connection.execute(
        postgresql.insert(Client)
        .values(
            id=client.id,
            name=client.name,
            agency=client.agency,
            scopes=sorted(client.scopes),
            purposes=sorted(client.purposes),
            roles=sorted(client.roles),
            distinct_per_day=client.distinct_per_day,
            made_by=client.made_by,
            made_at=client.made_at,
        )
        .on_conflict_do_nothing()
        .returning(Client.id)
    )
    return made.one_or_none() is not None


def find(connection: Connection, client: str) -> StoredClient | None:
    """That client, ended or not."""
    row = connection.execute(select(Client.__table__).where(Client.id == client)).one_or_none()
    return None if row is None else _client(row)


def every(connection: Connection) -> list[StoredClient]:
    """All clients, by id."""
    return [
        _client(row) for row in connection.execute(select(Client.__table__).order_by(Client.id))
    ]


def _client(row: Any) -> StoredClient:
    return StoredClient(
        row.id,
        row.name,
        row.agency,
        frozenset(row.scopes),
        frozenset(row.purposes),
        frozenset(row.roles),
        row.distinct_per_day,
        row.made_by,
        row.made_at,
        row.ended_by,
        row.ended_at,
    )


def end(connection: Connection, client: str, by: str, at: datetime) -> bool:
    """No longer admit a client; False where there is none that is."""
    ended = connection.execute(
        update(Client)
        .where(Client.id == client, Client.ended_at.is_(None))
        .values(ended_by=by, ended_at=at)
    )
    return bool(ended.rowcount)


def keys_of(connection: Connection, clients: Collection[str]) -> list[StoredKey]:
    """The keys of those clients, revoked ones too, in the order of their enrolment."""
    rows = connection.execute(
        select(ClientKey.__table__)
        .where(ClientKey.client_id.in_(clients))
        .order_by(ClientKey.enrolled_at, ClientKey.thumbprint)
    )
    return [
        StoredKey(row.thumbprint, row.client_id, row.members, row.enrolled_at, row.revoked_at)
        for row in rows
    ]


def add_key(
    connection: Connection, client: str, thumbprint: str, members: dict[str, str], at: datetime
) -> bool:
    """Note a key of a client; False where somebody enrolled that key before."""
    made = connection.execute(
        postgresql.insert(ClientKey)
        .values(thumbprint=thumbprint, client_id=client, members=members, enrolled_at=at)
        .on_conflict_do_nothing()
        .returning(ClientKey.thumbprint)
    )
    return made.one_or_none() is not None


def revoke_key(connection: Connection, client: str, thumbprint: str, by: str, at: datetime) -> bool:
    """Take a key from a client; False where it has no such key that is good."""
    revoked = connection.execute(
        update(ClientKey)
        .where(
            ClientKey.client_id == client,
            ClientKey.thumbprint == thumbprint,
            ClientKey.revoked_at.is_(None),
        )
        .values(revoked_by=by, revoked_at=at)
    )
    return bool(revoked.rowcount)


def add_enrolment(
    connection: Connection, code_hash: bytes, client: str, at: datetime, expires_at: datetime
) -> None:
    """Note a code by which one key may be enrolled; codes of that client that were not used are gone."""
    connection.execute(
        delete(Enrolment).where(Enrolment.client_id == client, Enrolment.used_at.is_(None))
    )
    connection.execute(
        insert(Enrolment).values(
            code_hash=code_hash, client_id=client, made_at=at, expires_at=expires_at
        )
    )


def take_enrolment(connection: Connection, code_hash: bytes, at: datetime) -> str | None:
    """Use a code up: its client, None where it is none, was used or has expired."""
    return connection.scalar(
        update(Enrolment)
        .where(
            Enrolment.code_hash == code_hash,
            Enrolment.used_at.is_(None),
            Enrolment.expires_at > at,
        )
        .values(used_at=at)
        .returning(Enrolment.client_id)
    )
