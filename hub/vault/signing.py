"""Keys the hub signs with, Ed25519: what a constituent takes away, and the tokens of its own issuer.

Each thing signed has a key of its own and says in itself what it is. Which bytes are signed is the caller's.
"""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hub.domain.errors import HubError
from hub.vault.keyring import Purpose, RootKey

PUBLIC_BYTES: Final = 32


class NotGenuine(HubError):
    """A certificate or an export is not what the hub gave: names the rule it breaks."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        super().__init__(f"not genuine: {rule}")


class CertificateKey:
    """The key of one hub's certificates and exports, the same as long as its root key is."""

    def __init__(self, keys: RootKey) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(
            keys.derive(Purpose.CERTIFICATE_SIGNING)
        )

    @property
    def public(self) -> bytes:
        """The raw public key."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public_pem(self) -> bytes:
        """The public key in the form that other tools read."""
        return self._private.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, content: bytes) -> bytes:
        """64 bytes over exactly these bytes."""
        return self._private.sign(content)


def token_key(keys: RootKey) -> Ed25519PrivateKey:
    """The key of the hub's own token issuer, the same as long as its root key is."""
    return Ed25519PrivateKey.from_private_bytes(keys.derive(Purpose.TOKEN_SIGNING))


def is_signed(public: bytes, content: bytes, signature: bytes) -> bool:
    """Whether the signature over these bytes is of that public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True
