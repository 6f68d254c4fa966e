"""Every kind of credentials that must not hold, made for any route, and what each is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from joserfc.jwk import OKPKey

from hub.access.flaws import Flaw
from hub.access.scopes import CITIZENS, STAFF_ONLY, Scope, StaffRole
from hub.access.tokens import AccessToken, Citizen
from hub.journeys.access.issuing import issuer_key
from hub.journeys.context import Hub
from tests.api.routes import Route
from tests.hub.access.forging import ED25519, Key, forged
from tests.journeys.machines import Machine

GARBAGE = b'{"neither": "sound", nor'

Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Callers:
    """A served hub, and machines with tokens as a test wants them, signed by the hub's own key or another."""

    hub: Hub
    http: httpx.Client
    good: Machine
    other: Machine
    ended: Machine
    own_key: OKPKey = field(repr=False)

    def token(
        self,
        route: Route,
        of: Machine | None = None,
        key: Key | None = None,
        algorithm: str = "Ed25519",
        **changed: Any,
    ) -> str:
        """A token that reaches a route, but for what a test changes of its claims."""
        scope, at = route.scope, self.hub.now()
        assert scope is not None
        holder, name = of or self.good, self.hub.access.public_url
        is_staffs = scope in STAFF_ONLY
        said = AccessToken(
            issuer=name,
            client=holder.id,
            agency=None if is_staffs else "parks",
            scopes=frozenset({scope.value}),
            purposes=frozenset({"licensing"}),
            roles=frozenset(StaffRole) if is_staffs else frozenset(),
            thumbprint=holder.key.thumbprint(),
            expires_at=at + timedelta(seconds=200),
            citizen=Citizen("accounts", "A-17", "high") if scope in CITIZENS else None,
        )
        header = {"alg": algorithm, "typ": "at+jwt", "kid": issuer_key(self.hub).thumbprint}
        signs = None if algorithm == "none" else key or self.own_key
        return forged(header, {**said.claims(name, "t1", at), **changed}, signs)

    def proof(self, route: Route, token: str, of: Machine | None = None, **changed: Any) -> str:
        address = self.hub.access.public_url + route.address
        return (of or self.good).proof(address, token, **{"htm": route.method, **changed})

    def with_proof(self, route: Route, token: str, **changed: Any) -> Headers:
        return [_shown(token), ("DPoP", self.proof(route, token, **changed))]

    def ask(self, route: Route, headers: Headers, content: bytes = GARBAGE) -> httpx.Response:
        sent = [*headers, ("Content-Type", "application/json")]
        return self.http.request(route.method, route.address, headers=sent, content=content)


def _shown(token: str) -> tuple[str, str]:
    return "Authorization", f"DPoP {token}"


# --- the table -----------------------------------------------------------------------------------


def _replayed(by: Callers, route: Route) -> Headers:
    # Used up by a call that was refused for its scope: nothing of the route has run.
    narrow = by.token(route, scope="none:such")
    headers = by.with_proof(route, narrow)
    assert by.ask(route, headers).status_code == 403
    return headers


def _two_tokens(by: Callers, route: Route) -> Headers:
    token = by.token(route)
    return [_shown(token), *by.with_proof(route, token)]


def _for_another_token(by: Callers, route: Route) -> Headers:
    token = by.token(route)
    return [_shown(token), ("DPoP", by.proof(route, by.token(route, jti="t2")))]


def _of_another_key(by: Callers, route: Route) -> Headers:
    return by.with_proof(route, by.token(route), of=by.other)


def _as_bearer(by: Callers, route: Route) -> Headers:
    token = by.token(route)
    return [("Authorization", f"Bearer {token}"), ("DPoP", by.proof(route, token))]


def _proof_alone(by: Callers, route: Route) -> Headers:
    return [("DPoP", by.proof(route, by.token(route)))]


def _wrong_scope(by: Callers, route: Route) -> Headers:
    others = " ".join(one.value for one in Scope if one is not route.scope)
    return by.with_proof(route, by.token(route, scope=others))


def _of_staff_without_the_role(by: Callers, route: Route) -> Headers:
    return by.with_proof(route, by.token(route, agency=None, roles=["cleared"]))


Make = Callable[[Callers, Route], Headers]
CASES: dict[str, tuple[Make, int, str, str, Flaw]] = {
    "nothing": (lambda by, to: [], 401, "credentials-refused", "token", Flaw.MISSING),
    "a proof alone": (_proof_alone, 401, "credentials-refused", "token", Flaw.MISSING),
    "a scheme alone": (
        lambda by, to: [("Authorization", "DPoP")],
        401, "credentials-refused", "token", Flaw.MALFORMED,
    ),
    "garbage": (
        lambda by, to: by.with_proof(to, "garbage"),
        401, "credentials-refused", "token", Flaw.MALFORMED,
    ),
    "a huge token": (
        lambda by, to: by.with_proof(to, "a." * 5_000),
        401, "credentials-refused", "token", Flaw.MALFORMED,
    ),
    "basic credentials": (
        lambda by, to: [("Authorization", "Basic cGFya3M6cGFya3M=")],
        401, "credentials-refused", "token", Flaw.MALFORMED,
    ),
    "as a bearer": (_as_bearer, 401, "credentials-refused", "token", Flaw.MALFORMED),
    "two tokens": (_two_tokens, 401, "credentials-refused", "token", Flaw.MALFORMED),
    "two proofs": (
        lambda by, to: [*by.with_proof(to, by.token(to)), ("DPoP", "another")],
        401, "credentials-refused", "token", Flaw.MALFORMED,
    ),
    "no proof": (
        lambda by, to: [_shown(by.token(to))],
        401, "credentials-refused", "proof", Flaw.MISSING,
    ),
    "a proof that is none": (
        lambda by, to: [_shown(by.token(to)), ("DPoP", "garbage")],
        401, "credentials-refused", "proof", Flaw.MALFORMED,
    ),
    "expired": (
        lambda by, to: by.with_proof(to, by.token(to, exp=by.hub.now().timestamp() - 1)),
        401, "credentials-refused", "token", Flaw.EXPIRED,
    ),
    "of the future": (
        lambda by, to: by.with_proof(to, by.token(to, iat=by.hub.now().timestamp() + 60)),
        401, "credentials-refused", "token", Flaw.EARLY,
    ),
    "for ever": (
        lambda by, to: by.with_proof(to, by.token(to, exp=by.hub.now().timestamp() + 10_000)),
        401, "credentials-refused", "token", Flaw.LASTING,
    ),
    "for another service": (
        lambda by, to: by.with_proof(to, by.token(to, aud="https://other.example")),
        401, "credentials-refused", "token", Flaw.AUDIENCE,
    ),
    "of another issuer": (
        lambda by, to: by.with_proof(to, by.token(to, iss="https://other.example")),
        401, "credentials-refused", "token", Flaw.ISSUER,
    ),
    "signed by another key": (
        lambda by, to: by.with_proof(to, by.token(to, key=ED25519)),
        401, "credentials-refused", "token", Flaw.SIGNATURE,
    ),
    "not signed": (
        lambda by, to: by.with_proof(to, by.token(to, algorithm="none")),
        401, "credentials-refused", "token", Flaw.ALGORITHM,
    ),
    "bound to no key": (
        lambda by, to: by.with_proof(to, by.token(to, cnf=None)),
        401, "credentials-refused", "token", Flaw.KEY,
    ),
    "a proof of another key": (_of_another_key, 401, "credentials-refused", "proof", Flaw.KEY),
    "a proof for another method": (
        lambda by, to: by.with_proof(to, by.token(to), htm="PATCH"),
        401, "credentials-refused", "proof", Flaw.METHOD,
    ),
    "a proof for another address": (
        lambda by, to: by.with_proof(to, by.token(to), htu=by.good.address("/v1/other")),
        401, "credentials-refused", "proof", Flaw.ADDRESS,
    ),
    "a proof for another token": (
        _for_another_token, 401, "credentials-refused", "proof", Flaw.BINDING,
    ),
    "an old proof": (
        lambda by, to: by.with_proof(to, by.token(to), iat=by.hub.now().timestamp() - 61),
        401, "credentials-refused", "proof", Flaw.EXPIRED,
    ),
    "a proof made ahead": (
        lambda by, to: by.with_proof(to, by.token(to), iat=by.hub.now().timestamp() + 60),
        401, "credentials-refused", "proof", Flaw.EARLY,
    ),
    "a proof used before": (_replayed, 401, "credentials-refused", "proof", Flaw.REPLAYED),
    "an ended client": (
        lambda by, to: by.with_proof(to, by.token(to, of=by.ended), of=by.ended),
        401, "credentials-refused", "token", Flaw.CLIENT,
    ),
    "every other scope": (_wrong_scope, 403, "not-in-scope", "", Flaw.SCOPE),
    "staff without the role": (
        _of_staff_without_the_role, 403, "not-in-scope", "", Flaw.SCOPE,
    ),
}  # fmt: skip
