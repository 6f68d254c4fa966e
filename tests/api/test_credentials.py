"""Every route, really called with every kind of bad credentials: refused before anything is read or written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import OKPKey

from api.app import create_app
from hub.access.flaws import Flaw
from hub.journeys.access.clients import end_client
from hub.journeys.context import Hub
from hub.vault.keyring import RootKey
from hub.vault.signing import token_key
from tests.api.bad_credentials import CASES, GARBAGE, Callers
from tests.api.routes import Route, routes
from tests.api.running import plain, served
from tests.conftest import Server, open_hub
from tests.journeys.machines import machine, system
from tests.journeys.stewards import Desk

#: How many there are: whoever adds one says so here, and the walk below proves it.
GUARDED = 84
OPEN = {
    "GET /openapi.json",
    "POST /oauth/token",
    "POST /oauth/enrolments",
    "GET /oauth/jwks",
    "GET /.well-known/oauth-authorization-server",
    "GET /health/live",
    "GET /health/ready",
    "GET /docs",
    "GET /problems",
    "GET /problems/{name}",
    "GET /static/{name}",
}

#: A good body of each route whose body states a purpose, which must be one the token is bound to.
ASKING: dict[str, dict[str, Any]] = {
    "POST /v1/profile-lookups": {
        "record": {"source": "parks", "key": "P1"},
        "purpose": "licensing",
        "case": "case 7",
        "categories": ["name"],
    },
    "POST /v1/verifications": {
        "record": {"source": "parks", "key": "P1"},
        "purpose": "licensing",
        "case": "case 7",
        "claims": [{"claim": "death"}],
    },
}

#: Whose body states a purpose that is not the caller's own.
STATING_ANOTHERS = {"POST /v1/agreement-proposals"}


@pytest.fixture(scope="module")
def callers(server: Server, modelled_template: tuple[str, RootKey]) -> Iterator[Callers]:
    name, keys = modelled_template
    hub = open_hub(server.fresh(name), keys)
    with served(hub, calls_per_second=100_000) as running, plain(running.url) as http:
        live = running.hub
        ended = machine(live, system(live, "ended-desk"))
        end_client(live, ended.id, author="operator")
        good, other = machine(live), machine(live, system(live, "other-desk"))
        pem = token_key(keys).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        yield Callers(live, http, good, other, ended, OKPKey.import_key(pem))
    hub.engine.dispose()


# --- the walk ------------------------------------------------------------------------------------


def test_every_route_is_guarded_or_named_as_open(callers: Callers) -> None:
    found = routes(create_app(callers.hub))
    assert {str(one) for one in found if one.scope is None} == OPEN
    assert len([one for one in found if one.scope is not None]) == GUARDED


def test_a_method_that_an_address_does_not_take_is_told_those_it_takes(callers: Callers) -> None:
    found = routes(create_app(callers.hub))
    for address in {one.address for one in found}:
        answer = callers.http.patch(address)
        assert answer.status_code == 405, address
        taken = {one.method for one in found if one.address == address}
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == taken, address


def guarded(hub: Hub) -> list[Route]:
    return [one for one in routes(create_app(hub)) if one.scope is not None]


def _written(hub: Hub) -> dict[str, list[str]]:
    """All that is stored, but for what was used once: a good proof is used up whatever it was shown for."""
    return {
        table: rows for table, rows in Desk(hub).dump().items() if not table.startswith("used_once")
    }


@pytest.mark.parametrize("case", CASES)
def test_each_route_refuses(callers: Callers, case: str) -> None:
    make, status, problem, credential, flaw = CASES[case]
    before = _written(callers.hub)
    for route in guarded(callers.hub):
        for content in (GARBAGE, b""):
            answer = callers.ask(route, make(callers, route), content)
            said = answer.json()
            told = (answer.status_code, said["type"], said.get("credential", ""), said["flaw"])
            assert told == (status, f"/problems/{problem}", credential, flaw.value), route
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("DPoP ")
            assert answer.headers["cache-control"] == "no-store"
    assert _written(callers.hub) == before


def test_with_good_credentials_each_route_looks_at_the_request(callers: Callers) -> None:
    """So that the cases above are refused for what they say, and for nothing else."""
    for route in guarded(callers.hub):
        answer = callers.ask(route, callers.with_proof(route, callers.token(route)))
        assert answer.status_code not in (401, 405, 500), route
        # Some of what a scope reaches is for staff, or for a constituent who signed in.
        if answer.status_code == 403:
            assert answer.json()["flaw"] in (Flaw.GRANT.value, Flaw.ASSURANCE.value), route


def test_each_route_that_states_a_purpose_takes_only_those_of_the_token(callers: Callers) -> None:
    schema = create_app(callers.hub).openapi()
    asking = _stating_a_purpose(schema) - STATING_ANOTHERS
    assert ASKING.keys() == asking, "give each a good body above"
    before = _written(callers.hub)
    for route in guarded(callers.hub):
        body = ASKING.get(str(route))
        if body is None:
            continue
        for purpose in ([], ["marketing"], ["licensing2"]):
            headers = callers.with_proof(route, callers.token(route, purpose=purpose))
            answer = callers.http.request(route.method, route.address, headers=headers, json=body)
            said = answer.json()
            assert (answer.status_code, said["type"], said["flaw"]) == (
                403,
                "/problems/not-in-scope",
                Flaw.PURPOSE.value,
            ), route
    assert _written(callers.hub) == before


def _stating_a_purpose(schema: dict[str, Any]) -> set[str]:
    found = set()
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json", {}).get("schema", {})
            name = body.get("$ref", "").rpartition("/")[2]
            stated = schema["components"]["schemas"].get(name, body)
            if "security" in operation and "purpose" in stated.get("required", ()):
                found.add(f"{method.upper()} {path}")
    return found
