"""What a signed-in constituent reads and says herself, through the portal that acts for her (`sign_in`)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.client.consents import Consent
from hub.client.pages import Page, every, once, query_of, stated
from hub.client.profiles import RecordRef
from hub.client.rights import Held, Use
from hub.client.transport import Transport


class Shown(msgspec.Struct, frozen=True):
    """The text she was shown, and the portal's record of what she did, by their `sha256:` hashes."""

    notice: str
    evidence: str
    language: str = "en"


class OwnRestriction(msgspec.Struct, frozen=True):
    """A restriction that stands. is_hers: she put it herself, and may lift it."""

    id: UUID
    kind: str
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None
    is_hers: bool


class _Told(msgspec.Struct, frozen=True):
    told: list[str]


class _Made(msgspec.Struct, frozen=True):
    id: UUID


class Me:
    """Hers alone: the token says who she is. What answers a list of names are the agencies that were told."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def held(self) -> Held:
        """What is held on her."""
        return self._transport.send("GET", "/v1/me/held").read(Held)

    def disclosures(self, *, page_size: int = 100) -> list[Use]:
        """Who looked, the newest first."""

        def page(cursor: UUID | None) -> Page[Use]:
            query = query_of(cursor, page_size)
            return self._transport.send("GET", "/v1/me/disclosures", query=query).read(Page[Use])

        return list(every(page))

    def consents(self) -> list[Consent]:
        """What she said on consent, the oldest first."""

        def page(cursor: UUID | None) -> Page[Consent]:
            return self._transport.send("GET", "/v1/me/consents", query=query_of(cursor)).read(
                Page[Consent]
            )

        return list(every(page))

    def consent(
        self,
        agreement: str,
        revision: int,
        shown: Shown,
        *,
        given: Collection[str] = (),
        refused: Collection[str] = (),
        valid_until: date | None = None,
        is_renewal: bool = False,
        repeat_key: str | None = None,
    ) -> list[str]:
        """Give or refuse consent."""
        body = {
            "agreement": agreement,
            "revision": revision,
            "given": sorted(given),
            "refused": sorted(refused),
            "is_renewal": is_renewal,
            "how": shown,
        }
        return self._change("consents", body | stated(valid_until=valid_until), repeat_key)

    def withdraw(
        self,
        agreement: str,
        shown: Shown,
        *,
        categories: Collection[str] | None = None,
        repeat_key: str | None = None,
    ) -> list[str]:
        """Take back what she gave: these categories, or all."""
        chosen = None if categories is None else sorted(categories)
        body = {"agreement": agreement, "how": shown} | stated(categories=chosen)
        return self._change("consent-withdrawals", body, repeat_key)

    def restrictions(self) -> list[OwnRestriction]:
        """The restrictions that stand."""

        def page(cursor: UUID | None) -> Page[OwnRestriction]:
            return self._transport.send("GET", "/v1/me/restrictions", query=query_of(cursor)).read(
                Page[OwnRestriction]
            )

        return list(every(page))

    def restrict(self, kind: str, *, reason: str, repeat_key: str | None = None) -> list[str]:
        """Object: `objection`, or `objection_to_linkage`."""
        return self._change("restrictions", {"kind": kind, "reason": reason}, repeat_key)

    def lift(self, restriction: UUID, *, repeat_key: str | None = None) -> None:
        """Lift a restriction that she put herself."""
        self._transport.send(
            "POST",
            "/v1/me/restriction-lifts",
            body={"restriction": restriction},
            repeat_key=once(repeat_key),
        )

    def correct(
        self,
        record: RecordRef,
        field: str,
        proposed: str,
        *,
        reason: str,
        repeat_key: str | None = None,
    ) -> UUID:
        """Tell the agency that owns one of her records what is wrong in it."""
        body = {"record": record, "field": field, "proposed": proposed, "reason": reason}
        return (
            self._transport.send(
                "POST", "/v1/me/corrections", body=body, repeat_key=once(repeat_key)
            )
            .read(_Made)
            .id
        )

    def _change(self, path: str, body: dict[str, Any], repeat_key: str | None) -> list[str]:
        return (
            self._transport.send("POST", f"/v1/me/{path}", body=body, repeat_key=once(repeat_key))
            .read(_Told)
            .told
        )
