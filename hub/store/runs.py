"""Runs of loads and links, and the quarantine of rows they set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from hub.store.database import among
from hub.store.tables import Quarantined, Run, Seen, Source


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row to quarantine: where it stood, the rule it broke, its keyed content hash and the sealed row."""

    row_number: int
    location: str | None
    field: str | None
    rule: str
    content_hash: bytes
    sealed_row: bytes
    key_hash: bytes | None = None


@dataclass(frozen=True, slots=True)
class QuarantinedRow:
    """A quarantined row as it is listed; the row itself stays sealed."""

    id: int
    source: str
    location: str | None
    row_number: int
    field: str | None
    rule: str
    quarantined_at: datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as it is listed. source: None for one of no single source."""

    id: int
    kind: str
    source: str | None
    state: str
    started_at: datetime
    finished_at: datetime | None
    counts: Mapping[str, Any]


_RUNS: Final = select(
    Run.id, Run.kind, Source.name, Run.state, Run.started_at, Run.finished_at, Run.counts
).outerjoin(Source, Source.id == Run.source_id)


def start(connection: Connection, kind: str, source_id: int | None, at: datetime) -> int:
    """Open a run; one of the same kind and source still marked running has died and is marked so."""
    died = connection.scalars(
        update(Run)
        .where(
            Run.kind == kind, Run.state == "running", Run.source_id.is_not_distinct_from(source_id)
        )
        .values(state="abandoned", finished_at=at)
        .returning(Run.id)
    ).all()
    if died:
        connection.execute(delete(Seen).where(among(Seen.run_id, died)))
    return connection.execute(
        insert(Run)
        .values(kind=kind, source_id=source_id, state="running", started_at=at, counts={})
        .returning(Run.id)
    ).scalar_one()


def interrupted(
    connection: Connection, kind: str, source_id: int
) -> tuple[int, dict[str, Any]] | None:
    """The run of that kind and source that never finished, with its counts so far; None if there is none."""
    row = connection.execute(
        select(Run.id, Run.counts).where(
            Run.kind == kind, Run.state == "running", Run.source_id == source_id
        )
    ).one_or_none()
    return None if row is None else (row.id, row.counts)


def record_counts(connection: Connection, run_id: int, counts: dict[str, Any]) -> None:
    """Write what a running run has counted so far."""
    connection.execute(update(Run).where(Run.id == run_id).values(counts=counts))


def finish(
    connection: Connection, run_id: int, state: str, counts: dict[str, Any], at: datetime
) -> None:
    """Close a run as finished or failed."""
    connection.execute(
        update(Run).where(Run.id == run_id).values(state=state, counts=counts, finished_at=at)
    )


def quarantine(
    connection: Connection, source_id: int, run_id: int, rows: Sequence[SetAside], at: datetime
) -> None:
    """Set rows aside; a row met again in a later run is the same one, re-opened."""
    if not rows:
        return
    latest = {row.content_hash: row for row in rows}
    statement = insert(Quarantined).values(
        [
            {
                "source_id": source_id,
                "run_id": run_id,
                "row_number": row.row_number,
                "location": row.location,
                "field": row.field,
                "rule": row.rule,
                "content_hash": row.content_hash,
                "key_hash": row.key_hash,
                "sealed_row": row.sealed_row,
                "quarantined_at": at,
            }
            for row in latest.values()
        ]
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[Quarantined.source_id, Quarantined.content_hash],
            set_={
                name: statement.excluded[name]
                for name in (
                    "run_id",
                    "row_number",
                    "location",
                    "field",
                    "rule",
                    "key_hash",
                    "sealed_row",
                )
            }
            | {"resolved_at": None},
        )
    )


def resolve_quarantine_before(
    connection: Connection, source_id: int, run_id: int, at: datetime
) -> None:
    """Close what a complete snapshot no longer contains."""
    connection.execute(
        update(Quarantined)
        .where(
            Quarantined.source_id == source_id,
            Quarantined.run_id != run_id,
            Quarantined.resolved_at.is_(None),
        )
        .values(resolved_at=at, sealed_row=None)
    )


def resolve_quarantine_of(
    connection: Connection, source_id: int, key_hashes: Sequence[bytes], at: datetime
) -> None:
    """Close the rows whose keys have been loaded since."""
    connection.execute(
        update(Quarantined)
        .where(
            Quarantined.source_id == source_id,
            Quarantined.resolved_at.is_(None),
            among(Quarantined.key_hash, key_hashes),
        )
        .values(resolved_at=at, sealed_row=None)
    )


def known_quarantined(
    connection: Connection, source_id: int, content_hashes: Sequence[bytes]
) -> set[bytes]:
    """Which of those rows stand open in the quarantine already."""
    return set(
        connection.scalars(
            select(Quarantined.content_hash).where(
                Quarantined.source_id == source_id,
                Quarantined.resolved_at.is_(None),
                among(Quarantined.content_hash, content_hashes),
            )
        )
    )


def list_quarantine(
    connection: Connection, source: str | None, limit: int, after: int | None = None
) -> list[QuarantinedRow]:
    """Open quarantined rows, newest first, of one source or all; after: those before that one."""
    statement = (
        select(
            Quarantined.id,
            Source.name,
            Quarantined.location,
            Quarantined.row_number,
            Quarantined.field,
            Quarantined.rule,
            Quarantined.quarantined_at,
        )
        .join(Source, Source.id == Quarantined.source_id)
        .where(Quarantined.resolved_at.is_(None))
        .order_by(Quarantined.id.desc())
        .limit(limit)
    )
    if source is not None:
        statement = statement.where(Source.name == source)
    if after is not None:
        statement = statement.where(Quarantined.id < after)
    return [QuarantinedRow(*row) for row in connection.execute(statement).all()]


def newest(
    connection: Connection,
    *,
    source: str | None,
    kind: str | None,
    after: int | None,
    limit: int,
) -> list[RunRow]:
    """Runs, the newest first. kind: `load`, or `link` and the kind linked; after: those before that one."""
    statement = _RUNS.order_by(Run.id.desc()).limit(limit)
    if source is not None:
        statement = statement.where(Source.name == source)
    if kind is not None:
        statement = statement.where(Run.kind == kind)
    if after is not None:
        statement = statement.where(Run.id < after)
    return [RunRow(*row) for row in connection.execute(statement).all()]


def last_of(connection: Connection, source_ids: Sequence[int]) -> dict[str, RunRow]:
    """The newest run of each of those sources that ever had one, by the source's name."""
    newest_ids = (
        select(func.max(Run.id)).where(among(Run.source_id, source_ids)).group_by(Run.source_id)
    )
    rows = connection.execute(_RUNS.where(Run.id.in_(newest_ids))).all()
    return {row.name: RunRow(*row) for row in rows}


def open_by_source(connection: Connection, source_ids: Sequence[int]) -> dict[int, int]:
    """How many rows of each of those sources stand open in the quarantine."""
    rows = connection.execute(
        select(Quarantined.source_id, func.count())
        .where(Quarantined.resolved_at.is_(None), among(Quarantined.source_id, source_ids))
        .group_by(Quarantined.source_id)
    ).all()
    return {row[0]: row[1] for row in rows}


def count_quarantine(connection: Connection) -> int:
    """Open quarantined rows of all sources."""
    statement = select(func.count()).where(Quarantined.resolved_at.is_(None))
    return connection.execute(statement).scalar_one()
