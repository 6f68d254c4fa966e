"""The policy in force and what changes it: agreements proposed, approved and ended, agencies suspended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.client.pages import Page, every, once, query_of
from hub.client.transport import Transport


class Agency(msgspec.Struct, frozen=True):
    """A public body that gives records, receives them, or both."""

    id: str
    label: str
    is_suspended: bool


class Purpose(msgspec.Struct, frozen=True):
    """A purpose by the name requests use, and what it is to DPV."""

    id: str
    broader: str
    label: str


class Terms(msgspec.Struct, frozen=True):
    """One revision of what source agencies share with a recipient."""

    id: str
    revision: int
    sources: list[str]
    recipient: str
    purpose: str
    categories: list[str]
    legal_basis: str
    citation: str
    starts_on: date
    ends_on: date
    matching_allowed: bool
    assurance_min: str
    compatible_revisions: list[int]


class Agreement(Terms, frozen=True, kw_only=True):
    """A revision, and what became of it. approved_by: None to an agency."""

    approved_by: list[str] | None
    ended_at: datetime | None


class Policy(msgspec.Struct, frozen=True):
    """The policy in force; to an agency what concerns it."""

    version: int
    digest: str
    agencies: list[Agency]
    purposes: list[Purpose]
    agreements: list[Agreement]


class Version(msgspec.Struct, frozen=True):
    """A version of the policy that was stated."""

    version: int
    digest: str
    author: str
    reason: str
    stated_at: datetime


class FieldChange(msgspec.Struct, frozen=True):
    """One field of a statement, in words."""

    name: str
    old: str
    new: str


class Difference(msgspec.Struct, frozen=True):
    """One statement that is new, gone or different."""

    kind: str
    what: str
    id: str
    fields: list[FieldChange]


class Comparison(msgspec.Struct, frozen=True):
    """What a policy states otherwise than the version in force."""

    version: int
    changes: list[Difference]


class Ref(msgspec.Struct, frozen=True):
    """One revision of an agreement."""

    id: str
    revision: int


class PolicyChange(msgspec.Struct, frozen=True):
    """What a change of the policy did. version: in force afterwards."""

    version: int
    changes: list[Difference]
    ended: list[Ref]
    apart: list[str]
    joined: list[str]


class _Proposed(msgspec.Struct, frozen=True):
    number: int


class _Approved(msgspec.Struct, frozen=True):
    change: PolicyChange | None


class Proposal(msgspec.Struct, frozen=True):
    """A proposal. outcome: None while it waits."""

    number: int
    agreement: Terms
    proposed_by: str
    proposed_at: datetime
    officers: list[str]
    outcome: str | None
    closed_by: str | None
    closed_at: datetime | None


class Agreements:
    """The policy. seen: the version that a change is based on; refused as `changed-since` where another is in force."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def policy(self) -> Policy:
        """The policy in force."""
        return self._transport.send("GET", "/v1/policy").read(Policy)

    def versions(self) -> list[Version]:
        """Every version that was stated, the newest first."""

        def page(cursor: UUID | None) -> Page[Version]:
            return self._transport.send("GET", "/v1/policy-versions", query=query_of(cursor)).read(
                Page[Version]
            )

        return list(every(page))

    def compare(self, policy: Mapping[str, Any]) -> Comparison:
        """What that policy, in the form of `hub/policy@1`, states otherwise than what is in force."""
        return self._transport.send("POST", "/v1/policy-comparisons", body=policy).read(Comparison)

    def propose(self, agreement: Mapping[str, Any], *, repeat_key: str | None = None) -> int:
        """Ask officers to approve a revision, in the form of `hub/agreement@1`; the proposal's number."""
        answer = self._transport.send(
            "POST",
            "/v1/agreement-proposals",
            body=agreement,
            repeat_key=once(repeat_key),
        )
        return answer.read(_Proposed).number

    def proposals(self, *, is_all: bool = False) -> list[Proposal]:
        """The proposals that wait, or all, the oldest first."""

        def page(cursor: UUID | None) -> Page[Proposal]:
            query = query_of(cursor) | ({"all": "true"} if is_all else {})
            return self._transport.send("GET", "/v1/agreement-proposals", query=query).read(
                Page[Proposal]
            )

        return list(every(page))

    def approve(
        self, number: int, *, seen: int, repeat_key: str | None = None
    ) -> PolicyChange | None:
        """Approve a proposal; None while another officer must, too."""
        answer = self._transport.send(
            "POST",
            f"/v1/agreement-proposals/{number}/approvals",
            repeat_key=once(repeat_key),
            if_match=str(seen),
        )
        return answer.read(_Approved).change

    def drop(self, number: int, *, repeat_key: str | None = None) -> None:
        """Let a proposal wait no longer."""
        self._transport.send(
            "DELETE", f"/v1/agreement-proposals/{number}", repeat_key=once(repeat_key)
        )

    def end(
        self, agreement: str, *, reason: str, seen: int, repeat_key: str | None = None
    ) -> PolicyChange:
        """End an agreement at once."""
        body = {"agreement": agreement, "reason": reason}
        return self._change("agreement-ends", body, seen, repeat_key)

    def suspend(
        self, agency: str, *, reason: str, seen: int, repeat_key: str | None = None
    ) -> PolicyChange:
        """Release nothing to an agency, and nothing of its records."""
        body = {"agency": agency, "reason": reason}
        return self._change("agency-suspensions", body, seen, repeat_key)

    def reinstate(
        self, agency: str, *, reason: str, seen: int, repeat_key: str | None = None
    ) -> PolicyChange:
        """End an agency's suspension."""
        body = {"agency": agency, "reason": reason}
        return self._change("agency-reinstatements", body, seen, repeat_key)

    def _change(
        self, path: str, body: dict[str, str], seen: int, repeat_key: str | None
    ) -> PolicyChange:
        return self._transport.send(
            "POST",
            f"/v1/{path}",
            body=body,
            repeat_key=once(repeat_key),
            if_match=str(seen),
        ).read(PolicyChange)
