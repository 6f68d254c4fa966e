"""Who is who: issued ids, the records linked to them, homes, aliases and the questions left to stewards.

Links, homes and aliases carry recorded time: a row is ended, never changed, so what was known on any
day can be read back.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base

CURRENT = text("recorded_until IS NULL")


class Constituent(Base):
    """An id once issued. `id` counts issues, so a smaller id is an older one; `public_id` is what leaves."""

    __tablename__ = "constituents"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    issued_at: Mapped[datetime]
    run_id: Mapped[int]


class Link(Base):
    """A record's place under a constituent's current id."""

    __tablename__ = "links"
    __table_args__ = (
        Index("links_record_current_idx", "record_id", unique=True, postgresql_where=CURRENT),
        Index("links_constituent_idx", "constituent_id", postgresql_where=CURRENT),
    )

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recorded_from: Mapped[datetime] = mapped_column(primary_key=True)
    constituent_id: Mapped[int]
    recorded_until: Mapped[datetime | None]


class Home(Base):
    """The id a record was placed under (the home rule); no row while it is homeless."""

    __tablename__ = "homes"
    __table_args__ = (
        Index("homes_record_current_idx", "record_id", unique=True, postgresql_where=CURRENT),
        Index("homes_constituent_idx", "constituent_id", postgresql_where=CURRENT),
    )

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recorded_from: Mapped[datetime] = mapped_column(primary_key=True)
    constituent_id: Mapped[int]
    recorded_until: Mapped[datetime | None]


class Alias(Base):
    """An id that is not current: the id it resolves to in one hop, or null for a tombstone.

    `follows_id` is set for an id without home records: the living id it was retired into, and goes with.
    """

    __tablename__ = "aliases"
    __table_args__ = (
        Index(
            "aliases_constituent_current_idx",
            "constituent_id",
            unique=True,
            postgresql_where=CURRENT,
        ),
        Index("aliases_current_id_idx", "current_id", postgresql_where=CURRENT),
    )

    constituent_id: Mapped[int] = mapped_column(
        ForeignKey("constituents.id"), primary_key=True, autoincrement=False
    )
    recorded_from: Mapped[datetime] = mapped_column(primary_key=True)
    current_id: Mapped[int | None]
    follows_id: Mapped[int | None]
    recorded_until: Mapped[datetime | None]


class Review(Base):
    """A question for a steward. `reason` is a matching.review.Doubt: band, average or source.

    `left_record_id` < `right_record_id`; the pair is the strongest between its two constituents.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        Index(
            "reviews_pair_open_idx",
            "left_record_id",
            "right_record_id",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "reviews_right_open_idx", "right_record_id", postgresql_where=text("closed_at IS NULL")
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    left_record_id: Mapped[int]
    right_record_id: Mapped[int]
    weight_microbits: Mapped[int]
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
