"""What schemathesis is told of credentials: a real token, and a proof made anew for each request it sends."""

from __future__ import annotations

import os
import re
import secrets
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec
import requests
import schemathesis
from requests.auth import AuthBase

from hub.client import Identity
from hub.client.signing import proof_for
from hub.client.transport import Transport, Wanted

GUARDED: Final = "/v1/"


class Credentials(AuthBase):
    """Of one client, on every route that asks for some."""

    def __init__(self, identity: Identity, sign_in: str | None) -> None:
        self._key = identity.key
        wanted = Wanted(purpose=os.environ["FUZZ_PURPOSE"], sign_in=sign_in)
        self._transport = Transport(identity.issuer, identity, wanted, timeout_s=20)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        assert request.url is not None
        assert request.method is not None
        parts = urlsplit(request.url)
        if parts.path.startswith(GUARDED):
            address = f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}"
            token = self._transport.current_token()
            jti = secrets.token_urlsafe(16)
            request.headers["Authorization"] = f"DPoP {token}"
            request.headers["DPoP"] = proof_for(
                self._key, request.method, address, time.time(), jti, token
            )
        return request


schemathesis.auth.set_from_requests(  # type: ignore[attr-defined]  # a storage, typed as a function
    Credentials(Identity.load(Path(os.environ["FUZZ_IDENTITY"])), os.environ.get("FUZZ_SIGN_IN"))
)


@schemathesis.hook
def before_load_schema(_: schemathesis.HookContext, schema: dict[str, Any]) -> None:
    """Proofs are made above for each request: one that was left out to be wrong would be put in again, and be right.

    That each route refuses without is tests/api/test_credentials.py's to show.
    """
    del schema["components"]["securitySchemes"]["proof"]
    for methods in schema["paths"].values():
        for operation in methods.values():
            for needed in operation.get("security", ()):
                needed.pop("proof", None)


@schemathesis.hook
def map_body(_: schemathesis.HookContext, body: Any) -> Any:
    """Let what is asked get as far as it may: the purpose of the token, and often somebody who is known."""
    if not isinstance(body, dict):
        return body
    changed = dict(body)
    if _is_good(changed.get("purpose"), r"[A-Za-z0-9._:-]{1,128}"):
        changed["purpose"] = os.environ["FUZZ_PURPOSE"] or "licensing"
    record = changed.get("record")
    if isinstance(record, dict) and record.keys() == {"source", "key"}:
        key = record["key"]
        if _is_good(record["source"], r"[a-z][a-z0-9_-]{0,63}") and _is_good(key, r"[ -~]{1,200}"):
            known = {"source": "parks", "key": "P1"}
            changed["record"] = known if len(key) % 3 else record
    return changed


def _is_good(value: object, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


#: Where the form of a request is refused.
_PARTS = ("body", "query", "path", "header")
#: A schema's date-time knows the years 1 and 9999, which the hub takes for a mistake.
_MOMENTS = ("_at", "at")


@schemathesis.check
def the_schema_says_what_is_valid(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """What the schema allows may be refused for what it means, and never for its form."""
    is_as_it_says = case.meta is not None and case.meta.generation.mode.is_positive
    if is_as_it_says and response.status_code == 422:
        said = response.json()
        # What a journey refuses names the journey's own words, which stand in no part of a request.
        of_form = [
            one
            for one in said.get("errors", ())
            if one["field"].startswith(_PARTS) and not one["field"].endswith(_MOMENTS)
        ]
        assert said["type"] != "/problems/request-invalid" or not of_form, (
            "the schema allows what the route refuses by its form"
        )


@schemathesis.serializer("application/x-ndjson")
def as_lines(_: schemathesis.SerializationContext, value: Any) -> bytes:
    """A batch as the text it is."""
    return (
        value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value)
    )
