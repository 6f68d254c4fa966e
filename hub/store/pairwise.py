"""Which id an agency was shown for which of ours, since when; written once and never changed.

Who is shown what, and when, is the journeys' to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from hub.store.database import Statement, among
from hub.store.tables import Alias, Constituent, PairwiseId


def oldest_shown(connection: Connection, agency: str, number: int) -> UUID | None:
    """What the agency was shown for the oldest id that answers with the current id `number`."""
    aliases = select(Alias.constituent_id).where(
        Alias.current_id == number, Alias.recorded_until.is_(None)
    )
    return connection.scalar(
        select(PairwiseId.pairwise_id)
        .where(
            PairwiseId.agency == agency,
            (PairwiseId.constituent_id == number) | PairwiseId.constituent_id.in_(aliases),
        )
        .order_by(PairwiseId.constituent_id)
        .limit(1)
    )


def show(connection: Connection, agency: str, number: int, offered: UUID, at: datetime) -> UUID:
    """Note what the agency is shown for an id from now on; answers what stands.

    That is what was offered, or what it was shown before or by another at the same time.
    """
    if _SHOW.send(connection, (agency, number, offered, at)).fetchone() is not None:
        return offered
    return connection.execute(
        select(PairwiseId.pairwise_id).where(
            PairwiseId.agency == agency, PairwiseId.constituent_id == number
        )
    ).scalar_one()


_SHOW: Final = Statement("""
    INSERT INTO pairwise_ids (agency, constituent_id, pairwise_id, shown_at) VALUES (%s, %s, %s, %s)
    ON CONFLICT (agency, constituent_id) DO NOTHING RETURNING pairwise_id
""")


def public_id_of(connection: Connection, agency: str, pairwise_id: UUID) -> UUID | None:
    """The public id an agency was shown that pairwise id for; None where it never was."""
    return connection.scalar(
        select(Constituent.public_id)
        .join(PairwiseId, PairwiseId.constituent_id == Constituent.id)
        .where(PairwiseId.pairwise_id == pairwise_id, PairwiseId.agency == agency)
    )


def concerns(connection: Connection, agency: str, public_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Those of the public ids that the agency was shown, each with what it was shown for it.

    An event about none of them does not concern the agency, and must not be told to it.
    """
    rows = connection.execute(
        select(Constituent.public_id, PairwiseId.pairwise_id)
        .join(PairwiseId, PairwiseId.constituent_id == Constituent.id)
        .where(PairwiseId.agency == agency, among(Constituent.public_id, public_ids))
    ).all()
    return {row.public_id: row.pairwise_id for row in rows}


def shown_for(connection: Connection, numbers: Sequence[int]) -> list[tuple[str, UUID, datetime]]:
    """Which agency was shown what for those ids, since when; by agency, the oldest id first."""
    rows = connection.execute(
        select(PairwiseId.agency, PairwiseId.pairwise_id, PairwiseId.shown_at)
        .where(among(PairwiseId.constituent_id, numbers))
        .order_by(PairwiseId.agency, PairwiseId.constituent_id)
    ).all()
    return [(row[0], row[1], row[2]) for row in rows]
