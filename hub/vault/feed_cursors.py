"""An agency's place in its feed, as it is given out: its number sealed, so that it tells no distance.

The same place always has the same text, bound to the agency. Which places there are is the journey's to say.
"""

from __future__ import annotations

import base64
import binascii
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from hub.domain.errors import HubError
from hub.vault.keyring import Purpose, RootKey

_POSITION_BYTES: Final = 8
_TAG_BYTES: Final = 16
_TEXT_CHARS: Final = (_POSITION_BYTES + _TAG_BYTES) * 4 // 3


class CursorRefused(HubError):
    """A cursor is not one that this agency was given: names the rule, and nothing of the cursor."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(f"cursor: {rule}")


class FeedCursors:
    """Seals and opens places. A synthetic IV (RFC 5297): no nonce that could run out however often they are asked."""

    def __init__(self, keys: RootKey) -> None:
        self._cipher = AESSIV(keys.derive(Purpose.FEED_CURSOR))

    def seal(self, agency: str, position: int) -> str:
        """The text for a place: 32 letters, digits, - or _."""
        content = position.to_bytes(_POSITION_BYTES, "big")
        sealed = self._cipher.encrypt(content, [agency.encode()])
        return base64.urlsafe_b64encode(sealed).decode("ascii")

    def open(self, agency: str, text: str) -> int:
        """The place that was given as this text. Raises CursorRefused."""
        refused = CursorRefused("must be one that this feed gave to this agency")
        if len(text) != _TEXT_CHARS or not text.isascii():
            raise refused
        try:
            sealed = base64.b64decode(text, altchars=b"-_", validate=True)
            content = self._cipher.decrypt(sealed, [agency.encode()])
        except (binascii.Error, ValueError, InvalidTag):
            raise refused from None
        return int.from_bytes(content, "big")
