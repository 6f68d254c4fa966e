"""Who a client is: its id, its key, and the hub it is known at; kept in one file of its owner's alone.

Decides how a key is made, kept and enrolled. The private key never leaves the machine: only a proof of it does.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from joserfc.jwk import ECKey

from hub.client.errors import ClientError, Unreachable
from hub.client.signing import proof_for

_FILE_BYTES_MAX: Final = 10_000


class IdentityInvalid(ClientError):
    """The file of an identity is missing, malformed or readable by others."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A client's id and P-256 key. issuer: the name its assertions are meant for; token_endpoint: where they go."""

    client_id: str
    issuer: str
    token_endpoint: str
    key: ECKey = field(repr=False)
    kid: str

    def save(self, file: Path) -> None:
        """Write it, readable by this user alone. Raises FileExistsError: none is overwritten."""
        content = json.dumps(
            {
                "client_id": self.client_id,
                "issuer": self.issuer,
                "token_endpoint": self.token_endpoint,
                "kid": self.kid,
                "key": self.key.as_dict(private=True),
            }
        )
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as out:
            out.write(content)

    @classmethod
    def load(cls, file: Path) -> Identity:
        """Read it back. Raises IdentityInvalid."""
        try:
            mode = file.stat().st_mode
            said: dict[str, Any] = json.loads(file.read_text("ascii")[:_FILE_BYTES_MAX])
            key = ECKey.import_key(said["key"])
            found = cls(said["client_id"], said["issuer"], said["token_endpoint"], key, said["kid"])
        except (OSError, ValueError, KeyError, TypeError):
            # The cause is left out: what was read holds a private key.
            found, mode = None, 0
        if found is None:
            raise IdentityInvalid(f"{file} is no identity of a client")
        if mode & 0o077:
            raise IdentityInvalid(f"{file} is open to other users; run: chmod 600 {file}")
        return found


def enrol(base_url: str, code: str, *, timeout_s: float = 10.0) -> Identity:
    """Make a key and enrol it at the hub with the code an operator gave. Raises ClientError."""
    key = ECKey.generate_key("P-256", private=True)
    address = f"{base_url}/oauth/enrolments"
    proof = proof_for(key, "POST", address, time.time(), secrets.token_urlsafe(16))
    try:
        answer = httpx.post(
            address,
            json={"code": code, "key": key.as_dict(private=False)},
            headers={"DPoP": proof},
            timeout=timeout_s,
            trust_env=False,
        )
    except httpx.HTTPError as error:
        raise Unreachable(f"{base_url} does not answer ({type(error).__name__})") from error
    said = answer.json()
    if answer.status_code != httpx.codes.CREATED:
        raise ClientError(f"not enrolled: {said.get('error_description', answer.status_code)}")
    return Identity(said["client_id"], said["issuer"], said["token_endpoint"], key, said["kid"])
