"""Object to linkage: a constituent will not have these records linked, and each then stands alone.

An objection goes before every judgement and weight, and hangs on the record's key: it sleeps while the
record is removed. Whether somebody may object is law's and the officer's to decide, not this module's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

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
)
from hub.journeys.change import PartitionChange
from hub.journeys.context import Hub
from hub.journeys.naming import RecordRef, named
from hub.journeys.references import id_in, key_in
from hub.store import database, history, judgements, records
from hub.vault.tags import Hasher

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENT_BYTES: Final = 8


class ObjectionUnknown(HubError):
    """No objection stands on what was named."""


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
    said = Said.by(author, reason)

    def look(connection: Connection) -> tuple[Aim, ...]:
        return (aim(hub, connection, reference),)

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
            author=author,
            sealed_reason=sealer(hub).seal(_context(act.at), reason.encode()),
            at=act.at,
        )
        act.touch(fresh)
        return act.publish(act.divide())

    with database.transaction(hub.engine) as connection:
        kind = one_kind(look(connection))
    return acted(hub, kind, work, is_preview=is_preview)


def withdraw_objection(
    hub: Hub, reference: str, *, author: str, is_preview: bool = False
) -> Judged:
    """Let records be linked again by what judgements and weights say of them.

    reference: a record's key, also of one that is removed; or a constituent's id, which stands for all
    records that were set apart in one act with one of its own. Raises ObjectionUnknown, ActUnexplained,
    ConstituentUnknown, RecordUnknown, TooManyRecords.
    """
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
        return act.publish(act.divide())

    with database.transaction(hub.engine) as connection:
        first = history.stored_by_key(connection, keys(connection))
        kind = ConstituentKind(next(iter(first.values())).kind)
    return acted(hub, kind, work, is_preview=is_preview)


_NONE_STANDS: Final = "no objection to linkage stands there"


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
