"""Records as they rest: sealed blobs, their keys apart, keyed tags, and the clear part of holdings."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Boolean, Column, Index, SmallInteger, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Record(Base):
    """One record of a source.

    `id` counts first inserts, so a smaller id is an older record. `key_hash` (keyed) stands for
    source and local id, `content_hash` (keyed) for the source's row under its mapping. `core`,
    `contact`, `sensitive` and `match` are sealed under the record's own key, bound to id and version.
    """

    __tablename__ = "records"
    __table_args__ = (
        # A key that returns after its removal is a new record, so only what is present is unique.
        Index(
            "records_key_hash_present_idx",
            "key_hash",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        Index("records_source_id_idx", "source_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source_id: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int]
    run_id: Mapped[int]
    is_poor: Mapped[bool]
    key_hash: Mapped[bytes]
    content_hash: Mapped[bytes]
    core: Mapped[bytes]
    contact: Mapped[bytes | None]
    sensitive: Mapped[bytes | None]
    match: Mapped[bytes]
    loaded_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]


class RecordKeyRow(Base):
    """A record's wrapped data key, apart from the data so that their backups can age apart."""

    __tablename__ = "record_keys"

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    wrapped_key: Mapped[bytes]


#: A keyed 64-bit tag of one compound blocking value: what candidate search joins on. No primary key:
#: nothing is ever looked up but by tag or by record. is_poor says it of the record.
tags = Table(
    "tags",
    Base.metadata,
    Column("tag", BigInteger, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("rule", SmallInteger, nullable=False),
    Column("is_poor", Boolean, nullable=False, server_default=text("false")),
    Index("tags_tag_idx", "tag", postgresql_include=["record_id", "rule", "is_poor"]),
    Index("tags_record_id_idx", "record_id"),
)


class Holding(Base):
    """The clear part of a holding: type, status, dates. A sensitive source's have no row here at all."""

    __tablename__ = "holdings"
    __table_args__ = (Index("holdings_type_valid_until_idx", "type", "valid_until"),)

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    type: Mapped[str]
    status: Mapped[str | None]
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]


class Relationship(Base):
    """What a record's constituent is to another's; the other is named by its keyed hash, loaded or not.

    A sensitive source's have no row here: what they say stays sealed.
    """

    __tablename__ = "relationships"
    __table_args__ = (Index("relationships_other_key_hash_idx", "other_key_hash"),)

    record_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str]
    other_key_hash: Mapped[bytes]
