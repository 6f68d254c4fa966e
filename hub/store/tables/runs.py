"""What ran, what it counted, and the rows it set aside."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Run(Base):
    """One load or link. `state`: running, finished, failed or abandoned (its process died)."""

    __tablename__ = "runs"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    source_id: Mapped[int | None] = mapped_column(SmallInteger, ForeignKey("sources.id"))
    state: Mapped[str]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    counts: Mapped[dict[str, Any]]


class Seen(Base):
    """A record met unchanged by a running snapshot load: what is in neither is missing at the source."""

    __tablename__ = "seen"

    run_id: Mapped[int] = mapped_column(primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)


class Quarantined(Base):
    """A row that may not become a record: where it stood and which rule it broke in the clear, the row sealed.

    `content_hash` (keyed) makes a second load of the same bad row a no-op; `key_hash` (keyed), where the
    row has a key, closes it once the key is loaded. A closed one keeps no row.
    """

    __tablename__ = "quarantine"
    __table_args__ = (
        UniqueConstraint("source_id", "content_hash"),
        Index("quarantine_open_idx", "source_id", postgresql_where=text("resolved_at IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    source_id: Mapped[int] = mapped_column(SmallInteger, ForeignKey("sources.id"))
    run_id: Mapped[int] = mapped_column(ForeignKey("runs.id"))
    row_number: Mapped[int]
    location: Mapped[str | None]
    field: Mapped[str | None]
    rule: Mapped[str]
    content_hash: Mapped[bytes]
    key_hash: Mapped[bytes | None]
    sealed_row: Mapped[bytes | None]
    quarantined_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
