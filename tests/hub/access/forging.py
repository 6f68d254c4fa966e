"""Signed tokens as their makers must not make them: any header, any claims, any key."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from hub.access.keys import PublicKey, public_key

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())

Key = ECKey | OKPKey | RSAKey | OctKey

P256 = ECKey.generate_key("P-256", private=True)
OTHER_P256 = ECKey.generate_key("P-256", private=True)
P384 = ECKey.generate_key("P-384", private=True)
ED25519 = OKPKey.generate_key("Ed25519", private=True)
RSA_2048 = RSAKey.generate_key(2048, private=True)


def rsa_of(bits: int) -> dict[str, str]:
    """The public part of an RSA key of any size: the library warns of weak ones, so they are written by hand."""
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    modulus = numbers.public_numbers().n
    return {"kty": "RSA", "n": _segment(modulus.to_bytes(bits // 8, "big")), "e": "AQAB"}


def members_of(key: Key, **changed: Any) -> dict[str, Any]:
    """A key's public part as a JWK."""
    return {**key.as_dict(private=False), **changed}


def public_of(key: Key) -> PublicKey:
    return public_key(members_of(key))


def thumbprint_of(key: Key) -> str:
    return key.thumbprint()


def forged(
    header: Mapping[str, Any] | str, claims: Mapping[str, Any] | str, key: Key | None
) -> str:
    """A compact token over exactly this header and these claims, JSON or not.

    Signed by the algorithm that the header names, or its key's own where it names none that signs.
    """
    stated = header if isinstance(header, str) else json.dumps(header)
    content = claims if isinstance(claims, str) else json.dumps(claims)
    signed = f"{_segment(stated.encode())}.{_segment(content.encode())}"
    if key is None:
        return f"{signed}."
    name = header.get("alg") if isinstance(header, Mapping) else None
    usual = {"EC": "ES256", "OKP": "Ed25519", "RSA": "PS256", "oct": "HS256"}[key.key_type]
    known = JWSRegistry.algorithms
    algorithm = known[name if isinstance(name, str) and name in known and name != "none" else usual]
    return f"{signed}.{_segment(algorithm.sign(signed.encode(), key))}"


def _segment(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode("ascii")
