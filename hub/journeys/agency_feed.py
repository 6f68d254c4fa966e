"""The feed that an agency's systems follow: what happened to its own records, under the ids it is shown.

Decides when the hub's feed is looked at for agencies, what of it is read again from the tables, and of whom an
agency hears nothing at reading. Which events a change calls for is hub.domain.agency_view's, on the agency's own
records alone: what only another agency did yields none (docs/decisions/0018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from psycopg.errors import SerializationFailure
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from hub.domain.agency_view import AgencyChange, AgencyEventKind, OwnRecord, agency_changes
from hub.domain.errors import HubError
from hub.domain.identity import ConstituentId
from hub.journeys.context import Hub
from hub.journeys.feed import sequence_all
from hub.journeys.paging import CursorRefused, require_limit
from hub.journeys.safety import Sight
from hub.store import agency_events, database, history, outbox
from hub.store.agency_events import DISTRIBUTOR, HeldBy, PlacedEvent, StandingRecord, ToldOf
from hub.store.outbox import FeedEvent
from hub.vault.opaque import OpaqueIds

__all__ = [
    "AgencyEvent",
    "AgencyEventKind",
    "AgencyFeedContended",
    "AgencyPage",
    "distribute",
    "read",
]

#: Events of the hub's feed that one transaction looks at: about a quarter of a second's work.
BATCH_EVENTS: Final = 1_000

#: What a reader does of the distributor's work before it answers with what there is.
READ_BATCHES_MAX: Final = 4

RESTARTS_MAX: Final = 20


class AgencyFeedContended(HubError):
    """Ids that the feed would show kept being shown by others meanwhile."""


@dataclass(frozen=True, slots=True)
class AgencyEvent:
    """An event as its agency is told it, by its own pairwise ids.

    other: the id that records went to (split), or that this one answers for now (merged). told_at: when the hub put
    it into this feed.
    """

    kind: AgencyEventKind
    constituent: UUID
    other: UUID | None
    told_at: datetime


@dataclass(frozen=True, slots=True)
class AgencyPage:
    """Some of an agency's events, in order. next: hand it back to go on after them; is_more: there are more now."""

    events: tuple[AgencyEvent, ...]
    next: UUID
    is_more: bool


def read(hub: Hub, agency: str, after: UUID | None = None, limit: int = 100) -> AgencyPage:
    """An agency's events after a page's `next`, from the start where none is given; an older one reads them again.

    Looks first at what was committed by now. Merges and splits of somebody at risk, of whom the agency is not
    cleared, are left out unless its own records made them, and nothing shows that they are. Raises CursorRefused,
    PageInvalid, AgencyFeedContended, SealBroken.
    """
    require_limit(limit)
    places = OpaqueIds(hub.keys, "place in the feed", agency)
    start = 0 if after is None else places.number(after)
    if start is None:
        raise CursorRefused
    is_behind = not _caught_up(hub, READ_BATCHES_MAX)
    with database.transaction(hub.engine) as connection:
        if start > agency_events.last_position(connection, agency):
            raise CursorRefused("must not be beyond the end of this feed")
        found = _seen(hub, connection, agency, start, limit + 1)
    page = found[:limit]
    # Where nothing is told the cursor stays, or it would tell that something was passed over.
    end = page[-1].position if page else start
    return AgencyPage(
        tuple(AgencyEvent(one.kind, one.shown_as, one.other_as, one.told_at) for one in page),
        places.of(end),
        is_behind or len(found) > limit,
    )


def _seen(
    hub: Hub, connection: Connection, agency: str, after: int, limit: int
) -> list[PlacedEvent]:
    sight = Sight(hub, connection, is_cleared=False, agency=agency)
    found: list[PlacedEvent] = []
    while len(found) < limit:
        rows = agency_events.read(connection, agency, after, limit)
        moved = {number for row in rows if not row.is_own for number in _ids(row)}
        hidden = sight.hidden(moved)
        found += [row for row in rows if row.is_own or hidden.isdisjoint(_ids(row))]
        if len(rows) < limit:
            break
        after = rows[-1].position
    return found[:limit]


def _ids(row: PlacedEvent) -> list[int]:
    return [row.shown] if row.other is None else [row.shown, row.other]


def distribute(hub: Hub) -> int:
    """Tell each agency what the hub's feed holds for it that it was not told; how many events that made.

    Whatever others do at the same time, each change is told once. Raises AgencyFeedContended.
    """
    sequence_all(hub)
    total = 0
    while (told := _next_batch(hub)) is not None:
        total += told
    return total


def _caught_up(hub: Hub, batches_max: int) -> bool:
    """Distribute at most so much; whether nothing is left."""
    sequence_all(hub)
    return any(_next_batch(hub) is None for _ in range(batches_max))


def _next_batch(hub: Hub) -> int | None:
    """Tell what the next events of the hub's feed call for; None where there are none."""
    if not _is_anything_new(hub):
        return None
    for _ in range(RESTARTS_MAX):
        try:
            with database.alone_in_a_snapshot(hub.engine, database.LOCK_AGENCY_FEED) as connection:
                return _Distribution(hub, connection).tell()
        except SerializationFailure:
            continue
        except DBAPIError as error:
            if not isinstance(error.orig, SerializationFailure):
                raise
    raise AgencyFeedContended("the ids to be told of keep being shown by others: try again")


def _is_anything_new(hub: Hub) -> bool:
    with database.transaction(hub.engine) as connection:
        return outbox.last_position(connection) > outbox.cursor_of(connection, DISTRIBUTOR)


class _Distribution:
    """One batch, in one transaction that sees one moment.

    Events say only where to look. What is told is the difference between what each agency was told of its records
    and what stands, so an event looked at late, or twice, tells nothing that is not so.
    """

    def __init__(self, hub: Hub, connection: Connection) -> None:
        self._hub, self._connection = hub, connection
        self._standing: dict[int, StandingRecord] = {}
        self._told: dict[int, ToldOf] = {}

    def tell(self) -> int | None:
        """Write each agency's events and move the cursor; how many, None where the feed had no more."""
        cursor = outbox.cursor_of(self._connection, DISTRIBUTOR)
        events = outbox.read(self._connection, cursor, BATCH_EVENTS)
        if not events:
            return None
        at = self._hub.now()
        self._look(events)
        shown = self._shown(at)
        told = self._changes(shown)
        agency_events.append(self._connection, told, at)
        self._keep(shown)
        outbox.move_cursor(self._connection, DISTRIBUTOR, events[-1].position, at)
        return len(told)

    def _look(self, events: list[FeedEvent]) -> None:
        """Read the records, as they were told and as they stand, of every constituent that events name.

        Until no record that is found is told of, or stands, with others that are not: a difference needs all.
        """
        named = {id_ for one in events for id_ in (one.constituent, *one.others) if id_}
        numbers = set(agency_events.numbers_of(self._connection, named))
        numbers |= set(history.answering(self._connection, sorted(numbers)).values())
        looked: set[int] = set()
        while numbers:
            looked |= numbers
            told = agency_events.told_under(self._connection, numbers)
            standing = agency_events.standing_under(self._connection, numbers)
            standing += agency_events.standing_of(self._connection, [one.record for one in told])
            told += agency_events.told_of(self._connection, [one.record for one in standing])
            self._told |= {one.record: one for one in told}
            self._standing |= {one.record: one for one in standing}
            numbers = {one.constituent for one in told} | {one.constituent for one in standing}
            numbers -= looked

    def _shown(self, at: datetime) -> dict[HeldBy, int]:
        """The id that each agency is shown for each constituent it holds, made where it was shown none."""
        held = sorted({(one.agency, one.constituent) for one in self._standing.values()})
        shown = agency_events.oldest_shown(self._connection, held)
        new = [one for one in held if one not in shown]
        if new:
            offered = [self._hub.new_public_id() for _ in new]
            agency_events.show(self._connection, new, offered, at)
        return shown | {one: one[1] for one in new}

    def _changes(self, shown: Mapping[HeldBy, int]) -> list[tuple[str, AgencyChange]]:
        """What to tell, each agency's by itself."""
        before: defaultdict[str, dict[int, OwnRecord]] = defaultdict(dict)
        after: defaultdict[str, dict[int, OwnRecord]] = defaultdict(dict)
        for told in self._told.values():
            before[told.agency][told.record] = OwnRecord(ConstituentId(told.shown), told.version)
        for one in self._standing.values():
            id_ = ConstituentId(shown[one.agency, one.constituent])
            after[one.agency][one.record] = OwnRecord(id_, one.version)
        current = history.answering(
            self._connection, sorted({one.shown for one in self._told.values()})
        )
        return [
            (agency, change)
            for agency in sorted(before.keys() | after.keys())
            for change in agency_changes(
                before[agency], after[agency], _answers(agency, current, shown)
            )
        ]

    def _keep(self, shown: Mapping[HeldBy, int]) -> None:
        now = {
            one.record: ToldOf(
                one.record,
                one.agency,
                shown[one.agency, one.constituent],
                one.constituent,
                one.version,
            )
            for one in self._standing.values()
        }
        agency_events.keep(
            self._connection,
            [row for record, row in now.items() if self._told.get(record) != row],
            self._told.keys() - now.keys(),
        )


def _answers(
    agency: str, current: Mapping[int, int], shown: Mapping[HeldBy, int]
) -> dict[ConstituentId, ConstituentId]:
    """What the agency is shown for those ids now, where it holds somebody under the current id."""
    return {
        ConstituentId(old): ConstituentId(shown[agency, new])
        for old, new in current.items()
        if (agency, new) in shown
    }
