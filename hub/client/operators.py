"""What operators ask and do: clients, sources, runs and quarantined rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from hub.client.pages import listed, once
from hub.client.transport import Transport


class Key(msgspec.Struct, frozen=True):
    """A key of a client. kid: what its assertions name it by."""

    kid: str
    enrolled_at: datetime
    revoked_at: datetime | None


class ClientOf(msgspec.Struct, frozen=True):
    """A client as operators and auditors are told it."""

    id: str
    name: str
    agency: str | None
    scopes: list[str]
    purposes: list[str]
    roles: list[str]
    distinct_per_day: int | None
    made_by: str
    made_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    keys: list[Key]


class Invited(msgspec.Struct, frozen=True):
    """The code by which a client enrols one key."""

    client: str
    code: str
    lasts_s: int

    def __repr__(self) -> str:
        return f"Invited(client={self.client!r})"


class LastRun(msgspec.Struct, frozen=True):
    """What came of a source's last load."""

    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]


class Run(msgspec.Struct, frozen=True):
    """One load or link."""

    number: int
    kind: str
    source: str | None
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: dict[str, Any]


class Source(msgspec.Struct, frozen=True):
    """A source, and where its records stand."""

    id: str
    agency: str
    label: str
    kind: str
    is_sensitive: bool
    may_match: bool
    records: int
    pending: int
    quarantined: int
    last_run: LastRun | None


class Quarantined(msgspec.Struct, frozen=True):
    """A row set aside, by place and rule."""

    source: str
    location: str | None
    row_number: int
    field: str | None
    rule: str
    sentence: str
    quarantined_at: datetime


class _Sources(msgspec.Struct, frozen=True):
    items: list[Source]
    next: str | None


class _Clients(msgspec.Struct, frozen=True):
    items: list[ClientOf]


class Sources:
    """Where records come from, what ran, and which rows were set aside."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def every(self, *, limit: int = 50) -> Iterator[Source]:
        """The sources by id, asked for in pages of `limit`; an agency's system is told of its own."""
        query: dict[str, str | int] = {"limit": limit}
        while True:
            page = self._transport.send("GET", "/v1/sources", query=query).read(_Sources)
            yield from page.items
            if page.next is None:
                return
            query["after"] = page.next

    def runs(self, *, limit: int = 50, **filters: str) -> Iterator[Run]:
        """Loads and links, the newest first. filters: source, kind."""
        yield from listed(self._transport, "/v1/runs", Run, limit, filters)

    def quarantine(self, *, limit: int = 50, **filters: str) -> Iterator[Quarantined]:
        """Rows set aside, the newest first. filters: source."""
        yield from listed(self._transport, "/v1/quarantine", Quarantined, limit, filters)


class Clients:
    """Who may call the hub."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def every(self) -> Sequence[ClientOf]:
        """All of them, ended ones too."""
        return self._transport.send("GET", "/v1/clients").read(_Clients).items

    def add_system(
        self,
        id_: str,
        name: str,
        agency: str,
        *,
        scopes: Collection[str],
        purposes: Collection[str] = (),
        distinct_per_day: int | None = None,
        repeat_key: str | None = None,
    ) -> Invited:
        """Make a system of an agency known."""
        body = {
            "id": id_,
            "name": name,
            "agency": agency,
            "scopes": sorted(scopes),
            "purposes": sorted(purposes),
            "distinct_per_day": distinct_per_day,
        }
        return self._invited("/v1/clients", body, repeat_key)

    def add_staff(
        self, id_: str, name: str, roles: Collection[str], *, repeat_key: str | None = None
    ) -> Invited:
        """Make a member of staff known, of roles that the caller holds too."""
        body = {"id": id_, "name": name, "roles": sorted(roles)}
        return self._invited("/v1/clients", body, repeat_key)

    def invite(self, client: str, *, repeat_key: str | None = None) -> Invited:
        """Let it enrol one more key."""
        return self._invited("/v1/clients/invite", {"client": client}, repeat_key)

    def _invited(self, path: str, body: object, repeat_key: str | None) -> Invited:
        answer = self._transport.send("POST", path, body=body, repeat_key=once(repeat_key))
        return answer.read(Invited)

    def end(self, client: str, *, repeat_key: str | None = None) -> None:
        """No longer admit it."""
        body = {"client": client}
        self._transport.send("POST", "/v1/clients/end", body=body, repeat_key=once(repeat_key))

    def revoke_key(self, client: str, kid: str, *, repeat_key: str | None = None) -> None:
        """Take a key from it."""
        body = {"client": client, "kid": kid}
        self._transport.send(
            "POST", "/v1/clients/revoke-key", body=body, repeat_key=once(repeat_key)
        )
