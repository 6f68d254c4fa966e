"""What stewards decide and constituents object to: judgements, objections and pins.

Each names records by their keyed hash, not their number: a decision on a record that is removed sleeps
until its key returns. Withdrawing one ends it; nothing is deleted. Reasons are sealed, for people write
people's names into them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base

STANDING = text("withdrawn_at IS NULL")


class Judgement(Base):
    """A steward's SAME or DIFFERENT on two records; `left_key_hash` < `right_key_hash`.

    The content hashes say what the two rows were when it was judged. Judgements of one act (a split of
    many records) share `act_id` and are withdrawn together.
    """

    __tablename__ = "judgements"
    __table_args__ = (
        CheckConstraint("verdict IN ('same', 'different')", name="verdict"),
        CheckConstraint("left_key_hash < right_key_hash", name="order"),
        Index(
            "judgements_pair_idx",
            "left_key_hash",
            "right_key_hash",
            unique=True,
            postgresql_where=STANDING,
        ),
        Index("judgements_right_key_hash_idx", "right_key_hash", postgresql_where=STANDING),
        Index("judgements_act_id_idx", "act_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    act_id: Mapped[UUID]
    kind: Mapped[str]
    verdict: Mapped[str]
    left_key_hash: Mapped[bytes]
    right_key_hash: Mapped[bytes]
    left_content_hash: Mapped[bytes]
    right_content_hash: Mapped[bytes]
    author: Mapped[str]
    sealed_reason: Mapped[bytes]
    judged_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class Objection(Base):
    """A record that its constituent will not have linked; it stands apart while the objection does.

    The records of one act (an objection for a whole constituent) share `act_id`.
    """

    __tablename__ = "objections"
    __table_args__ = (
        Index("objections_key_hash_idx", "key_hash", unique=True, postgresql_where=STANDING),
        Index("objections_act_id_idx", "act_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    act_id: Mapped[UUID]
    key_hash: Mapped[bytes]
    author: Mapped[str]
    sealed_reason: Mapped[bytes]
    made_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class Pin(Base):
    """A steward's word that of one attribute a record's value is the one to show.

    `value_hash` (keyed) names the value's comparable form: a pin on a value that has changed sleeps.
    """

    __tablename__ = "pins"
    __table_args__ = (
        Index("pins_key_hash_idx", "key_hash", "attribute", unique=True, postgresql_where=STANDING),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key_hash: Mapped[bytes]
    attribute: Mapped[str]
    value_hash: Mapped[bytes]
    author: Mapped[str]
    sealed_reason: Mapped[bytes]
    made_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
