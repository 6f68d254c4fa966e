"""Client assertions, `private_key_jwt` (RFC 7523, OpenID Connect Core §9): a client says who it is by a signature.

Decides all but whether it was used before. Lifetimes and audience are FAPI 2.0's: a minute, and the issuer's own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hub.access import jose
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.keys import PublicKey, key_named

WHAT: Final = "assertion"
LASTS_MAX: Final = timedelta(seconds=60)
_TYPES: Final = frozenset({"", "jwt", "client-authentication+jwt"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """Who the client is. jti: what it may be used once by, until `expires_at`."""

    client: str
    jti: str
    expires_at: datetime

    @property
    def made_at(self) -> datetime:
        """It was not made before that."""
        return self.expires_at - LASTS_MAX


def client_named(text: str) -> str:
    """Whom an assertion claims to be of, not verified: to find that client's keys by. Raises CredentialsRefused."""
    _, claims = jose.parts(WHAT, text)
    return jose.text_of(WHAT, claims, "sub", 128)


def check_assertion(
    text: str, keys: Mapping[str, PublicKey], audience: str, at: datetime
) -> Assertion:
    """The assertion, verified. keys: the client's, by `kid`. Raises CredentialsRefused."""
    signed = jose.read(
        WHAT, text, _TYPES, lambda header, _: key_named(WHAT, keys, header.get("kid"))
    )
    claims = signed.claims
    client = jose.text_of(WHAT, claims, "sub", 128)
    if claims.get("iss") != client:
        raise CredentialsRefused(WHAT, Flaw.ISSUER)
    # The issuer's name as the one audience: a list would let another server's assertion be used here (openid/fapi #399).
    if claims.get("aud") != audience:
        raise CredentialsRefused(WHAT, Flaw.AUDIENCE)
    expires_at = jose.require_current(WHAT, claims, at, LASTS_MAX)
    return Assertion(client, jose.text_of(WHAT, claims, "jti", 128), expires_at)
