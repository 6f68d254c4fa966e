"""Every disclosure and refusal, and the tree over them. What an entry says is consent.log.entry's.

An entry is written with its release, pending; it gets its number later (decision 0009 says why).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Identity, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Disclosure(Base):
    """An entry: its account in the clear, its subject part and nonce sealed under the subject's key.

    The database lets the two subject columns be set to null, and nothing else be changed. subject_hash: null
    where nobody was found, and once erased.
    """

    __tablename__ = "disclosures"
    __table_args__ = (
        Index(
            "disclosures_subject_hash_idx",
            "subject_hash",
            postgresql_where=text("subject_hash IS NOT NULL"),
        ),
        Index("disclosures_erased_idx", "id", postgresql_where=text("sealed_subject IS NULL")),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account: Mapped[bytes]
    subject_digest: Mapped[bytes]
    sealed_subject: Mapped[bytes | None]
    subject_hash: Mapped[bytes | None]
    recorded_at: Mapped[datetime]


class PendingLeaf(Base):
    """An entry that has no number yet; `recorded_at` as of the entry, to tell how far the log lags."""

    __tablename__ = "log_pending"

    disclosure_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leaf: Mapped[bytes]
    recorded_at: Mapped[datetime]


class Leaf(Base):
    """A leaf in its place in the tree, and the entry it commits to."""

    __tablename__ = "log_leaves"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    disclosure_id: Mapped[int] = mapped_column(unique=True)
    leaf: Mapped[bytes]


class LogNode(Base):
    """A complete inner node of the tree, levels from 1; level 0 is the leaves' own hashes."""

    __tablename__ = "log_nodes"

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class LogCheckpoint(Base):
    """A signed checkpoint, a C2SP note; `size` as it says."""

    __tablename__ = "log_checkpoints"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    size: Mapped[int]
    note: Mapped[str]
    signed_at: Mapped[datetime]
