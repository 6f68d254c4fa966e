"""A steward's act on the partition: look, lock, look again, write, divide anew, and tell what came of it.

Decides what an act must know before it may be written: who says so and why, records that are there and
linked, memberships that are still as its author saw them. What is judged or objected to is judge.py's and
objection.py's; the order of the locks is change.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.errors import ConstituentUnknown, HubError, RecordUnknown
from hub.domain.judging import accept
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, Verdict
from hub.journeys.change import Overtaken, PartitionChange, Redivided, in_one_change
from hub.journeys.consequences import Consequences, Unseen, consequences, issued
from hub.journeys.context import Hub
from hub.journeys.facts import hashes_of
from hub.journeys.naming import ERASED
from hub.journeys.profile import resolve
from hub.journeys.references import id_in, key_in, unknown
from hub.journeys.safety import Sight
from hub.store import constituents, database, history, judgements, records, reviews, subjects
from hub.store.judgements import JudgementRow
from hub.store.records import PresentRecord
from hub.store.subjects import SubjectIds
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer
from hub.vault.tags import Hasher

#: Records whose keys one act locks: PostgreSQL's default lock table has room for 6,400 of all sessions.
RECORDS_MAX: Final = 100

#: Locked with the records' keys: acts on judgements wait for each other. Two that contradict each other
#: by way of a chain may have no record in common, and each would find itself accepted.
_JUDGING: Final = b"judgements of all kinds"

_TOKEN_BYTES: Final = 12


class ActUnexplained(HubError):
    """An act needs who does it and why."""


class RecordRemoved(RecordUnknown):
    """The record was removed at its source or erased: nothing can be judged of it."""


class RecordNotLinked(RecordUnknown):
    """The record is loaded and not resolved yet: it is under no constituent."""


class KindsMixed(HubError):
    """A person and an organization are never one constituent, nor is that judged."""


class NothingToJudge(HubError):
    """The references leave no two records to judge."""


class TooManyRecords(HubError):
    """An act concerns more records than one transaction may lock."""


class StaleView(HubError):
    """The constituents concerned are no longer as the author of the act saw them."""


@dataclass(frozen=True, slots=True)
class Said:
    """Who does something, and why."""

    author: str
    reason: str

    @classmethod
    def by(cls, author: str, reason: str) -> Said:
        """Raises ActUnexplained where either is empty."""
        if not (author.strip() and reason.strip()):
            raise ActUnexplained("it must be said who does it, and why")
        return cls(author, reason)


@dataclass(frozen=True, slots=True)
class Aim:
    """What a reference stands for: one record, or all present records of a constituent, oldest first."""

    records: tuple[PresentRecord, ...]
    is_constituent: bool = False

    @property
    def oldest(self) -> PresentRecord:
        return self.records[0]


@dataclass(frozen=True, slots=True)
class Judged:
    """An act, done or (without numbers and ids) previewed.

    judgements: those it made; repeated: those that said so before; ended: those it withdrew. issued: the
    ids that came to be.
    """

    effects: Consequences
    repeated: tuple[int, ...] = ()
    ended: tuple[int, ...] = ()
    act_id: UUID | None = None
    judgements: tuple[int, ...] = ()
    issued: tuple[UUID, ...] = ()

    def as_preview(self) -> Judged:
        """What of it is known before it is done."""
        return replace(self, act_id=None, judgements=(), issued=())


# --- looking ---------------------------------------------------------------------------------------


def aim(hub: Hub, connection: Connection, reference: str, *, is_cleared: bool = True) -> Aim:
    """What a constituent's id or a record's `source:key` stands for now; nothing, where she is not to be seen.

    Raises ConstituentUnknown, RecordUnknown, RecordRemoved, RecordNotLinked.
    """
    if id_in(reference) is None:
        return Aim((_record(Sight(hub, connection, is_cleared), reference),))
    number, _ = resolve(hub, connection, reference)
    Sight(hub, connection, is_cleared).require(number, reference)
    found = records.present(connection, constituents.members(connection, number))
    if not found:
        raise ConstituentUnknown("its records were removed at their sources since the last link")
    return Aim(tuple(found), is_constituent=True)


def _record(sight: Sight, reference: str) -> PresentRecord:
    key = key_in(reference)
    key_hash = Hasher(sight.hub.keys).key(str(key))
    stored = history.records_of_key(sight.connection, key_hash)
    if not stored or sight.hidden_records(stored[-1:]):
        raise unknown(reference)
    for found in records.present_by_key(sight.connection, [key_hash]):
        return linked(found)
    raise RecordRemoved(f"that record of source {key.source} was removed")


def numbered(connection: Connection, number: int) -> PresentRecord:
    """The linked record of that number. Raises RecordRemoved, RecordNotLinked."""
    for found in records.present(connection, [number]):
        return linked(found)
    raise RecordRemoved(f"record {number} was removed")


def linked(record: PresentRecord) -> PresentRecord:
    """The record, unless it has no place yet. Raises RecordNotLinked."""
    if record.constituent is None:
        raise RecordNotLinked(
            f"record {record.id} of source {record.source} is loaded and not linked yet: run `hub link`"
        )
    return record


def whole_of(connection: Connection, record: PresentRecord) -> Aim:
    """A record's whole constituent."""
    assert record.constituent is not None
    numbers = constituents.members(connection, record.constituent)
    return Aim(tuple(records.present(connection, numbers)), is_constituent=True)


def one_kind(aims: Iterable[Aim]) -> ConstituentKind:
    """The kind of all that is aimed at. Raises KindsMixed."""
    kinds = {record.kind for found in aims for record in found.records}
    if len(kinds) > 1:
        raise KindsMixed("a person and an organization are never one constituent")
    return ConstituentKind(kinds.pop())


def token_of(hub: Hub, references: Sequence[str], *, is_cleared: bool = False) -> str:
    """A mark of who is in the constituents concerned now, and at which version: hand it back as `seen`.

    is_cleared: may see who is at risk; else she is as unknown. Raises as `aim`.
    """
    with database.transaction(hub.engine) as connection:
        found = [aim(hub, connection, one, is_cleared=is_cleared) for one in references]
        return token(connection, found)


def token(connection: Connection, aims: Iterable[Aim]) -> str:
    """The same, of what references stood for."""
    numbers = {record.constituent for found in aims for record in found.records}
    rows = constituents.membership(connection, sorted(n for n in numbers if n is not None))
    return blake2b(repr(rows).encode(), digest_size=_TOKEN_BYTES).hexdigest()


# --- acting ----------------------------------------------------------------------------------------


class Act:
    """One act inside one change of the partition. is_cleared: whether its author may be told of who is at risk."""

    def __init__(
        self, hub: Hub, change: PartitionChange, said: Said, *, is_cleared: bool = True
    ) -> None:
        self._hub, self._change, self.said = hub, change, said
        self._is_cleared = is_cleared
        self.connection = change.connection
        self.at = hub.now()
        self.act_id: UUID | None = None
        self._look: Callable[[], Sequence[Aim]] = tuple
        self._aims: Sequence[Aim] = ()
        self._touched: dict[int, PresentRecord] = {}
        self._made: list[int] = []
        self._repeated: dict[int, None] = {}
        self._ended: list[int] = []
        self._answered: list[int] = []
        self._is_searching = False

    def begin(
        self,
        look: Callable[[], Sequence[Aim]],
        *,
        besides: Iterable[bytes] = (),
        is_searching: bool = False,
    ) -> Sequence[Aim]:
        """Share the partition, look, lock what was seen, and look again.

        besides: keys to be locked where no record is. is_searching: candidates will be looked for, so
        tags are locked too. Raises Overtaken, KindsMixed, TooManyRecords, and what `look` does.
        """
        self._change.begin()
        self._look, self._aims = look, look()
        seen = {record.id: record for found in self._aims for record in found.records}
        if len(seen) > RECORDS_MAX:
            raise TooManyRecords(
                f"{len(seen)} records are concerned, and {RECORDS_MAX} are the most for one act: "
                "name records in place of the constituent"
            )
        if any(record.kind != self._change.kind for record in seen.values()):
            raise KindsMixed("a person and an organization are never one constituent")
        searching = [id_ for id_, record in seen.items() if is_searching or record.is_pending]
        self._is_searching = bool(searching)
        tags = records.tags_of(self.connection, searching) if searching else []
        keys = {record.key_hash for record in seen.values()}
        self._change.lock_values([*keys, *besides, _JUDGING], tags)
        self._look_again()
        return self._aims

    def _look_again(self) -> None:
        if list(self._look()) != list(self._aims):
            raise Overtaken

    def touch(self, touched: Iterable[PresentRecord]) -> None:
        """Have these records' constituents divided anew."""
        self._touched |= {record.id: record for record in touched}

    def judge(
        self, verdict: Verdict, pairs: Collection[tuple[PresentRecord, PresentRecord]]
    ) -> None:
        """Judge pairs of locked records alike, as far as that is not judged already.

        Raises JudgementContradicted.
        """
        of_key = {record.key_hash: record for pair in pairs for record in pair}
        accepted = accept(
            judgements.around(self.connection, list(of_key)),
            verdict,
            [(left.key_hash, right.key_hash) for left, right in pairs],
        )
        self._repeated |= dict.fromkeys(accepted.repeated)
        if not accepted.fresh:
            return
        self.act_id = self.act_id or self._hub.new_public_id()
        facts = {key: (key, record.content_hash) for key, record in of_key.items()}
        self._made += judgements.add(
            self.connection,
            self._change.kind.value,
            verdict,
            [(facts[left], facts[right]) for left, right in accepted.fresh],
            act_id=self.act_id,
            author=self.said.author,
            sealed_reason=sealer(self._hub).seal(
                reason_context(self.act_id), self.said.reason.encode()
            ),
            at=self.at,
        )
        self.touch(of_key[key] for pair in accepted.fresh for key in pair)

    def end(self, rows: Iterable[JudgementRow], touched: Iterable[PresentRecord]) -> None:
        """End standing judgements; touched: their records that are in the partition."""
        numbers = [row.id for row in rows]
        judgements.end(self.connection, numbers, self.said.author, self.at)
        self._ended += numbers
        self.touch(touched)

    def divide(
        self, seen: str | None = None, viewed: Sequence[Aim] | None = None
    ) -> Redivided | None:
        """Divide what was touched anew; None where nothing was.

        seen: what `token_of` gave the act's author of `viewed`, which is all that was locked unless it
        is given. Raises StaleView, Overtaken.
        """
        found = None
        if self._touched:
            near: dict[int, int] | None = None if self._is_searching else {}
            found = self._change.redivide(sorted(self._touched), near)
            # Only now, with the components locked, do memberships stand still.
            self._look_again()
        looked_at = self._aims if viewed is None else viewed
        if seen is not None and token(self.connection, looked_at) != seen:
            raise StaleView("others changed these constituents since you looked: look again")
        return found

    def hold_subjects(self) -> list[SubjectIds]:
        """Keep what the act was aimed at from being released until it commits; the ids of each constituent.

        After `divide`: a subject's lock comes after the components'. Each one's epoch is raised, so that the
        log tells what was released before from what was after.
        """
        numbers = {record.constituent for found in self._aims for record in found.records}
        found = subjects.ids_of_many(self.connection, sorted(filter(None, numbers)))
        held = list(found.values())
        subjects.lock(
            self.connection, {number for ids in held for number in ids.all}, is_shared=False
        )
        for subject_hash in hashes_of(self._hub.keys, [ids.current for ids in held]).values():
            subjects.raise_epoch(self.connection, subject_hash)
        return held

    def answer(self, numbers: Sequence[int], outcome: Outcome) -> None:
        """Close reviews with an outcome; after `divide`, since their rows are locked last of all."""
        reviews.close(self.connection, numbers, self.at, by=self.said.author, outcome=outcome)
        self._answered += numbers

    def publish(self, found: Redivided | None) -> Judged:
        """Write what the division changes, and tell of all that the act did."""
        # Questions about judgements that are gone have nothing left to ask.
        moot = [
            number
            for number in reviews.open_about(self.connection, self._ended)
            if number not in self._answered
        ]
        reviews.close(self.connection, moot, self.at, by=self.said.author)
        closed = [*self._answered, *moot]
        if found is None:
            return self._told(Consequences(reviews_closed=len(closed)), ())
        # What the act has closed is not the partition's to close or to keep.
        left = [review for review in found.surroundings.reviews if review.id not in closed]
        found = replace(found, surroundings=replace(found.surroundings, reviews=left))
        pending = [number for number, record in self._touched.items() if record.is_pending]
        # Before it is written: once they are one constituent, all of them are hidden.
        unseen = self._unseen(found)
        effects = self._change.publish(found, pending)
        told = consequences(self.connection, found, effects, len(closed), unseen)
        return self._told(told, issued(found, effects, unseen))

    def _unseen(self, found: Redivided) -> Unseen:
        sight = Sight(self._hub, self.connection, self._is_cleared)
        return Unseen(
            sight.hidden(found.surroundings.public_ids), sight.hidden_records(found.touched)
        )

    def _told(self, effects: Consequences, ids: tuple[UUID, ...]) -> Judged:
        return Judged(
            effects=effects,
            repeated=tuple(self._repeated),
            ended=tuple(self._ended),
            act_id=self.act_id,
            judgements=tuple(self._made),
            issued=ids,
        )


def acted(
    hub: Hub,
    kind: ConstituentKind,
    work: Callable[[PartitionChange], Judged],
    *,
    is_preview: bool,
) -> Judged:
    """Do an act's work in one change; a preview of it tells of no number and no id."""
    judged = in_one_change(hub, kind, work, is_preview=is_preview)
    return judged.as_preview() if is_preview else judged


def sealer(hub: Hub) -> ValueSealer:
    """Seals and opens the reasons of acts."""
    return ValueSealer(hub.keys, Purpose.STEWARDSHIP)


def reason_in(opener: ValueSealer, context: bytes, sealed: bytes) -> str:
    """A reason as it was written, or that it was erased. Raises SealBroken."""
    return opener.open(context, sealed).decode() if sealed else ERASED


def reason_context(act_id: UUID) -> bytes:
    """What a judgement's sealed reason belongs to: its act."""
    return b"judgement" + act_id.bytes
