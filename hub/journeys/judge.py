"""Judge, split and withdraw: a steward's SAME and DIFFERENT, kept whatever later loads and models say.

Decides which pairs an act speaks of. Merging and splitting constituents are judgements too: the partition
is divided anew with them, and nothing else ever moves a record. What may stand beside what is
hub.domain.judging's; a preview runs the same change and takes it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from hub.domain.errors import HubError, RecordUnknown
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Verdict
from hub.journeys.acts import (
    Act,
    ActUnexplained,
    Aim,
    Judged,
    NothingToJudge,
    Said,
    acted,
    aim,
    one_kind,
    reason_context,
    reason_in,
    sealer,
    whole_of,
)
from hub.journeys.change import PartitionChange, Redivided
from hub.journeys.context import Hub
from hub.journeys.naming import RecordRef, named
from hub.journeys.paging import Page, paged
from hub.journeys.references import id_in, key_in
from hub.journeys.safety import Sight, filled
from hub.store import database, history, judgements, records
from hub.store.judgements import JudgementRow
from hub.store.records import PresentRecord
from hub.vault.tags import Hasher

_NONE: Final = "there is no such judgement"


class JudgementUnknown(HubError):
    """No judgement or act of that number stands."""


class NotOfConstituent(HubError):
    """A record to be split off is not one of the constituent's."""


@dataclass(frozen=True, slots=True)
class JudgementView:
    """A judgement as a steward reads it. sleeps: it stands, and one of its records is removed."""

    number: int
    act_id: UUID
    verdict: Verdict
    left: RecordRef
    right: RecordRef
    author: str
    reason: str
    judged_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    sleeps: bool


def judge(
    hub: Hub,
    verdict: Verdict,
    left: str,
    right: str,
    *,
    author: str,
    reason: str,
    seen: str | None = None,
    is_preview: bool = False,
    is_cleared: bool = False,
) -> Judged:
    """Judge two records, or two constituents by their oldest ones. Said again, it changes nothing.

    left, right: each a record's `source:key` or a constituent's id. SAME of a constituent holds for all
    of it: where weight would leave one of its records behind, each of them is judged SAME with the other
    side's oldest, in the same act. seen: from `acts.token_of`.
    is_cleared: may see who is at risk; else she is as unknown, and nothing is judged of her. Raises JudgementContradicted, StaleView, NothingToJudge,
    TooManyRecords, KindsMixed, ActUnexplained, and as `acts.aim`.
    """
    said = Said.by(author, reason)

    def look(connection: Connection) -> tuple[Aim, ...]:
        return tuple(aim(hub, connection, one, is_cleared=is_cleared) for one in (left, right))

    def work(change: PartitionChange) -> Judged:
        act = Act(hub, change, said, is_cleared=is_cleared)
        one, other = act.begin(lambda: look(change.connection))
        if one.oldest.id == other.oldest.id:
            raise NothingToJudge("both references lead to one record: name the two records")
        act.judge(verdict, [(one.oldest, other.oldest)])
        found = act.divide(seen)
        if verdict is Verdict.SAME and _is_left_behind(found, one, other):
            act.judge(verdict, _all_across(one, other))
            found = act.divide()
        return act.publish(found)

    with database.transaction(hub.engine) as connection:
        kind = one_kind(look(connection))
    return acted(hub, kind, work, is_preview=is_preview)


def _is_left_behind(found: Redivided | None, one: Aim, other: Aim) -> bool:
    """Whether a merge by its oldest records alone leaves one of the merged constituents' behind."""
    if found is None:
        return False
    together = next(set(cluster) for cluster in found.divided.clusters if one.oldest.id in cluster)
    if other.oldest.id not in together:
        return False  # an objection outranks the judgement
    return any(
        record.id not in together and not found.touched[record.id].is_apart
        for merged in (one, other)
        if merged.is_constituent
        for record in merged.records
    )


def _all_across(one: Aim, other: Aim) -> list[tuple[PresentRecord, PresentRecord]]:
    """Each younger record of what is merged, with the oldest of the other side: nothing weight can undo."""
    return [
        (anchor, record)
        for anchor, merged in ((other.oldest, one), (one.oldest, other))
        if merged.is_constituent
        for record in merged.records[1:]
    ]


def split(
    hub: Hub,
    constituent: str,
    record_keys: Sequence[str],
    *,
    author: str,
    reason: str,
    seen: str | None = None,
    is_preview: bool = False,
    is_cleared: bool = False,
) -> Judged:
    """Say that these records of a constituent are somebody else: each DIFFERENT from each of the rest.

    constituent: an id, or the `source:key` of a record of it. Nothing is said of the given records among
    themselves. Raises NotOfConstituent, and as `judge`.
    """
    said = Said.by(author, reason)
    references = (constituent, *record_keys)

    def look(connection: Connection) -> tuple[Aim, Aim]:
        aimed = [aim(hub, connection, one, is_cleared=is_cleared) for one in references]
        return _parts(connection, aimed[0], aimed[1:])

    def work(change: PartitionChange) -> Judged:
        act = Act(hub, change, said, is_cleared=is_cleared)
        others, rest = act.begin(lambda: look(change.connection))
        act.judge(Verdict.DIFFERENT, list(product(others.records, rest.records)))
        return act.publish(act.divide(seen))

    with database.transaction(hub.engine) as connection:
        kind = one_kind(look(connection))
    return acted(hub, kind, work, is_preview=is_preview)


def _parts(connection: Connection, whole: Aim, aimed: Iterable[Aim]) -> tuple[Aim, Aim]:
    if not whole.is_constituent:
        whole = whole_of(connection, whole.oldest)
    chosen = {}
    for found in aimed:
        if found.is_constituent:
            raise NotOfConstituent("what is split off is named by its records' source:key")
        if found.oldest not in whole.records:
            raise NotOfConstituent(
                f"record {found.oldest.id} of source {found.oldest.source} is not of that constituent"
            )
        chosen[found.oldest.id] = found.oldest
    rest = tuple(record for record in whole.records if record.id not in chosen)
    if not (chosen and rest):
        raise NothingToJudge("a split names some of a constituent's records, and not all of them")
    return Aim(tuple(chosen.values())), Aim(rest)


def withdraw(
    hub: Hub,
    which: UUID | int | str,
    *,
    author: str,
    is_preview: bool = False,
    is_cleared: bool = False,
) -> Judged:
    """End an act: every judgement made with it, as if it had not been judged. It is kept, and told of.

    which: the act's id, or the number of one of its judgements. Ids that were merged by it alone come
    back. is_cleared: may end one that speaks of who is at risk; else it is as unknown. Raises
    JudgementUnknown where nothing of it stands, ActUnexplained.
    """
    if not author.strip():
        raise ActUnexplained("who withdraws a judgement must be said")

    def work(change: PartitionChange) -> Judged:
        act = Act(hub, change, Said(author, ""), is_cleared=is_cleared)
        end_act(act, which)
        return act.publish(act.divide())

    with database.transaction(hub.engine) as connection:
        rows = standing_of(connection, which)
        if len(_seen(Sight(hub, connection, is_cleared), rows)) < len(rows):
            raise JudgementUnknown(_NONE)
        kind = ConstituentKind(rows[0].kind)
    return acted(hub, kind, work, is_preview=is_preview)


def end_act(act: Act, which: UUID | int | str) -> None:
    """Begin an act that ends another."""
    rows = standing_of(act.connection, which)
    keys = sorted({key for row in rows for key in (row.left, row.right)})

    def look() -> tuple[Aim, ...]:
        placed = [
            record
            for record in records.present_by_key(act.connection, keys)
            if record.resolved_version is not None
        ]
        return (Aim(tuple(placed)),)

    [parties] = act.begin(look, besides=keys)
    # Only under the lock is it certain that nobody else has withdrawn it.
    act.end(standing_of(act.connection, which), parties.records)


def standing_of(connection: Connection, which: UUID | int | str) -> list[JudgementRow]:
    """The judgements of an act that stand. Raises JudgementUnknown where none does."""
    act_id = _act_id(connection, which)
    rows = [] if act_id is None else judgements.of_act(connection, act_id)
    standing = [row for row in rows if row.withdrawn_at is None]
    if not standing:
        raise JudgementUnknown("that judgement was withdrawn already" if rows else _NONE)
    return standing


def _act_id(connection: Connection, which: UUID | int | str) -> UUID | None:
    if isinstance(which, UUID):
        return which
    text = str(which)
    if text.isdecimal():
        row = judgements.find(connection, int(text))
        return None if row is None else row.act_id
    try:
        return UUID(text)
    except ValueError:
        return None


# --- reading ---------------------------------------------------------------------------------------


def list_judgements(hub: Hub, limit: int = 100, *, is_cleared: bool = False) -> list[JudgementView]:
    """The latest judgements, withdrawn ones too, newest first. is_cleared: on who is at risk too."""
    with database.transaction(hub.engine) as connection:
        rows = _recent(Sight(hub, connection, is_cleared), limit)
        return judgement_views(hub, connection, rows)


def page_judgements(
    hub: Hub, *, after: int | None = None, limit: int = 100, is_cleared: bool = False
) -> Page[JudgementView, int]:
    """The same a page at a time, each full as far as there are any to be seen; after: a page's `next`.

    Raises PageInvalid.
    """
    with database.transaction(hub.engine) as connection:
        sight = Sight(hub, connection, is_cleared)
        found = paged(limit, lambda rows: _recent(sight, rows, after), lambda row: row.id)
        return Page(tuple(judgement_views(hub, connection, found.rows)), found.next)


def _recent(sight: Sight, limit: int, after: int | None = None) -> list[JudgementRow]:
    return filled(
        lambda offset: judgements.recent(sight.connection, limit, offset, after),
        lambda rows: _seen(sight, rows),
        limit,
    )


def list_of(hub: Hub, reference: str, *, is_cleared: bool = False) -> list[JudgementView]:
    """The judgements on a record, or on any present record of a constituent, the oldest first.

    Withdrawn and sleeping ones too, so a record's key may be of one that is removed. is_cleared: may see
    who is at risk; else she is as unknown, and what is judged of her and others is left out. Raises
    ConstituentUnknown, RecordUnknown.
    """
    with database.transaction(hub.engine) as connection:
        sight = Sight(hub, connection, is_cleared)
        rows = judgements.of_keys(connection, _keys(sight, reference))
        return judgement_views(hub, connection, _seen(sight, rows))


def _seen(sight: Sight, rows: Sequence[JudgementRow]) -> list[JudgementRow]:
    """Those that speak of nobody hidden."""
    keys = sorted({key for row in rows for key in (row.left, row.right)})
    stored = history.stored_by_key(sight.connection, keys)
    hidden = sight.hidden_records(record.id for record in stored.values())
    return [row for row in rows if hidden.isdisjoint((stored[row.left].id, stored[row.right].id))]


def _keys(sight: Sight, reference: str) -> list[bytes]:
    if id_in(reference) is not None:
        found = aim(sight.hub, sight.connection, reference, is_cleared=sight.is_cleared)
        return [record.key_hash for record in found.records]
    key = key_in(reference)
    key_hash = Hasher(sight.hub.keys).key(str(key))
    stored = history.records_of_key(sight.connection, key_hash)
    if not stored or sight.hidden_records(stored):
        raise RecordUnknown(f"source {key.source} never had a record under that key")
    return [key_hash]


def judgement_views(
    hub: Hub, connection: Connection, rows: Iterable[JudgementRow]
) -> list[JudgementView]:
    """Judgements with their reasons opened and their records named. Raises SealBroken."""
    listed = list(rows)
    keys = sorted({key for row in listed for key in (row.left, row.right)})
    refs = named(hub, history.stored_by_key(connection, keys))
    opener = sealer(hub)
    return [
        _view(row, refs, reason_in(opener, reason_context(row.act_id), row.sealed_reason))
        for row in listed
    ]


def _view(row: JudgementRow, refs: Mapping[bytes, RecordRef], reason: str) -> JudgementView:
    left, right = refs[row.left], refs[row.right]
    is_gone = left.local_id is None or right.local_id is None
    return JudgementView(
        number=row.id,
        act_id=row.act_id,
        verdict=row.verdict,
        left=left,
        right=right,
        author=row.author,
        reason=reason,
        judged_at=row.judged_at,
        withdrawn_by=row.withdrawn_by,
        withdrawn_at=row.withdrawn_at,
        sleeps=is_gone and row.withdrawn_at is None,
    )
