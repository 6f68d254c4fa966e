"""Verify the disclosure log: the tree and its checkpoints, and each decision made again, in one pass.

Decides what is read and what is held against what: signatures, roots, gaps and leaves by
consent.log.verify, the auditor's own file; decisions by replay.py; and the rows erased against the erasures
that the log itself records. Memory grows with checkpoints and findings, never with rows. It only reads.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from sqlalchemy import Connection

from consent.log import verify
from consent.log.entry import Account, Entry, EntryInvalid
from consent.log.export import checkpoint_line, header_line, row_line
from hub.domain.errors import SealBroken
from hub.journeys.context import Hub
from hub.journeys.disclosure_log import log_key, origin_of
from hub.journeys.log_rows import digest_only, readable
from hub.journeys.replay import FINDINGS_MAX, Kind, Logged, Replay, ReplayFinding
from hub.journeys.rights.requests import RightsAction, erased_by
from hub.store import database, log
from hub.store.log import LogRow

_ERASURE: Final = b'{"action":"%s",' % RightsAction.ERASE.encode()


@dataclass(frozen=True, slots=True)
class LogReport:
    """What was verified and found.

    tree: the auditor's report. replayed: decisions made again; not_replayable: those whose entry or facts
    were erased. erased: entries without their subject part; erasures_logged: as many as the log says.
    pending: entries without a number yet.
    """

    tree: verify.Report
    replayed: int
    not_replayable: int
    erased: int
    erasures_logged: int
    pending: int
    findings: tuple[ReplayFinding, ...]
    findings_left_out: int = 0

    @property
    def holds(self) -> bool:
        return self.tree.holds and not self.findings


def verify_log(hub: Hub, held: Iterable[bytes] = (), *, replay_from: int = 0) -> LogReport:
    """Verify all of it. held: checkpoints that others kept; replay_from: decisions before are not made again."""
    with database.snapshot(hub.engine) as connection:
        reading = _Reading(hub, connection, replay_from)
        key = log_key(hub)
        tree = verify.check_export(reading.lines(), [verify.Key(key.name, key.public)], held)
        reading.name_repeated()
        reading.count_pending()
        return reading.report(tree)


class _Reading:
    """One pass over the log: lines for the auditor's check, and what is counted on the way."""

    def __init__(self, hub: Hub, connection: Connection, replay_from: int) -> None:
        self._hub = hub
        self._connection = connection
        self._replay_from = replay_from
        self._replay = Replay(hub.keys, connection)
        self._erased = self._erasures_logged = self._pending = 0

    def lines(self) -> Iterator[bytes]:
        """The log as an export, while its decisions are made again."""
        yield header_line(origin_of(self._hub))
        moments = []
        for checkpoint in log.checkpoints(self._connection):
            moments.append((checkpoint.size, checkpoint.signed_at))
            yield checkpoint_line(checkpoint.note)
        signed = _Signed(moments)
        for rows in log.rows(self._connection):
            entries = [self._opened(row) for row in rows]
            self._check(rows, entries, signed)
            for row, entry in zip(rows, entries, strict=True):
                yield row_line(row.number, row.leaf, entry)

    def count_pending(self) -> None:
        """What is not numbered yet belongs to no tree, but it may have been erased, or tell of an erasure."""
        for rows in log.pending_rows(self._connection):
            self._pending += len(rows)
            for row in rows:
                self._opened(row)

    def name_repeated(self) -> None:
        """A genuine entry put in once more is a leaf of its own, and its decision holds."""
        for number in log.repeated(self._connection, FINDINGS_MAX):
            self._replay.found(Kind.REPEATED, number)

    def report(self, tree: verify.Report) -> LogReport:
        if self._erased != self._erasures_logged:
            self._replay.found(
                Kind.ERASED_NOT_AS_LOGGED,
                None,
                f"{self._erased} entries are erased, the log tells of {self._erasures_logged}",
            )
        return LogReport(
            tree,
            self._replay.replayed,
            self._replay.not_replayable,
            self._erased,
            self._erasures_logged,
            self._pending,
            tuple(self._replay.findings),
            self._replay.left_out,
        )

    def _opened(self, row: LogRow) -> Entry | None:
        """The entry, or what of it can be told; what was erased is counted."""
        try:
            entry = readable(self._hub.keys, row)
        except SealBroken:
            self._replay.found(Kind.UNREADABLE, row.number, "its subject part does not open")
            return digest_only(row)
        self._erased += row.is_erased
        if entry is not None and entry.account.startswith(_ERASURE):
            self._count_erasure(row.number, entry.account)
        return entry

    def _count_erasure(self, number: int | None, account: bytes) -> None:
        try:
            self._erasures_logged += erased_by(Account.from_bytes(account))
        except (EntryInvalid, ValueError):
            self._replay.found(Kind.UNREADABLE, number, "an erasure that does not say of how many")

    def _check(
        self, rows: Sequence[LogRow], entries: Sequence[Entry | None], signed: _Signed
    ) -> None:
        """Replay what came to be numbered; an entry that did not open was named already."""
        self._replay.check(
            Logged(row.number, row.subject_hash, entry, *signed.around(row.number))
            for row, entry in zip(rows, entries, strict=True)
            if entry is not None
            and entry.is_erased == row.is_erased
            and (row.number is None or row.number >= self._replay_from)
        )


class _Signed:
    """When the leaves around a number were signed: between them its entry was numbered."""

    def __init__(self, signed: Iterable[tuple[int, datetime]]) -> None:
        ordered = sorted(signed)
        moments = [moment for _, moment in ordered]
        self._sizes = [size for size, _ in ordered]
        self._newest = list(accumulate(moments, max))
        self._oldest = list(accumulate(reversed(moments), min))[::-1]

    def around(self, number: int | None) -> tuple[datetime | None, datetime | None]:
        """The last moment it was not under a checkpoint yet, and the first it was; None where there is none."""
        if number is None:
            return None, None
        place = bisect_right(self._sizes, number)
        before = self._newest[place - 1] if place else None
        return before, self._oldest[place] if place < len(self._oldest) else None
