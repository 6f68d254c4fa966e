"""A portal and the provider at which constituents sign in: a second issuer, with a key of its own made for the test."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey

from hub.access.issuers import Trusted, read_issuers
from hub.access.scopes import CITIZENS
from hub.client import HubClient, Identity
from tests.api.running import Served

ISSUER: Final = "https://login.example"
PORTAL: Final = "parks-desk"
OTHER_PORTAL: Final = "wildlife-desk"
ME: Final = frozenset(scope.value for scope in CITIZENS)

_DOCUMENT: Final = f"""
schema: hub/issuers@1
citizens:
  - issuer: {ISSUER}
    audience: portal
    keys: citizens.jwks
    source: parks
    assurance: {{"loa1": low, "loa2": substantial, "loa3": high}}
    portals: [{PORTAL}, {OTHER_PORTAL}]
"""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where constituents sign in. Their accounts are records of parks."""

    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", private=True))

    def trusted(self, folder: Path) -> Trusted:
        """As an operator has the hub trust it: a document, and the public key beside it."""
        public = self.key.as_dict(private=False) | {"kid": "login-1"}
        (folder / "citizens.jwks").write_text(json.dumps({"keys": [public]}), "utf-8")
        file = folder / "issuers.yaml"
        file.write_text(_DOCUMENT, "utf-8")
        return read_issuers(file)

    def sign_in(self, account: str, acr: str = "loa2", **changed: Any) -> str:
        """The token of who signed in. account: the local key of her record at parks."""
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "portal", "sub": account, "acr": acr}
        times = {"iat": now, "exp": now + 600}
        content = json.dumps(claims | times | changed)
        return jws.serialize_compact({"alg": "ES256", "kid": "login-1"}, content, self.key)


def portal(
    served: Served, agency: str = "parks", *, more: frozenset[str] = frozenset()
) -> Identity:
    """The portal of an agency, with the scopes a portal must have, and more."""
    return served.agency(agency, scopes=ME | more)


def signed_in(
    served: Served, who: Identity, provider: Provider, account: str, acr: str = "loa2"
) -> HubClient:
    """The portal's client, acting for who signed in."""
    return served.client(who, sign_in=provider.sign_in(account, acr))
