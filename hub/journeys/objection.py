"""Object to linkage: a constituent will not have these records linked, and each then stands alone.

An objection goes before every judgement and weight, and hangs on the record's key: it sleeps while the
record is removed. It never crosses a release: whoever is set apart is held as for a change of facts. Whether
somebody may object is law's and the officer's to decide; the restriction that goes with a constituent's
objection is restrictions.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from consent.policy import Policy
from consent.vocabulary import RestrictionKind
from hub.domain.errors import HubError, RecordUnknown
from hub.domain.records import ConstituentKind
from hub.journeys.acts import (
    Act,
    ActUnexplained,
    Aim,
    Judged,
    Said,
    acted,
    aim,
    one_kind,
    reason_in,
    sealer,
    whole_of,
)
from hub.journeys.change import PartitionChange
from hub.journeys.context import Hub
from hub.journeys.facts import gather
from hub.journeys.naming import RecordRef, named
from hub.journeys.references import id_in, key_in
from hub.store import database, history, judgements, records
from hub.store.subjects import SubjectIds
from hub.vault.tags import Hasher

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENT_BYTES: Final = 8


class ObjectionUnknown(HubError):
    """No objection stands on what was named."""


class ObjectionRestricted(HubError):
    """A restriction keeps the records apart: it is lifted, and not the objection withdrawn."""


#: What is written besides in the same transaction, of the constituents concerned, which are held still.
Besides = Callable[[Connection, Sequence[SubjectIds]], None]


@dataclass(frozen=True, slots=True)
class ObjectionView:
    """An objection to linking one record, as an officer or steward reads it."""

    record: RecordRef
    author: str
    reason: str
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def object_to_linkage(
    hub: Hub, reference: str, *, author: str, reason: str, is_preview: bool = False
) -> Judged:
    """Set a record apart, or all present records of a constituent, from each other and from all others.

    What stands apart already stays as it is. Raises ActUnexplained, TooManyRecords, and as `acts.aim`.
    """

    def look(connection: Connection) -> tuple[Aim, ...]:
        return (aim(hub, connection, reference),)

    return _set_apart(hub, look, Said.by(author, reason), None, is_preview=is_preview)


def set_apart(hub: Hub, reference: str, *, author: str, reason: str, besides: Besides) -> Judged:
    """The same of the whole constituent that a reference stands for, with what is written besides."""

    def look(connection: Connection) -> tuple[Aim, ...]:
        found = aim(hub, connection, reference)
        return (found if found.is_constituent else whole_of(connection, found.oldest),)

    return _set_apart(hub, look, Said.by(author, reason), besides, is_preview=False)


def _set_apart(
    hub: Hub,
    look: Callable[[Connection], tuple[Aim, ...]],
    said: Said,
    besides: Besides | None,
    *,
    is_preview: bool,
) -> Judged:

    def work(change: PartitionChange) -> Judged:
        act = Act(hub, change, said)
        [found] = act.begin(lambda: look(change.connection))
        apart = {
            row.key_hash
            for row in judgements.objections_of(
                change.connection, [record.key_hash for record in found.records]
            )
            if row.withdrawn_at is None
        }
        fresh = [record for record in found.records if record.key_hash not in apart]
        judgements.object_to(
            change.connection,
            [record.key_hash for record in fresh],
            act_id=hub.new_public_id(),
            author=said.author,
            sealed_reason=sealer(hub).seal(_context(act.at), said.reason.encode()),
            at=act.at,
        )
        # What is written besides is of the whole constituent: of those, too, that stand apart already.
        act.touch(fresh if besides is None else found.records)
        divided = act.divide()
        if divided is not None:
            concerned = act.hold_subjects()
            if besides is not None:
                besides(change.connection, concerned)
        return act.publish(divided)

    with database.transaction(hub.engine) as connection:
        kind = one_kind(look(connection))
    return acted(hub, kind, work, is_preview=is_preview)


def withdraw_objection(
    hub: Hub, reference: str, *, author: str, is_preview: bool = False
) -> Judged:
    """Let records be linked again by what judgements and weights say of them.

    reference: a record's key, also of one that is removed; or a constituent's id, which stands for all
    records that were set apart in one act with one of its own. Raises ObjectionUnknown, ObjectionRestricted,
    ActUnexplained, ConstituentUnknown, RecordUnknown, TooManyRecords.
    """
    return let_go(hub, reference, author=author, is_preview=is_preview)


def let_go(
    hub: Hub,
    reference: str,
    *,
    author: str,
    besides: Besides | None = None,
    is_preview: bool = False,
) -> Judged:
    """The same, with what is written besides, such as the end of the restriction that held them apart."""
    if not author.strip():
        raise ActUnexplained("who withdraws an objection must be said")

    def keys(connection: Connection) -> list[bytes]:
        return _objecting(hub, connection, reference)

    def work(change: PartitionChange) -> Judged:
        act = Act(hub, change, Said(author, ""))
        withdrawn = keys(change.connection)

        def look() -> tuple[Aim, ...]:
            found = records.present_by_key(change.connection, withdrawn)
            return (Aim(tuple(one for one in found if one.resolved_version is not None)),)

        # Records that stood apart have neighbours by weight that no component shows: candidates.
        [found] = act.begin(look, besides=withdrawn, is_searching=True)
        if not judgements.withdraw_objections(change.connection, withdrawn, author, act.at):
            raise ObjectionUnknown(_NONE_STANDS)
        act.touch(found.records)
        divided = act.divide()
        concerned = act.hold_subjects()
        if besides is not None:
            besides(change.connection, concerned)
        _require_unrestricted(hub, change.connection, concerned)
        return act.publish(divided)

    with database.transaction(hub.engine) as connection:
        first = history.stored_by_key(connection, keys(connection))
        kind = ConstituentKind(next(iter(first.values())).kind)
    return acted(hub, kind, work, is_preview=is_preview)


_NONE_STANDS: Final = "no objection to linkage stands there"


def _require_unrestricted(
    hub: Hub, connection: Connection, concerned: Sequence[SubjectIds]
) -> None:
    for ids in concerned:
        for one in gather(hub, connection, ids, Policy(), frozenset()).facts.restrictions:
            if one.kind is RestrictionKind.OBJECTION_TO_LINKAGE:
                raise ObjectionRestricted(
                    f"restriction {one.id} keeps these records apart: lift it with `hub restrict lift`"
                )


def _objecting(hub: Hub, connection: Connection, reference: str) -> list[bytes]:
    """The keys whose objections a reference stands for. Raises ObjectionUnknown where there is none."""
    if id_in(reference) is not None:
        own = [record.key_hash for record in aim(hub, connection, reference).records]
        found = judgements.objected_together(connection, own)
    else:
        own = [_key_hash(hub, reference)]
        standing = judgements.objections_of(connection, own)
        found = [row.key_hash for row in standing if row.withdrawn_at is None]
    if not found:
        raise ObjectionUnknown(_NONE_STANDS)
    return found


def list_objections(hub: Hub, reference: str) -> list[ObjectionView]:
    """The objections on a record, also a removed one, or on a constituent's present records.

    Withdrawn ones too, the oldest first. Raises ConstituentUnknown, RecordUnknown, SealBroken.
    """
    opener = sealer(hub)
    with database.transaction(hub.engine) as connection:
        if id_in(reference) is not None:
            keys = [record.key_hash for record in aim(hub, connection, reference).records]
        else:
            keys = [_key_hash(hub, reference)]
        refs = named(hub, history.stored_by_key(connection, keys))
        if not refs:
            raise RecordUnknown("no record was ever held under that key")
        return [
            ObjectionView(
                record=refs[row.key_hash],
                author=row.author,
                reason=reason_in(opener, _context(row.made_at), row.sealed_reason),
                made_at=row.made_at,
                withdrawn_by=row.withdrawn_by,
                withdrawn_at=row.withdrawn_at,
            )
            for row in judgements.objections_of(connection, keys)
        ]


def _key_hash(hub: Hub, reference: str) -> bytes:
    return Hasher(hub.keys).key(str(key_in(reference)))


def _context(made_at: datetime) -> bytes:
    """What an objection's sealed reason belongs to: the moment of its act."""
    moment = (made_at - _EPOCH) // _MICROSECOND
    return b"objection" + moment.to_bytes(_MOMENT_BYTES, "big")
