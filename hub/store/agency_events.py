"""Each agency's feed: its events in their places, and what it was told last of each of its records.

One distributor at a time writes here (hub.journeys.agency_feed), so places are given from the last one on. What an
agency is told is hub.domain.agency_view's to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, func, select

from hub.domain.agency_view import AgencyChange, AgencyEventKind
from hub.store.database import among, driver
from hub.store.tables import AgencyEvent, PairwiseId

#: Whose cursor tells how far the hub's feed was told to agencies; no consumer's name has a space.
DISTRIBUTOR: Final = "agency feed"

HeldBy = tuple[str, int]
"""An agency, and an id by its age number."""


@dataclass(frozen=True, slots=True)
class StandingRecord:
    """A record as it is linked now, at the version the partition saw."""

    record: int
    agency: str
    constituent: int
    version: int


@dataclass(frozen=True, slots=True)
class ToldOf:
    """A record as its agency was told of it last: shown under which id, and of which constituent that was."""

    record: int
    agency: str
    shown: int
    constituent: int
    version: int


@dataclass(frozen=True, slots=True)
class PlacedEvent:
    """An event in its place in one agency's feed. shown, other: age numbers of ids; each with what is shown for it."""

    position: int
    kind: AgencyEventKind
    shown: int
    other: int | None
    shown_as: UUID
    other_as: UUID | None
    is_own: bool
    told_at: datetime


def numbers_of(connection: Connection, public_ids: Collection[UUID]) -> list[int]:
    """The age numbers of ids that events name."""
    rows = _rows(
        connection,
        "SELECT id FROM constituents WHERE public_id = ANY(%s::uuid[])",
        (list(public_ids),),
    )
    return [row[0] for row in rows]


_STANDING: Final = """
    SELECT l.record_id, s.agency, l.constituent_id, coalesce(c.version, 0)
    FROM links l
    JOIN records r ON r.id = l.record_id
    JOIN sources s ON s.id = r.source_id
    LEFT JOIN components c ON c.record_id = l.record_id
    WHERE l.recorded_until IS NULL AND {} = ANY(%s::bigint[])
"""


def standing_under(connection: Connection, numbers: Collection[int]) -> list[StandingRecord]:
    """The records linked to those current ids."""
    query = _STANDING.format("l.constituent_id")
    return [StandingRecord(*row) for row in _rows(connection, query, (list(numbers),))]


def standing_of(connection: Connection, record_ids: Collection[int]) -> list[StandingRecord]:
    """Those of the records that are linked."""
    query = _STANDING.format("l.record_id")
    return [StandingRecord(*row) for row in _rows(connection, query, (list(record_ids),))]


def told_under(connection: Connection, numbers: Collection[int]) -> list[ToldOf]:
    """The records that were of those constituents when they were told of."""
    return _told(connection, "constituent_id", numbers)


def told_of(connection: Connection, record_ids: Collection[int]) -> list[ToldOf]:
    """Those of the records that were told of."""
    return _told(connection, "record_id", record_ids)


def _told(connection: Connection, column: str, numbers: Collection[int]) -> list[ToldOf]:
    query = (
        "SELECT record_id, agency, shown_id, constituent_id, version FROM told_records "  # noqa: S608
        f"WHERE {column} = ANY(%s::bigint[])"  # one of two names of our own
    )
    return [ToldOf(*row) for row in _rows(connection, query, (list(numbers),))]


def oldest_shown(connection: Connection, held: Sequence[HeldBy]) -> dict[HeldBy, int]:
    """The oldest id that each agency was shown of those that answer with a current id; none where it was shown none."""
    rows = _rows(connection, _OLDEST_SHOWN, ([one[0] for one in held], [one[1] for one in held]))
    return {(row[0], row[1]): row[2] for row in rows}


_OLDEST_SHOWN: Final = """
    WITH held AS (SELECT * FROM unnest(%s::text[], %s::bigint[]) AS t (agency, number)),
    answering AS (
        SELECT agency, number, number AS id FROM held
        UNION ALL
        SELECT held.agency, held.number, a.constituent_id FROM held
        JOIN aliases a ON a.current_id = held.number AND a.recorded_until IS NULL
    )
    SELECT answering.agency, answering.number, min(p.constituent_id) FROM answering
    JOIN pairwise_ids p ON p.agency = answering.agency AND p.constituent_id = answering.id
    GROUP BY answering.agency, answering.number
"""


def show(
    connection: Connection, held: Sequence[HeldBy], offered: Sequence[UUID], at: datetime
) -> None:
    """Show each agency an id for that constituent from now on; what another showed meanwhile stands."""
    driver(connection).execute(
        "INSERT INTO pairwise_ids (agency, constituent_id, pairwise_id, shown_at) "
        "SELECT *, %s FROM unnest(%s::text[], %s::bigint[], %s::uuid[]) "
        "ON CONFLICT (agency, constituent_id) DO NOTHING",
        (at, [one[0] for one in held], [one[1] for one in held], list(offered)),
    )


def append(connection: Connection, told: Sequence[tuple[str, AgencyChange]], at: datetime) -> None:
    """Put events at the ends of their agencies' feeds, in this order."""
    if not told:
        return
    ends = _ends(connection, {agency for agency, _ in told})
    placed: list[tuple[Any, ...]] = []
    for agency, change in told:
        ends[agency] += 1
        placed.append(
            (
                agency,
                ends[agency],
                change.kind.value,
                change.shown,
                change.other,
                change.is_own,
                at,
            )
        )
    with (
        driver(connection).cursor() as cursor,
        cursor.copy(
            "COPY agency_events (agency, position, kind, shown_id, other_id, is_own, told_at) "
            "FROM STDIN (FORMAT binary)"
        ) as copy,
    ):
        copy.set_types(["text", "int8", "text", "int8", "int8", "bool", "timestamptz"])
        for row in placed:
            copy.write_row(row)


def _ends(connection: Connection, agencies: Collection[str]) -> Counter[str]:
    rows = _rows(
        connection,
        "SELECT a, (SELECT max(position) FROM agency_events WHERE agency = a) "
        "FROM unnest(%s::text[]) AS t (a)",
        (sorted(agencies),),
    )
    return Counter({row[0]: row[1] or 0 for row in rows})


def keep(connection: Connection, told: Iterable[ToldOf], forgotten: Collection[int]) -> None:
    """Note what was told of records now, and forget those that went."""
    if forgotten:
        driver(connection).execute(
            "DELETE FROM told_records WHERE record_id = ANY(%s::bigint[])", (list(forgotten),)
        )
    rows = list(told)
    if rows:
        driver(connection).execute(
            _KEEP,
            (
                [row.record for row in rows],
                [row.agency for row in rows],
                [row.shown for row in rows],
                [row.constituent for row in rows],
                [row.version for row in rows],
            ),
        )


_KEEP: Final = """
    INSERT INTO told_records (record_id, agency, shown_id, constituent_id, version)
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
    ON CONFLICT (record_id) DO UPDATE SET (agency, shown_id, constituent_id, version) =
        (excluded.agency, excluded.shown_id, excluded.constituent_id, excluded.version)
"""


def last_position(connection: Connection, agency: str) -> int:
    """The end of an agency's feed; 0 while it was told nothing."""
    return connection.execute(
        select(func.coalesce(func.max(AgencyEvent.position), 0)).where(AgencyEvent.agency == agency)
    ).scalar_one()


def read(connection: Connection, agency: str, after: int, limit: int) -> list[PlacedEvent]:
    """The next events of an agency's feed after a place, at most `limit`, in order."""
    rows = connection.execute(
        select(
            AgencyEvent.position,
            AgencyEvent.kind,
            AgencyEvent.shown_id,
            AgencyEvent.other_id,
            AgencyEvent.is_own,
            AgencyEvent.told_at,
        )
        .where(AgencyEvent.agency == agency, AgencyEvent.position > after)
        .order_by(AgencyEvent.position)
        .limit(limit)
    ).all()
    named = {row.shown_id for row in rows} | {row.other_id for row in rows if row.other_id}
    pairs = connection.execute(
        select(PairwiseId.constituent_id, PairwiseId.pairwise_id).where(
            PairwiseId.agency == agency, among(PairwiseId.constituent_id, sorted(named))
        )
    ).all()
    shown_as: dict[int, UUID] = {row[0]: row[1] for row in pairs}
    return [
        PlacedEvent(
            row.position,
            AgencyEventKind(row.kind),
            row.shown_id,
            row.other_id,
            shown_as[row.shown_id],
            None if row.other_id is None else shown_as[row.other_id],
            row.is_own,
            row.told_at,
        )
        for row in rows
    ]


def _rows(connection: Connection, query: str, values: tuple[object, ...]) -> list[Any]:
    found: list[Any] = driver(connection).execute(query, values).fetchall()
    return found
