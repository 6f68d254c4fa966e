"""One change to the partition: lock what it touches, divide it anew, place ids, write, and tell.

Decides the order of the locks, so that concurrent changes neither lose each other's work nor wait for each
other in a circle: the partition (shared), then the values of records, then components, each sorted and each
a statement of its own before the one that reads. Who is who is matching.neighbourhood's and the home
rule's; what is changed (a record, a judgement, an objection) is the calling journey's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from psycopg import errors
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.domain.errors import HubError
from hub.domain.events import Change
from hub.domain.identity import ConstituentId
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Verdict
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.blobs import features_from_blob
from hub.journeys.context import Hub
from hub.journeys.placing import Before, place_clusters, rows_of, tell
from hub.journeys.prepare import Derived
from hub.journeys.scorers import Weigher, weigher_for
from hub.store import components, constituents, database, reviews, surroundings
from hub.store.reviews import Asked, Subject
from hub.store.single_records import SingleRecord
from hub.store.surroundings import (
    Asking,
    Beginning,
    JudgedRecords,
    Met,
    SealedFeatures,
    Surroundings,
    Tag,
    Touched,
)
from hub.vault.sealing import RecordSealer
from matching.features import Features
from matching.neighbourhood import SECOND_TIER, Divided, Neighbour, Verdicts, Weights, divide
from matching.review import Question

Answer = TypeVar("Answer")

#: A change that others have overtaken so often is given up: something else is wrong.
RESTARTS_MAX: Final = 60

#: Half of a key's or tag's 128 or 64 bits: what PostgreSQL locks.
_LOCK_BYTES: Final = 8

_TICK: Final = timedelta(microseconds=1)

#: Accidents between transactions that doing it over cures.
_PASSING: Final = (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation)


class ChangeContended(HubError):
    """Others changed the same constituents again and again while this change waited for them."""


class Overtaken(Exception):
    """What was read is no longer so: do it over, with these components locked from the start."""

    def __init__(self, labels: Iterable[int] = ()) -> None:
        self.labels = frozenset(labels)
        super().__init__()


@dataclass(slots=True)
class Measured:
    """What a change cost: pairs weighed to find neighbours, pairs weighed in all, waits and repeats."""

    candidates: int = 0
    component_records: int = 0
    pairs: int = 0
    lock_s: float = 0.0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Redivided:
    """What the touched components are made of now. gone: their removed records."""

    surroundings: Surroundings
    divided: Divided
    dirty: frozenset[int]

    @property
    def touched(self) -> dict[int, Touched]:
        """Every record of the touched components, removed ones too, by number."""
        return {row.id: row for row in self.surroundings.rows}

    @property
    def gone(self) -> list[int]:
        """Those of them that are removed."""
        return [row.id for row in self.surroundings.rows if row.features is None]


@dataclass(frozen=True, slots=True)
class Effects:
    """What a change did to constituents, by age numbers. moved: records linked to another id than before.

    ids: the current id of every record touched; public_ids: of those ids.
    """

    changes: tuple[Change, ...]
    moved: tuple[int, ...]
    ids: Mapping[int, ConstituentId]
    public_ids: Mapping[int, UUID]


def key_lock(key_hash: bytes) -> int:
    """The number that is locked for a record's key."""
    return int.from_bytes(key_hash[:_LOCK_BYTES], "big", signed=True)


def _numbers(key_hashes: Iterable[bytes], tags: Iterable[Tag]) -> list[int]:
    return [*map(key_lock, key_hashes), *(tag for tag, _ in tags)]


def asking_with(tags: Sequence[Tag], is_poor: bool, weigher: Weigher | None) -> Asking:
    """What a record asks with; the model's suppressed tags are passed over, as in a batch."""
    if weigher is None:
        return Asking((), (), is_poor)
    used = [(tag, rule) for tag, rule in tags if tag not in weigher.suppressed]
    return Asking(
        [tag for tag, rule in used if rule not in SECOND_TIER],
        [tag for tag, rule in used if rule in SECOND_TIER],
        is_poor,
    )


class PartitionChange:
    """One transaction's change. is_alone: the caller holds the partition exclusively, as a batch does."""

    def __init__(
        self,
        hub: Hub,
        connection: Connection,
        kind: ConstituentKind,
        *,
        held: frozenset[int] = frozenset(),
        is_alone: bool = False,
    ) -> None:
        self._hub = hub
        self.connection = connection
        self.kind = kind
        self.measured = Measured()
        self._wanted = held
        self._held: set[int] = set()
        self._is_alone = is_alone
        self._sealer = RecordSealer(hub.keys)
        self.weigher: Weigher | None = None
        self._numbers_ready: list[int] = []
        self._weights: Weights | None = None
        self._opened: dict[tuple[int, int], Features] = {}

    # --- locks and reading -----------------------------------------------------------------------

    def begin(self) -> None:
        """Share the partition and learn the active model. The first thing of all, unless `meet` is."""
        self._began(surroundings.begin(self.connection, self.kind.value))

    def meet(
        self,
        hashes: tuple[bytes, bytes | None],
        derived: Derived | None,
        source_lock: int,
        likely: Weigher | None = None,
    ) -> Met:
        """Begin an open change with a record: lock its key and tags, old and new, and see what stands there.

        hashes: key, content. derived: the record as it is to be, None where it goes. likely: the model
        that is probably active; where it is not, candidates are asked for once more. Raises Overtaken
        when others came between.
        """
        tags, is_poor = (derived.tags, derived.is_poor) if derived else ((), False)
        met = surroundings.meet(
            self.connection,
            self.kind.value,
            source_lock,
            _numbers([hashes[0]], tags),
            hashes,
            asking_with(tags, is_poor, likely),
        )
        self._began(met.beginning)
        if met.is_overtaken:
            raise Overtaken
        if self.weigher is not likely:
            asking = asking_with(tags, is_poor, self.weigher)
            return replace(met, candidates=surroundings.candidates(self.connection, asking))
        return met

    def _began(self, beginning: Beginning) -> None:
        self.measured.lock_s += beginning.lock_s
        self._numbers_ready = [beginning.fresh_constituent]
        if beginning.model_id is not None:
            self.weigh_with(weigher_for(self._hub, self.connection, beginning.model_id))

    def weigh_with(self, weigher: Weigher) -> None:
        """Take a model to weigh with; pairs that one step has weighed are not weighed again by the next."""
        self.weigher = weigher
        self._weights = Weights(weigher.scorer)

    def lock_values(self, key_hashes: Iterable[bytes], tags: Iterable[Tag] = ()) -> None:
        """Lock records' keys and the tags they have and had, before what hangs on them is read."""
        self.measured.lock_s += surroundings.lock_values(
            self.connection, _numbers(key_hashes, tags)
        )

    def near(self, met: Met, derived: Derived | None) -> dict[int, int]:
        """Who a record leads to that was met, itself too, each with its component."""
        known = met.known
        own = known.id if known else None
        others = [(sealed, label) for sealed, label in met.candidates if sealed.id != own]
        near = self._strong(derived.features, others) if derived is not None else {}
        if known is not None and known.component_id is not None:
            near[known.id] = known.component_id
        return near

    def redivide(
        self,
        dirty: Sequence[int],
        near: Mapping[int, int] | None = None,
    ) -> Redivided:
        """Divide anew every component that these records are in or lead to.

        dirty: records stored, changed, removed, judged or objected to in this transaction. near: who they
        lead to, with their components, where the caller has found out.
        """
        if near is None:
            near = self._near(dirty)
        found = self._locked([*dirty, *near], set(near.values()))
        present = [row for row in found.rows if row.features is not None]
        self.measured.component_records = len(present)
        return Redivided(found, self._divide(present, found.judged), frozenset(dirty))

    def alone(self, single: SingleRecord) -> Redivided:
        """A new record that leads to nobody and that no judgement names: there is nothing to read or divide.

        Its locked key and tags keep others from leading to it, or judging it, meanwhile.
        """
        self.measured.component_records = 1
        itself = [[single.id]]
        return Redivided(
            surroundings.nothing_around(single),
            Divided(itself, itself, []),
            frozenset((single.id,)),
        )

    def _near(self, dirty: Sequence[int]) -> dict[int, int]:
        """The records that dirty ones lead to by weight, with their components."""
        wanted = set(dirty)
        near: dict[int, int] = {}
        for row in surroundings.surroundings(self.connection, dirty, ()).rows:
            if row.id not in wanted:
                continue
            if row.component_id is not None:
                near[row.id] = row.component_id
            if row.features is not None and self.weigher is not None:
                asking = asking_with(row.tags, row.is_poor, self.weigher)
                others = [
                    (sealed, label)
                    for sealed, label in surroundings.candidates(self.connection, asking)
                    if sealed.id != row.id
                ]
                [own] = self._open([row.features])
                near |= self._strong(own, others)
        return near

    def _strong(
        self, features: Features, others: Sequence[tuple[SealedFeatures, int]]
    ) -> dict[int, int]:
        """Those of the candidates that a record is connected to."""
        weights = self._weights
        if self.weigher is None or weights is None:
            return {}
        self.measured.candidates += len(others)
        own, review_min = weights.look_of(features), self.weigher.bars.review_min_microbits
        opened = self._open([sealed for sealed, _ in others])
        strong = {
            sealed.id: label
            for other, (sealed, label) in zip(opened, others, strict=True)
            if weights.between(own, weights.look_of(other)) >= review_min
        }
        self.measured.pairs = len(weights.weighed)
        return strong

    def _locked(self, seeds: Sequence[int], labels: set[int]) -> Surroundings:
        """Everyone in the seeds' components, read while these are locked.

        Until the lock is had others may change what it is of; so what is read is looked at again, and
        a component that turns up too late to be locked in order means to do all over.
        """
        labels = labels | self._wanted
        while True:
            new = self._in_order(labels)
            found = surroundings.surroundings(self.connection, seeds, new)
            self.measured.lock_s += found.lock_s
            self._held |= set(new)
            labels = {row.component_id for row in found.rows if row.component_id is not None}
            inside = {row.id for row in found.rows}
            outside = {
                number: label
                for judged in found.judged
                if judged.verdict is Verdict.SAME
                for number, label in (judged.left, judged.right)
                if number not in inside and label is not None
            }
            if not outside and (self._is_alone or labels <= self._held):
                return found
            labels |= set(outside.values())
            seeds = [*seeds, *outside]

    def _in_order(self, labels: set[int]) -> list[int]:
        """Those of the components that are still to be locked. Raises Overtaken where the order forbids it."""
        new = sorted(labels - self._held)
        if self._is_alone or not new:
            return []
        if self._held and new[0] < max(self._held):
            raise Overtaken(self._held | labels)
        return new

    def _open(self, sealed: Sequence[SealedFeatures]) -> list[Features]:
        """What is compared of records, each unsealed once a change."""
        unread = [one for one in sealed if (one.id, one.version) not in self._opened]
        rows = ((one.id, one.version, one.wrapped_key, one.match) for one in unread)
        blobs = self._sealer.open_many(SensitivityClass.MATCH, rows)
        for one, blob in zip(unread, blobs, strict=True):
            self._opened[one.id, one.version] = features_from_blob(blob)
        return [self._opened[one.id, one.version] for one in sealed]

    # --- dividing --------------------------------------------------------------------------------

    def _divide(self, rows: Sequence[Touched], judged: Sequence[JudgedRecords]) -> Divided:
        if self.weigher is None or self._weights is None:
            alone = [[row.id] for row in rows]
            return Divided(alone, alone, [])
        sealed = [row.features for row in rows if row.features is not None]
        neighbours = [
            Neighbour(
                row.id,
                row.key_hash,
                row.source_id if row.is_duplicate_free else None,
                row.is_apart,
                row.is_poor,
                features,
                row.tags,
            )
            for row, features in zip(rows, self._open(sealed), strict=True)
        ]
        pairs: dict[Verdict, list[tuple[int, int]]] = {verdict: [] for verdict in Verdict}
        for one in judged:
            pairs[one.verdict].append((one.left[0], one.right[0]))
        divided = divide(
            neighbours,
            self._weights,
            Verdicts(pairs[Verdict.SAME], pairs[Verdict.DIFFERENT]),
            self.weigher.bars,
            self.weigher.suppressed,
        )
        self.measured.pairs = len(self._weights.weighed)
        return divided

    # --- placing and writing ---------------------------------------------------------------------

    def publish(
        self, found: Redivided, changed: Iterable[int] = (), *, is_last: bool = False
    ) -> Effects:
        """Place the divided components under ids and write what that changes.

        changed: records whose values are others now, though they may stay where they are. is_last: the
        change ends with this, and is committed.
        """
        near, at = found.surroundings, self._moment(found)
        before = Before(
            {
                row.id: ConstituentId(row.constituent_id)
                for row in near.rows
                if row.constituent_id is not None
            },
            {row.id: ConstituentId(row.home_id) for row in near.rows if row.home_id is not None},
            near.aliases,
        )
        placed = place_clusters(before, found.divided.clusters, self._issue, frozenset(changed))
        wanted = asked(found.divided.questions, self.weigher.model_id if self.weigher else None)
        rows = rows_of(placed, self._hub.new_public_id)
        public_ids = {**near.public_ids, **dict(rows.issued)}
        with database.pipelined(self.connection):
            constituents.write_few(
                self.connection,
                rows,
                self.labels(found),
                sorted(found.dirty),
                self.kind.value,
                at,
            )
            components.leave(self.connection, found.gone)
            tell(self.connection, placed.changes, public_ids, at)
            reviews.replace(self.connection, self.kind.value, near.reviews, wanted, at)
            if near.judged:
                keys = [row.key_hash for row in near.rows if row.id in found.dirty]
                reviews.open_changed_facts(self.connection, self.kind.value, keys, at)
            if is_last:
                database.commit(self.connection)
        return Effects(
            tuple(placed.changes),
            tuple(sorted(placed.moved())),
            {**before.links, **placed.wanted},
            public_ids,
        )

    def _issue(self) -> ConstituentId:
        """The age number read at the beginning first, then others as they are needed."""
        ready = self._numbers_ready
        return ConstituentId(ready.pop() if ready else constituents.take_number(self.connection))

    def _moment(self, found: Redivided) -> datetime:
        """Now, and after everything these records' rows tell of, whatever another machine's clock said."""
        latest = max((row.since for row in found.surroundings.rows if row.since), default=None)
        now = self._hub.now()
        return now if latest is None else max(now, latest + _TICK)

    def labels(self, found: Redivided) -> list[tuple[int, int, int]]:
        """The components to be written: (record, component, version it rests on), where they are others."""
        rows, touched = [], found.touched
        for component in found.divided.components:
            for number in component:
                row = touched[number]
                # One that a load has changed since keeps its old version: where it leads is still to be seen.
                version = row.version if number in found.dirty else row.resolved_version
                wanted = (component[0], version)
                if version is not None and wanted != (row.component_id, row.resolved_version):
                    rows.append((number, component[0], version))
        return rows


def asked(questions: Iterable[Question], model_id: int | None) -> dict[Subject, Asked]:
    """The partition's questions as the queue keeps them."""
    return {
        reviews.subject(question.left, question.right, question.reason): Asked(
            question.reason, question.microbits, model_id
        )
        for question in questions
    }


class _Undone(Exception):
    def __init__(self, answer: object) -> None:
        self.answer = answer
        super().__init__()


def in_one_change(
    hub: Hub,
    kind: ConstituentKind,
    work: Callable[[PartitionChange], Answer],
    *,
    is_preview: bool = False,
    is_open: bool = False,
) -> Answer:
    """Run `work` in a transaction, over again when others overtake it, and commit.

    is_preview: answer what it would do, and leave everything as it was. is_open: the work begins with
    `meet`, which begins the transaction too. Raises ChangeContended.
    """
    held: frozenset[int] = frozenset()
    transaction = database.open_transaction if is_open else database.transaction
    for restarts in range(RESTARTS_MAX):
        try:
            with transaction(hub.engine) as connection:
                change = PartitionChange(hub, connection, kind, held=held)
                change.measured.restarts = restarts
                answer = work(change)
                if is_preview:
                    raise _Undone(answer)
                return answer
        except Overtaken as overtaken:
            held |= overtaken.labels
        except _Undone as undone:
            return undone.answer  # type: ignore[return-value]  # what `work` answered
        except (*_PASSING, DBAPIError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if not isinstance(cause, _PASSING):
                raise
    raise ChangeContended("others keep changing the same constituents: try again")
