"""Stewards' judgements and constituents' objections. Each names records by keyed hash, and is ended, never deleted.

What a judgement may not contradict is hub.domain.judging's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, insert, select, update
from sqlalchemy.orm import aliased

from hub.domain.judging import StandingJudgement
from hub.domain.reviews import Verdict
from hub.store.database import among, driver
from hub.store.tables import Judgement, Objection, Record


@dataclass(frozen=True, slots=True)
class JudgementRow:
    """A judgement as it is listed; its reason still sealed."""

    id: int
    act_id: UUID
    kind: str
    verdict: Verdict
    left: bytes
    right: bytes
    author: str
    sealed_reason: bytes
    judged_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def standing(connection: Connection, kind: str) -> list[StandingJudgement]:
    """All judgements of a kind that stand, in the order they were made."""
    rows = connection.execute(
        select(Judgement.id, Judgement.left_key_hash, Judgement.right_key_hash, Judgement.verdict)
        .where(Judgement.withdrawn_at.is_(None), Judgement.kind == kind)
        .order_by(Judgement.id)
    ).all()
    return [StandingJudgement(row[0], row[1], row[2], Verdict(row[3])) for row in rows]


def around(connection: Connection, key_hashes: Sequence[bytes]) -> list[StandingJudgement]:
    """Standing judgements on those keys, and on every key that a chain of SAME leads to from them."""
    rows: Any = driver(connection).execute(_AROUND, (list(key_hashes),)).fetchall()
    return [StandingJudgement(row[0], row[1], row[2], Verdict(row[3])) for row in rows]


# Each key is followed by index, on either side of the pair: what it costs hangs on the chain alone.
_AROUND: Final = """
    WITH RECURSIVE chain (key_hash) AS (
        SELECT unnest(%s::bytea[])
        UNION
        SELECT tied.key_hash FROM chain CROSS JOIN LATERAL (
            SELECT right_key_hash AS key_hash FROM judgements
            WHERE left_key_hash = chain.key_hash AND withdrawn_at IS NULL AND verdict = 'same'
            UNION ALL
            SELECT left_key_hash FROM judgements
            WHERE right_key_hash = chain.key_hash AND withdrawn_at IS NULL AND verdict = 'same'
        ) tied
    )
    SELECT j.id, j.left_key_hash, j.right_key_hash, j.verdict FROM chain
    JOIN judgements j ON j.left_key_hash = chain.key_hash AND j.withdrawn_at IS NULL
    UNION
    SELECT j.id, j.left_key_hash, j.right_key_hash, j.verdict FROM chain
    JOIN judgements j ON j.right_key_hash = chain.key_hash AND j.withdrawn_at IS NULL
"""


def present_pairs(connection: Connection, kind: str) -> list[tuple[int, int, Verdict]]:
    """Standing judgements whose records are both present, by record number."""
    left, right = aliased(Record), aliased(Record)
    rows = connection.execute(
        select(left.id, right.id, Judgement.verdict)
        .join(left, left.key_hash == Judgement.left_key_hash)
        .join(right, right.key_hash == Judgement.right_key_hash)
        .where(
            Judgement.kind == kind,
            Judgement.withdrawn_at.is_(None),
            left.removed_at.is_(None),
            right.removed_at.is_(None),
        )
    ).all()
    return [(row[0], row[1], Verdict(row[2])) for row in rows]


def add(
    connection: Connection,
    kind: str,
    verdict: Verdict,
    pairs: Sequence[tuple[tuple[bytes, bytes], tuple[bytes, bytes]]],
    *,
    act_id: UUID,
    author: str,
    sealed_reason: bytes,
    at: datetime,
) -> list[int]:
    """Write one act's judgements, each on two (key hash, content hash); answers their numbers."""
    rows = []
    for one, other in pairs:
        (left, left_content), (right, right_content) = sorted((one, other))
        rows.append(
            {
                "act_id": act_id,
                "kind": kind,
                "verdict": verdict.value,
                "left_key_hash": left,
                "right_key_hash": right,
                "left_content_hash": left_content,
                "right_content_hash": right_content,
                "author": author,
                "sealed_reason": sealed_reason,
                "judged_at": at,
            }
        )
    return list(connection.scalars(insert(Judgement).returning(Judgement.id), rows))


def of_act(connection: Connection, act_id: UUID) -> list[JudgementRow]:
    """The judgements of one act, in their order."""
    return _rows(connection, Judgement.act_id == act_id)


def find(connection: Connection, number: int) -> JudgementRow | None:
    """The judgement of that number."""
    return next(iter(_rows(connection, Judgement.id == number)), None)


def of_keys(connection: Connection, key_hashes: Sequence[bytes]) -> list[JudgementRow]:
    """All judgements on any of those keys, withdrawn ones too, the oldest first."""
    touches = among(Judgement.left_key_hash, key_hashes) | among(
        Judgement.right_key_hash, key_hashes
    )
    return _rows(connection, touches)


def recent(
    connection: Connection, limit: int, offset: int = 0, after: int | None = None
) -> list[JudgementRow]:
    """The latest judgements, withdrawn ones too, newest first; after: those before that one."""
    statement = select(*_COLUMNS).order_by(Judgement.id.desc()).limit(limit).offset(offset)
    if after is not None:
        statement = statement.where(Judgement.id < after)
    return [_row(row) for row in connection.execute(statement).all()]


def _rows(connection: Connection, which: ColumnElement[bool]) -> list[JudgementRow]:
    statement = select(*_COLUMNS).where(which).order_by(Judgement.id)
    return [_row(row) for row in connection.execute(statement).all()]


_COLUMNS = (
    Judgement.id,
    Judgement.act_id,
    Judgement.kind,
    Judgement.verdict,
    Judgement.left_key_hash,
    Judgement.right_key_hash,
    Judgement.author,
    Judgement.sealed_reason,
    Judgement.judged_at,
    Judgement.withdrawn_by,
    Judgement.withdrawn_at,
)


def _row(row: Any) -> JudgementRow:
    return JudgementRow(row[0], row[1], row[2], Verdict(row[3]), *row[4:])


def end(connection: Connection, numbers: Sequence[int], author: str, at: datetime) -> None:
    """End those standing judgements."""
    connection.execute(
        update(Judgement)
        .where(among(Judgement.id, numbers), Judgement.withdrawn_at.is_(None))
        .values(withdrawn_by=author, withdrawn_at=at)
    )


def withdraw_act(connection: Connection, act_id: UUID, author: str, at: datetime) -> None:
    """End every standing judgement of an act."""
    connection.execute(
        update(Judgement)
        .where(Judgement.act_id == act_id, Judgement.withdrawn_at.is_(None))
        .values(withdrawn_by=author, withdrawn_at=at)
    )


# --- objections to linkage -------------------------------------------------------------------


def object_to(
    connection: Connection,
    key_hashes: Sequence[bytes],
    *,
    act_id: UUID,
    author: str,
    sealed_reason: bytes,
    at: datetime,
) -> None:
    """Set records apart in one act; one that is apart already stays as it is."""
    standing_ones = set(
        connection.scalars(
            select(Objection.key_hash).where(
                Objection.withdrawn_at.is_(None), among(Objection.key_hash, key_hashes)
            )
        )
    )
    rows = [
        {
            "act_id": act_id,
            "key_hash": key_hash,
            "author": author,
            "sealed_reason": sealed_reason,
            "made_at": at,
        }
        for key_hash in key_hashes
        if key_hash not in standing_ones
    ]
    if rows:
        connection.execute(insert(Objection), rows)


def withdraw_objections(
    connection: Connection, key_hashes: Sequence[bytes], author: str, at: datetime
) -> int:
    """End the objections that set those records apart; answers how many."""
    return connection.execute(
        update(Objection)
        .where(Objection.withdrawn_at.is_(None), among(Objection.key_hash, key_hashes))
        .values(withdrawn_by=author, withdrawn_at=at)
    ).rowcount


def objecting(connection: Connection, source_ids: Sequence[int]) -> list[int]:
    """The present records of those sources that stand apart."""
    return list(
        connection.scalars(
            select(Record.id)
            .join(Objection, Objection.key_hash == Record.key_hash)
            .where(
                Objection.withdrawn_at.is_(None),
                Record.removed_at.is_(None),
                among(Record.source_id, source_ids),
            )
        )
    )


@dataclass(frozen=True, slots=True)
class ObjectionRow:
    """An objection as it is listed; its reason still sealed, and bound to `made_at`."""

    key_hash: bytes
    author: str
    sealed_reason: bytes
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None


def objections_of(connection: Connection, key_hashes: Sequence[bytes]) -> list[ObjectionRow]:
    """All objections to linking those keys, withdrawn ones too, the oldest first."""
    rows = connection.execute(
        select(
            Objection.key_hash,
            Objection.author,
            Objection.sealed_reason,
            Objection.made_at,
            Objection.withdrawn_by,
            Objection.withdrawn_at,
        )
        .where(among(Objection.key_hash, key_hashes))
        .order_by(Objection.id)
    ).all()
    return [ObjectionRow(*row) for row in rows]


def objected_together(connection: Connection, key_hashes: Sequence[bytes]) -> list[bytes]:
    """The keys that stand apart by the same acts as those do, themselves too."""
    acts = select(Objection.act_id).where(
        Objection.withdrawn_at.is_(None), among(Objection.key_hash, key_hashes)
    )
    return list(
        connection.scalars(
            select(Objection.key_hash)
            .where(Objection.withdrawn_at.is_(None), Objection.act_id.in_(acts))
            .order_by(Objection.id)
        )
    )
