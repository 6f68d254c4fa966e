"""A decision and sealed records -> what may be seen of a constituent; nothing else is even opened.

Decides which sealed classes a permitted category needs, and keeps of what a class holds only the permitted
categories. Which value survives is surviving.py's rules; why it is permitted is consent's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from consent.decision import Decision
from consent.vocabulary import FIELDS, DataCategory, category_of_scheme
from hub.domain.records import ConstituentKind, Record
from hub.domain.released import (
    Origin,
    ReleasedAttribute,
    ReleasedCase,
    ReleasedHolding,
    ReleasedProfile,
    ReleasedValue,
)
from hub.domain.sensitivity import (
    CONTACT_FIELDS,
    SENSITIVE_FIELDS,
    SENSITIVE_SOURCE_FIELDS,
    SensitivityClass,
)
from hub.domain.survivorship import Candidate
from hub.journeys.blobs import from_blobs
from hub.journeys.context import Hub
from hub.journeys.surviving import Pinned, Stated, attributes, declared_authority
from hub.store.lookups import Held, HeldRecord
from hub.vault.sealing import RecordSealer
from hub.vault.tags import Hasher

#: Categories that no sealed class holds the values of.
_NOT_SEALED: Final = frozenset({DataCategory.EXISTENCE, DataCategory.SOURCE})


def release(hub: Hub, held: Held, decision: Decision, shown: UUID) -> ReleasedProfile:
    """What the decision permits of a constituent. Raises SealBroken."""
    permitted = permitted_of(held, decision)
    stated = stated_in(hub, held, permitted)
    named = frozenset(
        agency for agency, categories in permitted.items() if DataCategory.SOURCE in categories
    )
    authority = declared_authority((one.agency, one.authority) for one in held.declared)
    pinned = Pinned(
        Hasher(hub.keys),
        {(pin.key_hash, pin.attribute): (pin.value_hash, pin.made_at) for pin in held.pins},
    )
    return ReleasedProfile(
        id=shown,
        kind=ConstituentKind(held.kind),
        attributes=tuple(
            ReleasedAttribute(
                view.attribute,
                _value(view.survivor.winner, named),
                tuple(_value(one, named) for one in view.survivor.lost),
            )
            for view in attributes(stated, authority, pinned)
        ),
        roles=tuple(sorted({role.value for item in stated for role in item.record.roles})),
        holdings=tuple(
            ReleasedHolding(holding, _origin(item, named))
            for item in stated
            for holding in item.record.holdings
        ),
        cases=tuple(
            ReleasedCase(case, _origin(item, named))
            for item in stated
            for case in item.record.cases
        ),
        relationships=tuple(
            sorted({one.kind.value for item in stated for one in item.record.relationships})
        ),
    )


def _value(candidate: Candidate, named: Collection[str]) -> ReleasedValue:
    origin = None
    if candidate.agency in named:
        origin = Origin(candidate.agency, candidate.source, candidate.as_of)
    return ReleasedValue(candidate.value, origin)


def _origin(item: Stated, named: Collection[str]) -> Origin | None:
    return Origin(item.agency, item.source, item.as_of) if item.agency in named else None


# --- opening ------------------------------------------------------------------------------------


def permitted_of(held: Held, decision: Decision) -> dict[str, frozenset[DataCategory]]:
    """The categories permitted of each agency that holds a record."""
    return {one.agency: decision.permitted(one.agency) for one in held.records}


def stated_in(
    hub: Hub, held: Held, permitted: Mapping[str, frozenset[DataCategory]]
) -> list[Stated]:
    """Her records, each with its permitted values alone; left out where nothing of one is. Raises SealBroken."""
    kind = ConstituentKind(held.kind)
    sealer = RecordSealer(hub.keys)
    return [
        Stated(
            _opened(sealer, kind, one, permitted[one.agency]), one.source, one.agency, one.key_hash
        )
        for one in held.records
        if permitted[one.agency]
    ]


def _opened(
    sealer: RecordSealer,
    kind: ConstituentKind,
    held: HeldRecord,
    permitted: frozenset[DataCategory],
) -> Record:
    """The record with the permitted categories alone, the rest as if the source did not state it."""
    at_rest = {
        SensitivityClass.CORE: held.core,
        SensitivityClass.CONTACT: held.contact,
        SensitivityClass.SENSITIVE: held.sensitive,
    }
    needed = classes_of(permitted, is_sensitive=held.is_sensitive)
    blobs = {name: blob for name in needed if (blob := at_rest[name]) is not None}
    opened = sealer.open(held.id, held.version, held.wrapped_key, blobs)
    return only(from_blobs(held.source, kind, opened), permitted)


def classes_of(
    categories: Iterable[DataCategory], *, is_sensitive: bool
) -> frozenset[SensitivityClass]:
    """The sealed classes in which values of these categories rest; is_sensitive: the source is."""
    return frozenset(
        _class_of(category, is_sensitive=is_sensitive)
        for category in categories
        if category not in _NOT_SEALED
    )


def _class_of(category: DataCategory, *, is_sensitive: bool) -> SensitivityClass:
    fields = FIELDS[category]
    if fields & CONTACT_FIELDS:
        return SensitivityClass.CONTACT
    is_hidden = is_sensitive and fields & SENSITIVE_SOURCE_FIELDS
    if fields & SENSITIVE_FIELDS or is_hidden or category is DataCategory.SENSITIVE_IDENTIFIER:
        return SensitivityClass.SENSITIVE
    return SensitivityClass.CORE


def only(record: Record, permitted: frozenset[DataCategory]) -> Record:
    """The record without what is not permitted; key and kind are no values of the constituent."""
    values: dict[str, Any] = {
        field: getattr(record, field)
        for category in permitted
        for field in FIELDS[category] - _KEPT_APART
    }
    if DataCategory.SOURCE in permitted:
        values["as_of"] = record.as_of
    values["identifiers"] = tuple(
        one for one in record.identifiers if category_of_scheme(one.scheme) in permitted
    )
    return Record(record.key, record.kind, **values)


#: Identifiers are divided by scheme; what else stands here goes with every record, or by a rule of its own.
_KEPT_APART: Final = frozenset({"key", "kind", "as_of", "identifiers"})
