"""A trained model as a value: what it compares, what each answer weighs, where it draws its lines.

Decides the form in which a model is kept and carried between batch and real time. Learning one is
left to splink_model.py, judging one to publish.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison

MICROBITS = 1_000_000
"""Weights are whole millionths of a bit: sums of them are exact in any order, on any engine."""

SCHEMA = "hub/model@1"

Rarities = Mapping[str, Mapping[str, int]]
"""Column -> value -> microbits: minus the binary logarithm of the value's share, frozen. Personal values."""


def to_microbits(bits: float) -> int:
    """Round a weight in bits to the integer every engine adds up."""
    return round(bits * MICROBITS)


@dataclass(frozen=True, slots=True)
class TrainedLevel:
    """A comparison's answer with what was learned of it.

    weight_microbits is log2(m/u). Where `rarity` names a column, a pair's weight moves by the frozen
    rarity of the (more frequent) value less rarity_base_microbits, the rarity of the average agreement.
    """

    label: str
    condition: str
    m: float
    u: float
    weight_microbits: int
    rarity: str | None = None
    rarity_base_microbits: int = 0
    is_prior: bool = False


@dataclass(frozen=True, slots=True)
class TrainedComparison:
    """One comparison; level at position i has the Splink value `len(levels) - 1 - i`, null has -1."""

    name: str
    null_condition: str
    levels: tuple[TrainedLevel, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A published or publishable model, whole but for the rarities' values, which are personal.

    name is dated; prior_microbits is the weight of a pair before any comparison. Two clusters are one
    constituent when their best pair reaches link_min_microbits and the average of all their pairs
    merge_min_microbits; a pair from review_min_microbits on that was not linked is a steward's to see.
    suppressed_tags are the blocking tags too frequent to ask with, frozen with the model.
    """

    name: str
    kind: ConstituentKind
    features_version: int
    custom: tuple[CustomAttribute, ...]
    comparisons: tuple[TrainedComparison, ...]
    prior_microbits: int
    review_min_microbits: int
    link_min_microbits: int
    merge_min_microbits: int
    suppressed_tags: tuple[int, ...] = ()
    card: Mapping[str, Any] = field(default_factory=dict)
    rarities: Rarities = field(default_factory=dict, repr=False)

    def to_json(self) -> str:
        """Everything but the rarities, as one JSON document, safe to show."""
        document = {"schema": SCHEMA, **_plain(self)}
        return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()

    def rarities_to_json(self) -> bytes:
        """The frozen rarities: values of persons, to be sealed before they rest anywhere."""
        return msgspec.json.encode(self.rarities, order="deterministic")

    @property
    def rarity_columns(self) -> tuple[str, ...]:
        """The columns whose values' frequency moves a weight, in a fixed order."""
        found = {lv.rarity for c in self.comparisons for lv in c.levels if lv.rarity}
        return tuple(sorted(found))


def from_json(document: str | bytes, rarities: bytes | None = None) -> Model:
    """Read `to_json` and `rarities_to_json` back; raises ValueError on any other document."""
    fields = msgspec.json.decode(document)
    if not isinstance(fields, dict) or fields.pop("schema", None) != SCHEMA:
        raise ValueError(f"a model document says schema: {SCHEMA}")
    model = msgspec.convert(fields, _Document)
    frozen = msgspec.json.decode(rarities, type=dict[str, dict[str, int]]) if rarities else {}
    return Model(
        name=model.name,
        kind=model.kind,
        features_version=model.features_version,
        custom=tuple(
            CustomAttribute(c["name"], CustomComparison(c["comparison"])) for c in model.custom
        ),
        comparisons=model.comparisons,
        prior_microbits=model.prior_microbits,
        review_min_microbits=model.review_min_microbits,
        link_min_microbits=model.link_min_microbits,
        merge_min_microbits=model.merge_min_microbits,
        suppressed_tags=model.suppressed_tags,
        card=model.card,
        rarities=frozen,
    )


def with_suppressed(model: Model, tags: tuple[int, ...]) -> Model:
    """The same model with the tags its batch found too frequent."""
    return replace(model, suppressed_tags=tuple(sorted(tags)))


def trained_level(
    label: str,
    condition: str,
    m_and_u: tuple[float, float],
    *,
    rarity: str | None = None,
    is_prior: bool = False,
) -> TrainedLevel:
    """A level with its weight in microbits, from its m and u."""
    m, u = m_and_u
    return TrainedLevel(
        label=label,
        condition=condition,
        m=m,
        u=u,
        weight_microbits=to_microbits(math.log2(m / u)),
        rarity=rarity,
        rarity_base_microbits=to_microbits(-math.log2(u)) if rarity else 0,
        is_prior=is_prior,
    )


class _Document(msgspec.Struct):
    name: str
    kind: ConstituentKind
    features_version: int
    custom: list[dict[str, str]]
    comparisons: tuple[TrainedComparison, ...]
    prior_microbits: int
    review_min_microbits: int
    link_min_microbits: int
    merge_min_microbits: int
    suppressed_tags: tuple[int, ...]
    card: dict[str, Any]


def _plain(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "kind": model.kind,
        "features_version": model.features_version,
        "custom": [{"name": c.name, "comparison": c.comparison.value} for c in model.custom],
        "comparisons": model.comparisons,
        "prior_microbits": model.prior_microbits,
        "review_min_microbits": model.review_min_microbits,
        "link_min_microbits": model.link_min_microbits,
        "merge_min_microbits": model.merge_min_microbits,
        "suppressed_tags": model.suppressed_tags,
        "card": model.card,
    }
