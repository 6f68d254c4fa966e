"""Correct: what a constituent says is wrong in a record, put to the agency that owns it, and what it answers.

The hub never edits a record: an accepted proposal is the agency's to carry out, and its next load confirms it. What
is proposed rests sealed under her own key; the agency reads the proposals on its own records, and no others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from hub.domain.errors import HubError
from hub.domain.records import Record
from hub.journeys.context import Hub
from hub.journeys.counter import Counter, require_hers
from hub.journeys.facts import sealer_for
from hub.journeys.naming import RecordRef, named
from hub.journeys.references import key_in, present_record
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.store import corrections, database, history, sources, subjects
from hub.store.corrections import StoredCorrection
from hub.vault.keyring import RootKey
from hub.vault.sealing import SubjectSealer
from hub.vault.tags import Pseudonyms

#: What of a record may be called wrong: its values, not whose record it is.
FIELDS: Final = frozenset(one.name for one in fields(Record)) - {"key", "kind"}

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode
_NUMBER_BYTES: Final = 8


class CorrectionInvalid(HubError):
    """A proposal or an answer does not say what it must: names the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        self.field = field
        super().__init__(f"correction: {field}: {rule}")


class CorrectionUnknown(HubError):
    """No proposal of that number waits for that agency."""


class Answer(StrEnum):
    """What an agency says to a proposal."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A proposal as its agency and its constituent read it; `answer` None while it waits."""

    number: int
    agency: str
    record: RecordRef
    field: str
    proposed: str
    reason: str
    made_at: datetime
    answer: Answer | None
    note: str | None
    answered_at: datetime | None


def propose(
    hub: Hub,
    record_key: str,
    *,
    field: str,
    proposed: str,
    reason: str,
    request: RightsRequest,
    at: Counter | None = None,
) -> int:
    """Propose a value for a field of one record to the agency that owns it; the proposal's number.

    field: one of FIELDS. proposed: the value as it ought to be, in words. at: the portal she does it at, where the
    record must be hers. Raises CorrectionInvalid, and as in_subject_change for the record.
    """
    if field not in FIELDS:
        raise CorrectionInvalid("field", f"must be one of {', '.join(sorted(FIELDS))}")
    for name, said in (("proposed", proposed), ("reason", reason)):
        if not said.strip():
            raise CorrectionInvalid(name, "must be stated")
    key = key_in(record_key)

    def work(held: HeldSubject) -> int:
        if at is not None:
            require_hers(hub, held, key, at.sight(hub, held))
        connection = held.connection
        record_id = present_record(hub, connection, str(key))
        source = sources.find(connection, key.source)
        assert source is not None
        subject = Pseudonyms(hub.keys).subject(held.ids.current)
        number = corrections.take_number(connection)
        said = {
            "field": field,
            "proposed": proposed,
            "reason": reason,
            "case": request.case,
            "by": request.by,
        }
        sealed = sealer_for(hub.keys, connection, subject).seal(
            proposal_context(number), _encode(said)
        )
        corrections.add(
            connection,
            StoredCorrection(number, source.agency, record_id, subject, sealed, hub.now()),
        )
        return number

    reference = str(key) if at is None else at.reference(hub)
    return in_subject_change(hub, reference, work)


def list_corrections(hub: Hub, agency: str, *, is_all: bool = False) -> list[CorrectionView]:
    """The proposals that wait for an agency, the oldest first; is_all: those it answered too. Raises SealBroken."""
    with database.transaction(hub.engine) as connection:
        return views(hub, connection, corrections.of_agency(connection, agency, is_all=is_all))


def answer(hub: Hub, agency: str, number: int, said: Answer, *, note: str, by: str) -> None:
    """Answer a proposal for an agency; note: what it tells the constituent. Raises CorrectionUnknown, CorrectionInvalid."""
    for name, stated in (("note", note), ("by", by)):
        if not stated.strip():
            raise CorrectionInvalid(name, "must be stated")
    with database.transaction(hub.engine) as connection:
        found = corrections.find(connection, agency, number)
        if found is None or not found.sealed:
            raise CorrectionUnknown(f"no proposal {number} waits for {agency}")
        sealer = _sealers(hub.keys, connection, [found]).get(found.subject_hash)
        if sealer is None:
            raise CorrectionUnknown(f"proposal {number} is of somebody who was erased")
        sealed = sealer.seal(note_context(number), note.encode())
        if not corrections.answer(connection, number, said.value, sealed, by, hub.now()):
            raise CorrectionUnknown(f"proposal {number} was answered already")


def views(
    hub: Hub, connection: Connection, stored: Iterable[StoredCorrection]
) -> list[CorrectionView]:
    """Proposals opened, their records named; those whose subject was erased are left out. Raises SealBroken."""
    rows = list(stored)
    refs = named(hub, history.stored(connection, [row.record_id for row in rows]))
    sealers = _sealers(hub.keys, connection, rows)
    return [
        _view(row, refs[row.record_id], sealers[row.subject_hash])
        for row in rows
        if row.subject_hash in sealers
    ]


def _view(row: StoredCorrection, ref: RecordRef, sealer: SubjectSealer) -> CorrectionView:
    said = _decode(sealer.open(proposal_context(row.id), row.sealed))
    note = None if row.sealed_note is None else sealer.open(note_context(row.id), row.sealed_note)
    return CorrectionView(
        number=row.id,
        agency=row.agency,
        record=ref,
        field=said["field"],
        proposed=said["proposed"],
        reason=said["reason"],
        made_at=row.made_at,
        answer=None if row.answer is None else Answer(row.answer),
        note=None if note is None else note.decode(),
        answered_at=row.answered_at,
    )


def _sealers(
    keys: RootKey, connection: Connection, rows: Iterable[StoredCorrection]
) -> dict[bytes, SubjectSealer]:
    hashes = sorted({row.subject_hash for row in rows})
    wrapped = subjects.wrapped_keys(connection, hashes)
    return {subject: SubjectSealer(keys, subject, key) for subject, key in wrapped.items()}


def proposal_context(number: int) -> bytes:
    """What a sealed proposal is bound to."""
    return b"correction" + number.to_bytes(_NUMBER_BYTES, "big")


def note_context(number: int) -> bytes:
    """What an agency's sealed note on it is bound to."""
    return b"correction note" + number.to_bytes(_NUMBER_BYTES, "big")
