"""Export: everything held on a constituent and every look at it, as one signed archive she takes with her.

Decides which files there are. Of other people nothing goes with it. The export is logged in the transaction it is read
in, and its own entry is in it; the bytes are handed out once that is committed. A proof goes with each entry that has
its place in the tree under a checkpoint: younger ones have none yet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from consent.log.checkpoint import Checkpoint, Note
from consent.log.proof import SUFFIX, prove
from consent.log.tree import inclusion_proof
from hub.journeys.context import Hub
from hub.journeys.disclosing import entry_of
from hub.journeys.profile import profile_of
from hub.journeys.rights import archive
from hub.journeys.rights.held import held_of
from hub.journeys.rights.report import report
from hub.journeys.rights.requests import RightsAction, RightsRequest
from hub.journeys.rights.who_looked import Labels, entries_of, use_of
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.store import log
from hub.store.disclosures import StoredDisclosure

PROOFS: Final = "proofs/"


@dataclass(frozen=True, slots=True)
class Exported:
    """The archive, and the entry of the log that tells of it. proofs: how many entries are proven in it."""

    content: bytes
    entry: int
    uses: int
    proofs: int


def export(hub: Hub, reference: str, request: RightsRequest) -> Exported:
    """The archive of the constituent that an id or a record's `source:key` stands for.

    Raises as in_subject_change, ScorerMismatch, SealBroken.
    """
    return in_subject_change(hub, reference, lambda subject: _export(hub, subject, request))


def _export(hub: Hub, subject: HeldSubject, request: RightsRequest) -> Exported:
    connection = subject.connection
    held = held_of(hub, subject, RightsAction.EXPORT, request)
    profile = profile_of(hub, connection, subject.ids.current, subject.public_id)
    rows = entries_of(hub, subject)
    labels = Labels(subject.in_force.policy)
    uses = [use_of(one, labels) for one in rows]
    proven = _proofs(hub, connection, rows)
    at = hub.now()
    files = {
        "profile.json": _json(replace(profile, relationships=())),
        "records.json": _json(held),
        "disclosures.json": _json(uses),
        "report.html": report(held, uses, at),
        **proven,
    }
    stated = {"constituent": str(subject.public_id), "entry": held.entry}
    content = archive.pack(hub.keys, files, stated, at)
    return Exported(content, held.entry, len(uses), len(proven))


def _proofs(hub: Hub, connection: Connection, rows: Iterable[StoredDisclosure]) -> dict[str, bytes]:
    """A proof of each entry that the newest checkpoint covers, by file name."""
    last = log.last_checkpoint(connection)
    if last is None:
        return {}
    note = Note.parse(last.note.encode())
    size = Checkpoint.parse(note.text).size
    read = log.node_reader(connection)
    found = {}
    for one in rows:
        if one.number is None or one.number >= size:
            continue
        path = inclusion_proof(one.number, size, read)
        proof = prove(entry_of(hub.keys, one), one.number, path, note)
        found[f"{PROOFS}entry-{one.id}{SUFFIX}"] = str(proof).encode()
    return found


def _json(value: Any) -> bytes:
    encoded = msgspec.json.encode(value, enc_hook=str, order="deterministic")
    return msgspec.json.format(encoded, indent=1) + b"\n"
