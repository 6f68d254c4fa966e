"""Do erasures over in a database restored from a backup that is older than they are.

Decides from the keys alone: those of erased records are kept out, those of erased subjects are gone, and both are
restored from the newest backup of the keys. What a backup of the data brought back besides is removed again here, so
that the feed tells of it, and the log counts as many erased entries as its checkpoints say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from hub.domain.records import ConstituentKind
from hub.journeys.change import Overtaken, PartitionChange, in_one_change
from hub.journeys.context import Hub
from hub.journeys.facts import hashes_of
from hub.journeys.policies import shared_policy
from hub.journeys.rights.requests import log_erasure
from hub.store import database, disclosures, erasing, records

#: What the log says an erasure done over rests on.
AUTHORITY: Final = "erasures of before, done over in a restored backup"


@dataclass(frozen=True, slots=True)
class Reapplied:
    """What came back and was taken away again. records: those that stood under keys that are kept out."""

    records: int
    entries: int
    reasons: int
    quarantined: int


def reapply(hub: Hub, *, by: str) -> Reapplied:
    """Take away what a restored backup brought back of erased constituents; nothing where it brought nothing.

    Raises ChangeContended.
    """
    with database.transaction(hub.engine) as connection:
        back = erasing.suppressed_records(connection)
    for number, key_hash, kind in back:
        in_one_change(
            hub,
            ConstituentKind(kind),
            lambda change, number=number, key_hash=key_hash: _remove(  # type: ignore[misc]
                hub, change, number, key_hash
            ),
        )
    with database.transaction(hub.engine) as connection:
        in_force = shared_policy(hub, connection)
        keys, at = erasing.all_suppressed(connection), hub.now()
        done = Reapplied(
            records=len(back),
            entries=disclosures.erase(connection, _erased_subjects(hub, connection)),
            reasons=erasing.empty_reasons(connection, keys),
            quarantined=erasing.empty_quarantine(connection, keys, at),
        )
        if done.records or done.entries:
            log_erasure(
                hub,
                connection,
                in_force,
                entries=done.entries,
                records=done.records,
                by=by,
                authority=AUTHORITY,
                at=at,
            )
    return done


def _erased_subjects(hub: Hub, connection: Connection) -> list[bytes]:
    """Subjects whose key is gone and whom nobody answers for: a key gone missing otherwise is an accident."""
    without_key = set(erasing.subjects_without_key(connection))
    if not without_key:
        return []
    of_nobody = hashes_of(hub.keys, erasing.all_tombstones(connection)).values()
    return sorted(without_key.intersection(of_nobody))


def _remove(hub: Hub, change: PartitionChange, number: int, key_hash: bytes) -> None:
    change.begin()
    connection = change.connection
    change.lock_values([key_hash], records.tags_of(connection, [number]))
    if records.find_by_key(connection, key_hash) != number:
        raise Overtaken
    records.remove(connection, [number], hub.now())
    change.publish(change.redivide([number], {}))
