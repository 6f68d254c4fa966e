"""What a client signs: who it is (RFC 7523), and that a request is its own (DPoP, RFC 9449)."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

_ALGORITHM: Final = "ES256"
_ASSERTION_LASTS_S: Final = 45


class _Registry(JWSRegistry):
    max_header_length = 2_048


_REGISTRY: Final = _Registry(algorithms=[_ALGORITHM])


def assertion_for(key: ECKey, client_id: str, kid: str, issuer: str, now: float, jti: str) -> str:
    """That this client asks, once, within a minute. now: seconds of the epoch."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": int(now),
        "exp": int(now) + _ASSERTION_LASTS_S,
        "jti": jti,
    }
    return _signed({"typ": "client-authentication+jwt", "kid": kid}, claims, key)


def proof_for(
    key: ECKey, method: str, address: str, now: float, jti: str, token: str | None = None
) -> str:
    """That a request of this method to this address, with this token, is of the holder of the key."""
    claims: dict[str, Any] = {"htm": method, "htu": address, "iat": int(now), "jti": jti}
    if token is not None:
        digest = hashlib.sha256(token.encode("ascii")).digest()
        claims["ath"] = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    return _signed({"typ": "dpop+jwt", "jwk": key.as_dict(private=False)}, claims, key)


def _signed(header: Mapping[str, Any], claims: Mapping[str, Any], key: ECKey) -> str:
    content = json.dumps(claims, separators=(",", ":"))
    return jws.serialize_compact({"alg": _ALGORITHM, **header}, content, key, registry=_REGISTRY)
