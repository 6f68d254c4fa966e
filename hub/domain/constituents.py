"""A profile: one constituent as all its records show it now, each value with where it came from.

Decides the shape only. Which value survives is survivorship's; who may see it is consent's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from hub.domain.records import CaseReference, ConstituentKind, Holding, RecordKey
from hub.domain.survivorship import Survivor


@dataclass(frozen=True, slots=True)
class AttributeView:
    """One attribute: what is shown, who agrees, and what lost."""

    attribute: str
    survivor: Survivor


@dataclass(frozen=True, slots=True)
class HoldingView:
    """A holding and the record that states it."""

    holding: Holding
    source: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case reference and the record that states it."""

    case: CaseReference
    source: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class RelationshipView:
    """What this constituent is to another: `owner` with is_inverse False reads "is owner of other"."""

    kind: str
    other_id: UUID
    other_name: str | None
    source: str
    is_inverse: bool


@dataclass(frozen=True, slots=True)
class Profile:
    """One constituent, computed from its records at the moment of reading; nothing of it is stored."""

    id: UUID
    kind: ConstituentKind
    aliases: tuple[UUID, ...]
    records: tuple[RecordKey, ...]
    roles: tuple[str, ...]
    attributes: tuple[AttributeView, ...]
    holdings: tuple[HoldingView, ...]
    cases: tuple[CaseView, ...]
    relationships: tuple[RelationshipView, ...]
    open_reviews: int
