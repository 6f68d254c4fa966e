"""Proofs that a constituent keeps: her entry, its place in the tree, and a signed checkpoint, in one text.

The form is C2SP tlog-proof. Its `extra` line carries the entry itself, for whoever holds the text should be
able to read it and to check it with nobody's help. Who may have which proof is decided elsewhere.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from consent.log.checkpoint import Checkpoint, LogKey, Note, NoteRefused, NoteRule, open_checkpoint
from consent.log.entry import NONCE_BYTES, Entry, EntryInvalid, subject_digest
from consent.log.export import canonical, entry_parts
from consent.log.tree import HASH_BYTES, leaf_hash, verify_inclusion

SUFFIX: Final = ".tlog-proof"
HEADER: Final = "c2sp.org/tlog-proof@v1"

_INDEX: Final = re.compile(r"index (0|[1-9][0-9]{0,18})")
_HASHES_MAX: Final = 63
_BYTES_MAX: Final = 524_288


@dataclass(frozen=True, slots=True)
class Proof:
    """Leaf `index` with its audit path in the tree of `checkpoint`, a note; nothing is verified yet."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = field(default=None, repr=False)

    def __str__(self) -> str:
        lines = [HEADER]
        if self.extra is not None:
            lines.append(f"extra {_base64(self.extra)}")
        lines += [f"index {self.index}", *map(_base64, self.path), "", str(self.checkpoint)]
        return "\n".join(lines)

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Strictly as tlog-proof says. Raises NoteRefused."""
        if len(content) > _BYTES_MAX:
            raise NoteRefused(NoteRule.TOO_LONG)
        head, blank, note = content.partition(b"\n\n")
        first, *lines = head.decode("utf-8", "replace").split("\n")
        if first != HEADER or not blank:
            raise NoteRefused(NoteRule.PROOF_HEADER)
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = _bytes_of(lines.pop(0).removeprefix("extra "), NoteRule.PROOF_EXTRA)
        numbered = _INDEX.fullmatch(lines.pop(0)) if lines else None
        if numbered is None:
            raise NoteRefused(NoteRule.PROOF_INDEX)
        path = tuple(_bytes_of(line, NoteRule.PROOF_LINE) for line in lines)
        if len(path) > _HASHES_MAX or any(len(item) != HASH_BYTES for item in path):
            raise NoteRefused(NoteRule.PROOF_LINE)
        return cls(int(numbered[1]), path, Note.parse(note), extra)


def prove(entry: Entry, index: int, path: Sequence[bytes], checkpoint: Note) -> Proof:
    """The proof of an entry not erased. Raises EntryInvalid for one that is."""
    if entry.is_erased:
        raise EntryInvalid("erased: there is nothing to prove to anybody")
    return Proof(index, tuple(path), checkpoint, canonical(entry_parts(entry)))


def open_proof(content: bytes, keys: Iterable[LogKey], origin: str) -> tuple[Entry, Checkpoint]:
    """The entry that the log held at the checkpoint, verified throughout.

    Raises NoteRefused or EntryInvalid.
    """
    proof = Proof.parse(content)
    checkpoint = open_checkpoint(str(proof.checkpoint).encode(), keys, origin)
    entry = _entry(proof.extra)
    leaf = leaf_hash(entry.commitment)
    if not verify_inclusion(leaf, proof.index, checkpoint.size, proof.path, checkpoint.root):
        raise EntryInvalid("not in the tree of this checkpoint")
    return entry, checkpoint


def _entry(extra: bytes | None) -> Entry:
    if extra is None:
        raise NoteRefused(NoteRule.PROOF_EXTRA)
    try:
        parts = json.loads(extra.decode("utf-8"))
        account, subject = parts["account"].encode("utf-8"), parts["subject"].encode("utf-8")
        nonce = _bytes_of(parts["nonce"], NoteRule.PROOF_EXTRA)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as cause:
        raise NoteRefused(NoteRule.PROOF_EXTRA) from cause
    if len(nonce) != NONCE_BYTES:
        raise NoteRefused(NoteRule.PROOF_EXTRA)
    entry = Entry(account, subject_digest(subject, nonce), subject, nonce)
    if canonical(entry_parts(entry)) != extra:
        raise NoteRefused(NoteRule.PROOF_EXTRA)
    return entry


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _bytes_of(text: str, rule: NoteRule) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except ValueError as cause:
        raise NoteRefused(rule) from cause
    if _base64(content) != text:
        raise NoteRefused(rule)
    return content
