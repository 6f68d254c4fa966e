"""Open stored records. Which classes may be opened is the caller's to know; here they all are."""

from __future__ import annotations

from collections.abc import Sequence

from hub.domain.records import ConstituentKind, Record
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.blobs import from_blobs
from hub.store.records import SealedRecord
from hub.vault.keyring import RootKey
from hub.vault.sealing import RecordSealer


def open_records(
    keys: RootKey, kind: ConstituentKind, sealed: Sequence[SealedRecord]
) -> list[Record]:
    """The records, whole, in the order given. Raises SealBroken."""
    sealer = RecordSealer(keys)
    opened = []
    for row in sealed:
        held = {
            SensitivityClass.CORE: row.core,
            SensitivityClass.CONTACT: row.contact,
            SensitivityClass.SENSITIVE: row.sensitive,
        }
        blobs = {name: blob for name, blob in held.items() if blob is not None}
        opened.append(
            from_blobs(row.source, kind, sealer.open(row.id, row.version, row.wrapped_key, blobs))
        )
    return opened
