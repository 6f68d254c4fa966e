"""Agencies that follow their feeds: what each was told, by its own ids, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from hub.domain.agency_view import AgencyEventKind
from hub.journeys.agency_feed import AgencyEvent, read
from hub.journeys.context import Hub
from hub.store import database

Told = tuple[str, UUID, UUID | None]


@dataclass
class Follower:
    """One agency's system: it reads on from where it was, and keeps the ids that have records of its own."""

    hub: Hub
    agency: str
    cursor: UUID | None = None
    live: set[UUID] = field(default_factory=set)

    def news(self, limit: int = 100) -> list[Told]:
        """What it is told since it last asked, page by page."""
        found: list[AgencyEvent] = []
        while True:
            page = read(self.hub, self.agency, self.cursor, limit)
            self.cursor = page.next
            found += page.events
            if not page.is_more:
                break
        for event in found:
            self._take(event)
        return plainly(found)

    def _take(self, event: AgencyEvent) -> None:
        """Each event makes sense after those before it."""
        kind, id_, other = event.kind, event.constituent, event.other
        if kind is AgencyEventKind.CREATED:
            assert id_ not in self.live
            self.live.add(id_)
        elif kind is AgencyEventKind.UPDATED:
            assert id_ in self.live
        elif kind is AgencyEventKind.SPLIT:
            assert id_ in self.live
            assert other is not None
            self.live.add(other)
        elif kind is AgencyEventKind.MERGED:
            assert other in self.live
            self.live = self.live - {other} | {id_}
        else:
            assert id_ in self.live
            self.live.remove(id_)


def plainly(events: Sequence[AgencyEvent]) -> list[Told]:
    """Events without their times, their kinds in a word."""
    return [(one.kind.removeprefix("constituent."), one.constituent, one.other) for one in events]


@dataclass(frozen=True, slots=True)
class Held:
    """What an agency may know of its records: under which id each is shown, and which stand together."""

    shown: dict[int, UUID]
    versions: dict[int, int]
    together: frozenset[frozenset[int]]


def held(hub: Hub, agency: str) -> Held:
    """The same, worked out from the tables without the feed."""
    with database.transaction(hub.engine) as connection:
        rows = connection.execute(
            text(
                "SELECT l.record_id, l.constituent_id, c.version FROM links l "
                "JOIN records r ON r.id = l.record_id JOIN sources s ON s.id = r.source_id "
                "JOIN components c ON c.record_id = r.id "
                "WHERE l.recorded_until IS NULL AND s.agency = :agency"
            ),
            {"agency": agency},
        ).all()
        pairs = connection.execute(
            text(
                "SELECT DISTINCT ON (current) coalesce(a.current_id, p.constituent_id) AS current, "
                "p.pairwise_id FROM pairwise_ids p LEFT JOIN aliases a "
                "ON a.constituent_id = p.constituent_id AND a.recorded_until IS NULL "
                "WHERE p.agency = :agency ORDER BY current, p.constituent_id"
            ),
            {"agency": agency},
        ).all()
    shown: dict[int, UUID] = {row[0]: row[1] for row in pairs}
    members: dict[int, set[int]] = {}
    for record, constituent, _ in rows:
        members.setdefault(constituent, set()).add(record)
    return Held(
        {record: shown[constituent] for record, constituent, _ in rows if constituent in shown},
        {record: version for record, _, version in rows},
        frozenset(map(frozenset, members.values())),
    )


def shown_ids(hub: Hub, agency: str) -> set[UUID]:
    """Every id that the agency was ever shown."""
    with database.transaction(hub.engine) as connection:
        return set(
            connection.scalars(
                text("SELECT pairwise_id FROM pairwise_ids WHERE agency = :agency"),
                {"agency": agency},
            )
        )
