"""What each agency is told, and what it was told last of each of its records."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class AgencyEvent(Base):
    """An event in its place in one agency's feed, never changed.

    `kind` is a hub.domain.agency_view.AgencyEventKind. `shown_id` and `other_id` are age numbers of ids that the
    agency was shown: what it is told are its pairwise ids for them. `told_at`: when it was put there, not when the
    change happened.
    """

    __tablename__ = "agency_events"

    agency: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    shown_id: Mapped[int]
    other_id: Mapped[int | None]
    is_own: Mapped[bool]
    told_at: Mapped[datetime]


class ToldRecord(Base):
    """A record as its agency was told of it last: under which shown id, of which constituent, at which version."""

    __tablename__ = "told_records"
    __table_args__ = (Index("told_records_constituent_id_idx", "constituent_id"),)

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    agency: Mapped[str]
    shown_id: Mapped[int]
    constituent_id: Mapped[int]
    version: Mapped[int]
