"""Who is who: components, issued ids, the records linked to them, homes, aliases, and questions for stewards.

Links, homes and aliases carry recorded time: a row is ended, never changed, so what was known on any
day can be read back.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Identity, Index, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base, Xid8

CURRENT = text("recorded_until IS NULL")
ENDED = text("recorded_until IS NOT NULL")
OPEN = text("closed_at IS NULL")


class Constituent(Base):
    """An id once issued. `id` counts issues, so a smaller id is an older one; `public_id` is what leaves.

    `run_id` is null where a record was resolved on its own.
    """

    __tablename__ = "constituents"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    public_id: Mapped[UUID] = mapped_column(unique=True)
    kind: Mapped[str]
    issued_at: Mapped[datetime]
    run_id: Mapped[int | None]


class Link(Base):
    """A record's place under a constituent's current id."""

    __tablename__ = "links"
    __table_args__ = (
        Index("links_record_current_idx", "record_id", unique=True, postgresql_where=CURRENT),
        Index("links_constituent_idx", "constituent_id", postgresql_where=CURRENT),
        Index("links_constituent_ended_idx", "constituent_id", postgresql_where=ENDED),
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
        Index("homes_constituent_ended_idx", "constituent_id", postgresql_where=ENDED),
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
        Index("aliases_current_ended_idx", "current_id", postgresql_where=ENDED),
    )

    constituent_id: Mapped[int] = mapped_column(
        ForeignKey("constituents.id"), primary_key=True, autoincrement=False
    )
    recorded_from: Mapped[datetime] = mapped_column(primary_key=True)
    current_id: Mapped[int | None]
    follows_id: Mapped[int | None]
    recorded_until: Mapped[datetime | None]


class Component(Base):
    """The component a record was in when the partition last looked at it, and at which version.

    A component is named by its lowest record number. A record without a row is not in the partition
    yet; one whose `version` is behind has changed since.
    """

    __tablename__ = "components"
    __table_args__ = (Index("components_component_id_idx", "component_id"),)

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    component_id: Mapped[int]
    version: Mapped[int]


#: Records that were resolved, removed, judged or objected to, and by which transaction: what a batch
#: must look at again when it publishes what it made of an older snapshot.
arrivals = Table(
    "arrivals",
    Base.metadata,
    Column("record_id", BigInteger, nullable=False),
    Column("arrived_in", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
)


class PairwiseId(Base):
    """The id one agency knows a constituent's id by, since it was first shown it; never changed."""

    __tablename__ = "pairwise_ids"

    agency: Mapped[str] = mapped_column(primary_key=True)
    constituent_id: Mapped[int] = mapped_column(
        ForeignKey("constituents.id"), primary_key=True, autoincrement=False
    )
    pairwise_id: Mapped[UUID] = mapped_column(unique=True)
    shown_at: Mapped[datetime]


class Review(Base):
    """A question for a steward. `reason` is a hub.domain.reviews.ReviewReason.

    About a pair, `left_record_id` < `right_record_id`, or about the left record alone. `judgement_id`
    names the judgement in question. `outcome`: null while open, and where the question went away by itself.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        Index(
            "reviews_subject_open_idx",
            "left_record_id",
            "right_record_id",
            "reason",
            unique=True,
            postgresql_where=OPEN,
            postgresql_nulls_not_distinct=True,
        ),
        Index("reviews_right_open_idx", "right_record_id", postgresql_where=OPEN),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    reason: Mapped[str]
    left_record_id: Mapped[int]
    right_record_id: Mapped[int | None]
    weight_microbits: Mapped[int | None]
    model_id: Mapped[int | None] = mapped_column(ForeignKey("models.id"))
    judgement_id: Mapped[int | None] = mapped_column(ForeignKey("judgements.id"))
    opened_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]
