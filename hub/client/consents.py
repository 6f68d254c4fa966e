"""What a constituent says on consent, recorded and listed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.client.pages import Constituent, Page, every, named, once, query_of, stated
from hub.client.transport import Transport


class How(msgspec.Struct, frozen=True, omit_defaults=True):
    """How she said it: the notice shown and the evidence kept, by their `sha256:` hashes."""

    notice: str
    evidence: str
    language: str = "en"
    method: str = "counter"
    representation: str | None = None


class Recorded(msgspec.Struct, frozen=True):
    """What was recorded; empty lists to an agency."""

    facts: list[str]
    told: list[str]
    overruled_by: list[str]


class Kept(msgspec.Struct, frozen=True):
    """What is kept of how something was said."""

    id: str
    notice: str
    method: str
    evidence: str
    representation: str | None
    author: str
    recorded_at: datetime
    is_former: bool


class Consent(msgspec.Struct, frozen=True):
    """One saying. kept: of staff alone."""

    agreement: str
    revision: int
    purpose: str
    state: str
    categories: list[str]
    given_on: date
    valid_until: date | None
    language: str
    kept: Kept | None = None


class Consents:
    """Consent, at an officer's desk or an agency's counter. repeat_key: the same with each repeat of a change."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def record(
        self,
        constituent: Constituent,
        agreement: str,
        revision: int,
        how: How,
        *,
        given: Collection[str] = (),
        refused: Collection[str] = (),
        valid_until: date | None = None,
        is_renewal: bool = False,
        repeat_key: str | None = None,
    ) -> Recorded:
        """Record her answer to one revision of an agreement."""
        body = {
            "whom": named(constituent),
            "agreement": agreement,
            "revision": revision,
            "given": sorted(given),
            "refused": sorted(refused),
            "is_renewal": is_renewal,
            "how": how,
        }
        return self._change("consents", body | stated(valid_until=valid_until), repeat_key)

    def withdraw(
        self,
        constituent: Constituent,
        agreement: str,
        how: How,
        *,
        categories: Collection[str] | None = None,
        repeat_key: str | None = None,
    ) -> Recorded:
        """Record that she takes back what she gave: of these categories, or of all."""
        return self._end("consent-withdrawals", constituent, agreement, how, categories, repeat_key)

    def revoke(
        self,
        constituent: Constituent,
        agreement: str,
        how: How,
        *,
        agency: str | None = None,
        categories: Collection[str] | None = None,
        repeat_key: str | None = None,
    ) -> Recorded:
        """End her consent at an agency's word. agency: which, said by staff."""
        return self._end(
            "consent-revocations",
            constituent,
            agreement,
            how,
            categories,
            repeat_key,
            agency=agency,
        )

    def invalidate(
        self,
        constituent: Constituent,
        agreement: str,
        how: How,
        *,
        categories: Collection[str] | None = None,
        repeat_key: str | None = None,
    ) -> Recorded:
        """Note that her consent was none; staff alone."""
        return self._end(
            "consent-invalidations", constituent, agreement, how, categories, repeat_key
        )

    def of(self, constituent: Constituent) -> list[Consent]:
        """What she said, the oldest first."""

        def page(cursor: UUID | None) -> Page[Consent]:
            return self._transport.send(
                "POST",
                "/v1/consent-queries",
                body={"whom": named(constituent)},
                query=query_of(cursor),
            ).read(Page[Consent])

        return list(every(page))

    def _end(
        self,
        path: str,
        constituent: Constituent,
        agreement: str,
        how: How,
        categories: Collection[str] | None,
        repeat_key: str | None,
        **more: Any,
    ) -> Recorded:
        body = {"whom": named(constituent), "agreement": agreement, "how": how}
        chosen = None if categories is None else sorted(categories)
        return self._change(path, body | stated(categories=chosen, **more), repeat_key)

    def _change(self, path: str, body: dict[str, Any], repeat_key: str | None) -> Recorded:
        return self._transport.send(
            "POST", f"/v1/{path}", body=body, repeat_key=once(repeat_key)
        ).read(Recorded)
