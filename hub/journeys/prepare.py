"""A chunk of a source's rows -> what a load writes: mapped, made comparable, sealed, tagged and packed.

The costly half of a load, a pure function of the rows, the mapping and the keys, so it runs in any
process. Which rows are worth it, and the transaction, are load.py's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from connectors.contract import Row
from connectors.mapping import Mapper
from connectors.source import SourceBody
from hub.domain.records import CustomComparison, Record, Rejected
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.blobs import features_to_blob, to_blobs
from hub.store import copy_format
from hub.store.records import PackedChunk
from hub.store.runs import SetAside
from hub.store.single_records import SingleRecord
from hub.vault.keyring import Purpose, RootKey
from hub.vault.sealing import RecordSealer, Sealed, ValueSealer
from hub.vault.tags import Hasher, Tagger
from matching.blocking import is_poor, keys
from matching.features import Features, derive


@dataclass(frozen=True, slots=True)
class PendingRow:
    """A row worth mapping: its place, its values, and the record it is or becomes.

    `is_change` says that the record exists; `version` is the one to write. `hashes`: key, content.
    """

    number: int
    values: Row
    record_id: int
    version: int
    is_change: bool
    hashes: tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of one source and batch, with all that packing them needs."""

    source: str
    source_id: int
    run_id: int
    columns: tuple[str, ...]
    location: str
    rows: tuple[PendingRow, ...]
    loaded_at: datetime


@dataclass(frozen=True, slots=True)
class PreparedChunk:
    """The chunk, ready to write, and the rows that may not become records.

    kept_ids: records whose row of this time may not replace what is stored of them.
    """

    packed: PackedChunk
    set_aside: tuple[SetAside, ...]
    kept_ids: tuple[int, ...]
    inserted: int
    changed: int


@dataclass(frozen=True, slots=True)
class Derived:
    """A mapped row and what makes it comparable: its features and its tags, each with its rule."""

    record: Record
    features: Features
    is_poor: bool
    tags: tuple[tuple[int, int], ...]


@dataclass(slots=True)
class _Streams:
    """Packed rows by table, as they come."""

    new_records: list[bytes] = field(default_factory=list)
    changed_records: list[bytes] = field(default_factory=list)
    keys: list[bytes] = field(default_factory=list)
    tags: list[bytes] = field(default_factory=list)
    holdings: list[bytes] = field(default_factory=list)
    relationships: list[bytes] = field(default_factory=list)
    changed_ids: list[int] = field(default_factory=list)

    def packed(self) -> PackedChunk:
        framed = copy_format.framed
        return PackedChunk(
            framed(self.new_records),
            framed(self.changed_records),
            framed(self.keys),
            framed(self.tags),
            framed(self.holdings),
            framed(self.relationships),
            tuple(self.changed_ids),
        )


class Preparer:
    """The state of one worker: keys, and the mapping of each source it has met.

    sources: by id, every source of this load. custom: how each declared custom attribute is compared.
    """

    def __init__(
        self,
        keys: RootKey,
        sources: Mapping[str, SourceBody],
        custom: Mapping[str, CustomComparison],
    ) -> None:
        self._sources = sources
        self._custom = custom
        self._sealer = RecordSealer(keys)
        self._values = ValueSealer(keys, Purpose.QUARANTINE)
        self._tagger = Tagger(keys)
        self._hasher = Hasher(keys)
        self._mappers: dict[tuple[str, tuple[str, ...]], Mapper] = {}

    def prepare(self, chunk: Chunk) -> PreparedChunk:
        """Map, derive, seal, tag and pack the rows of one chunk."""
        streams = _Streams()
        set_aside, kept_ids = [], []
        for row in chunk.rows:
            derived = self.derive(
                chunk.source, chunk.columns, row.values, row.number, chunk.location
            )
            if isinstance(derived, Rejected):
                key_hash, content_hash = row.hashes
                set_aside.append(self.set_aside(derived, row.values, content_hash, key_hash))
                if row.is_change:
                    kept_ids.append(row.record_id)
            else:
                self._pack(streams, chunk, row, derived)
        changed = len(streams.changed_ids)
        return PreparedChunk(
            streams.packed(),
            tuple(set_aside),
            tuple(kept_ids),
            len(streams.keys) - changed,
            changed,
        )

    def set_aside(
        self,
        rejected: Rejected,
        raw: Row | str,
        content_hash: bytes,
        key_hash: bytes | None,
    ) -> SetAside:
        """Seal a rejected row for the quarantine, bound to its keyed content hash."""
        sealed = self._values.seal(content_hash, _encode_raw(raw))
        return SetAside(
            rejected.row,
            rejected.location,
            rejected.field,
            rejected.rule,
            content_hash,
            sealed,
            key_hash,
        )

    def _mapper(self, source: SourceBody, columns: tuple[str, ...]) -> Mapper:
        known = self._mappers.get((source.id, columns))
        if known is None:
            known = self._mappers[source.id, columns] = Mapper(source, columns)
        return known

    def derive(
        self, source: str, columns: tuple[str, ...], values: Row, number: int, location: str
    ) -> Derived | Rejected:
        """Map one row and make it comparable; a record's number is not needed for that."""
        record = self._mapper(self._sources[source], columns).record(values, number, location)
        if isinstance(record, Rejected):
            return record
        features = derive(record, self._custom)
        tag = self._tagger.tag
        tags = {(tag(key.rule, key.value), key.rule): None for key in keys(record.kind, features)}
        return Derived(record, features, is_poor(record.kind, features), tuple(tags))

    def seal_single(
        self, derived: Derived, row: PendingRow, *, source_id: int, run_id: int, loaded_at: datetime
    ) -> SingleRecord:
        """Seal one record that came on its own; its row was given to `derive` before."""
        record = derived.record
        is_sensitive = self._sources[record.key.source].sensitive
        sealed = self._seal(derived, row, is_sensitive=is_sensitive)
        shown = () if is_sensitive else record.holdings
        tied = () if is_sensitive else record.relationships
        return SingleRecord(
            id=row.record_id,
            source_id=source_id,
            version=row.version,
            run_id=run_id,
            is_poor=derived.is_poor,
            key_hash=row.hashes[0],
            content_hash=row.hashes[1],
            core=sealed.blobs[SensitivityClass.CORE],
            contact=sealed.blobs.get(SensitivityClass.CONTACT),
            sensitive=sealed.blobs.get(SensitivityClass.SENSITIVE),
            match=sealed.blobs[SensitivityClass.MATCH],
            loaded_at=loaded_at,
            wrapped_key=sealed.wrapped_key,
            tags=derived.tags,
            holdings=tuple(
                (item.type, item.status, item.valid_from, item.valid_until) for item in shown
            ),
            relationships=tuple(
                (item.kind.value, self._hasher.key(str(item.other))) for item in tied
            ),
        )

    def _seal(
        self, derived: Derived, row: PendingRow, *, is_sensitive: bool
    ) -> Sealed[SensitivityClass]:
        blobs = to_blobs(derived.record, is_sensitive=is_sensitive)
        blobs[SensitivityClass.MATCH] = features_to_blob(derived.features)
        return self._sealer.seal(row.record_id, row.version, blobs)

    def _pack(self, streams: _Streams, chunk: Chunk, row: PendingRow, derived: Derived) -> None:
        number, record = row.record_id, derived.record
        is_sensitive = self._sources[chunk.source].sensitive
        sealed = self._seal(derived, row, is_sensitive=is_sensitive)
        record_row = copy_format.record_row(
            number,
            chunk.source_id,
            row.version,
            chunk.run_id,
            derived.is_poor,
            row.hashes,
            (
                sealed.blobs[SensitivityClass.CORE],
                sealed.blobs.get(SensitivityClass.CONTACT),
                sealed.blobs.get(SensitivityClass.SENSITIVE),
                sealed.blobs[SensitivityClass.MATCH],
            ),
            copy_format.microseconds(chunk.loaded_at),
        )
        if row.is_change:
            streams.changed_ids.append(number)
            streams.changed_records.append(record_row)
        else:
            streams.new_records.append(record_row)
        streams.keys.append(copy_format.key_row(number, sealed.wrapped_key))
        streams.tags += [
            copy_format.tag_row(tag, number, rule, derived.is_poor) for tag, rule in derived.tags
        ]
        # Of a sensitive source even the number of holdings would speak: nothing is in the clear.
        if not is_sensitive:
            self._pack_children(streams, number, record)

    def _pack_children(self, streams: _Streams, number: int, record: Record) -> None:
        for place, holding in enumerate(record.holdings):
            row = copy_format.holding_row(
                number,
                place,
                holding.type,
                holding.status,
                holding.valid_from,
                holding.valid_until,
            )
            streams.holdings.append(row)
        for place, relationship in enumerate(record.relationships):
            other = self._hasher.key(str(relationship.other))
            streams.relationships.append(
                copy_format.relationship_row(number, place, relationship.kind, other)
            )


_encode_raw = msgspec.json.Encoder(enc_hook=str).encode


def prepare(preparer: Preparer, chunk: Chunk) -> PreparedChunk:
    """`Preparer.prepare` as a function a worker process can be sent."""
    return preparer.prepare(chunk)
