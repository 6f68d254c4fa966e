"""Published models: parameters in the clear, term frequencies sealed, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class Model(Base):
    """A model version: parameters, term frequencies and suppressed tags, with its card.

    `term_frequencies` hold names and dates, so they are sealed; `parameters` hold none. `canary`:
    invented pairs with what the batch engine made of them, by which a process proves its own scorer. The database
    refuses UPDATE and DELETE here: a score can always be explained by the model that gave it.
    """

    __tablename__ = "models"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    term_frequencies: Mapped[bytes]
    canary: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'::jsonb"))
    published_at: Mapped[datetime]


class ActiveModel(Base):
    """The model each constituent kind is linked with now."""

    __tablename__ = "active_models"

    kind: Mapped[str] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("models.id"))
