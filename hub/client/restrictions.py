"""What narrows the use of one constituent's data, as officers put it and lift it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import msgspec

from hub.client.consents import Recorded
from hub.client.pages import Constituent, Page, every, named, once, query_of, stated
from hub.client.transport import Transport


class Clearance(msgspec.Struct, frozen=True):
    """Whom a restriction does not bind."""

    agency: str | None = None
    purpose: str | None = None


class Restriction(msgspec.Struct, frozen=True):
    """A restriction; lifted ones too."""

    id: str
    kind: str
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None
    clearances: list[Clearance]
    author: str
    recorded_at: datetime
    lifted_at: datetime | None
    lifted_by: list[str]
    is_former: bool


class _Approval(msgspec.Struct, frozen=True):
    approval: str


class Restrictions:
    """Restrictions, of staff alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        constituent: Constituent,
        kind: str,
        *,
        authority: str,
        starts_at: datetime | None = None,
        ends_at: datetime | None = None,
        clearances: Collection[Clearance] = (),
        repeat_key: str | None = None,
    ) -> Recorded:
        """Put a restriction on a constituent: it counts at once."""
        body = {
            "whom": named(constituent),
            "kind": kind,
            "authority": authority,
            "clearances": list(clearances),
        }
        said = body | stated(starts_at=starts_at, ends_at=ends_at)
        return self._transport.send(
            "POST", "/v1/restrictions", body=said, repeat_key=once(repeat_key)
        ).read(Recorded)

    def approve_lift(
        self, constituent: Constituent, restriction: str, *, repeat_key: str | None = None
    ) -> str:
        """A second officer's approval, to be handed to the officer who lifts it."""
        body = {"whom": named(constituent), "restriction": restriction}
        answer = self._transport.send(
            "POST",
            "/v1/restriction-lift-approvals",
            body=body,
            repeat_key=once(repeat_key),
        )
        return answer.read(_Approval).approval

    def lift(
        self,
        constituent: Constituent,
        restriction: str,
        *,
        approval: str | None = None,
        repeat_key: str | None = None,
    ) -> Recorded:
        """Lift a restriction; some kinds need a second officer's approval."""
        body = {"whom": named(constituent), "restriction": restriction}
        return self._transport.send(
            "POST",
            "/v1/restriction-lifts",
            body=body | stated(approval=approval),
            repeat_key=once(repeat_key),
        ).read(Recorded)

    def of(self, constituent: Constituent) -> list[Restriction]:
        """Her restrictions, the oldest first."""

        def page(cursor: UUID | None) -> Page[Restriction]:
            return self._transport.send(
                "POST",
                "/v1/restriction-queries",
                body={"whom": named(constituent)},
                query=query_of(cursor),
            ).read(Page[Restriction])

        return list(every(page))
