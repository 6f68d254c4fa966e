"""Who may call the hub, with which keys, and what may be used only once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Client(Base):
    """A system of an agency, or a member of the hub's staff (agency null). ended_at: no longer admitted.

    distinct_per_day: null for the setting's.
    """

    __tablename__ = "clients"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    agency: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    purposes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    roles: Mapped[list[str]] = mapped_column(ARRAY(Text))
    distinct_per_day: Mapped[int | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    ended_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]


class ClientKey(Base):
    """A public key that a client signs its assertions with. members: the JSON Web Key."""

    __tablename__ = "client_keys"

    thumbprint: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"), index=True)
    members: Mapped[dict[str, Any]]
    enrolled_at: Mapped[datetime]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[datetime | None]


class Enrolment(Base):
    """A code that enrols one key of a client, once and within a time. code_hash: keyed."""

    __tablename__ = "enrolments"

    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("clients.id"))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class UsedOnce(Base):
    """A proof or an assertion that was used. Unlogged: a crash of the server empties it."""

    __tablename__ = "used_once"
    __table_args__ = (Index("used_once_expires_at_idx", "expires_at"), {"prefixes": ["UNLOGGED"]})

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class UsedOnceMark(Base):
    """One row that says since when `used_once` is complete; unlogged, so that it is gone when that was emptied."""

    __tablename__ = "used_once_mark"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    complete_since: Mapped[datetime]


class RepeatableRequest(Base):
    """A change that a client asked for under an Idempotency-Key. status: null while it is under way.

    sealed_answer: what it was answered, sealed; look-ups keep none.
    """

    __tablename__ = "repeatable_requests"
    __table_args__ = (Index("repeatable_requests_begun_at_idx", "begun_at"),)

    client_id: Mapped[str] = mapped_column(primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(primary_key=True)
    request_hash: Mapped[bytes]
    begun_at: Mapped[datetime]
    status: Mapped[int | None]
    sealed_answer: Mapped[bytes | None]
