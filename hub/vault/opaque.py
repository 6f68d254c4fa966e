"""Numbers of ours as others may know them: the same each time, and telling neither order nor count.

One block of AES under a key of its own is a keyed permutation, so what is shown is as good as random to whoever has
no key, and leads back to its number for who has. Whose number it is goes in too: one shown to an agency is nothing in
another's hands.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from hub.vault.keyring import Purpose, RootKey

_HALF: Final = 8


class OpaqueIds:
    """Ids of one kind of thing, for one reader of them."""

    __slots__ = ("_cipher", "_mark")

    def __init__(self, keys: RootKey, kind: str, reader: str) -> None:
        # ECB of a single block that never repeats: no mode is needed, and none would leave it one block.
        self._cipher = Cipher(AES(keys.derive(Purpose.OPAQUE_ID)), ECB())  # noqa: S305
        self._mark = blake2b(f"{kind}\x00{reader}".encode(), digest_size=_HALF).digest()

    def of(self, number: int) -> UUID:
        """What the reader knows the number by."""
        return UUID(
            bytes=self._cipher.encryptor().update(self._mark + number.to_bytes(_HALF, "big"))
        )

    def number(self, shown: UUID) -> int | None:
        """The number that was shown so to this reader; None where none was."""
        block = self._cipher.decryptor().update(shown.bytes)
        return int.from_bytes(block[_HALF:], "big") if block[:_HALF] == self._mark else None
