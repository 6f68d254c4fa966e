"""What waits for an agency: corrections to answer, and notices to take in."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

import msgspec

from hub.client.pages import Page, every, once, query_of
from hub.client.profiles import RecordRef
from hub.client.rights import Correction
from hub.client.transport import Transport


class Notice(msgspec.Struct, frozen=True):
    """What an agency is to do with data it was given. delete_by: None where it is kept, and used no further."""

    id: UUID
    kind: str
    constituent: UUID | None
    agreement: str
    delete_by: date | None
    made_at: datetime
    taken_at: datetime | None


class _Made(msgspec.Struct, frozen=True):
    id: UUID


class Corrections:
    """Corrections: asked for by staff, answered by the agency that owns the record."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def propose(
        self,
        record: RecordRef,
        field: str,
        proposed: str,
        *,
        reason: str,
        case: str,
        repeat_key: str | None = None,
    ) -> UUID:
        """Propose a correction at her request; staff alone."""
        body = {
            "record": record,
            "field": field,
            "proposed": proposed,
            "reason": reason,
            "case": case,
        }
        return (
            self._transport.send("POST", "/v1/corrections", body=body, repeat_key=once(repeat_key))
            .read(_Made)
            .id
        )

    def waiting(self, *, is_all: bool = False) -> list[Correction]:
        """Those that wait for the agency, or all, the oldest first."""

        def page(cursor: UUID | None) -> Page[Correction]:
            query = query_of(cursor) | ({"all": "true"} if is_all else {})
            return self._transport.send("GET", "/v1/corrections", query=query).read(
                Page[Correction]
            )

        return list(every(page))

    def answer(
        self, correction: UUID, answer: str, *, note: str, repeat_key: str | None = None
    ) -> None:
        """Answer one, once: accepted or declined."""
        self._transport.send(
            "POST",
            f"/v1/corrections/{correction}/answers",
            body={"answer": answer, "note": note},
            repeat_key=once(repeat_key),
        )


class Notices:
    """Notices to the agency."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def waiting(self, *, is_all: bool = False) -> list[Notice]:
        """Those that wait, or all, the oldest first."""

        def page(cursor: UUID | None) -> Page[Notice]:
            query = query_of(cursor) | ({"all": "true"} if is_all else {})
            return self._transport.send("GET", "/v1/notices", query=query).read(Page[Notice])

        return list(every(page))

    def take(self, notice: UUID, *, repeat_key: str | None = None) -> None:
        """Say that one was taken in."""
        self._transport.send("POST", f"/v1/notices/{notice}/receipts", repeat_key=once(repeat_key))
