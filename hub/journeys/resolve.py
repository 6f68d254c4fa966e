"""Resolve single records as they come: stored, linked, and told of, in one transaction each.

Decides when a row is news and what must be locked before it is stored. Which constituent it belongs to is
what a batch over the same records would say (change.py). A load only stores; what it left is resolved
here one by one, or by the next link.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from connectors.contract import Batch, Row
from connectors.mapping import Mapper
from connectors.source import Source
from hub.domain.errors import HubError, RecordUnknown
from hub.domain.records import ConstituentKind, RecordKey, Rejected
from hub.journeys.change import (
    Effects,
    Measured,
    Overtaken,
    PartitionChange,
    in_one_change,
)
from hub.journeys.context import Hub
from hub.journeys.metrics import RESOLVING
from hub.journeys.news import HashedRow, RowHasher
from hub.journeys.placing import named_events
from hub.journeys.prepare import Derived, PendingRow, Preparer
from hub.journeys.registration import SourceBusy, meaning_of, register_source, source_lock
from hub.journeys.scorers import Weigher
from hub.store import (
    components,
    constituents,
    database,
    records,
    sources,
    surroundings,
)
from hub.store.outbox import OutgoingEvent
from hub.store.single_records import SingleRecord, write_single
from hub.store.surroundings import Known, Met
from hub.vault.tags import Hasher

#: The run that rows belong to which came on their own.
_NO_RUN: Final = 0

_LOCATION: Final = "pushed"

#: The rule of a row whose record was erased as a right.
SUPPRESSED: Final = "suppressed"


class KeySuppressed(HubError):
    """The record was erased as a right: nothing under its key is taken in again."""


class Arrival(StrEnum):
    """What a row was to the hub."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a record belongs now. constituent: its current public id; None once it is removed.

    changes: the events it gave rise to, by public ids. moved: records, this one not counted, that answer
    to another id than before.
    """

    record: int
    arrival: Arrival
    constituent: UUID | None
    changes: tuple[OutgoingEvent, ...]
    moved: tuple[int, ...]
    measured: Measured


class Resolver:
    """Resolves rows of one source. Safe to share between threads; each call is a transaction of its own.

    columns: the names of the values in every row. Raises SourceUnreadable where the mapping needs others,
    SourceInvalid where the source contradicts another.
    """

    def __init__(self, hub: Hub, source: Source, columns: tuple[str, ...]) -> None:
        self._mapper = Mapper(source, columns)
        self._hub = hub
        self._source = source
        self._columns = columns
        self._state = register_source(hub, source)
        self._lock = source_lock(hub, source.id)
        custom = {item.name: item.comparison for item in source.custom_attributes}
        self._preparer = Preparer(hub.keys, {source.id: source}, custom)
        self._hasher = Hasher(hub.keys)
        # What the last record was weighed with: most likely the next one is too.
        self._weigher: Weigher | None = None
        self._rows = RowHasher(self._hasher, source.id, meaning_of(source), is_snapshot=False)

    def resolve(self, values: Row, number: int = 1) -> Resolution | Rejected:
        """Store a row and link its record; the same row twice changes nothing.

        number: the row's place in what it came from, for the rejection to name. A row of an erased record is
        rejected as `suppressed`. Raises SourceBusy while
        the source is being loaded, ChangeContended, ScorerMismatch.
        """
        batch = Batch(self._columns, [values], (number,), _LOCATION, {})
        hashed = self._rows.batch(batch, self._mapper)
        if hashed.refused:
            return hashed.refused[0].rejected
        [row] = hashed.rows.values()
        derived = self._preparer.derive(self._source.id, self._columns, values, number, _LOCATION)
        if isinstance(derived, Rejected):
            return derived
        with RESOLVING.timed() as told:
            try:
                resolution = self._in_one_change(lambda change: self._take(change, row, derived))
            except KeySuppressed:
                return Rejected(number, None, SUPPRESSED, _LOCATION)
            told(resolution.measured)
        return resolution

    def remove(self, local_id: str) -> Resolution:
        """Remove a record at its agency's word: its key, tags and terms are destroyed.

        Raises RecordUnknown, SourceBusy.
        """
        key_hash = self._hasher.key(str(RecordKey(self._source.id, local_id)))
        return self._in_one_change(lambda change: self._drop(change, key_hash))

    def _in_one_change(self, work: Callable[[PartitionChange], Resolution]) -> Resolution:
        return in_one_change(self._hub, self._source.kind, work, is_open=True)

    def _take(self, change: PartitionChange, row: HashedRow, derived: Derived) -> Resolution:
        met = self._meet(change, (row.key_hash, row.content_hash), derived)
        known = met.known
        is_equal = known is not None and known.content_hash == row.content_hash
        if known is not None and is_equal and known.is_resolved:
            return _unchanged(change, known.id)
        if met.is_suppressed:
            raise KeySuppressed("the record of that key was erased: it is not taken in again")
        number = known.id if known else met.fresh_id
        single = self._sealed(row, derived, number, known)
        with database.pipelined(change.connection):
            if not is_equal:
                # Sent before the candidates are weighed: the server writes meanwhile.
                write_single(change.connection, single, is_change=known is not None)
            near = change.near(met, derived)
            if known is None and not near and not met.is_judged:
                found = change.alone(single)
            else:
                found = change.redivide([number], near)
            effects = change.publish(found, [number] if known else (), is_last=True)
        arrival = Arrival.NEW
        if known:
            arrival = Arrival.UNCHANGED if is_equal else Arrival.CHANGED
        return _told(change, number, arrival, effects)

    def _sealed(
        self, row: HashedRow, derived: Derived, number: int, known: Known | None
    ) -> SingleRecord:
        return self._preparer.seal_single(
            derived,
            PendingRow(
                row.number,
                row.values,
                number,
                known.version + 1 if known else 1,
                known is not None,
                (row.key_hash, row.content_hash),
            ),
            source_id=self._state.id,
            run_id=_NO_RUN,
            loaded_at=self._hub.now(),
        )

    def _drop(self, change: PartitionChange, key_hash: bytes) -> Resolution:
        met = self._meet(change, (key_hash, None), None)
        known = met.known
        if known is None:
            raise RecordUnknown(f"source {self._source.id} has no record under that key")
        near = change.near(met, None)
        records.remove(change.connection, [known.id], self._hub.now())
        effects = change.publish(change.redivide([known.id], near), is_last=True)
        return _told(change, known.id, Arrival.REMOVED, effects)

    def _meet(
        self, change: PartitionChange, hashes: tuple[bytes, bytes | None], derived: Derived | None
    ) -> Met:
        met = change.meet(hashes, derived, self._lock, self._weigher)
        if not met.is_shared:
            raise SourceBusy(f"source {self._source.id} is being loaded: try again after it")
        self._weigher = change.weigher
        return met


def resolve_pending(hub: Hub, kind: ConstituentKind, limit: int = 1_000) -> Iterator[Resolution]:
    """Link what loads have stored, changed or removed since, one record at a time, the oldest first.

    Answers as it goes, at most `limit` records.
    """
    with database.transaction(hub.engine) as connection:
        waiting = _waiting(connection, kind, limit)
    for number in waiting:
        yield in_one_change(hub, kind, lambda change, number=number: _settle(change, number))  # type: ignore[misc]


def is_waiting_for_more_than(hub: Hub, kind: ConstituentKind, records: int) -> bool:
    """Whether more records than that are left to `resolve_pending`."""
    with database.transaction(hub.engine) as connection:
        return len(_waiting(connection, kind, records + 1)) > records


def _waiting(connection: Connection, kind: ConstituentKind, limit: int) -> list[int]:
    source_ids = [source.id for source in sources.every(connection) if source.kind == kind]
    return components.pending(connection, source_ids, limit)


def _settle(change: PartitionChange, number: int) -> Resolution:
    change.begin()
    row = surroundings.row_of(change.connection, number)
    change.lock_values([row.key_hash], row.tags)
    if surroundings.row_of(change.connection, number) != row:
        raise Overtaken
    effects = change.publish(change.redivide([number]), [number])
    if row.is_removed:
        return _told(change, number, Arrival.REMOVED, effects)
    return _told(change, number, Arrival.CHANGED if row.is_linked else Arrival.NEW, effects)


def _unchanged(change: PartitionChange, number: int) -> Resolution:
    found = constituents.of_record(change.connection, number)
    public_id = None if found is None else found[1]
    return Resolution(number, Arrival.UNCHANGED, public_id, (), (), change.measured)


def _told(change: PartitionChange, number: int, arrival: Arrival, effects: Effects) -> Resolution:
    id_ = None if arrival is Arrival.REMOVED else effects.ids[number]
    others = tuple(record for record in effects.moved if record != number)
    return Resolution(
        number,
        arrival,
        effects.public_ids[id_] if id_ is not None else None,
        tuple(named_events(effects.changes, effects.public_ids)),
        others,
        change.measured,
    )
