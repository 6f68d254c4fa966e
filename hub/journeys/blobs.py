"""A record as the bytes of its sealed classes, and back.

Decides the layout inside a blob (JSON by msgspec, absent where empty); which field goes to which class
is hub.domain.sensitivity's, sealing is hub.vault's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final, get_type_hints

import msgspec

from hub.domain.records import ConstituentKind, Record, RecordKey
from hub.domain.sensitivity import (
    CONTACT_FIELDS,
    SENSITIVE_FIELDS,
    SENSITIVE_SCHEMES,
    SENSITIVE_SOURCE_FIELDS,
    SensitivityClass,
)
from matching.features import Features

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_decode_features = msgspec.json.Decoder(tuple[tuple[str | None, ...], dict[str, str]]).decode

#: msgspec cannot choose between a date and a datetime, so `as_of` is read here and the rest by type.
_TYPES: Final = {
    name: kind for name, kind in get_type_hints(Record).items() if name not in ("as_of", "key")
}
_OUTSIDE: Final = frozenset({"key", "kind", "as_of", "identifiers"})
_BY_CLASS: Final = {
    SensitivityClass.CONTACT: tuple(sorted(CONTACT_FIELDS)),
    SensitivityClass.SENSITIVE: tuple(sorted(SENSITIVE_FIELDS)),
    SensitivityClass.CORE: tuple(
        field.name
        for field in fields(Record)
        if field.name not in _OUTSIDE | CONTACT_FIELDS | SENSITIVE_FIELDS
    ),
}


def to_blobs(record: Record, *, is_sensitive: bool) -> dict[SensitivityClass, bytes]:
    """Encode a record's values by class; a class without values is left out, CORE is always there.

    is_sensitive says that the record's source is: then its holdings and cases rest in SENSITIVE.
    """
    values = {
        name: {field: value for field in names if (value := getattr(record, field))}
        for name, names in _BY_CLASS.items()
    }
    core, sensitive = values[SensitivityClass.CORE], values[SensitivityClass.SENSITIVE]
    if is_sensitive:
        sensitive.update({name: core.pop(name) for name in SENSITIVE_SOURCE_FIELDS if name in core})
    for identifier in record.identifiers:
        held_in = sensitive if identifier.scheme in SENSITIVE_SCHEMES else core
        held_in.setdefault("identifiers", []).append(identifier)
    core["local_id"] = record.key.local_id
    core["as_of"] = record.as_of
    if record.custom:
        core["custom"] = dict(record.custom)
    return {name: _encode(content) for name, content in values.items() if content}


def from_blobs(
    source: str, kind: ConstituentKind, blobs: Mapping[SensitivityClass, bytes]
) -> Record:
    """Decode a record from the classes at hand; what a missing class held is empty in it, its local id too."""
    merged: dict[str, Any] = {"identifiers": []}
    for blob in blobs.values():
        content = _decode(blob)
        merged["identifiers"] += content.pop("identifiers", [])
        merged |= content
    key = RecordKey(source, merged.pop("local_id", ""))
    as_of = merged.pop("as_of", None)
    values = {name: msgspec.convert(value, _TYPES[name]) for name, value in merged.items()}
    return Record(key, kind, _moment(as_of) if as_of else None, **values)


def features_to_blob(features: Features) -> bytes:
    """Encode what the matcher compares: the MATCH class."""
    return _encode((features.values, features.custom))


def features_from_blob(blob: bytes) -> Features:
    """Decode the MATCH class."""
    return Features(*_decode_features(blob))


def _moment(text: str) -> date | datetime:
    return datetime.fromisoformat(text) if "T" in text else date.fromisoformat(text)
