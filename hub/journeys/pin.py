"""Pin a value: a steward's word that, of one attribute, this record's value is the one to show.

A pin decides nothing about who is who. It hangs on the record and on the value the record states today:
it goes where the record goes, and sleeps while the record states another value. Withdrawn pins are kept.
To a steward who is not cleared, records of whoever is at risk are as unknown (safety.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.domain.errors import HubError, RecordUnknown
from hub.domain.records import ConstituentKind, RecordKey
from hub.domain.survivorship import Candidate, survive
from hub.journeys.acts import reason_in
from hub.journeys.change import key_lock
from hub.journeys.context import Hub
from hub.journeys.profile import read_stated, resolve
from hub.journeys.safety import Sight
from hub.journeys.surviving import candidates
from hub.store import constituents, database, history, pins, records, sources, surroundings
from hub.store.pins import StoredPin
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer
from hub.vault.tags import Hasher


class NothingToPin(HubError):
    """The record states no value for that attribute, or only a placeholder."""


class PinUnknown(HubError):
    """No pin stands on that record and attribute."""


class PinUnexplained(HubError):
    """A pin needs who makes it and why."""


@dataclass(frozen=True, slots=True)
class PinView:
    """A pin as a steward reads it.

    value: what it is about, None while it sleeps: the record states another value now.
    """

    record: RecordKey
    attribute: str
    value: str | None
    author: str
    reason: str
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def pin(
    hub: Hub,
    record_key: str,
    attribute: str,
    author: str,
    reason: str,
    *,
    is_cleared: bool = False,
) -> None:
    """Pin what the record states for the attribute; a former pin on both is withdrawn.

    record_key: `source:key`. Of several values a record states for one attribute (two telephone numbers),
    the one that its profile would show if there were no other record. is_cleared: here and below, may see who
    is at risk. Raises RecordUnknown for a record the hub does not hold or has not linked, NothingToPin,
    PinUnexplained.
    """
    if not (author.strip() and reason.strip()):
        raise PinUnexplained("a pin needs who makes it and why")
    key = _parse(record_key)
    hasher = Hasher(hub.keys)
    key_hash = hasher.key(str(key))
    with database.transaction(hub.engine) as connection:
        # An erasure locks it too: no reason may be written down just after those of the record were emptied.
        surroundings.lock_values(connection, [key_lock(key_hash)])
        number, _ = resolve(hub, connection, str(key))
        Sight(hub, connection, is_cleared).require(number, str(key))
        chosen = _best(hub, connection, key_hash).get(attribute)
        if chosen is None:
            raise NothingToPin(f"that record of {key.source} states no {attribute}")
        pins.put(
            connection,
            StoredPin(
                key_hash,
                attribute,
                hasher.value(key_hash, attribute, chosen.comparable),
                author,
                _reasons(hub).seal(_context(key_hash, attribute), reason.encode()),
                hub.now(),
            ),
        )


def withdraw_pin(
    hub: Hub, record_key: str, attribute: str, author: str, *, is_cleared: bool = False
) -> None:
    """Withdraw the pin on that record and attribute, also where the record is gone.

    Raises RecordUnknown for what is no record key, PinUnknown where no pin stands that may be seen,
    PinUnexplained.
    """
    if not author.strip():
        raise PinUnexplained("who withdraws a pin must be said")
    key = _parse(record_key)
    key_hash = Hasher(hub.keys).key(str(key))
    with database.transaction(hub.engine) as connection:
        stored = history.records_of_key(connection, key_hash)
        is_hidden = Sight(hub, connection, is_cleared).hidden_records(stored)
        if is_hidden or not pins.withdraw(connection, key_hash, attribute, author, hub.now()):
            raise PinUnknown(f"no pin stands on {attribute} of that record of {key.source}")


def list_pins(hub: Hub, reference: str, *, is_cleared: bool = False) -> list[PinView]:
    """The pins on a constituent's present records, withdrawn ones too, oldest first within a record.

    Raises what show_profile raises for the reference, and SealBroken.
    """
    hasher, sealer = Hasher(hub.keys), _reasons(hub)
    found = []
    with database.transaction(hub.engine) as connection:
        number, _ = resolve(hub, connection, reference)
        Sight(hub, connection, is_cleared).require(number, reference)
        kind = ConstituentKind(constituents.kind_of(connection, number))
        members = constituents.members(connection, number)
        for item in read_stated(hub, connection, kind, members, sources.every(connection)):
            key_hash = item.key_hash
            stated = {
                hasher.value(key_hash, attribute, candidate.comparable): candidate.value
                for attribute, candidate in candidates(item)
            }
            found += [
                PinView(
                    record=item.record.key,
                    attribute=row.attribute,
                    value=stated.get(row.value_hash),
                    author=row.author,
                    reason=reason_in(sealer, _context(key_hash, row.attribute), row.sealed_reason),
                    made_at=row.made_at,
                    withdrawn_by=row.withdrawn_by,
                    withdrawn_at=row.withdrawn_at,
                )
                for row in pins.ever(connection, [key_hash])
            ]
    return found


def _parse(record_key: str) -> RecordKey:
    try:
        return RecordKey.parse(record_key)
    except ValueError:
        raise RecordUnknown("a record's key is written source:key") from None


def _best(hub: Hub, connection: Connection, key_hash: bytes) -> Mapping[str, Candidate]:
    """What a record alone would show, by attribute."""
    record_id = records.find_by_key(connection, key_hash)
    if record_id is None:
        raise RecordUnknown("that record has just been removed")
    registered = sources.every(connection)
    source_name = records.source_of(connection, record_id)
    kind = next(source.kind for source in registered if source.name == source_name)
    [item] = read_stated(hub, connection, ConstituentKind(kind), [record_id], registered)
    offered: dict[str, list[Candidate]] = {}
    for attribute, candidate in candidates(item):
        offered.setdefault(attribute, []).append(candidate)
    return {
        attribute: survivor.winner
        for attribute, said in offered.items()
        if (survivor := survive(said, {})) is not None
    }


def _reasons(hub: Hub) -> ValueSealer:
    return ValueSealer(hub.keys, Purpose.STEWARDSHIP)


def _context(key_hash: bytes, attribute: str) -> bytes:
    """What a sealed reason belongs to; 16 bytes of hash, so no two places give the same."""
    return b"pin" + key_hash + attribute.encode()
