"""The policy in force, read under its lock, and any version of before.

Decides that a version is read from the database once a process: versions never change. Stating one is
policy_changes.py's.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from consent.policy import Policy
from consent.stored import digest_of, from_document, to_document
from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.store import policies


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
