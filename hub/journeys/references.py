"""What a reference names as it is written: a constituent's id, or a record's `source:key`.

Decides how the two are told apart. Which constituent it leads to now or led to once, and what may be done
with it, is the calling journey's.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from hub.domain.errors import ConstituentUnknown, HubError, RecordUnknown
from hub.domain.records import RecordKey
from hub.journeys.context import Hub
from hub.store import records
from hub.vault.tags import Hasher


def id_in(reference: str) -> UUID | None:
    """The constituent's id that a reference is, None where it is to be a record's key."""
    try:
        return UUID(reference)
    except ValueError:
        return None


def key_in(reference: str) -> RecordKey:
    """The record's key that a reference is. Raises RecordUnknown for what is none."""
    try:
        return RecordKey.parse(reference)
    except ValueError:
        raise RecordUnknown("neither a constituent's id nor a record's source:key") from None


def unknown(reference: str) -> HubError:
    """What is said of a reference, of the right form, that leads to nobody."""
    if id_in(reference) is not None:
        return ConstituentUnknown("no constituent was ever issued that id")
    return RecordUnknown(f"source {key_in(reference).source} has no record under that key")


def present_record(hub: Hub, connection: Connection, reference: str) -> int:
    """The number of the present record under a `source:key`. Raises RecordUnknown."""
    key = key_in(reference)
    number = records.find_by_key(connection, Hasher(hub.keys).key(str(key)))
    if number is None:
        raise unknown(reference)
    return number
