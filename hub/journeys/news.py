"""Which rows of a batch are news: by keyed hashes alone, before anything is mapped or sealed.

Decides what is new, changed, unchanged or a duplicate. Reading rows and writing records is load.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

import msgspec

from connectors.contract import Batch, Row
from connectors.mapping import Mapper
from hub.domain.records import RecordKey, Rejected
from hub.journeys.prepare import PendingRow
from hub.store.records import KnownRecord
from hub.vault.tags import Hasher

#: A key met twice in one run of a snapshot: the second row is set aside under this rule.
DUPLICATE_KEY: Final = "duplicate_key"

_encode_row = msgspec.msgpack.Encoder(enc_hook=str).encode


@dataclass(frozen=True, slots=True)
class HashedRow:
    """A row with its keyed hashes. `is_change` and the like are not known yet."""

    number: int
    values: Row
    key_hash: bytes
    content_hash: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be news: its rejection, the row, and its keyed content hash."""

    rejected: Rejected
    raw: Row | str
    content_hash: bytes
    key_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class HashedBatch:
    """A batch's rows by key hash, and those refused on the way."""

    rows: dict[bytes, HashedRow]
    refused: list[Refused]


@dataclass(slots=True)
class Sorted:
    """A hashed batch held against what is stored. suppressed: how many rows were of erased records."""

    news: list[tuple[HashedRow, KnownRecord | None]] = field(default_factory=list)
    unchanged_ids: list[int] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    suppressed: int = 0

    def pending(self, new_numbers: Iterator[int]) -> tuple[PendingRow, ...]:
        """The news as rows to prepare; each new record takes the next of `new_numbers`."""
        return tuple(
            PendingRow(
                number=row.number,
                values=row.values,
                record_id=next(new_numbers) if known is None else known.id,
                version=1 if known is None else known.version + 1,
                is_change=known is not None,
                hashes=(row.key_hash, row.content_hash),
            )
            for row, known in self.news
        )


class RowHasher:
    """Hashes the rows of one source. meaning: the source's fingerprint, so that a changed mapping makes all rows news."""

    def __init__(self, hasher: Hasher, source: str, meaning: bytes, *, is_snapshot: bool) -> None:
        self._key = hasher.key
        self._content = hasher.content
        self._source = source
        self._meaning = meaning
        self._is_snapshot = is_snapshot

    def batch(self, batch: Batch, mapper: Mapper) -> HashedBatch:
        """Hash every row; refuse those without a key, and in a snapshot the second of a key."""
        rows: dict[bytes, HashedRow] = {}
        # Columns belong to what a row says: under a corrected header the same cells are news. Their order
        # does not: JSON has none.
        order = sorted(range(len(batch.columns)), key=batch.columns.__getitem__)
        meaning = self._meaning + _encode_row([batch.columns[place] for place in order])
        in_order = itemgetter(*order) if len(order) > 1 else tuple
        refused = [
            Refused(item.rejected, item.raw, self._content_hash(meaning, item.raw))
            for item in batch.rejected
        ]
        for number, values in zip(batch.row_numbers, batch.rows, strict=True):
            content_hash = self._content_hash(meaning, in_order(values))
            local_id = mapper.key(values)
            if local_id is None:
                rejected = mapper.record(values, number, batch.location)
                assert isinstance(rejected, Rejected), "a row without a key has no record"
                refused.append(Refused(rejected, values, content_hash))
                continue
            key_hash = self._key(str(RecordKey(self._source, local_id)))
            row = HashedRow(number, values, key_hash, content_hash)
            if key_hash in rows and self._is_snapshot:
                refused.append(_duplicate(row, batch.location))
            else:
                rows[key_hash] = row
        return HashedBatch(rows, refused)

    def _content_hash(self, meaning: bytes, values: Row | str) -> bytes:
        try:
            encoded = _encode_row(values)
        except OverflowError:
            # An integer beyond 64 bits, which JSON may hold, has no binary form.
            encoded = _encode_row([str(value) for value in values])
        return self._content(meaning + encoded)


def sort(
    hashed: HashedBatch,
    known: Mapping[bytes, KnownRecord],
    is_met: Callable[[bytes], bool],
    location: str,
    *,
    is_snapshot: bool,
    suppressed: Collection[bytes] = (),
) -> Sorted:
    """Hold a batch against what is stored and what is not stored yet.

    suppressed: keys that were erased. Nothing is kept of their rows, not even in the quarantine.
    is_met: whether this run met the key in a chunk under way, or in a row it set aside. In a snapshot a key that this run has met already is a duplicate; an incremental source may
    state a record again, and the later row counts.
    """
    found = Sorted(refused=[one for one in hashed.refused if one.key_hash not in suppressed])
    found.suppressed = len(hashed.refused) - len(found.refused)
    for key_hash, row in hashed.rows.items():
        if key_hash in suppressed:
            found.suppressed += 1
            continue
        stored = known.get(key_hash)
        was_met = is_met(key_hash) or (stored is not None and stored.is_of_this_run)
        if is_snapshot and was_met:
            found.refused.append(_duplicate(row, location))
        elif stored is not None and stored.content_hash == row.content_hash:
            found.unchanged_ids.append(stored.id)
        else:
            found.news.append((row, stored))
    return found


def _duplicate(row: HashedRow, location: str) -> Refused:
    rejected = Rejected(row.number, None, DUPLICATE_KEY, location)
    return Refused(rejected, row.values, row.content_hash, row.key_hash)
