"""Change the policy: load a file, end an agreement, suspend or reinstate an agency.

Decides that a change is a new version, written while nothing is released: the policy's lock is held alone,
releases share it, so one under way ends first and the next reads the new version. Recipients of an agreement
that ended are told, unless another revision of it stands. What may follow what
is consent.succession's; re-linking what may no longer be linked is a job, put in with the change. No constituent is
named here: authors, reasons and agreements rest in the clear.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from consent.difference import Change, diff
from consent.policy import AgencyId, AgreementRef, Policy
from consent.stored import digest_of, to_document
from consent.succession import end, ended_by, stated, succeed, suspend
from hub.domain.errors import HubError
from hub.journeys.acts import Said
from hub.journeys.context import Hub
from hub.journeys.matchable import MatchingChange, keep_matching, matching_change
from hub.journeys.notices import notify_of_end
from hub.journeys.policies import InForce, policy_at
from hub.store import database, policies
from hub.store.policies import PolicyVersion


class PolicyMoved(HubError):
    """The policy in force is another than its author saw."""


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What a change of the policy did, or would do where it is a preview.

    version: in force afterwards. changes: none where the policy said so already; then no version is written.
    ended: revisions that nothing is released under any more.
    """

    version: int
    changes: tuple[Change, ...] = ()
    ended: tuple[AgreementRef, ...] = ()
    matching: MatchingChange = field(default_factory=MatchingChange)


@dataclass(frozen=True, slots=True)
class Next:
    """The version a change would write, and the moment it is made at."""

    version: int
    at: datetime


Following: TypeAlias = Callable[[Policy, Next], Policy]
"""The policy in force -> the one that follows. Raises PolicyInvalid."""


def load_policy(
    hub: Hub,
    policy: Policy,
    *,
    author: str,
    reason: str,
    seen: int | None = None,
    is_preview: bool = False,
) -> PolicyChange:
    """Put a policy in force as a whole: what it no longer states ends, or goes.

    seen: the version its author compared it with. Raises ActUnexplained, PolicyInvalid, PolicyMoved.
    """

    def work(in_force: Policy, new: Next) -> Policy:
        return succeed(in_force, policy, version=new.version, at=new.at)

    return _changed(hub, Said.by(author, reason), work, seen, is_preview=is_preview)


def end_agreement(
    hub: Hub, agreement: str, *, author: str, reason: str, seen: int | None = None
) -> PolicyChange:
    """End every revision of an agreement that is in force or to come. Raises as load_policy."""

    def work(in_force: Policy, new: Next) -> Policy:
        return end(in_force, agreement, version=new.version, at=new.at)

    return _changed(hub, Said.by(author, reason), work, seen)


def suspend_agency(
    hub: Hub, agency: AgencyId, *, author: str, reason: str, seen: int | None = None
) -> PolicyChange:
    """Release nothing to an agency and nothing of its records. Raises as load_policy."""

    def work(in_force: Policy, _: Next) -> Policy:
        return suspend(in_force, agency, is_suspended=True)

    return _changed(hub, Said.by(author, reason), work, seen)


def reinstate_agency(
    hub: Hub, agency: AgencyId, *, author: str, reason: str, seen: int | None = None
) -> PolicyChange:
    """End an agency's suspension. Raises as load_policy."""

    def work(in_force: Policy, _: Next) -> Policy:
        return suspend(in_force, agency, is_suspended=False)

    return _changed(hub, Said.by(author, reason), work, seen)


def _changed(
    hub: Hub, said: Said, work: Following, seen: int | None, *, is_preview: bool = False
) -> PolicyChange:
    with database.transaction(hub.engine) as connection:
        in_force = held_policy(hub, connection)
        require_seen(in_force, seen)
        return change_policy(
            hub, connection, in_force, said, work, hub.now(), is_preview=is_preview
        )


def held_policy(hub: Hub, connection: Connection) -> InForce:
    """Hold the policy alone until the transaction ends, and answer the version in force."""
    policies.lock(connection)
    return policy_at(hub, connection, policies.newest_version(connection))


def require_seen(in_force: InForce, seen: int | None) -> None:
    """Raises PolicyMoved where a change is based on another version; None where it says of none."""
    if seen not in (None, in_force.version):
        raise PolicyMoved(f"version {in_force.version} of the policy came meanwhile: look again")


def change_policy(
    hub: Hub,
    connection: Connection,
    in_force: InForce,
    said: Said,
    work: Following,
    at: datetime,
    *,
    is_preview: bool = False,
) -> PolicyChange:
    """Write the version that follows, where it says anything new. Under `held_policy`."""
    new = Next(in_force.version + 1, at)
    policy = work(in_force.policy, new)
    changes = diff(stated(in_force.policy), stated(policy))
    if not changes:
        return PolicyChange(in_force.version)
    document = to_document(policy)
    following = InForce(new.version, digest_of(document), policy)
    ended = ended_by(in_force.policy, policy)
    refs = tuple(one.ref for one in ended)
    if is_preview:
        matching = matching_change(connection, following, hub.day_of(at))
        return PolicyChange(in_force.version, changes, refs, matching)
    policies.add(
        connection,
        PolicyVersion(following.version, following.digest, document, said.author, said.reason, at),
    )
    stands = {one.id for one in stated(policy).agreements}
    notify_of_end(hub, connection, [one for one in ended if one.id not in stands], at)
    return PolicyChange(
        following.version, changes, refs, keep_matching(connection, following, hub.day_of(at))
    )
