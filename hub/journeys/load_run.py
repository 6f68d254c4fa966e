"""One run of a load: batches in, chunks committed whole with their checkpoint, until the source ends.

Decides when rows are sent and committed, what a snapshot's absence means, and where a killed or broken
run goes on. Which rows are news is news.py's, what becomes of them prepare.py's.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection

from connectors.contract import Batch, Cursor, CursorStale, Reader
from connectors.mapping import Mapper
from connectors.source import Mode, Source
from hub.domain.errors import SourceUnreadable, TooManyRejected
from hub.domain.jobs import Job
from hub.journeys.context import Hub
from hub.journeys.news import Refused, RowHasher, Sorted, sort
from hub.journeys.pool import Workers
from hub.journeys.prepare import Chunk, PreparedChunk, Preparer, prepare
from hub.store import database, erasing, jobs, records, runs, sources
from hub.store.runs import SetAside
from hub.store.sources import SourceState
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer
from hub.vault.tags import Hasher

#: Before this many rows a share of rejected rows says little.
ROWS_BEFORE_SHARE_COUNTS: Final = 1_000

#: A snapshot that lost more than this share is held to be a broken export, not a mass departure.
MISSING_SHARE_MAX: Final = 0.05

#: So few missing are removed whatever share they are, else a small source could never lose one.
MISSING_ALWAYS_BORNE: Final = 10

#: Chunks under way: enough to keep every worker busy, few enough to hold in memory.
_CHUNKS_AHEAD: Final = 2


@dataclass(slots=True)
class LoadReport:
    """What a load did, over all its resumptions.

    held: records that are missing and not removed, for an operator to look at. suppressed: rows of records
    that were erased as a right, passed over. newly_unreadable: rows set
    aside without a key that did not stand in the quarantine before.
    """

    source: str
    read: int = 0
    inserted: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    held: int = 0
    rejected: int = 0
    suppressed: int = 0
    newly_unreadable: int = 0
    rejected_by_rule: dict[str, int] = field(default_factory=dict)
    is_resumed: bool = False
    seconds: float = 0.0

    def counts(self) -> dict[str, object]:
        """The part kept with the run, so that a resumed load goes on counting."""
        return {name: value for name, value in asdict(self).items() if name not in _NOT_KEPT}


_NOT_KEPT: Final = frozenset({"source", "is_resumed", "seconds"})

Progress = Callable[[LoadReport], None]


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A chunk being prepared: the batch it came from, how its rows were sorted, all its keys."""

    batch: Batch
    found: Sorted
    key_hashes: frozenset[bytes]
    future: Future[PreparedChunk]


class LoadRun:
    """One run of a load. Chunks are prepared side by side and committed in the order they were read."""

    def __init__(
        self,
        hub: Hub,
        source: Source,
        reader: Reader,
        pool: Workers[Preparer],
        progress: Progress,
        *,
        meaning: bytes,
        is_accepting: bool,
    ) -> None:
        self._hub = hub
        self._source = source
        self._reader = reader
        self._pool = pool
        self._progress = progress
        self._report = LoadReport(source.id)
        self._rows = RowHasher(
            Hasher(hub.keys),
            source.id,
            meaning,
            is_snapshot=source.mode is Mode.SNAPSHOT,
        )
        self._positions = ValueSealer(hub.keys, Purpose.CURSOR)
        self._preparer = Preparer(hub.keys, {source.id: source}, {})
        self._mapper: Mapper | None = None
        self._mapped_columns: tuple[str, ...] = ()
        self._last_cursor: Cursor | None = None
        self._present_before = 0
        self._under_way: deque[_UnderWay] = deque()
        self._is_snapshot = source.mode is Mode.SNAPSHOT
        self._is_accepting = is_accepting
        self._rejected_keys: set[bytes] = set()

    def run(self) -> LoadReport:
        started = time.monotonic()
        self._state, self._run_id, since = self._begin()
        try:
            self._read_all(since)
            self._finish()
        except SourceUnreadable:
            # What was committed stands; the run stays open, and the next load goes on from there.
            if self._last_cursor is None:
                self._fail()
            raise
        except Exception:
            self._fail()
            raise
        self._report.seconds = time.monotonic() - started
        return self._report

    # --- where it begins ---------------------------------------------------------------------

    def _begin(self) -> tuple[SourceState, int, Cursor | None]:
        """Go on with the run a killed process left, or open one."""
        with database.transaction(self._hub.engine) as connection:
            state = sources.find(connection, self._source.id)
            if state is None:
                raise LookupError("a source is registered before its load begins")
            self._present_before = records.count_present(connection, state.id)
            left = runs.interrupted(connection, "load", state.id) if state.cursor else None
            if left is not None:
                run_id, counts = left
                self._report = LoadReport(state.name, is_resumed=True, **counts)
                self._last_cursor = self._open_position(state.cursor)
                return state, run_id, self._last_cursor
            sources.set_positions(connection, state.id, cursor=None, watermark=state.watermark)
            run_id = runs.start(connection, "load", state.id, self._hub.now())
        return state, run_id, self._watermark(state)

    def _watermark(self, state: SourceState) -> Cursor | None:
        return None if self._is_snapshot else self._open_position(state.watermark)

    def _read_all(self, since: Cursor | None) -> None:
        try:
            self._take_batches(since)
        except CursorStale:
            # The file is another one now: what was committed stands, and is met again unchanged.
            self._under_way.clear()
            self._start_over()
            self._take_batches(None)

    def _start_over(self) -> None:
        with database.transaction(self._hub.engine) as connection:
            sources.set_positions(
                connection, self._state.id, cursor=None, watermark=self._state.watermark
            )
            self._run_id = runs.start(connection, "load", self._state.id, self._hub.now())
        self._report = LoadReport(self._source.id)
        self._last_cursor = None

    # --- batch by batch ----------------------------------------------------------------------

    def _take_batches(self, since: Cursor | None) -> None:
        for batch in self._reader.read(since):
            self._under_way.append(self._send(batch))
            while len(self._under_way) > self._pool.lanes + _CHUNKS_AHEAD - 1:
                self._commit(self._under_way.popleft())
        while self._under_way:
            self._commit(self._under_way.popleft())

    def _send(self, batch: Batch) -> _UnderWay:
        """Sort a batch's rows, and send the news to be prepared."""
        if self._mapper is None or self._mapped_columns != batch.columns:
            self._mapper, self._mapped_columns = Mapper(self._source, batch.columns), batch.columns
        hashed = self._rows.batch(batch, self._mapper)
        if not self._is_snapshot and any(map(self._is_in_flight, hashed.rows)):
            # The later row of a record must see the earlier one stored.
            while self._under_way:
                self._commit(self._under_way.popleft())
        with database.transaction(self._hub.engine) as connection:
            known = records.known(connection, list(hashed.rows), self._run_id)
            found = sort(
                hashed,
                known,
                self._is_met,
                batch.location,
                is_snapshot=self._is_snapshot,
                suppressed=erasing.suppressed(connection, list(hashed.rows)),
            )
            fresh = sum(1 for _, stored in found.news if stored is None)
            numbers = iter(records.take_numbers(connection, fresh))
        chunk = Chunk(
            source=self._source.id,
            source_id=self._state.id,
            run_id=self._run_id,
            columns=batch.columns,
            location=batch.location,
            rows=found.pending(numbers),
            loaded_at=self._hub.now(),
        )
        return _UnderWay(batch, found, frozenset(hashed.rows), self._pool.submit(prepare, chunk))

    def _is_in_flight(self, key_hash: bytes) -> bool:
        return any(key_hash in chunk.key_hashes for chunk in self._under_way)

    def _is_met(self, key_hash: bytes) -> bool:
        return key_hash in self._rejected_keys or self._is_in_flight(key_hash)

    def _commit(self, chunk: _UnderWay) -> None:
        """Write one chunk with its checkpoint, or nothing of it."""
        prepared = chunk.future.result()
        set_aside = [*prepared.set_aside, *map(self._sealed_refusal, chunk.found.refused)]
        self._rejected_keys |= {row.key_hash for row in prepared.set_aside if row.key_hash}
        now = self._hub.now()
        with database.transaction(self._hub.engine) as connection:
            self._count(connection, chunk, prepared, set_aside)
            records.write_chunk(connection, prepared.packed)
            if self._is_snapshot:
                met = [*chunk.found.unchanged_ids, *prepared.kept_ids]
                records.mark_seen(connection, self._run_id, met)
            else:
                loaded = [row.key_hash for row, _ in chunk.found.news]
                runs.resolve_quarantine_of(connection, self._state.id, loaded, now)
            runs.quarantine(connection, self._state.id, self._run_id, set_aside, now)
            runs.record_counts(connection, self._run_id, self._report.counts())
            sources.set_positions(
                connection,
                self._state.id,
                cursor=self._seal_position(chunk.batch.cursor),
                watermark=self._state.watermark,
            )
        self._last_cursor = chunk.batch.cursor
        self._progress(self._report)
        self._check_share(is_end=False)

    def _sealed_refusal(self, refused: Refused) -> SetAside:
        return self._preparer.set_aside(
            refused.rejected, refused.raw, refused.content_hash, refused.key_hash
        )

    def _count(
        self,
        connection: Connection,
        chunk: _UnderWay,
        prepared: PreparedChunk,
        set_aside: Sequence[SetAside],
    ) -> None:
        report = self._report
        keyless = {row.content_hash for row in set_aside if row.key_hash is None}
        if keyless:
            known = runs.known_quarantined(connection, self._state.id, list(keyless))
            report.newly_unreadable += len(keyless - known)
        report.read += len(chunk.batch.rows) + len(chunk.batch.rejected)
        report.inserted += prepared.inserted
        report.changed += prepared.changed
        report.unchanged += len(chunk.found.unchanged_ids)
        report.rejected += len(set_aside)
        report.suppressed += chunk.found.suppressed
        for row in set_aside:
            report.rejected_by_rule[row.rule] = report.rejected_by_rule.get(row.rule, 0) + 1

    def _check_share(self, *, is_end: bool) -> None:
        # Held against all the source holds: an incremental run may bring one row, and that a bad one.
        seen = self._report.read + (0 if self._is_snapshot else self._present_before)
        rejected = self._report.rejected
        share_max = self._source.contract.rejected_share_max
        if (is_end or seen >= ROWS_BEFORE_SHARE_COUNTS) and rejected > share_max * seen:
            raise TooManyRejected(self._source.id, rejected, seen, share_max)

    # --- where it ends -----------------------------------------------------------------------

    def _finish(self) -> None:
        self._check_share(is_end=True)
        now = self._hub.now()
        with database.transaction(self._hub.engine) as connection:
            if self._is_snapshot:
                self._remove_missing(connection, now)
                if not self._report.held:
                    runs.resolve_quarantine_before(connection, self._state.id, self._run_id, now)
            watermark = self._state.watermark
            if not self._is_snapshot and self._last_cursor is not None:
                watermark = self._seal_position(self._last_cursor)
            sources.set_positions(connection, self._state.id, cursor=None, watermark=watermark)
            runs.finish(connection, self._run_id, "finished", self._report.counts(), now)
            self._let_link(connection)

    def _remove_missing(self, connection: Connection, now: datetime) -> None:
        """What a complete snapshot no longer holds is removed, unless it may be there after all.

        It may where so much is gone that the export looks broken, and where rows have become
        unreadable down to their key: such a row may be a record's.
        """
        missing = records.count_missing(connection, self._state.id, self._run_id)
        bearable = MISSING_SHARE_MAX * records.count_present(connection, self._state.id)
        is_suspect = missing > max(MISSING_ALWAYS_BORNE, bearable) or self._report.newly_unreadable
        if missing and is_suspect and not self._is_accepting:
            self._report.held = missing
        elif missing:
            self._report.removed = records.remove_missing(
                connection, self._state.id, self._run_id, now
            )
        records.forget_seen(connection, self._run_id)

    def _fail(self) -> None:
        """Close the run; a failed load starts anew, and what it stored is met again unchanged."""
        now = self._hub.now()
        with database.transaction(self._hub.engine) as connection:
            sources.set_positions(
                connection, self._state.id, cursor=None, watermark=self._state.watermark
            )
            records.forget_seen(connection, self._run_id)
            runs.finish(connection, self._run_id, "failed", self._report.counts(), now)
            self._let_link(connection)

    def _let_link(self, connection: Connection) -> None:
        """Where anything was stored, its linking is a job, there as soon as the load has ended."""
        report = self._report
        if report.inserted or report.changed or report.removed:
            jobs.defer(connection, Job.RESOLVE_PENDING, kind=self._source.kind)

    # --- sealed positions --------------------------------------------------------------------

    def _seal_position(self, cursor: Cursor) -> bytes:
        # A keyset cursor holds the source's own local ids, and those rest sealed.
        return self._positions.seal(self._source.id.encode(), msgspec.json.encode(cursor))

    def _open_position(self, sealed: bytes | None) -> Cursor | None:
        if sealed is None:
            return None
        opened: Cursor = msgspec.json.decode(self._positions.open(self._source.id.encode(), sealed))
        return opened
