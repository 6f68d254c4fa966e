"""The compiled models of one process: each read, compiled and proven once.

Decides that no model weighs anybody here before its code has given the canary's answers. What a model is
compiled to is matching.compiled's.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from hub.domain.errors import ModelUnfit
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.models import opened
from hub.store import database, models
from matching.average_linkage import Bars
from matching.compiled import Scorer, compile_model
from matching.features import FEATURES_VERSION
from matching.linkage import bars_of
from matching.model import Model
from matching.parity import check_canary


@dataclass(frozen=True, slots=True)
class Weigher:
    """A model ready to weigh: its number, its code, where it draws its lines, the tags it passes over."""

    model_id: int
    scorer: Scorer
    bars: Bars
    suppressed: frozenset[int]


def weigher_for(hub: Hub, connection: Connection, model_id: int) -> Weigher:
    """The model of that number, compiled and proven once a process.

    Raises ScorerMismatch, or ModelUnfit where its features are of before.
    """
    return hub.kept.get((Weigher, model_id), lambda: _opened(hub, connection, model_id))


def weigher_of(model_id: int, model: Model) -> Weigher:
    """Compile a model that was proven just now."""
    return Weigher(model_id, compile_model(model), bars_of(model), frozenset(model.suppressed_tags))


def _opened(hub: Hub, connection: Connection, model_id: int) -> Weigher:
    stored = models.numbered(connection, model_id)
    model = opened(hub, stored)
    if model.features_version != FEATURES_VERSION:
        raise ModelUnfit([f"{model.name} fits an older form of the features: run `hub link`"])
    ready = weigher_of(model_id, model)
    check_canary(ready.scorer, stored.canary)
    return ready


def prove_scorers(hub: Hub) -> list[str]:
    """Compile and prove the active model of each kind, as a server does before it serves; their names.

    Raises ScorerMismatch or ModelUnfit: then this process must not resolve anybody.
    """
    names = []
    with database.transaction(hub.engine) as connection:
        for kind in ConstituentKind:
            stored = models.active(connection, kind)
            if stored is not None:
                weigher_for(hub, connection, stored.id)
                names.append(stored.name)
    return names
