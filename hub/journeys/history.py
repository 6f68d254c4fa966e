"""Read recorded time: who was who at a past moment, and how it came about.

Decides what a moment may be and which changes belong to a constituent's story. Ids and membership only:
versions of values are not kept, so a past moment shows none. Of a record, no more is opened than its key,
and that is "erased" where the record's data key is gone. Reads only; who may call this is not decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.errors import HubError, RecordUnknown
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.naming import RecordRef, named
from hub.journeys.references import id_in, key_in, unknown
from hub.journeys.safety import Sight
from hub.store import database, judgements
from hub.store import history as past
from hub.store.history import AliasSpan, IssuedId, LinkSpan, StoredRecord
from hub.store.judgements import JudgementRow
from hub.vault.tags import Hasher

State = TypeVar("State")
Key = TypeVar("Key")


class MomentRefused(HubError):
    """The moment asked for lies in the future, or before the id was issued, or has no time zone."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """What a reference resolved to at a moment, with the records and aliases known then.

    id: None for a tombstone. Values are not part of it: versions of values are not kept.
    """

    at: datetime
    kind: ConstituentKind
    id: UUID | None
    records: tuple[RecordRef, ...]
    aliases: tuple[UUID, ...]


class HistoryKind(StrEnum):
    """What happened, of `id`: `other_id` is where it came from or went, where there is one."""

    ISSUED = "issued"
    JOINED = "record joined"  # newly placed under id
    MOVED = "record moved"  # to id, from other_id
    LEFT = "record left"  # id, for no other: it was removed
    MERGED = "merged"  # id answers with other_id from now on
    RETIRED = "retired"  # id lost its last home record, and follows other_id
    GIVEN_BACK = "given back"  # id is current again; it answered with other_id
    TOMBSTONE = "tombstone"  # no record is left under id
    JUDGED = "judged"
    WITHDRAWN = "judgement withdrawn"


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that happened; what does not belong to its kind is None.

    author: who judged or withdrew. Reasons of judgements stay sealed.
    """

    at: datetime
    kind: HistoryKind
    id: UUID | None = None
    other_id: UUID | None = None
    record: RecordRef | None = None
    other_record: RecordRef | None = None
    verdict: str | None = None
    author: str | None = None


def identity_as_of(hub: Hub, reference: str, at: datetime, *, is_cleared: bool = False) -> AsOf:
    """What a constituent's id or a record's `source:key` resolved to at that moment.

    is_cleared: may see who is at risk now; else her ids and records are as unknown, then too. Raises MomentRefused, ConstituentUnknown for an id never issued, RecordUnknown for a record that was
    under no constituent then.
    """
    if at.tzinfo is None:
        raise MomentRefused("a moment needs its time zone")
    if at > hub.now():
        raise MomentRefused("that moment lies in the future")
    with database.transaction(hub.engine) as connection:
        sight = Sight(hub, connection, is_cleared)
        asked = _id_then(sight, reference, at)
        if asked.issued_at > at:
            raise MomentRefused(f"that id was issued on {asked.issued_at.astimezone(UTC)}")
        alias = past.alias_at(connection, asked.number, at)
        number = asked.number if alias is None else alias.current
        if number is None:
            return AsOf(at, ConstituentKind(asked.kind), None, (), ())
        sight.require(number, reference)
        current = past.by_number(connection, [number])[number]
        members = _seen(sight, past.members_at(connection, number, at))
        refs = named(hub, past.stored(connection, members))
        return AsOf(
            at=at,
            kind=ConstituentKind(current.kind),
            id=current.public_id,
            records=tuple(refs[record] for record in members if record in refs),
            aliases=tuple(past.aliases_at(connection, number, at)),
        )


def _id_then(sight: Sight, reference: str, at: datetime) -> IssuedId:
    connection, public_id = sight.connection, id_in(reference)
    if public_id is not None:
        return _issued(sight, reference, public_id)
    number = past.link_at(connection, _records_of(sight, reference), at)
    if number is None:
        raise RecordUnknown("that record was under no constituent then")
    return past.by_number(connection, [number])[number]


def _issued(sight: Sight, reference: str, public_id: UUID) -> IssuedId:
    found = past.issued(sight.connection, public_id)
    if found is None:
        raise unknown(reference)
    sight.require(found.number, reference)
    return found


def _seen(sight: Sight, records: Sequence[int]) -> list[int]:
    hidden = sight.hidden_records(records)
    return [record for record in records if record not in hidden]


def _records_of(sight: Sight, reference: str) -> list[int]:
    """All records ever stored under a key, oldest first."""
    key = key_in(reference)
    found = past.records_of_key(sight.connection, Hasher(sight.hub.keys).key(str(key)))
    if not found or sight.hidden_records(found):
        raise RecordUnknown(f"source {key.source} never had a record under that key")
    return found


def history(hub: Hub, reference: str, *, is_cleared: bool = False) -> list[HistoryEntry]:
    """The story of a constituent in the order of time: its id's, and of the ids that answer with it.

    reference: an id, living, alias or tombstone, or a record's `source:key`, removed ones too: then the
    story is that of the id it was last under. An id that was given back has a story of its own from then
    on. is_cleared: may see who is at risk now; else her ids and records are as unknown, and no entry of
    others names them. Raises ConstituentUnknown for an id never issued, RecordUnknown.
    """
    with database.transaction(hub.engine) as connection:
        sight = Sight(hub, connection, is_cleared)
        story = _Story.of(connection, _id_last(sight, reference))
        held = past.stored(connection, story.records)
        judged = judgements.of_keys(connection, [row.key_hash for row in held.values()])
        parties = past.stored_by_key(connection, _both_sides(judged))
        numbers = past.by_number(connection, story.numbers())
        hidden = _Hidden.of(sight, numbers, [*held.values(), *parties.values()])
    entries = [
        *story.issues(numbers),
        *story.moves(numbers, named(hub, held)),
        *story.answers(numbers),
        *_judgements(judged, named(hub, parties)),
    ]
    # Stable: within a moment, ids are issued before records join them, and merge after.
    told = [entry for entry in entries if not hidden.names(entry)]
    return sorted(told, key=lambda entry: entry.at)


@dataclass(frozen=True, slots=True)
class _Hidden:
    """Whom a story of others does not name."""

    ids: frozenset[UUID]
    records: frozenset[int]

    @classmethod
    def of(
        cls, sight: Sight, ids: Mapping[int, IssuedId], records: Iterable[StoredRecord]
    ) -> _Hidden:
        hidden = sight.hidden(ids)
        return cls(
            frozenset(ids[number].public_id for number in hidden),
            sight.hidden_records(record.id for record in records),
        )

    def names(self, entry: HistoryEntry) -> bool:
        records = {record.number for record in (entry.record, entry.other_record) if record}
        return not (
            self.ids.isdisjoint((entry.id, entry.other_id)) and self.records.isdisjoint(records)
        )


def _id_last(sight: Sight, reference: str) -> int:
    """The id a reference stands for, or last stood for, by age number."""
    connection, public_id = sight.connection, id_in(reference)
    if public_id is not None:
        return _issued(sight, reference, public_id).number
    spans = past.link_spans(connection, _records_of(sight, reference))
    if not spans:
        raise RecordUnknown("that record was never under a constituent: run `hub link`")
    return max(spans, key=lambda span: span.since).number


@dataclass(frozen=True, slots=True)
class _Story:
    """The rows a story is told from. ids: the ones it is about; records: all that were ever under them."""

    ids: frozenset[int]
    records: Sequence[int]
    links: Sequence[LinkSpan]
    aliases: Sequence[AliasSpan]

    @classmethod
    def of(cls, connection: Connection, asked: int) -> _Story:
        standing = [span for span in past.alias_spans(connection, [asked]) if span.until is None]
        main = next((span.current for span in standing if span.number == asked), asked) or asked
        spans = past.alias_spans(connection, [asked, main])
        answering = {span.number for span in spans if span.until is None and span.current == main}
        ids = frozenset({asked, main, *answering})
        records = past.records_ever_under(connection, sorted(ids))
        return cls(
            ids,
            records,
            past.link_spans(connection, records),
            past.alias_spans(connection, sorted(ids)),
        )

    def numbers(self) -> list[int]:
        """Every id a row names."""
        held = {span.number for span in self.links}
        named = {span.number for span in self.aliases}
        answered = {span.current for span in self.aliases if span.current is not None}
        return sorted(self.ids | held | named | answered)

    def issues(self, ids: Mapping[int, IssuedId]) -> Iterator[HistoryEntry]:
        for number in sorted(self.ids):
            yield HistoryEntry(ids[number].issued_at, HistoryKind.ISSUED, ids[number].public_id)

    def moves(
        self, ids: Mapping[int, IssuedId], refs: Mapping[int, RecordRef]
    ) -> Iterator[HistoryEntry]:
        """Records joining, moving between and leaving ids, where one of the story's takes part."""
        for record, spans in groupby(self.links, key=lambda span: span.record_id):
            for at, before, after in _steps([(s.since, s.until, s.number) for s in spans]):
                if self.ids.isdisjoint((before, after)):
                    continue
                kind, id_, other = _moved(before, after)
                yield HistoryEntry(
                    at, kind, ids[id_].public_id, _public(ids, other), record=refs.get(record)
                )

    def answers(self, ids: Mapping[int, IssuedId]) -> Iterator[HistoryEntry]:
        """Ids merged, retired, given back and gone, where one of the story's takes part."""
        for number, spans in groupby(self.aliases, key=lambda span: span.number):
            for at, before, after in _steps([(s.since, s.until, s) for s in spans]):
                kind, other = _answered(before, after)
                left = before.current if before else None
                if kind is not None and not self.ids.isdisjoint((number, left, other)):
                    yield HistoryEntry(at, kind, ids[number].public_id, _public(ids, other))


def _steps(
    spans: Sequence[tuple[datetime, datetime | None, State]],
) -> Iterator[tuple[datetime, State | None, State | None]]:
    """What changed when, from spans in the order of time; None: nothing stood."""
    before: State | None = None
    ended: datetime | None = None
    for since, until, state in spans:
        if ended is not None and ended != since:
            yield ended, before, None
            before = None
        yield since, before, state
        before, ended = state, until
    if ended is not None:
        yield ended, before, None


def _moved(before: int | None, after: int | None) -> tuple[HistoryKind, int, int | None]:
    if after is None:
        assert before is not None
        return HistoryKind.LEFT, before, None
    return (HistoryKind.JOINED if before is None else HistoryKind.MOVED), after, before


def _answered(
    before: AliasSpan | None, after: AliasSpan | None
) -> tuple[HistoryKind | None, int | None]:
    """What a change of what an id answers with is called, and the other id in it."""
    if after is None:
        return HistoryKind.GIVEN_BACK, before.current if before else None
    if after.current is None:
        return HistoryKind.TOMBSTONE, before.current if before else None
    if after.follows is not None and (before is None or before.follows is None):
        return HistoryKind.RETIRED, after.current
    if before is not None and before.current == after.current:
        return None, None
    return HistoryKind.MERGED, after.current


def _public(ids: Mapping[int, IssuedId], number: int | None) -> UUID | None:
    return None if number is None else ids[number].public_id


def _both_sides(judged: Iterable[JudgementRow]) -> list[bytes]:
    return sorted({key for row in judged for key in (row.left, row.right)})


def _judgements(
    judged: Iterable[JudgementRow], refs: Mapping[bytes, RecordRef]
) -> Iterator[HistoryEntry]:
    for row in judged:
        left, right = refs.get(row.left), refs.get(row.right)
        said = [(row.judged_at, HistoryKind.JUDGED, row.author)]
        if row.withdrawn_at is not None:
            said.append((row.withdrawn_at, HistoryKind.WITHDRAWN, row.withdrawn_by or ""))
        for at, kind, author in said:
            yield HistoryEntry(at, kind, None, None, left, right, row.verdict, author)
