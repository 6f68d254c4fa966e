"""What is held on a constituent, who looked, her export and her erasure, as officers meet her requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.client.pages import Constituent, Page, every, named, once, query_of, seen_in
from hub.client.transport import Transport


class HeldRecord(msgspec.Struct, frozen=True):
    """What one source holds, and why it is linked."""

    source: str
    agency: str
    label: str
    as_of: date | None
    record: dict[str, Any]
    relationships: list[str]
    linked_because: list[str]


class Judgement(msgspec.Struct, frozen=True):
    """That a member of staff judged two records."""

    number: int
    verdict: str
    judged_at: datetime
    withdrawn_at: datetime | None


class Objection(msgspec.Struct, frozen=True):
    """That linking one of her records was objected to."""

    source: str
    made_at: datetime
    withdrawn_at: datetime | None


class HeldConsent(msgspec.Struct, frozen=True):
    """What she said of an agreement, once."""

    agreement: str
    revision: int
    purpose: str
    state: str
    categories: list[str]
    given_on: date
    valid_until: date | None
    notice: str
    language: str
    recorded_at: datetime


class HeldRestriction(msgspec.Struct, frozen=True):
    """A restriction in force or announced."""

    id: str
    kind: str
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None


class HeldRepresentation(msgspec.Struct, frozen=True):
    """By what right somebody acts or acted for her."""

    kind: str
    starts_on: date
    ends_on: date
    purposes: list[str] | None
    ended_at: datetime | None


class Correction(msgspec.Struct, frozen=True):
    """A proposal to the agency that owns a record. answer: None while it waits."""

    id: UUID
    agency: str
    source: str
    key: str | None
    field: str
    proposed: str
    reason: str
    made_at: datetime
    answer: str | None
    note: str | None
    answered_at: datetime | None


class Shown(msgspec.Struct, frozen=True):
    """That an agency knows her, since when."""

    agency: str
    shown_at: datetime
    id: UUID | None


class Held(msgspec.Struct, frozen=True):
    """Everything held on a constituent. disclosure: the log's entry of this look."""

    id: UUID | None
    aliases: list[UUID]
    kind: str
    records: list[HeldRecord]
    judgements: list[Judgement]
    objections: list[Objection]
    consents: list[HeldConsent]
    restrictions: list[HeldRestriction]
    representations: list[HeldRepresentation]
    corrections: list[Correction]
    shown_to: list[Shown]
    disclosure: str


class Released(msgspec.Struct, frozen=True):
    """Fields of one agency's records that were let through, and under which law."""

    source: str
    source_label: str
    category: str
    fields: list[str]
    agreement: str | None
    revision: int | None
    legal_basis: str | None
    citation: str | None


class Withheld(msgspec.Struct, frozen=True):
    """A category that was asked for and held back."""

    source: str | None
    category: str
    reasons: list[str]


class Use(msgspec.Struct, frozen=True):
    """Who looked, when, why and under which law."""

    disclosure: str
    at: datetime
    action: str
    outcome: str
    agency: str
    agency_label: str
    system: str
    user: str | None
    purpose: str
    purpose_label: str
    agreement: str | None
    released: list[Released]
    withheld: list[Withheld]
    reasons: list[str]


class RecordToErase(msgspec.Struct, frozen=True):
    """A record of hers, for the officer to see whose it is."""

    agency: str
    source: str
    label: str
    key: str | None


class Destroyed(msgspec.Struct, frozen=True):
    """How much an erasure destroys."""

    records: dict[str, int]
    entries: int
    reasons: int
    corrections: int
    quarantined: int
    kept_out: int


class ErasurePreview(msgspec.Struct, frozen=True):
    """What an erasure would destroy. seen: what an erasure must name as seen."""

    records: list[RecordToErase]
    ids: list[UUID]
    destroyed: Destroyed
    seen: str = ""


class Erasure(msgspec.Struct, frozen=True):
    """An erasure. certificate: signed; keep it, the hub does not."""

    ids: list[UUID]
    destroyed: Destroyed
    disclosure: str
    certificate: str


class Disclosures:
    """Who looked, of staff alone."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def of(self, constituent: Constituent, *, case: str, page_size: int = 100) -> list[Use]:
        """Who looked at her, the newest first; each page is a look, too."""

        def page(cursor: UUID | None) -> Page[Use]:
            return self._transport.send(
                "POST",
                "/v1/disclosure-queries",
                body={"whom": named(constituent), "case": case},
                query=query_of(cursor, page_size),
            ).read(Page[Use])

        return list(every(page))

    def prove(self, constituent: Constituent, disclosure: str) -> str:
        """The proof that an entry about her is in the log, for her to keep."""
        body = {"whom": named(constituent), "disclosure": disclosure}
        return self._transport.send("POST", "/v1/disclosure-proofs", body=body).content.decode()


class Requests:
    """What officers do at a constituent's request."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def held(self, constituent: Constituent, *, case: str) -> Held:
        """What is held on her."""
        body = {"whom": named(constituent), "case": case}
        return self._transport.send("POST", "/v1/held-queries", body=body).read(Held)

    def export(self, constituent: Constituent, *, case: str) -> bytes:
        """All of it, every look at it and their proofs, as one signed archive."""
        body = {"whom": named(constituent), "case": case}
        return self._transport.send("POST", "/v1/exports", body=body).content

    def preview_erasure(self, constituent: Constituent, *, authority: str) -> ErasurePreview:
        """What erasing her would destroy."""
        body = {"whom": named(constituent), "authority": authority}
        answer = self._transport.send("POST", "/v1/erasure-previews", body=body)
        seen = seen_in(answer)
        return msgspec.structs.replace(answer.read(ErasurePreview), seen=seen)

    def erase(
        self,
        constituent: Constituent,
        *,
        authority: str,
        seen: str,
        repeat_key: str | None = None,
    ) -> Erasure:
        """Erase her for good. seen: of the preview that was looked at."""
        body = {"whom": named(constituent), "authority": authority}
        return self._transport.send(
            "POST",
            "/v1/erasures",
            body=body,
            repeat_key=once(repeat_key),
            if_match=seen,
        ).read(Erasure)
