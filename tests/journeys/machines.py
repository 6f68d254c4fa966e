"""A client as a machine has it: a key, and whatever it signs with it, right or wrong, by a clock that a test sets."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from joserfc.jwk import ECKey

from hub.access.scopes import Scope
from hub.journeys.access.admission import Caller, Presented, admit
from hub.journeys.access.clients import Enrolled, NewClient, add_client, enrol
from hub.journeys.access.issuing import ASSERTION_TYPE, CLIENT_CREDENTIALS, TokenRequest, issue
from hub.journeys.context import AccessSettings, Hub
from hub.wiring import utc_now
from tests.hub.access.forging import forged, members_of

URL = "https://hub.example"

_numbers = count(1)


@dataclass
class Clock:
    """A clock that stands until it is set on."""

    at: datetime = field(default_factory=utc_now)

    def __call__(self) -> datetime:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def reachable(
    hub: Hub, now: Callable[[], datetime] = utc_now, url: str = URL, **access: Any
) -> Hub:
    """That hub as it is reached over HTTP, by the clock of a test or of this machine."""
    return replace(
        hub, now=now, access=AccessSettings(public_url=url, **access), kept=type(hub.kept)()
    )


@dataclass
class Machine:
    """One client's machine."""

    hub: Hub
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", private=True))
    id: str = ""
    kid: str = ""

    def address(self, path: str = "/v1/profile-lookups") -> str:
        return self.hub.access.public_url + path

    def enrol(self, code: str, **proof: Any) -> Enrolled:
        address = self.address("/oauth/enrolments")
        shown = self.proof(address, **proof)
        made = enrol(self.hub, code, members_of(self.key), shown, "POST", address)
        self.id, self.kid = made.client, made.kid
        return made

    def assertion(self, **changed: Any) -> str:
        now_s = self.hub.now().timestamp()
        claims = {
            "iss": self.id,
            "sub": self.id,
            "aud": self.hub.access.public_url,
            "iat": now_s,
            "exp": now_s + 45,
            "jti": f"a{next(_numbers)}",
        }
        header = {"alg": "ES256", "typ": "client-authentication+jwt", "kid": self.kid}
        return forged(header, claims | changed, self.key)

    def proof(self, address: str = "", token: str | None = None, **changed: Any) -> str:
        claims: dict[str, Any] = {
            "htm": "POST",
            "htu": address or self.address(),
            "iat": self.hub.now().timestamp(),
            "jti": f"p{next(_numbers)}",
        }
        if token is not None:
            digest = sha256(token.encode("ascii")).digest()
            claims["ath"] = urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": members_of(self.key)}
        return forged(header, claims | changed, self.key)

    def asked(self, **changed: Any) -> TokenRequest:
        asked = TokenRequest(
            grant_type=CLIENT_CREDENTIALS,
            assertion_type=ASSERTION_TYPE,
            assertion=self.assertion(),
            proof=self.proof(self.address("/oauth/token")),
            method="POST",
            address=self.address("/oauth/token"),
        )
        return replace(asked, **changed)

    def token(self, **changed: Any) -> str:
        return issue(self.hub, self.asked(**changed)).token

    def presented(self, token: str, proof: str | None = None) -> Presented:
        shown = self.proof(token=token) if proof is None else proof
        return Presented(token, shown, "POST", self.address())

    def admitted(
        self, token: str, proof: str | None = None, needs: Scope = Scope.PROFILE_READ
    ) -> Caller:
        return admit(self.hub, self.presented(token, proof), needs)


def system(
    hub: Hub,
    id: str = "parks-desk",
    scopes: Collection[str] = ("profile:read", "profile.address:read"),
    purposes: Collection[str] = ("licensing",),
    agency: str = "parks",
) -> NewClient:
    """An agency's system."""
    return NewClient(id, "a desk", agency, frozenset(scopes), frozenset(purposes))


def machine(hub: Hub, new: NewClient | None = None) -> Machine:
    """A machine whose key is enrolled."""
    made = Machine(hub)
    made.enrol(add_client(hub, new or system(hub), author="operator"))
    return made
