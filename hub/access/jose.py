"""Signed tokens read strictly (RFC 7515, RFC 8725): bounded, one algorithm per key, nothing fetched, nothing guessed.

Decides the form alone. What the claims of each kind of token must say is assertions.py's, proofs.py's and tokens.py's.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry

from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.keys import PublicKey, SigningKey

#: Longer ones are refused unread (CVE-2025-61920 is what comes of reading them).
TOKEN_CHARACTERS_MAX: Final = 8_192

#: Clocks differ: FAPI 2.0 §5.3.2.1 takes what is at most 10 s early.
SKEW: Final = timedelta(seconds=10)

#: No key by reference (jku, x5u, x5c), nothing critical, nothing unencoded: a header with more is refused.
_HEADER: Final = frozenset({"alg", "typ", "kid", "jwk"})
_NUMBER_MAX: Final = 2**53


class _Registry(JWSRegistry):
    max_header_length = 2_048
    max_payload_length = TOKEN_CHARACTERS_MAX


ALGORITHMS: Final = ("ES256", "PS256", "Ed25519")
_REGISTRY: Final = _Registry(algorithms=ALGORITHMS)

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """A token whose signature holds."""

    header: Mapping[str, Any]
    claims: Claims
    key: PublicKey


def read(
    what: str,
    text: str,
    types: Iterable[str],
    key_of: Callable[[Mapping[str, Any], Claims], PublicKey],
) -> Signed:
    """The token, verified with the key that its unverified header and claims lead to.

    what: its kind, for the refusal. types: the `typ` it may have. Raises CredentialsRefused.
    """
    header, claims = parts(what, text)
    if str(header.get("typ", "")).lower() not in types:
        raise CredentialsRefused(what, Flaw.MALFORMED)
    key = key_of(header, claims)
    if header["alg"] != key.algorithm:
        raise CredentialsRefused(what, Flaw.ALGORITHM)
    try:
        jws.deserialize_compact(text, key.key, registry=_REGISTRY)
    except (JoseError, ValueError):
        pass
    else:
        return Signed(header, claims, key)
    raise CredentialsRefused(what, Flaw.SIGNATURE)


def parts(what: str, text: str) -> tuple[Mapping[str, Any], Claims]:
    """Header and claims of a compact token, before anybody believes them. Raises CredentialsRefused."""
    segments = text.split(".")
    if len(text) > TOKEN_CHARACTERS_MAX or len(segments) != 3 or not text.isascii():
        raise CredentialsRefused(what, Flaw.MALFORMED)
    header = _object(what, segments[0])
    claims = _object(what, segments[1])
    if not _HEADER.issuperset(header) or not isinstance(header.get("kid", ""), str):
        raise CredentialsRefused(what, Flaw.MALFORMED)
    if header.get("alg") not in ALGORITHMS:
        raise CredentialsRefused(what, Flaw.ALGORITHM)
    return header, claims


def _object(what: str, segment: str) -> dict[str, Any]:
    try:
        content = base64.b64decode(
            segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True
        )
        found = json.loads(content, object_pairs_hook=_unique)
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise CredentialsRefused(what, Flaw.MALFORMED)
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice")
    return made


def sign(header: Mapping[str, str], claims: Claims, key: SigningKey, algorithm: str) -> str:
    """A compact token over the claims."""
    content = json.dumps(claims, separators=(",", ":"), ensure_ascii=True)
    return jws.serialize_compact({"alg": algorithm, **header}, content, key, registry=_REGISTRY)


# --- claims ------------------------------------------------------------------------------------


def text_of(what: str, claims: Claims, name: str, length_max: int = 512) -> str:
    """A claim that must be text, not empty, within a length. Raises CredentialsRefused."""
    value = claims.get(name)
    if (
        not isinstance(value, str)
        or not value
        or len(value) > length_max
        or not value.isprintable()
    ):
        raise CredentialsRefused(what, Flaw.MALFORMED)
    return value


def texts_of(what: str, claims: Claims, name: str) -> frozenset[str]:
    """A claim that is text, or a list of text; empty where it is not there. Raises CredentialsRefused."""
    value = claims.get(name, [])
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise CredentialsRefused(what, Flaw.MALFORMED)
    return frozenset(items)


def moment_of(what: str, claims: Claims, name: str) -> datetime:
    """A claim that must be a NumericDate. Raises CredentialsRefused."""
    value = claims.get(name)
    # bool is an int, and 1e308 a number: neither is a moment.
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not 0 <= value < _NUMBER_MAX
    ):
        raise CredentialsRefused(what, Flaw.MALFORMED)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        pass
    raise CredentialsRefused(what, Flaw.MALFORMED)


def require_current(what: str, claims: Claims, at: datetime, lasts_max: timedelta) -> datetime:
    """When the token expires. Raises CredentialsRefused where that is over, too far off, or not begun."""
    expires_at = moment_of(what, claims, "exp")
    if expires_at <= at:
        raise CredentialsRefused(what, Flaw.EXPIRED)
    if expires_at > at + lasts_max + SKEW:
        raise CredentialsRefused(what, Flaw.LASTING)
    for name in ("iat", "nbf"):
        if name in claims and moment_of(what, claims, name) > at + SKEW:
            raise CredentialsRefused(what, Flaw.EARLY)
    return expires_at
