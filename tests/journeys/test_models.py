"""A model is published with the canary its code is held to, or not at all."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pyarrow as pa
import pytest

from hub.domain.errors import ModelUnfit
from hub.journeys.context import Hub
from hub.journeys.models import (
    active_model,
    list_models,
    publish,
    publish_model,
    train_model,
)
from hub.store import database
from matching.blocking import keys
from matching.candidates import TAGS_SCHEMA
from matching.compiled import compile_model
from matching.model import TrainedComparison, trained_level
from matching.parity import check_canary
from tests.matching.models import prior_model
from tests.matching.registers import PERSON, Register, engine, people, register


def tags_of(seen: Register) -> pa.Table:
    rows = [
        (record, zlib.crc32(f"{key.rule} {key.value}".encode()), key.rule)
        for record, features in enumerate(seen.features)
        for key in keys(PERSON, features)
    ]
    return pa.table(list(zip(*rows, strict=True)), schema=TAGS_SCHEMA)


def test_a_model_made_elsewhere_is_published_with_its_canary(hub: Hub) -> None:
    publish_model(hub, prior_model(PERSON))
    chosen = active_model(hub, PERSON)
    assert chosen is not None
    assert len(chosen.canary) == 200
    check_canary(compile_model(chosen.model), chosen.canary)


def test_a_trained_model_carries_its_canary_until_it_is_published(hub: Hub) -> None:
    seen, opened = register(people(60)), engine()
    try:
        trained = train_model(hub, PERSON, seen.table, tags_of(seen), (), opened)
    finally:
        opened.close()
    assert trained.id is None
    with database.transaction(hub.engine) as connection:
        publish(hub, connection, trained, hub.now())
    chosen = active_model(hub, PERSON)
    assert chosen is not None
    assert chosen.canary == trained.canary
    check_canary(compile_model(chosen.model), chosen.canary)


def test_a_model_whose_weights_depend_on_the_order_is_not_published(hub: Hub) -> None:
    one_way = TrainedComparison(
        "one_way",
        "given_l IS NULL OR given_r IS NULL",
        (
            trained_level("same", "given_l = middle_r", (0.9, 0.01)),
            trained_level("different", "ELSE", (0.1, 0.99)),
        ),
    )
    model = prior_model(PERSON)
    with pytest.raises(ModelUnfit, match="change places"):
        publish_model(hub, replace(model, comparisons=(*model.comparisons, one_way)))
    assert list_models(hub) == []
