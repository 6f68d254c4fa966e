"""Whom a reader who is not cleared does not see: constituents at risk now, and the records that are theirs.

Decides who is hidden; what a face leaves out for it, and that it answers as if they were unknown, is that
face's. A steward is cleared or not: the clearances that a restriction lists are of agencies. One that asks for no
purpose is cleared only where it is for every purpose.
Where nobody is restricted it costs one question to the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from sqlalchemy import Connection

from consent.policy import AgencyId, Clearance, Policy, Restriction
from consent.vocabulary import RestrictionKind
from hub.journeys.context import Hub
from hub.journeys.facts import Point, facts_at, hashes_of, points_of
from hub.journeys.references import unknown
from hub.store import history, subjects
from hub.store.reviews import ReviewRow
from hub.store.subjects import SealedKind, StoredFacts

Row = TypeVar("Row")

_NO_POLICY: Final = Policy()


def filled(
    page: Callable[[int], list[Row]], seen: Callable[[Sequence[Row]], list[Row]], limit: int
) -> list[Row]:
    """As many rows as were asked for, as far as there are: a page left short would tell of what is missing.

    page: up to `limit` rows after so many. seen: those of them that are seen.
    """
    found: list[Row] = []
    offset = 0
    while len(found) < limit:
        rows = page(offset)
        found += seen(rows)
        offset += len(rows)
        if len(rows) < limit:
            break
    return found[:limit]


def records_of(row: ReviewRow) -> list[int]:
    """The records a review is about."""
    return [row.left] if row.right is None else [row.left, row.right]


@dataclass(frozen=True, slots=True)
class Sight:
    """What one reader may see within one transaction. Raises SealBroken where a fact does not open.

    agency: the one that reads, where it is none of the hub's stewards.
    """

    hub: Hub
    connection: Connection
    is_cleared: bool
    agency: AgencyId | None = None

    def hidden(self, numbers: Iterable[int]) -> frozenset[int]:
        """Those of the ids that answer, now, with somebody who is at risk and not to be seen.

        The facts that count are those that a decision counts: of all ids that stand for her, and of those
        her records left, what was said before.
        """
        wanted = sorted(set(numbers))
        if self.is_cleared or not wanted or not self._is_anybody_restricted():
            return frozenset()
        current = history.answering(self.connection, wanted)
        ids = subjects.ids_of_many(self.connection, sorted(set(current.values())))
        hashes = hashes_of(self.hub.keys, (number for one in ids.values() for number in one.all))
        stored = subjects.read(self.connection, list(hashes.values()))
        stored.consents.clear()
        at_risk = {
            number
            for number, hers in ids.items()
            if self._is_at_risk(stored, points_of(hers, hashes, stored))
        }
        return frozenset(number for number in wanted if current[number] in at_risk)

    def hidden_records(self, record_ids: Iterable[int]) -> frozenset[int]:
        """Those of the records that are hers, or were when they were removed."""
        wanted = sorted(set(record_ids))
        if self.is_cleared or not wanted or not self._is_anybody_restricted():
            return frozenset()
        under = history.last_under(self.connection, wanted)
        unseen = self.hidden(under.values())
        return frozenset(record for record, number in under.items() if number in unseen)

    def require(self, number: int, reference: str) -> None:
        """Raise what an unknown reference raises, where the constituent it led to is hidden."""
        if self.hidden([number]):
            raise unknown(reference)

    def seen_reviews(self, rows: Sequence[ReviewRow]) -> list[ReviewRow]:
        """Those of the reviews that concern nobody hidden, in their order."""
        hidden = self.hidden_records(number for row in rows for number in records_of(row))
        return [row for row in rows if hidden.isdisjoint(records_of(row))]

    def _is_anybody_restricted(self) -> bool:
        return subjects.has_standing(self.connection, SealedKind.RESTRICTION)

    def _is_at_risk(self, stored: StoredFacts, points: tuple[Point, ...]) -> bool:
        now = self.hub.now()
        found = facts_at(self.hub.keys, stored, points, _NO_POLICY, frozenset())
        return any(
            one.kind is RestrictionKind.AT_RISK
            and one.is_valid_at(now)
            and not self._is_cleared_of(one)
            for one in found.restrictions
        )

    def _is_cleared_of(self, one: Restriction) -> bool:
        return self.agency is not None and Clearance(self.agency) in one.clearances
