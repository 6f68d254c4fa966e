"""Erase a constituent as a right: keys destroyed, ids retired, rows kept out for good, and a certificate.

Decides what goes and what only the law keeps: a legal hold refuses by name. What hangs on an id goes when nobody
answers to it any more; an id that lives on elsewhere is somebody else's. Records that a wrong merge put under her are
erased with hers, so a preview names each, and `seen` refuses when others changed her since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from consent.policy import Restriction
from consent.vocabulary import RestrictionKind
from hub.domain.errors import ConstituentUnknown, HubError
from hub.domain.notices import DELETE_WITHIN, NoticeKind
from hub.domain.records import ConstituentKind
from hub.journeys.acts import RECORDS_MAX, Aim, StaleView, TooManyRecords, token
from hub.journeys.change import Overtaken, PartitionChange, in_one_change
from hub.journeys.context import Hub
from hub.journeys.facts import gather, hashes_of
from hub.journeys.naming import RecordRef, named
from hub.journeys.notices import notify
from hub.journeys.policies import InForce, shared_policy
from hub.journeys.profile import resolve
from hub.journeys.registration import SourceBusy, source_lock
from hub.journeys.rights import certificate
from hub.journeys.rights.certificate import Destroyed
from hub.journeys.rights.requests import log_erasure
from hub.store import (
    constituents,
    database,
    disclosures,
    erasing,
    history,
    records,
    reviews,
    sources,
    subjects,
)
from hub.store.history import StoredRecord
from hub.store.records import PresentRecord
from hub.store.subjects import SubjectIds


class ErasureHeld(HubError):
    """A legal hold forbids erasure; `restrictions` are the numbers of those that stand."""

    def __init__(self, restrictions: Sequence[str]) -> None:
        self.restrictions = tuple(restrictions)
        super().__init__(
            f"not erased: a legal hold stands on this constituent ({', '.join(restrictions)})"
        )


class ErasureUnexplained(HubError):
    """An erasure needs the officer who does it and the authority it rests on."""


@dataclass(frozen=True, slots=True)
class RecordToErase:
    """A record of hers, for the officer to see whose it is. label: of its source."""

    record: RecordRef
    agency: str
    label: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure, done or (without entry and certificate) previewed.

    ids: those nobody answers to any more. seen: hand it back, to refuse if it is not so any more.
    """

    records: tuple[RecordToErase, ...]
    ids: tuple[UUID, ...]
    destroyed: Destroyed
    seen: str
    entry: int | None = None
    certificate: bytes | None = None


def erase(
    hub: Hub,
    reference: str,
    *,
    by: str,
    authority: str,
    seen: str | None = None,
    is_preview: bool = False,
) -> Erasure:
    """Erase the constituent that an id or a record's `source:key` stands for.

    authority: the provision and request it rests on, without anybody's name: the log keeps it. Raises ErasureHeld,
    ErasureUnexplained, StaleView, SourceBusy, TooManyRecords, ChangeContended, SealBroken, and as `profile.resolve`.
    """
    if not (by.strip() and authority.strip()):
        raise ErasureUnexplained("who erases and under what authority must be said")
    with database.transaction(hub.engine) as connection:
        number, _ = resolve(hub, connection, reference)
        kind = ConstituentKind(constituents.kind_of(connection, number))
    found = in_one_change(
        hub,
        kind,
        lambda change: _Erasing(hub, change, by, authority).erase(reference, seen),
        is_preview=is_preview,
    )
    return replace(found, entry=None, certificate=None) if is_preview else found


@dataclass(frozen=True, slots=True)
class _Whole:
    """A constituent as it is locked. left: records of hers that were removed before, no other under their keys."""

    number: int
    public_id: UUID
    present: tuple[PresentRecord, ...]
    left: tuple[StoredRecord, ...]

    @property
    def numbers(self) -> list[int]:
        return [record.id for record in self.present]

    @property
    def keys(self) -> list[bytes]:
        """The keys of all that is or was hers."""
        return sorted({one.key_hash for one in self.present} | {one.key_hash for one in self.left})

    @property
    def sources(self) -> list[str]:
        """The sources of all that is or was hers."""
        return sorted({one.source for one in self.present} | {one.source for one in self.left})


class _Erasing:
    """One erasure inside one change of the partition."""

    def __init__(self, hub: Hub, change: PartitionChange, by: str, authority: str) -> None:
        self._hub, self._change = hub, change
        self._by, self._authority = by, authority
        self._connection = change.connection

    def erase(self, reference: str, seen: str | None) -> Erasure:
        in_force = shared_policy(self._hub, self._connection)
        whole, ids = self._locked(reference)
        mark = token(self._connection, [Aim(whole.present, is_constituent=True)])
        if seen is not None and seen != mark:
            raise StaleView("others changed this constituent since you looked: look again")
        restrictions = self._restrictions(ids, in_force)
        self._refuse_held(restrictions)
        told = self._told(whole)
        at = self._hub.now()
        if not any(one.kind is RestrictionKind.AT_RISK for one in restrictions):
            self._tell_recipients(ids, at)
        dead, destroyed = self._destroy(whole, ids, at)
        entry = log_erasure(
            self._hub,
            self._connection,
            in_force,
            entries=destroyed.entries,
            records=len(destroyed.record_keys),
            by=self._by,
            authority=self._authority,
            at=at,
        )
        public_ids = constituents.public_ids(self._connection, dead)
        gone = tuple(public_ids[number] for number in dead)
        signed = certificate.issue(
            self._hub.keys,
            gone,
            destroyed,
            at=at,
            authority=self._authority,
            entry=entry,
            backups_until=self._backups_until(at),
        )
        return Erasure(told, gone, destroyed, mark, entry, signed)

    # --- locking -----------------------------------------------------------------------------------

    def _locked(self, reference: str) -> tuple[_Whole, SubjectIds]:
        """The constituent, held still: keys and tags, then components, then her ids. Raises Overtaken."""
        self._change.begin()
        whole = self._look(reference)
        if len(whole.keys) > RECORDS_MAX:
            raise TooManyRecords(
                f"{len(whole.keys)} records are concerned, and {RECORDS_MAX} are the most for one act: "
                "split the constituent first"
            )
        self._keep_loads_out(whole)
        self._change.lock_values(whole.keys, records.tags_of(self._connection, whole.numbers))
        if self._look(reference) != whole:
            raise Overtaken
        # Locks her components. What it finds is of before, and is found again once her records are gone.
        self._change.redivide(whole.numbers, {})
        ids = subjects.ids_of(self._connection, whole.number)
        subjects.lock(self._connection, ids.all, is_shared=False)
        is_still = (
            self._look(reference) == whole
            and subjects.ids_of(self._connection, whole.number) == ids
        )
        if not is_still:
            raise Overtaken
        return whole, ids

    def _look(self, reference: str) -> _Whole:
        number, public_id = resolve(self._hub, self._connection, reference)
        present = records.present(self._connection, constituents.members(self._connection, number))
        if not present:
            raise ConstituentUnknown(
                "its records were removed at their sources since the last link"
            )
        standing = subjects.ids_of(self._connection, number).standing
        return _Whole(number, public_id, tuple(present), tuple(self._left(standing)))

    def _left(self, standing: Sequence[int]) -> list[StoredRecord]:
        """Removed records that were hers last, and whose keys nobody else's record bears now."""
        ever = history.records_ever_under(self._connection, standing)
        last = {span.record_id: span for span in history.link_spans(self._connection, ever)}
        hers = [number for number, span in last.items() if span.number in standing]
        ever_hers = history.stored(self._connection, hers)
        keys = [one.key_hash for one in ever_hers.values()]
        present = {one.key_hash for one in records.present_by_key(self._connection, keys)}
        return [one for one in ever_hers.values() if one.key_hash not in present]

    def _keep_loads_out(self, whole: _Whole) -> None:
        """A load that has sorted its rows already would bring her back: none may be under way."""
        for source in whole.sources:
            if not database.share_in_transaction(
                self._connection, database.LOCK_LOAD, source_lock(self._hub, source)
            ):
                raise SourceBusy(f"source {source} is being loaded: try again after it")

    # --- deciding ----------------------------------------------------------------------------------

    def _restrictions(self, ids: SubjectIds, in_force: InForce) -> tuple[Restriction, ...]:
        known = gather(self._hub, self._connection, ids, in_force.policy, frozenset())
        return known.facts.restrictions

    def _refuse_held(self, restrictions: Iterable[Restriction]) -> None:
        held = [one.id for one in restrictions if _holds(one, self._hub.now())]
        if held:
            raise ErasureHeld(held)

    def _tell_recipients(self, ids: SubjectIds, at: datetime) -> None:
        """Tell each agency that was given data of hers to delete it, under the id it knows her by."""
        notify(
            self._hub,
            self._connection,
            ids,
            NoticeKind.ERASED,
            lambda _account, _item: True,
            at,
            self._hub.day_of(at) + DELETE_WITHIN,
        )

    def _told(self, whole: _Whole) -> tuple[RecordToErase, ...]:
        by_name = {source.name: source for source in sources.every(self._connection)}
        refs = named(self._hub, history.stored(self._connection, whole.numbers))
        return tuple(
            RecordToErase(
                refs[record.id], by_name[record.source].agency, by_name[record.source].label
            )
            for record in whole.present
        )

    # --- destroying --------------------------------------------------------------------------------

    def _destroy(self, whole: _Whole, ids: SubjectIds, at: datetime) -> tuple[list[int], Destroyed]:
        """Destroy all that is hers; answers the ids nobody answers to any more, and what was destroyed."""
        connection = self._connection
        records.remove(connection, whole.numbers, at)
        self._change.publish(self._change.redivide(whole.numbers, {}))
        left_open = [row.id for row in reviews.open_of(connection, whole.numbers)]
        reviews.close(connection, left_open, at, by=self._by)
        dead = erasing.tombstones(connection, ids.all)
        hashes = list(hashes_of(self._hub.keys, dead).values())
        subject_keys = erasing.destroy_keys(connection, hashes, at)
        erasing.suppress(connection, whole.keys, at)
        return dead, Destroyed(
            records=_counted(record.source for record in whole.present),
            record_keys=tuple(whole.numbers),
            subject_keys=tuple(one.hex() for one in subject_keys),
            entries=disclosures.erase(connection, hashes),
            reasons=erasing.empty_reasons(connection, whole.keys),
            corrections=erasing.empty_corrections(
                connection, [*whole.numbers, *(record.id for record in whole.left)]
            ),
            quarantined=erasing.empty_quarantine(connection, whole.keys, at),
            kept_out=len(whole.keys),
        )

    def _backups_until(self, at: datetime) -> date:
        return self._hub.day_of(at) + timedelta(days=self._hub.limits.key_backup_days)


def _holds(one: Restriction, at: datetime) -> bool:
    """Whether a restriction is a legal hold, in force or announced: to erase before it begins would defeat it."""
    return one.kind is RestrictionKind.LEGAL_HOLD and (one.ends_at is None or at < one.ends_at)


def _counted(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items()))
