"""The root key and the keys of each purpose derived from it; nothing else knows a long-lived key.

The root key rests in a file of its owner's alone. A key service takes its place by implementing
`derive`. Python cannot wipe memory: keys stay in the process until it ends.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import stat
from abc import abstractmethod
from collections.abc import Callable
from enum import StrEnum, unique
from pathlib import Path
from typing import Final, Protocol, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.domain.errors import KeyFileInvalid, WrongRootKey

KEY_BYTES: Final = 32
_FORMAT: Final = "constituent-hub root key 1"
_SALT: Final = b"constituent-hub/keys/1"
_FILE_BYTES_MAX: Final = 1024

RandomBytes = Callable[[int], bytes]


@unique
class Purpose(StrEnum):
    """Everything a key is derived for. A value is part of what is sealed: never reuse or change one."""

    RECORD_WRAP = "record.wrap"
    TAG = "tag"
    KEY_HASH = "key_hash"
    CONTENT_HASH = "content_hash"
    MODEL = "model"
    QUARANTINE = "quarantine"
    CURSOR = "cursor"
    STEWARDSHIP = "stewardship"
    PSEUDONYM = "pseudonym"
    QUESTION = "question"
    SUBJECT_WRAP = "subject.wrap"
    DISCLOSURE = "disclosure"
    NOTICE = "notice"
    LOG_SIGNING = "log.signing"
    CERTIFICATE_SIGNING = "certificate.signing"
    TOKEN_SIGNING = "token.signing"  # noqa: S105 (a name)
    USED_ONCE = "used_once"
    OPAQUE_ID = "opaque_id"
    REPEATED_ANSWER = "repeated_answer"
    LIFT_APPROVAL = "lift_approval"
    FINGERPRINT = "fingerprint"
    KEY_ID = "key_id"


class RootKey(Protocol):
    """What a key service must offer, `derive`; the check against a database follows from it."""

    @abstractmethod
    def derive(self, purpose: Purpose) -> bytes:
        """The 32-byte key of a purpose, the same at each call."""

    def fingerprint(self) -> bytes:
        """16 bytes that tell root keys apart and reveal none: a database keeps those of its own key."""
        return self.derive(Purpose.FINGERPRINT)[:16]

    def check(self, fingerprint: bytes) -> None:
        """Raise WrongRootKey unless the fingerprint kept in the database is this key's."""
        if not hmac.compare_digest(self.fingerprint(), fingerprint):
            raise WrongRootKey(
                "the root key is not the one this database was sealed with; "
                "restore the key file that was made with it"
            )


class HeldRootKey(RootKey):
    """A root key held in memory; derived keys are computed once. Neither shows in a repr."""

    __slots__ = ("_derived", "_root")

    def __init__(self, root: bytes) -> None:
        if len(root) != KEY_BYTES:
            raise ValueError(f"a root key has {KEY_BYTES} bytes, not {len(root)}")
        self._root = root
        self._derived: dict[Purpose, bytes] = {}

    def derive(self, purpose: Purpose) -> bytes:
        found = self._derived.get(purpose)
        if found is None:
            info = b"purpose:" + purpose.value.encode("ascii")
            found = HKDF(SHA256(), KEY_BYTES, _SALT, info).derive(self._root)
            self._derived[purpose] = found
        return found

    def key_id(self) -> str:
        """What the key file calls this key; a mistyped or mixed-up line shows by it."""
        return self.derive(Purpose.KEY_ID)[:8].hex()

    def __repr__(self) -> str:
        return f"HeldRootKey(key_id={self.key_id()!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        """Worker processes receive it by pickle, over a pipe of the same user."""
        return type(self), (self._root,)


def generate(random_bytes: RandomBytes = os.urandom) -> HeldRootKey:
    """A new root key that rests nowhere, for throw-away hubs."""
    return HeldRootKey(random_bytes(KEY_BYTES))


def create(path: Path, random_bytes: RandomBytes = os.urandom) -> HeldRootKey:
    """A new root key in a new file, 0600. Raises KeyFileInvalid where a file exists: none is replaced."""
    root = random_bytes(KEY_BYTES)
    key = HeldRootKey(root)
    text = f"{_FORMAT}\nid {key.key_id()}\nkey {base64.b64encode(root).decode('ascii')}\n"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as cause:
        raise KeyFileInvalid(f"{path} exists already; a root key is never overwritten") from cause
    except OSError as cause:
        raise KeyFileInvalid(f"{path} cannot be created: {cause.strerror}") from cause
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)
    return key


def load(path: Path) -> HeldRootKey:
    """The root key of a file. Raises KeyFileInvalid when it is missing, malformed or not private."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as cause:
        raise KeyFileInvalid(f"{path} cannot be read: {cause.strerror}") from cause
    try:
        # Asked of the open file, so that it cannot be exchanged between the look and the reading.
        _require_private(path, os.fstat(handle))
        content = os.read(handle, _FILE_BYTES_MAX + 1)
    finally:
        os.close(handle)
    return _parse(path, content)


def _require_private(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise KeyFileInvalid(f"{path} is not a file")
    if found.st_uid != os.geteuid():
        raise KeyFileInvalid(f"{path} belongs to another user")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyFileInvalid(f"{path} is open to other users; run: chmod 600 {path}")


def _parse(path: Path, content: bytes) -> HeldRootKey:
    # No message quotes the file, and no cause is chained: both could show key material.
    if len(content) > _FILE_BYTES_MAX:
        raise KeyFileInvalid(f"{path} is not a root key file: too long")
    lines = content.decode("ascii", errors="replace").splitlines()
    if len(lines) != 3 or lines[0] != _FORMAT:
        raise KeyFileInvalid(f"{path} is not a root key file: first line or length is wrong")
    if not lines[1].startswith("id ") or not lines[2].startswith("key "):
        raise KeyFileInvalid(f"{path}: the lines `id` and `key` are missing")
    key = _decoded(lines[2].removeprefix("key "))
    if key is None:
        raise KeyFileInvalid(f"{path}: the key is not {KEY_BYTES} bytes in base64")
    if lines[1] != f"id {key.key_id()}":
        raise KeyFileInvalid(f"{path}: the key does not fit its id; a line was altered")
    return key


def _decoded(text: str) -> HeldRootKey | None:
    try:
        root = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return HeldRootKey(root) if len(root) == KEY_BYTES else None


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable: a sealed database without its key file is lost."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
