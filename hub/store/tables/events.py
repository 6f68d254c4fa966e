"""What is told of every change: a transactional outbox, the numbered feed, and where each consumer stands.

Journeys write to the outbox in their own transaction. Sequences are not in the order of commits, so the
feed's positions are given later, by one sequencer, to what has been committed. Ids only.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Identity, Index, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Outgoing(Base):
    """An event that has no position yet. Columns as of Event."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    constituent: Mapped[UUID | None]
    others: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    review_id: Mapped[int | None]
    occurred_at: Mapped[datetime]


class Event(Base):
    """An event in its place in the feed, never changed.

    `kind` is one of hub.domain.events.EventKind; `constituent` the public id it is about; `others` the
    ids merged into it or split off from it.
    """

    __tablename__ = "events"
    __table_args__ = (Index("events_constituent_idx", "constituent"),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    constituent: Mapped[UUID | None]
    others: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()))
    review_id: Mapped[int | None]
    occurred_at: Mapped[datetime]


class EventCursor(Base):
    """The last position a consumer has taken in."""

    __tablename__ = "event_cursors"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    moved_at: Mapped[datetime]
