"""The back-office systems records come from."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Identity, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Source(Base):
    """A source as last loaded.

    `cursor` is the sealed position after the last committed chunk, None when the last run finished;
    `watermark` the sealed position a finished incremental run reached. `custom` maps each custom
    attribute to its comparison, `authority` an attribute to the source's rank in it (1: believed first).
    may_match: its records may be linked with others', by some agreement in force when that was last looked at.
    """

    __tablename__ = "sources"

    id: Mapped[int] = mapped_column(SmallInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    agency: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    is_duplicate_free: Mapped[bool]
    is_sensitive: Mapped[bool]
    custom: Mapped[dict[str, Any]]
    authority: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    fingerprint: Mapped[bytes]
    may_match: Mapped[bool] = mapped_column(server_default=text("true"))
    cursor: Mapped[bytes | None]
    watermark: Mapped[bytes | None]
