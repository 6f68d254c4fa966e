"""The model a kind is linked with: the active one, or one trained, judged and published now.

Decides when to train and how a model rests (parameters in the clear, rarities sealed). What a model
learns is matching.splink_model's, what it must pass matching.publish's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
from sqlalchemy import Connection

from hub.domain.errors import ModelUnfit, ModelUnknown
from hub.domain.records import ConstituentKind, CustomAttribute
from hub.journeys.context import Hub
from hub.store import constituents, database, models
from hub.store.models import StoredModel
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer
from matching.candidates import suppressed_tags
from matching.engine import ENGINE_THREADS, connect
from matching.features import FEATURES_VERSION
from matching.model import Model, from_json, with_suppressed
from matching.parity import canary, check_parity, neighbours
from matching.publish import check
from matching.splink_model import train


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model a run links with. One trained just now has no number yet: it is published with its links.

    canary: what its code is held to at every start (matching.parity.canary).
    """

    id: int | None
    model: Model
    canary: Sequence[dict[str, Any]] = ()


def active_model(hub: Hub, kind: ConstituentKind) -> ChosenModel | None:
    """The kind's active model, None before the first or when it fits an older form of the features."""
    with database.transaction(hub.engine) as connection:
        stored = models.active(connection, kind)
    if stored is None:
        return None
    model = opened(hub, stored)
    if model.features_version != FEATURES_VERSION:
        return None
    return ChosenModel(stored.id, model, stored.canary)


def has_model(hub: Hub, kind: ConstituentKind) -> bool:
    """Whether any model of that kind is active, fit for this release or not."""
    with database.transaction(hub.engine) as connection:
        return models.active(connection, kind) is not None


def opened(hub: Hub, stored: StoredModel) -> Model:
    """A stored model with its rarities unsealed."""
    rarities = _sealer(hub).open(stored.name.encode(), stored.sealed_term_frequencies)
    return from_json(msgspec.json.encode(stored.parameters), rarities)


def train_model(
    hub: Hub,
    kind: ConstituentKind,
    features: pa.Table,
    tags: pa.Table,
    custom: tuple[CustomAttribute, ...],
    connection: duckdb.DuckDBPyConnection,
) -> ChosenModel:
    """Train on these records, and judge: the figures, and that its code answers as the batch does.

    Raises TooFewToTrain, or ModelUnfit with each reason.
    """
    model = train(
        features,
        kind,
        custom,
        name=model_name(kind, hub.now()),
        connection=connection,
        pairs_max=hub.limits.training_pairs_max,
    )
    too_common = suppressed_tags(connection, tags, hub.limits.tag_records_max)
    model = with_suppressed(model, tuple(too_common["tag"].to_pylist()))
    check(model)
    check_parity(model, connection, features, neighbours(tags))
    return ChosenModel(None, model, canary(model, connection))


def publish(hub: Hub, connection: Connection, chosen: ChosenModel, at: datetime) -> int:
    """Store a judged model, its rarities sealed, and make it the active one of its kind."""
    model = chosen.model
    sealed = _sealer(hub).seal(model.name.encode(), model.rarities_to_json())
    parameters = msgspec.json.decode(model.to_json())
    return models.publish(
        connection, model.name, model.kind, parameters, sealed, at, canary=chosen.canary
    )


def publish_model(hub: Hub, model: Model) -> None:
    """Judge a model made elsewhere, publish it and make it active. Raises ModelUnfit.

    Refused where records of its kind are linked already: links and the model that weighs single records
    change together, in a link.
    """
    check(model)
    engine = connect(hub.limits.matching_memory_mb, ENGINE_THREADS)
    try:
        check_parity(model, engine)
        chosen = ChosenModel(None, model, canary(model, engine))
    finally:
        engine.close()
    with database.transaction(hub.engine) as connection:
        database.lock_in_transaction(connection, database.LOCK_PARTITION)
        if constituents.latest_change(connection, model.kind.value) is not None:
            raise ModelUnfit([f"records are linked already: run `hub link --kind {model.kind}`"])
        if models.find(connection, model.name) is not None:
            raise ModelUnfit([f"a model named {model.name} is published already"])
        publish(hub, connection, chosen, hub.now())


def export_model(hub: Hub, name: str) -> Model:
    """A published model to take elsewhere, by its name or as the active one of a kind.

    Without its suppressed tags: they are keyed, and mean nothing under another key. Raises ModelUnknown.
    """
    return with_suppressed(opened(hub, _found(hub, name)), ())


def model_name(kind: ConstituentKind, at: datetime) -> str:
    """A model's dated name: `person-2026-11-22T10:15:00.123456Z`."""
    return f"{kind}-{at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')}"


def _sealer(hub: Hub) -> ValueSealer:
    return ValueSealer(hub.keys, Purpose.MODEL)


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A published model as it is listed."""

    name: str
    kind: str
    published_at: datetime
    is_active: bool


def list_models(hub: Hub) -> list[ModelRow]:
    """All published models, newest first."""
    with database.transaction(hub.engine) as connection:
        return [
            ModelRow(stored.name, stored.kind, stored.published_at, is_active)
            for stored, is_active in models.every(connection)
        ]


def show_model(hub: Hub, name: str) -> dict[str, Any]:
    """A model's parameters and card, by its name or as the active one of a kind. Raises ModelUnknown."""
    return _found(hub, name).parameters


def _found(hub: Hub, name: str) -> StoredModel:
    with database.transaction(hub.engine) as connection:
        stored = models.find(connection, name) or models.active(connection, name)
    if stored is None:
        raise ModelUnknown("no model of that name is published, and no kind of that name has one")
    return stored
