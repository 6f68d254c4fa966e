"""The one row that ties a database to its root key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Installation(Base):
    """`key_fingerprint` tells a wrong root key at once, before anything fails to open."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    key_fingerprint: Mapped[bytes]
    created_at: Mapped[datetime]
