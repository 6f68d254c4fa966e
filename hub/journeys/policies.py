"""The policy in force, read under its lock, any version of before, and what an officer reads of them.

Decides that a version is read from the database once a process: versions never change. Stating one is
policy_changes.py's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from consent.difference import Change, diff
from consent.policy import AgencyId, Policy
from consent.stored import digest_of, from_document, to_document
from consent.succession import stated
from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.store import database, policies
from hub.store.policies import VersionLine

__all__ = [
    "Comparison",
    "InForce",
    "PolicyVersionUnknown",
    "VersionLine",
    "compare",
    "differences",
    "list_versions",
    "policy_at",
    "shared_policy",
    "show_policy",
    "show_policy_to",
    "show_version",
]


class PolicyVersionUnknown(HubError):
    """No policy of that version was ever stated."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A policy with its version and digest; version 0 is the empty policy, which permits nothing."""

    version: int
    digest: bytes
    policy: Policy


EMPTY = InForce(0, digest_of(to_document(Policy())), Policy())


def shared_policy(hub: Hub, connection: Connection) -> InForce:
    """Keep the policy from changing until the transaction ends, and answer the version in force."""
    policies.share(connection)
    return policy_at(hub, connection, policies.newest_version(connection))


def policy_at(hub: Hub, connection: Connection, version: int) -> InForce:
    """That version. Raises PolicyVersionUnknown."""
    if version == 0:
        return EMPTY
    return hub.kept.get((InForce, version), lambda: _read(connection, version))


def _read(connection: Connection, version: int) -> InForce:
    stated = policies.read(connection, version)
    if stated is None:
        raise PolicyVersionUnknown(f"no version {version} of the policy was ever stated")
    return InForce(stated.version, stated.digest, from_document(stated.document))


def show_policy(hub: Hub) -> InForce:
    """The policy in force now, with the revisions that were ended."""
    with database.transaction(hub.engine) as connection:
        return shared_policy(hub, connection)


def show_version(hub: Hub, version: int) -> InForce:
    """The policy as it stood in that version; 0 is the empty one before any. Raises PolicyVersionUnknown."""
    with database.transaction(hub.engine) as connection:
        return policy_at(hub, connection, version)


def show_policy_to(hub: Hub, agency: AgencyId) -> InForce:
    """What of the policy in force concerns an agency: the agreements it is party to, their parties and purposes.

    The digest is that of the whole.
    """
    found = show_policy(hub)
    agreements = tuple(
        one for one in found.policy.agreements if agency in (*one.sources, one.recipient)
    )
    parties = {agency, *(party for one in agreements for party in (*one.sources, one.recipient))}
    purposes = {one.purpose for one in agreements}
    concerning = Policy(
        tuple(one for one in found.policy.agencies if one.id in parties),
        tuple(one for one in found.policy.purposes if one.id in purposes),
        agreements,
    )
    return replace(found, policy=concerning)


def list_versions(hub: Hub) -> list[VersionLine]:
    """Every version that was stated, the newest first."""
    with database.transaction(hub.engine) as connection:
        return policies.versions(connection)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a policy states otherwise than that version, which is in force."""

    version: int
    changes: tuple[Change, ...]


def compare(hub: Hub, policy: Policy) -> Comparison:
    """What would change, were that policy stated: without asking whether it may be."""
    found = show_policy(hub)
    return Comparison(found.version, diff(stated(found.policy), policy))


def differences(hub: Hub, policy: Policy) -> tuple[Change, ...]:
    """The same, without the version."""
    return compare(hub, policy).changes
