"""Signed checkpoints: what the log's key says the tree is, as C2SP tlog-checkpoint and signed-note.

Decides which notes are well formed and which signatures count. When a checkpoint is due, where its
key lies and whom it is published to is the sealing worker's business. Ed25519 (type 0x01) only.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum, unique
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from consent.log.tree import HASH_BYTES
from hub.domain.errors import HubError

NOTE_BYTES_MAX: Final = 131_072
SIGNATURES_MAX: Final = 32
"""signed-note asks for at least 16, and for a limit; post-quantum cosignatures take some 5 kB each."""

ERASED: Final = "erased"
"""Extension line `erased N`: of how many of these leaves the entry was erased when it was signed. Erasure
is for good, so fewer erased rows than that are a backup restored over erasures."""

_ED25519: Final = b"\x01"
_KEY_ID_BYTES: Final = 4
_EM_DASH: Final = "\N{EM DASH} "
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_KEY_NAME: Final = re.compile(r"[^\s+]+")


@unique
class NoteRule(StrEnum):
    """What a note, checkpoint, key or proof must keep; the name is what a refusal tells."""

    TOO_LONG = "note_too_long"
    NOT_UTF8 = "not_utf8"
    CONTROL_CHARACTER = "control_character"
    NO_FINAL_NEWLINE = "no_final_newline"
    NO_BLANK_LINE = "no_blank_line_before_signatures"
    NO_SIGNATURE = "no_signature"
    TOO_MANY_SIGNATURES = "too_many_signatures"
    SIGNATURE_LINE = "signature_line"
    KEY_NAME = "key_name"
    KEY_FORM = "key_form"
    KEY_ID = "key_id_of_another_key"
    TOO_FEW_LINES = "fewer_than_three_lines"
    EMPTY_LINE = "empty_line"
    SIZE = "size_not_a_plain_decimal"
    ROOT = "root_not_base64_of_32_bytes"
    OTHER_ORIGIN = "of_another_log"
    SIGNATURE_FALSE = "signature_of_a_known_key_is_false"
    NOT_SIGNED_BY_THE_LOG = "not_signed_by_the_log"
    PROOF_HEADER = "proof_header"
    PROOF_INDEX = "proof_index"
    PROOF_LINE = "proof_line"
    PROOF_EXTRA = "proof_extra"


class NoteRefused(HubError):
    """A note, key or proof breaks a rule."""

    def __init__(self, rule: NoteRule) -> None:
        self.rule = rule
        super().__init__(f"refused: {rule.value}")


@dataclass(frozen=True, slots=True)
class LogKey:
    """A public Ed25519 key under a name; a log's own key has the log's origin for a name."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _KEY_NAME.fullmatch(self.name) or not self.name.isprintable():
            raise NoteRefused(NoteRule.KEY_NAME)
        if len(self.public) != HASH_BYTES:
            raise NoteRefused(NoteRule.KEY_FORM)

    @property
    def key_id(self) -> bytes:
        """SHA-256(name, newline, type, public key), its first four bytes (signed-note)."""
        named = self.name.encode() + b"\n" + _ED25519 + self.public
        return sha256(named).digest()[:_KEY_ID_BYTES]

    def __str__(self) -> str:
        """`name+id+base64(type, key)`, as verifier keys of notes are commonly written."""
        return f"{self.name}+{self.key_id.hex()}+{_base64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key so written. Raises NoteRefused."""
        name, _, rest = text.partition("+")
        key_id, _, encoded = rest.partition("+")
        raw = _bytes_of(encoded)
        if raw is None or raw[:1] != _ED25519:
            raise NoteRefused(NoteRule.KEY_FORM)
        key = cls(name, raw[1:])
        if key.key_id.hex() != key_id:
            raise NoteRefused(NoteRule.KEY_ID)
        return key

    def verifies(self, signature: bytes, text: str) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: whose it claims to be, and its bytes."""

    name: str
    key_id: bytes
    value: bytes = field(repr=False)

    def __str__(self) -> str:
        return f"{_EM_DASH}{self.name} {_base64(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures below it; nothing is verified yet. `text` ends in a newline."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Strictly as signed-note says. Raises NoteRefused."""
        if len(content) > NOTE_BYTES_MAX:
            raise NoteRefused(NoteRule.TOO_LONG)
        try:
            note = content.decode("utf-8")
        except UnicodeDecodeError as cause:
            raise NoteRefused(NoteRule.NOT_UTF8) from cause
        if any(character < " " and character != "\n" for character in note):
            raise NoteRefused(NoteRule.CONTROL_CHARACTER)
        if not note.endswith("\n"):
            raise NoteRefused(NoteRule.NO_FINAL_NEWLINE)
        text, blank, below = note.rpartition("\n\n")
        if not blank:
            raise NoteRefused(NoteRule.NO_BLANK_LINE)
        if not below:
            raise NoteRefused(NoteRule.NO_SIGNATURE)
        lines = below[:-1].split("\n")
        if len(lines) > SIGNATURES_MAX:
            raise NoteRefused(NoteRule.TOO_MANY_SIGNATURES)
        return cls(text + "\n", tuple(map(_signature, lines)))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree's size and root under the log's name. Raises NoteRefused for what cannot be written."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if not all(lines):
            raise NoteRefused(NoteRule.EMPTY_LINE)
        if any(character < " " for line in lines for character in line):
            raise NoteRefused(NoteRule.CONTROL_CHARACTER)
        if not _NUMBER.fullmatch(str(self.size)):
            raise NoteRefused(NoteRule.SIZE)
        if len(self.root) != HASH_BYTES:
            raise NoteRefused(NoteRule.ROOT)

    @property
    def text(self) -> str:
        """The note text: origin, size, root, extension lines."""
        lines = (self.origin, str(self.size), _base64(self.root), *self.extensions)
        return "".join(line + "\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The checkpoint with exactly this text. Raises NoteRefused."""
        origin, *rest = text.split("\n")[:-1] or [""]
        if len(rest) < 2:
            raise NoteRefused(NoteRule.TOO_FEW_LINES)
        size, root, *extensions = rest
        if not _NUMBER.fullmatch(size):
            raise NoteRefused(NoteRule.SIZE)
        return cls(origin, int(size), _bytes_of(root) or b"", tuple(extensions))


def sign(checkpoint: Checkpoint, private: Ed25519PrivateKey, name: str | None = None) -> Note:
    """The checkpoint as a note signed under its origin (or, for a witness of ours, another name).

    The caller must never sign two that contradict each other: nothing here remembers the last one.
    """
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key = LogKey(name or checkpoint.origin, public)
    value = private.sign(checkpoint.text.encode())
    return Note(checkpoint.text, (Signature(key.name, key.key_id, value),))


def cosigned(note: Note, *others: Note) -> Note:
    """The note with the signatures of others over the same text. Raises ValueError for another text."""
    if any(other.text != note.text for other in others):
        raise ValueError("signatures over another text")
    return Note(note.text, note.signatures + tuple(s for other in others for s in other.signatures))


def open_checkpoint(content: bytes, keys: Iterable[LogKey], origin: str) -> Checkpoint:
    """The checkpoint in a note, after all of this holds, in this order; else NoteRefused.

    1. The note is well formed, and so is its text. 2. It is of this log. 3. Every signature of a known key
    (name and id) verifies; those of unknown keys are ignored, so long as their lines are well formed.
    4. One is by a key of the log's own name: a known witness alone cannot speak for the log.
    """
    note = Note.parse(content)
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != origin:
        raise NoteRefused(NoteRule.OTHER_ORIGIN)
    known = {(key.name, key.key_id): key for key in keys}
    by_the_log = False
    for signature in note.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verifies(signature.value, note.text):
            raise NoteRefused(NoteRule.SIGNATURE_FALSE)
        by_the_log = by_the_log or key.name == origin
    if not by_the_log:
        raise NoteRefused(NoteRule.NOT_SIGNED_BY_THE_LOG)
    return checkpoint


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_EM_DASH).partition(" ")
    value = _bytes_of(encoded)
    if not line.startswith(_EM_DASH) or value is None or len(value) <= _KEY_ID_BYTES:
        raise NoteRefused(NoteRule.SIGNATURE_LINE)
    if not _KEY_NAME.fullmatch(name):
        raise NoteRefused(NoteRule.KEY_NAME)
    return Signature(name, value[:_KEY_ID_BYTES], value[_KEY_ID_BYTES:])


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _bytes_of(text: str) -> bytes | None:
    """Of standard base64 in its one canonical form, else None: a last digit's idle bits must be 0."""
    try:
        content = b64decode(text, validate=True)
    except ValueError:
        return None
    return content if _base64(content) == text else None
