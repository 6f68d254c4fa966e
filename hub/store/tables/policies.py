"""The policy as it stood after each change of it, and agreements that wait for a second officer."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hub.store.tables.base import Base


class StatedPolicy(Base):
    """A whole policy, never changed: the newest version is in force, the others are what replay reads.

    digest: SHA-256 of the document in canonical form (RFC 8785).
    """

    __tablename__ = "policies"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[bytes]
    document: Mapped[dict[str, Any]]
    author: Mapped[str]
    reason: Mapped[str]
    stated_at: Mapped[datetime]


class AgreementProposal(Base):
    """A revision of an agreement that is in force once two different officers have approved it.

    outcome: approved or dropped, with who did it (`closed_by`); null while it waits.
    """

    __tablename__ = "agreement_proposals"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    document: Mapped[dict[str, Any]]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]


class AgreementApproval(Base):
    """One officer's approval of a proposal."""

    __tablename__ = "agreement_approvals"

    proposal_id: Mapped[int] = mapped_column(
        ForeignKey("agreement_proposals.id"), primary_key=True, autoincrement=False
    )
    officer: Mapped[str] = mapped_column(primary_key=True)
    approved_at: Mapped[datetime]
