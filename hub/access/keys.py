"""Public keys that callers sign with, as JSON Web Keys (RFC 7517), and what names one: its thumbprint.

Decides which keys are taken: P-256, Ed25519, and RSA from 2,048 bits, public parts alone.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from hub.access.flaws import CredentialsRefused, Flaw

#: What a key of each type consists of (RFC 7638 §3.2), and the algorithm it signs with.
_MEMBERS: Final = {
    "EC": (("crv", "kty", "x", "y"), "ES256"),
    "OKP": (("crv", "kty", "x"), "Ed25519"),
    "RSA": (("e", "kty", "n"), "PS256"),
}
_CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}
_RSA_BITS_MIN: Final = 2_048
_RSA_BITS_MAX: Final = 4_096
_MEMBER_CHARACTERS_MAX: Final = 1_024

SigningKey = ECKey | OKPKey | RSAKey


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may be verified with. thumbprint: SHA-256 as RFC 7638 writes it."""

    key: SigningKey
    algorithm: str
    thumbprint: str

    @property
    def members(self) -> dict[str, str]:
        """The key in the form it is stored and published in, nothing private in it."""
        return {name: str(value) for name, value in self.key.as_dict(private=False).items()}


def public_key(members: object) -> PublicKey:
    """The key that a JWK states. Raises CredentialsRefused for one that is private, weak or of another kind."""
    if not isinstance(members, Mapping):
        raise CredentialsRefused("key", Flaw.MALFORMED)
    wanted, _ = _MEMBERS.get(_text(members, "kty"), ((), ""))
    if not wanted or any(name in members for name in ("d", "k", "p", "q", "dp", "dq", "qi", "oth")):
        raise CredentialsRefused("key", Flaw.KEY)
    return _made(tuple((name, _text(members, name)) for name in wanted))


def _text(members: Mapping[Any, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or len(value) > _MEMBER_CHARACTERS_MAX:
        raise CredentialsRefused("key", Flaw.MALFORMED)
    return value


def key_named(what: str, keys: Mapping[str, PublicKey], kid: str | None) -> PublicKey:
    """The key of that `kid`; where none is named, the only one there is.

    what: the token that names it, for the refusal. Raises CredentialsRefused.
    """
    found = keys.get(kid) if kid is not None else None
    if kid is None and len(keys) == 1:
        [found] = keys.values()
    if found is None:
        raise CredentialsRefused(what, Flaw.KEY)
    return found


@lru_cache(maxsize=4_096)
def _made(members: tuple[tuple[str, str], ...]) -> PublicKey:
    """Kept: a client signs with the same key thousands of times, and to load one costs as much as a signature."""
    stated: dict[str, Any] = dict(members)
    kind = stated["kty"]
    if stated.get("crv") != _CURVES.get(kind):
        raise CredentialsRefused("key", Flaw.ALGORITHM)
    try:
        # Before the library loads it, which tells the whole process of a weak one by a warning.
        key = _TYPES[kind].import_key(stated) if _is_of_fair_size(stated) else None
        if key is not None:
            key.public_key  # noqa: B018 (loads it: a point off the curve is refused here)
    except (JoseError, ValueError, TypeError, KeyError):
        # Outside the library's sentence: it may quote the key.
        key = None
    if key is None:
        raise CredentialsRefused("key", Flaw.KEY)
    return PublicKey(key, _MEMBERS[kind][1], key.thumbprint())


_TYPES: Final[dict[str, type[SigningKey]]] = {"EC": ECKey, "OKP": OKPKey, "RSA": RSAKey}


def _is_of_fair_size(stated: Mapping[str, str]) -> bool:
    """Whether a modulus, where the key has one, is neither weak nor a waste of time."""
    if "n" not in stated:
        return True
    modulus = stated["n"]
    content = urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))
    return _RSA_BITS_MIN <= int.from_bytes(content, "big").bit_length() <= _RSA_BITS_MAX
