"""Policies as they were stated, one whole version after the other, and the proposals on the way to one.

What a version means, and who may state one, is the journeys' to know. Whoever reads a version to decide
by shares the policy's lock first, in a statement of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, text, update

from hub.store.database import LOCK_POLICY, lock_in_transaction
from hub.store.tables import AgreementApproval, AgreementProposal, StatedPolicy


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version as it was stated."""

    version: int
    digest: bytes
    document: dict[str, Any]
    author: str
    reason: str
    stated_at: datetime


@dataclass(frozen=True, slots=True)
class VersionLine:
    """Who stated a version, when and why."""

    version: int
    digest: bytes
    author: str
    reason: str
    stated_at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """A proposed revision, with the officers who approved it so far, in the order they did."""

    id: int
    document: dict[str, Any]
    proposed_by: str
    proposed_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None
    officers: tuple[str, ...]


_COLUMNS = (
    StatedPolicy.version,
    StatedPolicy.digest,
    StatedPolicy.document,
    StatedPolicy.author,
    StatedPolicy.reason,
    StatedPolicy.stated_at,
)


def lock(connection: Connection) -> None:
    """Hold the policy alone until the transaction ends: it changes, and no release rests on it meanwhile."""
    lock_in_transaction(connection, LOCK_POLICY)


def share(connection: Connection) -> None:
    """Keep the policy from changing until the transaction ends. A statement before the one that reads."""
    connection.execute(text("SELECT pg_advisory_xact_lock_shared(:lock, 0)"), {"lock": LOCK_POLICY})


def newest_version(connection: Connection) -> int:
    """The number of the version in force; 0 while none was stated."""
    return connection.execute(select(func.coalesce(func.max(StatedPolicy.version), 0))).scalar_one()


def read(connection: Connection, version: int) -> PolicyVersion | None:
    """That version; None where there is none."""
    row = connection.execute(select(*_COLUMNS).where(StatedPolicy.version == version)).one_or_none()
    return None if row is None else PolicyVersion(*row)


def versions(connection: Connection) -> list[VersionLine]:
    """All versions, the newest first."""
    rows = connection.execute(
        select(
            StatedPolicy.version,
            StatedPolicy.digest,
            StatedPolicy.author,
            StatedPolicy.reason,
            StatedPolicy.stated_at,
        ).order_by(StatedPolicy.version.desc())
    ).all()
    return [VersionLine(*row) for row in rows]


def add(connection: Connection, stated: PolicyVersion) -> None:
    """Put a version in force; its number is one more than the newest, read under `lock`."""
    connection.execute(
        insert(StatedPolicy).values(
            version=stated.version,
            digest=stated.digest,
            document=stated.document,
            author=stated.author,
            reason=stated.reason,
            stated_at=stated.stated_at,
        )
    )


def propose(connection: Connection, document: dict[str, Any], officer: str, at: datetime) -> int:
    """Write a proposal down; its number."""
    statement = insert(AgreementProposal).values(
        document=document, proposed_by=officer, proposed_at=at
    )
    return connection.execute(statement.returning(AgreementProposal.id)).scalar_one()


def approve(connection: Connection, proposal: int, officer: str, at: datetime) -> None:
    """Note an officer's approval. To be called once an officer."""
    connection.execute(
        insert(AgreementApproval).values(proposal_id=proposal, officer=officer, approved_at=at)
    )


def close_proposal(
    connection: Connection, proposal: int, outcome: str, officer: str, at: datetime
) -> None:
    """Say what became of it, and by whom."""
    connection.execute(
        update(AgreementProposal)
        .where(AgreementProposal.id == proposal)
        .values(outcome=outcome, closed_by=officer, closed_at=at)
    )


def proposals(connection: Connection, *, is_open: bool = True) -> list[Proposal]:
    """Proposals that wait, or all, oldest first."""
    officers: dict[int, list[str]] = {}
    for row in connection.execute(
        select(AgreementApproval.proposal_id, AgreementApproval.officer).order_by(
            AgreementApproval.approved_at, AgreementApproval.officer
        )
    ).all():
        officers.setdefault(row.proposal_id, []).append(row.officer)
    statement = select(
        AgreementProposal.id,
        AgreementProposal.document,
        AgreementProposal.proposed_by,
        AgreementProposal.proposed_at,
        AgreementProposal.closed_at,
        AgreementProposal.closed_by,
        AgreementProposal.outcome,
    ).order_by(AgreementProposal.id)
    if is_open:
        statement = statement.where(AgreementProposal.closed_at.is_(None))
    return [
        Proposal(
            row[0], row[1], row[2], row[3], row[4], row[5], row[6], tuple(officers.get(row[0], ()))
        )
        for row in connection.execute(statement).all()
    ]


def moments(connection: Connection) -> list[tuple[int, datetime]]:
    """Every version's number with the moment it was stated, in order."""
    rows = connection.execute(
        select(StatedPolicy.version, StatedPolicy.stated_at).order_by(StatedPolicy.version)
    ).all()
    return [(row[0], row[1]) for row in rows]
