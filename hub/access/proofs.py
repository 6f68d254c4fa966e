"""Proofs of possession, DPoP (RFC 9449): that whoever sends a request holds the key its token is bound to.

Decides everything about a proof but whether it was used before, which a store must say.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.access import jose
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.keys import PublicKey, public_key

WHAT: Final = "proof"

#: How old a proof may be: FAPI 2.0 wants it short, and a slow network some seconds.
LASTS: Final = timedelta(seconds=60)
_TYPES: Final = frozenset({"dpop+jwt"})


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof that fits its request. jti: what it may be used once by."""

    key: PublicKey
    jti: str
    issued_at: datetime

    @property
    def expires_at(self) -> datetime:
        """After this nobody would take it."""
        return self.issued_at + LASTS + jose.SKEW


def check_proof(
    text: str, method: str, address: str, at: datetime, token: str | None = None
) -> Proof:
    """The proof, for a request of this method to this address (without query), sent with that token.

    Raises CredentialsRefused.
    """
    signed = jose.read(WHAT, text, _TYPES, lambda header, _: _key(header.get("jwk")))
    claims = signed.claims
    if claims.get("htm") != method:
        raise CredentialsRefused(WHAT, Flaw.METHOD)
    if claims.get("htu") != address:
        raise CredentialsRefused(WHAT, Flaw.ADDRESS)
    issued_at = jose.moment_of(WHAT, claims, "iat")
    if issued_at > at + jose.SKEW:
        raise CredentialsRefused(WHAT, Flaw.EARLY)
    if issued_at <= at - LASTS:
        raise CredentialsRefused(WHAT, Flaw.EXPIRED)
    if token is not None and claims.get("ath") != token_hash(token):
        raise CredentialsRefused(WHAT, Flaw.BINDING)
    return Proof(signed.key, jose.text_of(WHAT, claims, "jti", 128), issued_at)


def _key(members: object) -> PublicKey:
    try:
        return public_key(members)
    except CredentialsRefused as refused:
        # The proof's flaw as its reader hears it (RFC 9449 §5), wherever in it that is.
        flaw = refused.flaw
    raise CredentialsRefused(WHAT, flaw)


def token_hash(token: str) -> str:
    """What a proof says of the token it goes with (RFC 9449 §4.2, ath)."""
    digest = hashlib.sha256(token.encode("ascii", "replace")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
