"""The disclosure log as a tree that grows: entries numbered, checkpoints signed, shown to who asks for proof.

Decides when a checkpoint is due, under which key and name it is signed, and that no two contradict each
other: each is signed under the log's lock, of leaves committed before, after the last one was held against
the tree. Entries are written by disclosing.py; the hashing and the notes are consent.log's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Connection

from consent.log import proof
from consent.log.checkpoint import (
    ERASED,
    Checkpoint,
    LogKey,
    Note,
    NoteRefused,
    open_checkpoint,
    sign,
)
from consent.log.export import checkpoint_line, header_line, row_line
from consent.log.proof import Proof
from consent.log.tree import RightEdge, inclusion_proof, root_at
from hub.domain.errors import HubError, LogBroken
from hub.journeys import disclosing
from hub.journeys.context import Hub
from hub.journeys.log_rows import digest_only, readable
from hub.store import database, disclosures, log
from hub.store.log import StoredCheckpoint
from hub.vault.keyring import Purpose

#: From so many new entries on a checkpoint is due at once: how exactly an altered row can be located.
CHECKPOINT_ENTRIES: Final = 1_000

_SIZE_DIGITS: Final = 15
_SUFFIX: Final = ".checkpoint"
_ORIGIN: Final = "constituent-hub/"
_ORIGIN_DIGITS: Final = 8


class DisclosureUnknown(HubError):
    """No disclosure of that number was ever written."""

    def __init__(self, id_: int) -> None:
        super().__init__(f"no disclosure {id_} was ever written")


class ProofNotForThem(HubError):
    """A proof holds whom its entry is about: not for an auditor who may not see everybody."""

    def __init__(self) -> None:
        super().__init__("a proof holds whom its entry is about: an auditor must be cleared for it")


class CheckpointUnwritable(HubError):
    """The folder that checkpoints are also kept in does not take one: none is signed."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A signed checkpoint. erased: of how many of its leaves the entry was erased."""

    size: int
    erased: int
    note: Note
    signed_at: datetime


def origin_of(hub: Hub) -> str:
    """The log's name."""
    return hub.log.origin or _ORIGIN + hub.keys.fingerprint().hex()[:_ORIGIN_DIGITS]


def log_key(hub: Hub) -> LogKey:
    """What checkpoints of this log are verified with."""
    public = _private(hub).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return LogKey(origin_of(hub), public)


def _private(hub: Hub) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hub.keys.derive(Purpose.LOG_SIGNING))


# --- growing -----------------------------------------------------------------------------------


def sequence_all(hub: Hub) -> int:
    """Number every entry committed by now, a transaction a batch; answers how many. Raises LogBroken."""
    with database.transaction(hub.engine) as connection:
        if not log.has_pending(connection):
            return 0
    total = 0
    while True:
        with database.transaction(hub.engine) as connection:
            numbered = log.sequence(connection)
        total += numbered
        if numbered < log.SEQUENCE_BATCH:
            return total


def seal(hub: Hub, *, is_forced: bool = False) -> Sealed | None:
    """Number what is pending and sign a checkpoint where one is due; None where none was signed.

    Due is the first at once, and another when entries were numbered or erased since the last, and either
    1,000 were or the time between two has passed. is_forced: however few, however soon.
    Raises LogBroken where the tree is not the one signed last: then nothing is signed. Raises CheckpointUnwritable.
    """
    sequence_all(hub)
    with database.transaction(hub.engine) as connection:
        log.lock(connection)
        return _signed_if_due(hub, connection, is_forced)


def head(hub: Hub) -> Checkpoint | None:
    """What was signed last; None before the first. Raises LogBroken."""
    with database.transaction(hub.engine) as connection:
        last = _last(hub, connection)
    return None if last is None else Checkpoint.parse(last.note.text)


def _signed_if_due(hub: Hub, connection: Connection, is_forced: bool) -> Sealed | None:
    last, size = _last(hub, connection), log.size(connection)
    if last is not None and not (is_forced or _is_due(hub, last, size)):
        return None
    # Erasure is for good: never fewer than were signed, or a row put back would be signed for.
    erased = max(log.count_erased(connection), 0 if last is None else last.erased)
    if last is not None and (last.size, last.erased) == (size, erased):
        return None
    edge = log.right_edge(connection)
    if last is not None:
        _require_same_tree(connection, Checkpoint.parse(last.note.text), edge)
    sealed = _signed(hub, edge, erased)
    if hub.log.checkpoint_dir is not None:
        for kept in _newest_in(hub.log.checkpoint_dir):
            _require_same_tree(connection, _opened(hub, kept.read_bytes(), str(kept)), edge)
        _keep_in(hub.log.checkpoint_dir, sealed)
    log.add_checkpoint(connection, StoredCheckpoint(size, str(sealed.note), sealed.signed_at))
    return sealed


def _is_due(hub: Hub, last: Sealed, size: int) -> bool:
    waited = hub.now() - last.signed_at
    return size - last.size >= CHECKPOINT_ENTRIES or waited >= timedelta(
        seconds=hub.log.checkpoint_every_s
    )


def _signed(hub: Hub, edge: RightEdge, erased: int) -> Sealed:
    lines = (f"{ERASED} {erased}",) if erased else ()
    checkpoint = Checkpoint(origin_of(hub), edge.size, edge.root(), lines)
    return Sealed(edge.size, erased, sign(checkpoint, _private(hub)), hub.now())


def _last(hub: Hub, connection: Connection) -> Sealed | None:
    stored = log.last_checkpoint(connection)
    if stored is None:
        return None
    content = stored.note.encode()
    checkpoint = _opened(hub, content, "the checkpoint signed last")
    return Sealed(checkpoint.size, _erased_in(checkpoint), Note.parse(content), stored.signed_at)


def _opened(hub: Hub, content: bytes, name: str) -> Checkpoint:
    """A checkpoint that was signed before. Raises LogBroken for what is none of this log."""
    try:
        return open_checkpoint(content, [log_key(hub)], origin_of(hub))
    except NoteRefused as refused:
        raise LogBroken(
            f"{name} does not hold ({refused.rule.value}): nothing is signed after it"
        ) from refused


def _erased_in(checkpoint: Checkpoint) -> int:
    numbers = (line.removeprefix(f"{ERASED} ") for line in checkpoint.extensions)
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _require_same_tree(connection: Connection, signed: Checkpoint, edge: RightEdge) -> None:
    """What was signed before must be how this tree began: else two checkpoints would contradict each other."""
    if signed.size > edge.size:
        raise LogBroken(
            f"{edge.size} leaves are here, {signed.size} were signed: nothing is signed after them"
        )
    if root_at(signed.size, log.node_reader(connection)) != signed.root:
        raise LogBroken(
            f"the first {signed.size} leaves are not those that were signed: nothing is signed after them"
        )


def _newest_in(folder: Path) -> list[Path]:
    """The checkpoints of most leaves that were kept: a database set back to a backup no longer knows them."""
    kept = sorted(folder.glob(f"*{_SUFFIX}"))
    return [file for file in kept if file.name[:_SIZE_DIGITS] == kept[-1].name[:_SIZE_DIGITS]]


def _keep_in(folder: Path, sealed: Sealed) -> None:
    """Write a checkpoint to a file of its own, whose name says its size and how much was erased."""
    file = folder / f"{sealed.size:0{_SIZE_DIGITS}d}-{sealed.erased}{_SUFFIX}"
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        with os.fdopen(handle, "wb") as out:
            out.write(str(sealed.note).encode())
            out.flush()
            os.fsync(out.fileno())
    except FileExistsError:
        # Of the same tree, as was just seen: a crash came between the file and the commit.
        return
    except OSError as cause:
        raise CheckpointUnwritable(f"{file} cannot be written: {cause.strerror}") from cause


# --- showing -----------------------------------------------------------------------------------


def last_note(hub: Hub) -> Note | None:
    """What was signed last, as it was signed; None before the first. Raises LogBroken."""
    with database.transaction(hub.engine) as connection:
        last = _last(hub, connection)
    return None if last is None else last.note


def prove(hub: Hub, disclosure: int, *, is_cleared: bool = True) -> Proof:
    """That the log holds this entry, for whoever keeps the text; numbered and signed first where need be.

    is_cleared: whoever asks may see constituents at risk. Raises ProofNotForThem, DisclosureUnknown,
    EntryInvalid for one that was erased, LogBroken, SealBroken.
    """
    if not is_cleared:
        raise ProofNotForThem
    seal(hub, is_forced=True)
    with database.snapshot(hub.engine) as connection:
        stored = disclosures.find(connection, disclosure)
        if stored is None:
            raise DisclosureUnknown(disclosure)
        last = _last(hub, connection)
        if stored.number is None or last is None or stored.number >= last.size:
            raise LogBroken(f"disclosure {disclosure} has no place under a checkpoint")
        entry = disclosing.entry_of(hub.keys, stored)
        path = inclusion_proof(stored.number, last.size, log.node_reader(connection))
    return proof.prove(entry, stored.number, path, last.note)


def export(hub: Hub, write: Callable[[bytes], object], *, is_cleared: bool = True) -> int:
    """The whole log for an auditor, a line at a time, as consent/log/verify.py reads it; how many rows.

    It holds what was asked and decided of constituents by pairwise id: for the auditor's eyes. is_cleared: an
    auditor who may not see constituents at risk is given no entry's subject part, but each one's digest: enough to
    check the tree, and every row alike. Raises SealBroken for an entry that does not open.
    """
    count = 0
    with database.snapshot(hub.engine) as connection:
        write(header_line(origin_of(hub)))
        for checkpoint in log.checkpoints(connection):
            write(checkpoint_line(checkpoint.note))
        for rows in log.rows(connection):
            for row in rows:
                entry = readable(hub.keys, row) if is_cleared else digest_only(row)
                write(row_line(row.number, row.leaf, entry))
            count += len(rows)
    return count
