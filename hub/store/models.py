"""Published models and which one each constituent kind is linked with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert

from hub.store.tables import ActiveModel, Model


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model as stored: parameters in the clear, term frequencies still sealed.

    canary: invented pairs with the batch's answers (matching.parity), empty for a model of before.
    """

    id: int
    name: str
    kind: str
    parameters: dict[str, Any]
    sealed_term_frequencies: bytes
    published_at: datetime
    canary: list[dict[str, Any]]


_COLUMNS = (
    Model.id,
    Model.name,
    Model.kind,
    Model.parameters,
    Model.term_frequencies,
    Model.published_at,
    Model.canary,
)


def publish(
    connection: Connection,
    name: str,
    kind: str,
    parameters: dict[str, Any],
    sealed_term_frequencies: bytes,
    at: datetime,
    *,
    canary: Sequence[dict[str, Any]] = (),
) -> int:
    """Store a model and make it the one its kind is linked with; answers its number."""
    model_id = connection.execute(
        insert(Model)
        .values(
            name=name,
            kind=kind,
            parameters=parameters,
            term_frequencies=sealed_term_frequencies,
            published_at=at,
            canary=list(canary),
        )
        .returning(Model.id)
    ).scalar_one()
    connection.execute(
        insert(ActiveModel)
        .values(kind=kind, model_id=model_id)
        .on_conflict_do_update(index_elements=[ActiveModel.kind], set_={"model_id": model_id})
    )
    return model_id


def active(connection: Connection, kind: str) -> StoredModel | None:
    """The model that kind is linked with, None before the first."""
    row = connection.execute(
        select(*_COLUMNS)
        .join(ActiveModel, ActiveModel.model_id == Model.id)
        .where(ActiveModel.kind == kind)
    ).one_or_none()
    return None if row is None else StoredModel(*row)


def find(connection: Connection, name: str) -> StoredModel | None:
    """The model of that name."""
    row = connection.execute(select(*_COLUMNS).where(Model.name == name)).one_or_none()
    return None if row is None else StoredModel(*row)


def every(connection: Connection) -> list[tuple[StoredModel, bool]]:
    """All models, newest first, each with whether it is the active one of its kind."""
    rows = connection.execute(
        select(*_COLUMNS, ActiveModel.model_id.is_not(None))
        .join(ActiveModel, ActiveModel.model_id == Model.id, isouter=True)
        .order_by(Model.id.desc())
    ).all()
    return [(StoredModel(*row[:-1]), row[-1]) for row in rows]


def numbered(connection: Connection, number: int) -> StoredModel:
    """The model of that number."""
    return StoredModel(*connection.execute(select(*_COLUMNS).where(Model.id == number)).one())
