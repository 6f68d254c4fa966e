"""Propose a revision of an agreement, approve it, or drop it: it is in force once two officers approved.

Decides that proposing approves nothing, that an officer approves once, and that a proposal is held to the
rules when it is made and again when it enters, for the policy may have changed in between. Who is an
officer is for the edges to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from consent.policy import Agreement, Policy, officer_key
from consent.proposing import ProposedAgreement, proposal_document, proposal_from
from consent.rules import PolicyInvalid, Problem, Rule
from consent.succession import add, check_proposed
from hub.domain.errors import HubError
from hub.journeys.acts import ActUnexplained, Said
from hub.journeys.context import Hub
from hub.journeys.policy_changes import (
    Following,
    Next,
    PolicyChange,
    change_policy,
    held_policy,
    require_seen,
)
from hub.store import database, policies
from hub.store.policies import Proposal

_APPROVED: Final = "approved"
_DROPPED: Final = "dropped"


class ProposalUnknown(HubError):
    """No proposal of that number waits."""


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal as an officer reads it. officers: who approved it so far. outcome: None while it waits."""

    number: int
    agreement: ProposedAgreement
    proposed_by: str
    proposed_at: datetime
    officers: tuple[str, ...]
    outcome: str | None
    closed_by: str | None
    closed_at: datetime | None


def propose_agreement(hub: Hub, agreement: ProposedAgreement, *, officer: str) -> int:
    """Write a revision down for officers to approve; its number. Raises ActUnexplained, PolicyInvalid."""
    name = _named(officer)
    with database.transaction(hub.engine) as connection:
        at = hub.now()
        check_proposed(held_policy(hub, connection).policy, agreement, at)
        return policies.propose(connection, proposal_document(agreement), name, at)


def approve_agreement(
    hub: Hub, number: int, *, officer: str, seen: int | None = None
) -> PolicyChange | None:
    """Approve a proposal: what changed where that puts it in force, None where another officer must still.

    seen: the version of the policy the officer compared it with. Raises PolicyMoved, ActUnexplained, ProposalUnknown, and PolicyInvalid where the officer approved it before or it can no
    longer enter; then nothing is written, not the approval either.
    """
    name = _named(officer)
    with database.transaction(hub.engine) as connection:
        in_force = held_policy(hub, connection)
        require_seen(in_force, seen)
        proposal, at = _waiting(connection, number), hub.now()
        if officer_key(name) in map(officer_key, proposal.officers):
            raise PolicyInvalid([Problem("approved_by", Rule.TWO_APPROVERS)])
        proposed = proposal_from(proposal.document)
        check_proposed(in_force.policy, proposed, at)
        policies.approve(connection, number, name, at)
        if not proposal.officers:
            return None
        entering = proposed.approved_by((*proposal.officers, name))
        policies.close_proposal(connection, number, _APPROVED, name, at)
        said = Said.by(name, f"proposal {number} was approved")
        return change_policy(hub, connection, in_force, said, _adding(entering), at)


def drop_proposal(hub: Hub, number: int, *, officer: str) -> None:
    """Let a proposal wait no longer. Raises ActUnexplained, ProposalUnknown."""
    name = _named(officer)
    with database.transaction(hub.engine) as connection:
        policies.lock(connection)
        proposal = _waiting(connection, number)
        policies.close_proposal(connection, proposal.id, _DROPPED, name, hub.now())


def list_proposals(hub: Hub, *, is_open: bool = True) -> list[ProposalView]:
    """The proposals that wait, or all, the oldest first."""
    with database.transaction(hub.engine) as connection:
        return [_view(one) for one in policies.proposals(connection, is_open=is_open)]


def _adding(entering: Agreement) -> Following:
    def work(in_force: Policy, new: Next) -> Policy:
        return add(in_force, entering, version=new.version, at=new.at)

    return work


def _waiting(connection: Connection, number: int) -> Proposal:
    for proposal in policies.proposals(connection):
        if proposal.id == number:
            return proposal
    raise ProposalUnknown(f"no proposal {number} waits")


def _named(officer: str) -> str:
    if not officer.strip():
        raise ActUnexplained("it must be said which officer it is")
    return officer.strip()


def _view(one: Proposal) -> ProposalView:
    return ProposalView(
        number=one.id,
        agreement=proposal_from(one.document),
        proposed_by=one.proposed_by,
        proposed_at=one.proposed_at,
        officers=one.officers,
        outcome=one.outcome,
        closed_by=one.closed_by,
        closed_at=one.closed_at,
    )
