"""Seal bytes so that they open only in their own place: AES-256-GCM with bound associated data.

A record's blobs are sealed under a data key of the record's own, which is kept wrapped: destroy the
wrapped key and the record is erased. What hangs on a subject has such a key too. Other single values are
sealed under the key of their purpose.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.domain.errors import SealBroken
from hub.vault.keyring import KEY_BYTES, Purpose, RandomBytes, RootKey

_BLOB_FORMAT: Final = b"constituent-hub/blob/1"
_KEY_FORMAT: Final = b"constituent-hub/record-key/1"
_VALUE_FORMAT: Final = b"constituent-hub/value/1"
_SUBJECT_FORMAT: Final = b"constituent-hub/subject/1"
_SUBJECT_KEY_FORMAT: Final = b"constituent-hub/subject-key/1"
_DATA_KEY: Final = b"data_key"

_FORMAT_NUMBER: Final = 1
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16

# A wrapped key: format number, key generation | nonce | sealed data key and its tag. 63 bytes.
_HEADER: Final = struct.Struct(">BH")
_SEALED_KEY_AT: Final = _HEADER.size + _NONCE_BYTES
WRAPPED_KEY_BYTES: Final = _SEALED_KEY_AT + KEY_BYTES + _TAG_BYTES

# The end of every associated data: record id, row version, key generation, each after its length.
_PLACE: Final = struct.Struct(">IqIqIH")

ClassName = TypeVar("ClassName", bound=str)

SealedRow = tuple[int, int, bytes, bytes]
"""Record id, row version, wrapped key, one class's blob."""


@dataclass(frozen=True, slots=True)
class Sealed(Generic[ClassName]):
    """A record at rest: its wrapped data key, and a blob for each class that was given."""

    wrapped_key: bytes = field(repr=False)
    blobs: dict[ClassName, bytes] = field(repr=False)


class RecordSealer:
    """Seals and opens the blobs of one table's records.

    Every `seal` draws a new data key, so no nonce can meet a key twice: within one key a blob's nonce
    is its class's name, and a class is sealed once. It follows that all classes of a record are
    rewritten together. A wrapped key's nonce is random; NIST SP 800-38D bounds those to 2^32 wraps
    under one generation of the wrapping key.

    Bound to each blob: table, class, record id, row version, key generation. A blob moved to another
    row or column, or left behind by an update, does not open. A whole row set back to an older
    version with its key does: noticing that is the disclosure log's work.
    """

    def __init__(
        self,
        keys: RootKey,
        *,
        table: str = "records",
        generation: int = 1,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        self._wrapping = AESGCM(keys.derive(Purpose.RECORD_WRAP))
        self._table = table
        self._generation = generation
        self._header = _HEADER.pack(_FORMAT_NUMBER, generation)
        self._key_prefix = _joined(_KEY_FORMAT, table.encode(), b"data_key")
        self._classes: dict[str, tuple[bytes, bytes]] = {}
        self._random_bytes = random_bytes

    def seal(
        self, record_id: int, version: int, blobs: Mapping[ClassName, bytes]
    ) -> Sealed[ClassName]:
        """Seal a record's classes under a new data key. Class names: 1 to 12 ASCII characters."""
        place = self._place(record_id, version)
        fresh = self._random_bytes(KEY_BYTES + _NONCE_BYTES)
        data_key, nonce = fresh[:KEY_BYTES], fresh[KEY_BYTES:]
        wrapped = self._wrapping.encrypt(nonce, data_key, self._key_prefix + place)
        encrypt = AESGCM(data_key).encrypt
        sealed = {}
        for name, content in blobs.items():
            class_nonce, prefix = self._class(name)
            sealed[name] = encrypt(class_nonce, content, prefix + place)
        return Sealed(self._header + nonce + wrapped, sealed)

    def open(
        self, record_id: int, version: int, wrapped_key: bytes, blobs: Mapping[ClassName, bytes]
    ) -> dict[ClassName, bytes]:
        """Open the classes given, and no more. Raises SealBroken."""
        place = self._place(record_id, version)
        name: str = "data_key"
        try:
            decrypt = AESGCM(self._unwrap(wrapped_key, record_id, place)).decrypt
            opened = {}
            for name, blob in blobs.items():
                class_nonce, prefix = self._class(name)
                opened[name] = decrypt(class_nonce, blob, prefix + place)
        except InvalidTag as cause:
            raise self._broken(record_id, name) from cause
        return opened

    def open_many(self, class_name: str, rows: Iterable[SealedRow]) -> Iterator[bytes]:
        """Open one class of many records, in their order; for millions, so the loop is laid out flat."""
        class_nonce, prefix = self._class(class_name)
        key_prefix, header, generation = self._key_prefix, self._header, self._generation
        unwrap, place_of, cipher = self._wrapping.decrypt, _PLACE.pack, AESGCM
        head, sealed_at, size = _HEADER.size, _SEALED_KEY_AT, WRAPPED_KEY_BYTES
        record_id = 0
        try:
            for record_id, version, wrapped, blob in rows:
                if len(wrapped) != size or wrapped[:head] != header:
                    raise self._broken(record_id, "data_key")
                place = place_of(8, record_id, 8, version, 2, generation)
                key = unwrap(wrapped[head:sealed_at], wrapped[sealed_at:], key_prefix + place)
                yield cipher(key).decrypt(class_nonce, blob, prefix + place)
        except InvalidTag as cause:
            raise self._broken(record_id, class_name) from cause

    def _unwrap(self, wrapped: bytes, record_id: int, place: bytes) -> bytes:
        if len(wrapped) != WRAPPED_KEY_BYTES or wrapped[: _HEADER.size] != self._header:
            raise self._broken(record_id, "data_key")
        nonce, sealed = wrapped[_HEADER.size : _SEALED_KEY_AT], wrapped[_SEALED_KEY_AT:]
        return self._wrapping.decrypt(nonce, sealed, self._key_prefix + place)

    def _place(self, record_id: int, version: int) -> bytes:
        return _PLACE.pack(8, record_id, 8, version, 2, self._generation)

    def _class(self, name: str) -> tuple[bytes, bytes]:
        """A class's nonce and the start of its associated data."""
        known = self._classes.get(name)
        if known is None:
            label = name.encode("ascii")
            if not 0 < len(label) <= _NONCE_BYTES or b"\0" in label:
                raise ValueError(f"a class name has 1 to {_NONCE_BYTES} characters: {name!r}")
            nonce = label.ljust(_NONCE_BYTES, b"\0")
            known = (nonce, _joined(_BLOB_FORMAT, self._table.encode(), label))
            self._classes[name] = known
        return known

    def _broken(self, record_id: int, name: str) -> SealBroken:
        return SealBroken(
            f"{self._table} {record_id}: {name} does not open; it was altered, moved, or sealed "
            "under another key"
        )


class _ContextSealer:
    """Seals values under one key, each bound to a context: format number, random nonce, ciphertext."""

    def __init__(
        self, key: bytes, prefix: bytes, what: str, random_bytes: RandomBytes = os.urandom
    ) -> None:
        self._cipher = AESGCM(key)
        self._prefix = prefix
        self._what = what
        self._random_bytes = random_bytes

    def seal(self, context: bytes, content: bytes) -> bytes:
        """Format number, nonce, ciphertext. `context` says what the value belongs to; keep it at hand."""
        nonce = self._random_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, content, self._prefix + _joined(context))
        return bytes((_FORMAT_NUMBER,)) + nonce + sealed

    def open(self, context: bytes, sealed: bytes) -> bytes:
        """The content sealed with that context. Raises SealBroken."""
        if len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES or sealed[0] != _FORMAT_NUMBER:
            raise self._broken()
        nonce, body = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, body, self._prefix + _joined(context))
        except InvalidTag as cause:
            raise self._broken() from cause

    def _broken(self) -> SealBroken:
        return SealBroken(f"a sealed {self._what} value does not open in this context")


class ValueSealer(_ContextSealer):
    """Seals single values under the key of their purpose, each bound to a context.

    Nonces are random: one purpose key serves up to 2^32 values (NIST SP 800-38D).
    Raises ValueError for a purpose that is not for values: no key may serve two uses.
    """

    PURPOSES: Final = frozenset(
        {
            Purpose.MODEL,
            Purpose.QUARANTINE,
            Purpose.CURSOR,
            Purpose.STEWARDSHIP,
            Purpose.DISCLOSURE,
            Purpose.NOTICE,
            Purpose.REPEATED_ANSWER,
            Purpose.LIFT_APPROVAL,
        }
    )

    def __init__(
        self, keys: RootKey, purpose: str, *, random_bytes: RandomBytes = os.urandom
    ) -> None:
        found = Purpose(purpose)
        if found not in self.PURPOSES:
            raise ValueError(f"no values are sealed for the purpose {purpose!r}")
        prefix = _joined(_VALUE_FORMAT, found.encode())
        super().__init__(keys.derive(found), prefix, found.value, random_bytes)


class SubjectSealer(_ContextSealer):
    """Seals what hangs on one subject under a data key of hers: destroy the wrapped key and it is erased.

    subject: her keyed hash, bound to the key and to each value. Raises SealBroken where the wrapped key is
    another subject's, or wrapped under another root key.
    """

    def __init__(
        self,
        keys: RootKey,
        subject: bytes,
        wrapped_key: bytes,
        *,
        random_bytes: RandomBytes = os.urandom,
    ) -> None:
        key = _subject_wrapping(keys, subject, random_bytes).open(_DATA_KEY, wrapped_key)
        prefix = _joined(_SUBJECT_FORMAT, subject)
        super().__init__(key, prefix, "subject's", random_bytes)

    @staticmethod
    def new_key(keys: RootKey, subject: bytes, *, random_bytes: RandomBytes = os.urandom) -> bytes:
        """A fresh data key for a subject, wrapped."""
        wrapping = _subject_wrapping(keys, subject, random_bytes)
        return wrapping.seal(_DATA_KEY, random_bytes(KEY_BYTES))


def _subject_wrapping(keys: RootKey, subject: bytes, random_bytes: RandomBytes) -> _ContextSealer:
    prefix = _joined(_SUBJECT_KEY_FORMAT, subject)
    return _ContextSealer(keys.derive(Purpose.SUBJECT_WRAP), prefix, "subject key", random_bytes)


def _joined(*parts: bytes) -> bytes:
    """Each part after its length: no two different tuples give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
