"""What auditors ask: the disclosure log's proofs and its export, the versions of the policy, and alarms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.client.pages import listed
from hub.client.transport import Transport


class Alarm(msgspec.Struct, frozen=True):
    """A client's day that looks like trying people out, with the figures of the moment it was noticed."""

    number: int
    client: str
    rule: str
    day: date
    asked: int
    asked_distinct: int
    missed: int
    raised_at: datetime


class PolicyVersion(msgspec.Struct, frozen=True):
    """A version of the policy, by the digest that entries of the log name."""

    version: int
    digest: str
    author: str
    reason: str
    stated_at: datetime


class PolicyDocument(msgspec.Struct, frozen=True):
    """What a version states."""

    version: int
    digest: str
    policy: dict[str, Any]


class _Versions(msgspec.Struct, frozen=True):
    items: list[PolicyVersion]


class Log:
    """The disclosure log, as an auditor holds the hub to it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def checkpoint(self) -> str:
        """What was signed last, as a signed note."""
        return self._text("GET", "/v1/log/checkpoint")

    def key(self) -> str:
        """The key it is verified with."""
        return self._text("GET", "/v1/log/key").strip()

    def prove(self, disclosure: int) -> str:
        """That the log holds that entry."""
        return self._text("POST", "/v1/log/proofs", {"number": disclosure})

    def prove_shown(self, client: str, reference: UUID) -> str:
        """The same of the entry whose reference a client was given."""
        return self._text("POST", "/v1/log/proofs", {"client": client, "reference": reference})

    def export(self) -> Iterator[bytes]:
        """All of it, a piece at a time, for consent/log/verify.py. Raises Unreachable where it breaks off."""
        yield from self._transport.stream("/v1/log/export")

    def policy_versions(self) -> Sequence[PolicyVersion]:
        """Every version, the newest first."""
        return self._transport.send("GET", "/v1/log/policy-versions").read(_Versions).items

    def policy(self, version: int) -> PolicyDocument:
        """What a version states."""
        path = f"/v1/log/policy-versions/{version}"
        return self._transport.send("GET", path).read(PolicyDocument)

    def _text(self, method: str, path: str, body: object = None) -> str:
        return self._transport.send(method, path, body=body).content.decode()


class Alarms:
    """Days of clients that look like trying people out."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def every(self, *, limit: int = 50, **filters: str) -> Iterator[Alarm]:
        """The newest first. filters: client."""
        yield from listed(self._transport, "/v1/alarms", Alarm, limit, filters)
