"""Who acts for a constituent, as officers record it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

import msgspec

from hub.client.consents import Recorded
from hub.client.pages import Constituent, Page, every, named, once, query_of, stated
from hub.client.transport import Transport


class Representation(msgspec.Struct, frozen=True):
    """By what right somebody acts or acted for her."""

    id: str
    representative: str
    kind: str
    starts_on: date
    ends_on: date
    purposes: list[str] | None
    evidence: str
    author: str
    recorded_at: datetime
    ended_at: datetime | None
    ended_by: list[str]


class Representations:
    """Representations, of staff alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        constituent: Constituent,
        representative: str,
        kind: str,
        *,
        evidence: str,
        ends_on: date | None,
        starts_on: date | None = None,
        purposes: Collection[str] | None = None,
        repeat_key: str | None = None,
    ) -> Recorded:
        """Record that somebody acts for a constituent. ends_on: a must; None is refused by that rule's name."""
        body = {
            "whom": named(constituent),
            "representative": representative,
            "kind": kind,
            "evidence": evidence,
        }
        chosen = None if purposes is None else sorted(purposes)
        said = body | stated(ends_on=ends_on, starts_on=starts_on, purposes=chosen)
        return self._transport.send(
            "POST", "/v1/representations", body=said, repeat_key=once(repeat_key)
        ).read(Recorded)

    def end(
        self, constituent: Constituent, representation: str, *, repeat_key: str | None = None
    ) -> Recorded:
        """End a representation before its time."""
        body = {"whom": named(constituent), "representation": representation}
        return self._transport.send(
            "POST", "/v1/representation-ends", body=body, repeat_key=once(repeat_key)
        ).read(Recorded)

    def of(self, constituent: Constituent) -> list[Representation]:
        """Who acts or acted for her, the oldest first."""

        def page(cursor: UUID | None) -> Page[Representation]:
            return self._transport.send(
                "POST",
                "/v1/representation-queries",
                body={"whom": named(constituent)},
                query=query_of(cursor),
            ).read(Page[Representation])

        return list(every(page))
