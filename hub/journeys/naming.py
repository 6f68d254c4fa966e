"""Name stored records to those who may know whose they are: of each, no more is opened than its key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from hub.domain.records import ConstituentKind
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.blobs import from_blobs
from hub.journeys.context import Hub
from hub.store.history import StoredRecord
from hub.vault.sealing import RecordSealer

Key = TypeVar("Key")

#: What is said in place of a local id that nobody can open any more.
ERASED: Final = "erased"


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A record as the past names it; `local_id` None where its data key is destroyed."""

    number: int
    source: str
    local_id: str | None

    def __str__(self) -> str:
        if self.local_id is None:
            return f"{self.source} record {self.number} ({ERASED})"
        return f"{self.source}:{self.local_id}"


def named(hub: Hub, rows: Mapping[Key, StoredRecord]) -> dict[Key, RecordRef]:
    """Name records; one whose data key is destroyed keeps its number alone. Raises SealBroken."""
    sealer = RecordSealer(hub.keys)
    return {key: _ref(sealer, row) for key, row in rows.items()}


def _ref(sealer: RecordSealer, row: StoredRecord) -> RecordRef:
    if row.wrapped_key is None:
        return RecordRef(row.id, row.source, None)
    opened = sealer.open(row.id, row.version, row.wrapped_key, {SensitivityClass.CORE: row.core})
    record = from_blobs(row.source, ConstituentKind(row.kind), opened)
    return RecordRef(row.id, row.source, record.key.local_id)
