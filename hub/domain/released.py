"""What a look-up answers: one constituent as far as an agency may see her.

Decides the shape only. It holds nothing that was not permitted: what may be in it is consent's to decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from hub.domain.records import CaseReference, ConstituentKind, Holding


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from, and when that source last touched it, None where it does not say."""

    agency: str
    source: str
    as_of: date | None


@dataclass(frozen=True, slots=True)
class ReleasedValue:
    """A value; origin: None where the asking agency may not learn which agency states it."""

    value: str
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class ReleasedAttribute:
    """What stands for an attribute by survivorship among what may be seen, and what else is stated, best first."""

    attribute: str
    shown: ReleasedValue
    others: tuple[ReleasedValue, ...]


@dataclass(frozen=True, slots=True)
class ReleasedHolding:
    """A holding as its agency states it."""

    holding: Holding
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class ReleasedCase:
    """A pointer to a case of another agency."""

    case: CaseReference
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class ReleasedProfile:
    """id: the pairwise id of the asking agency. relationships: kinds alone; who the other is, is another
    constituent's to be asked about."""

    id: UUID
    kind: ConstituentKind
    attributes: tuple[ReleasedAttribute, ...]
    roles: tuple[str, ...]
    holdings: tuple[ReleasedHolding, ...]
    cases: tuple[ReleasedCase, ...]
    relationships: tuple[str, ...]
