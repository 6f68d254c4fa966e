"""`/v1/policy` and what changes it: agreements proposed, approved, ended, and agencies suspended.

Decides the shape at the wire. What may follow what is consent.succession's, that a change is a new version
hub.journeys.policy_changes'. The policy's version is its ETag: a change says which version its officer looked at.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from fastapi import Path, Query, Response
from pydantic import Field

from api import etags
from api.etags import IfMatch, etag
from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.v1.policy_shapes import (
    ApprovedOut,
    ChangeOut,
    ComparisonOut,
    PolicyOut,
    ProposalOut,
    ProposedOut,
    VersionOut,
    change_out,
    differences_out,
    policy_out,
    proposal_out,
    version_out,
)
from api.v1.words import PolicyName, Sentence, Strict
from consent.documents import PolicyDocument, ProposalDocument, policy_in, proposal_in
from hub.access.scopes import Scope
from hub.journeys import policies, policy_changes, policy_proposals
from hub.journeys.policy_changes import PolicyMoved

router = guarded_router(tags=["Agreements"])

_SEEN: Final[dict[str, Any]] = {"parameters": [etags.PARAMETER]}
_VERSION_DIGITS_MAX: Final = 9

Number: TypeAlias = Annotated[int, Path(ge=1, le=2**62, description="The proposal's number.")]
Reason: TypeAlias = Annotated[
    Sentence, Field(description="It rests in the clear: name no constituent.")
]


class AgreementEndIn(Strict):
    """Which agreement ends, and why."""

    agreement: PolicyName
    reason: Reason


class SuspensionIn(Strict):
    """Which agency is suspended or reinstated, and why."""

    agency: PolicyName
    reason: Reason


# --- reading -------------------------------------------------------------------------------------


@router.get("/policy")
@needs(Scope.AGREEMENT_READ)
def show(hub: HubOf, caller: CallerOf, answer: Response) -> PolicyOut:
    """The policy in force, with the agreements that were ended; to an agency what concerns it. ETag: its version."""
    if caller.agency is None:
        found = policies.show_policy(hub)
    else:
        found = policies.show_policy_to(hub, caller.agency)
    answer.headers.update(etag(found.version))
    return policy_out(found, is_staff=caller.agency is None)


@router.get("/policy-versions")
@needs(Scope.AGREEMENT_READ)
def versions(
    hub: HubOf, caller: CallerOf, cursor: CursorIn = None, limit: LimitIn = 100
) -> Page[VersionOut]:
    """Every version that was stated, the newest first. Staff alone."""
    caller.require_staff()
    cursors = Cursors(hub, caller, "policy versions")
    before = cursors.position(cursor)
    older = [one for one in policies.list_versions(hub) if not before or one.version < before]
    page = [version_out(one) for one in older[:limit]]
    return cursors.page(page, page[-1].version if len(older) > limit else None)


@router.post("/policy-comparisons")
@needs(Scope.AGREEMENT_READ)
def compare(hub: HubOf, caller: CallerOf, policy: PolicyDocument) -> ComparisonOut:
    """Tell what a policy states otherwise than what is in force; nothing is changed. Staff alone."""
    caller.require_staff()
    found = policies.compare(hub, policy_in(policy))
    return ComparisonOut(version=found.version, changes=differences_out(found.changes))


# --- changing ------------------------------------------------------------------------------------


@router.post("/agreement-ends", openapi_extra=_SEEN)
@changes
@needs(Scope.AGREEMENT_WRITE)
def end(hub: HubOf, caller: CallerOf, seen: IfMatch, said: AgreementEndIn) -> ChangeOut:
    """End an agreement at once, with every revision in force or to come; recipients are told."""
    return change_out(
        policy_changes.end_agreement(
            hub,
            said.agreement,
            author=caller.signature,
            reason=said.reason,
            seen=_version(seen),
        )
    )


@router.post("/agency-suspensions", openapi_extra=_SEEN)
@changes
@needs(Scope.AGREEMENT_WRITE)
def suspend(hub: HubOf, caller: CallerOf, seen: IfMatch, said: SuspensionIn) -> ChangeOut:
    """Release nothing to an agency, and nothing of its records, from now on."""
    return change_out(
        policy_changes.suspend_agency(
            hub, said.agency, author=caller.signature, reason=said.reason, seen=_version(seen)
        )
    )


@router.post("/agency-reinstatements", openapi_extra=_SEEN)
@changes
@needs(Scope.AGREEMENT_WRITE)
def reinstate(hub: HubOf, caller: CallerOf, seen: IfMatch, said: SuspensionIn) -> ChangeOut:
    """End an agency's suspension."""
    return change_out(
        policy_changes.reinstate_agency(
            hub, said.agency, author=caller.signature, reason=said.reason, seen=_version(seen)
        )
    )


@router.post("/agreement-proposals", status_code=201)
@changes
@needs(Scope.AGREEMENT_WRITE)
def propose(hub: HubOf, caller: CallerOf, agreement: ProposalDocument) -> ProposedOut:
    """Ask officers to approve one revision of an agreement; proposing approves nothing."""
    number = policy_proposals.propose_agreement(
        hub, proposal_in(agreement), officer=caller.signature
    )
    return ProposedOut(number=number)


@router.get("/agreement-proposals")
@needs(Scope.AGREEMENT_READ)
def proposals(
    hub: HubOf,
    caller: CallerOf,
    is_all: Annotated[bool, Query(alias="all", description="Closed ones too.")] = False,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[ProposalOut]:
    """The proposals that wait for officers, the oldest first. Staff alone."""
    caller.require_staff()
    cursors = Cursors(hub, caller, "agreement proposals")
    after = cursors.position(cursor)
    found = policy_proposals.list_proposals(hub, is_open=not is_all)
    later = [one for one in found if one.number > after]
    page = [proposal_out(one) for one in later[:limit]]
    return cursors.page(page, page[-1].number if len(later) > limit else None)


@router.post("/agreement-proposals/{number}/approvals", openapi_extra=_SEEN)
@changes
@needs(Scope.AGREEMENT_WRITE)
def approve(hub: HubOf, caller: CallerOf, seen: IfMatch, number: Number) -> ApprovedOut:
    """Approve a proposal; with a second officer's approval it is in force."""
    done = policy_proposals.approve_agreement(
        hub, number, officer=caller.signature, seen=_version(seen)
    )
    return ApprovedOut(change=None if done is None else change_out(done))


@router.delete("/agreement-proposals/{number}", status_code=204)
@changes
@needs(Scope.AGREEMENT_WRITE)
def drop(hub: HubOf, caller: CallerOf, number: Number) -> None:
    """Let a proposal wait no longer."""
    policy_proposals.drop_proposal(hub, number, officer=caller.signature)


def _version(seen: str) -> int:
    """The version an ETag names. Raises PolicyMoved for what no version has."""
    if not (seen.isascii() and seen.isdecimal() and len(seen) <= _VERSION_DIGITS_MAX):
        raise PolicyMoved("no version of the policy has that ETag: look again")
    return int(seen)
