"""Calls as the hub takes them: a token kept while it holds, a proof for each request, problems as exceptions.

Decides what is tried again: a request whose credentials were refused for their age or a restart of the hub, once, with
new ones. Nothing else is: whether to repeat is the caller's to say, with an idempotency key where it changes something.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import httpx
import msgspec

from hub.client.errors import ClientError, ProblemTold, Unreachable
from hub.client.identity import Identity
from hub.client.signing import assertion_for, proof_for

Value = TypeVar("Value")

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLIENT_CREDENTIALS: Final = "client_credentials"
_TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 (a URN)
_ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 (a URN)
_EARLIER_S: Final = 20.0
_RENEWABLE: Final = frozenset({"expired", "unsettled", "early"})
_JTI_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token is to carry. sign_in: a constituent's token of the provider she signed in at."""

    scope: str = ""
    purpose: str = ""
    sign_in: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it came, and its headers."""

    content: bytes
    headers: Mapping[str, str]

    def read(self, kind: type[Value]) -> Value:
        """The body as a value of that type. Raises ClientError where the hub said something else."""
        try:
            return msgspec.json.decode(self.content, type=kind)
        except msgspec.DecodeError:
            pass
        raise ClientError(f"the answer is no {kind.__name__}")


class Transport:
    """Sends requests of one client with one kind of token; safe to share between threads."""

    def __init__(self, base_url: str, identity: Identity, wanted: Wanted, timeout_s: float) -> None:
        self._base_url = base_url
        self._identity = identity
        self._wanted = wanted
        # Proxies of the environment would see what is asked.
        self._http = httpx.Client(timeout=timeout_s, trust_env=False)
        self._lock = threading.Lock()
        self._token = ""
        self._good_until_s = 0.0

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content: bytes | None = None,
        media_type: str = "application/json",
        query: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        repeat_key: str | None = None,
        if_match: str | None = None,
    ) -> Answer:
        """The answer. repeat_key: of a change, under which it is done once. Raises ProblemTold, Unreachable."""
        sent = content if body is None else msgspec.json.encode(body)
        said = dict(headers or {})
        if repeat_key is not None:
            said["Idempotency-Key"] = repeat_key
        if if_match is not None:
            said["If-Match"] = f'"{if_match}"'
        if sent is not None:
            said["Content-Type"] = media_type
        try:
            return self._sent(method, path, sent, said, query)
        except ProblemTold as told:
            if told.status != 401 or told.members.get("flaw") not in _RENEWABLE:
                raise
        self._good_until_s = 0.0
        return self._sent(method, path, sent, said, query)

    def _sent(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        query: Mapping[str, str | int] | None,
    ) -> Answer:
        address = self._base_url + path
        token = self.current_token()
        proof = proof_for(self._identity.key, method, address, time.time(), _jti(), token)
        shown = {**headers, "Authorization": f"DPoP {token}", "DPoP": proof}
        answer = self._asked(method, address, content=content, headers=shown, params=query)
        if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
            return Answer(answer.content, answer.headers)
        raise _problem(answer)

    def current_token(self) -> str:
        """A token that holds for some seconds yet, asked for where there is none. Raises ClientError."""
        with self._lock:
            if time.monotonic() >= self._good_until_s:
                said = self._new_token()
                self._token = said["access_token"]
                self._good_until_s = time.monotonic() + max(said["expires_in"] - _EARLIER_S, 1.0)
            return self._token

    def _new_token(self) -> dict[str, Any]:
        who = self._identity
        form = {
            "grant_type": _CLIENT_CREDENTIALS,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion_for(
                who.key, who.client_id, who.kid, who.issuer, time.time(), _jti()
            ),
        }
        form |= {
            name: value
            for name, value in (("scope", self._wanted.scope), ("purpose", self._wanted.purpose))
            if value
        }
        if self._wanted.sign_in is not None:
            form |= {
                "grant_type": _TOKEN_EXCHANGE,
                "subject_token": self._wanted.sign_in,
                "subject_token_type": _ID_TOKEN,
            }
        proof = proof_for(who.key, "POST", who.token_endpoint, time.time(), _jti())
        answer = self._asked("POST", who.token_endpoint, data=form, headers={"DPoP": proof})
        said: dict[str, Any] = _object(answer)
        if answer.status_code != httpx.codes.OK:
            raise ClientError(
                f"no token: {said.get('error', '')} {said.get('error_description', '')}"
            )
        return said

    def _asked(self, method: str, address: str, **options: Any) -> httpx.Response:
        try:
            return self._http.request(method, address, **options)
        except httpx.HTTPError as error:
            failed = type(error).__name__
        # Outside the handler: the exception carries the request, and with it whom was asked about.
        raise Unreachable(f"{self._base_url} does not answer ({failed})")


def _problem(answer: httpx.Response) -> ProblemTold:
    said = _object(answer)
    retry_after = answer.headers.get("retry-after", "")
    return ProblemTold(
        answer.status_code,
        str(said.get("type", "")).rpartition("/")[2] or "unknown",
        str(said.get("title", "")),
        str(said.get("detail", "")),
        said,
        int(retry_after) if retry_after.isdigit() else None,
    )


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        found = None
    return found if isinstance(found, dict) else {}


def _jti() -> str:
    return secrets.token_urlsafe(_JTI_BYTES)
