"""What an agency is told of its own records: the kinds of event, and which of them a change calls for.

Decides from the agency's own records alone, before and after: which are there, at which version, and under which
id each is shown. So no record of another agency's can make an event, but by changing an id that was shown. Keeping
what was told, and who may be told of whom, are others'.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hub.domain.identity import ConstituentId, Record


class AgencyEventKind(StrEnum):
    """What an event tells an agency of the id it is about.

    CREATED: a first record of its own is under it. UPDATED: of its own records under it one came, changed or went.
    SPLIT: own records that were under it are under the other id now. MERGED: it answers now for what the other did.
    ERASED: no record of its own is under it any more.
    """

    CREATED = "constituent.created"
    UPDATED = "constituent.updated"
    SPLIT = "constituent.split"
    MERGED = "constituent.merged"
    ERASED = "constituent.erased"


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """A record as its agency sees it: under which shown id, by age number, and at which version."""

    shown: ConstituentId
    version: int


@dataclass(frozen=True, slots=True)
class AgencyChange:
    """An event for one agency, by age numbers of ids it is shown.

    is_own: a record of its own came, changed or went in it. Otherwise others' doing has moved its records.
    """

    kind: AgencyEventKind
    shown: ConstituentId
    other: ConstituentId | None = None
    is_own: bool = True


def agency_changes(
    before: Mapping[Record, OwnRecord],
    after: Mapping[Record, OwnRecord],
    answers: Mapping[ConstituentId, ConstituentId],
) -> list[AgencyChange]:
    """What to tell one agency, in an order in which each event makes sense after those before it.

    before: its records as it was told last; after: as they stand. Of each id they name all its own records are
    among them. answers: each id of `before` that is shown no more -> the one shown for whom it stands for now, if any.
    The order hangs on its own records' numbers, never on the age of ids: others' records have a part in that.
    """
    return list(_View(before, after, answers).changes())


class _View:
    def __init__(
        self,
        before: Mapping[Record, OwnRecord],
        after: Mapping[Record, OwnRecord],
        answers: Mapping[ConstituentId, ConstituentId],
    ) -> None:
        self._before, self._after, self._answers = before, after, answers
        self._was, self._is = _under(before), _under(after)
        self._came = [record for record in sorted(after) if record not in before]
        self._stirred = {
            before[record].shown
            for record in before
            if record not in after or after[record].version != before[record].version
        }

    def changes(self) -> Iterator[AgencyChange]:
        told: set[ConstituentId] = set()
        for shown in self._was:
            if shown in self._stirred and (shown in self._is or self._went_to(shown)):
                told.add(shown)
                yield AgencyChange(AgencyEventKind.UPDATED, shown)
        moves = [(old, new) for old in self._was for new in self._went_to(old) if new != old]
        merges = [move for move in moves if self._is_merge(*move)]
        for old, new in moves:
            if (old, new) not in merges:
                is_own = self._is_own(old, new)
                yield AgencyChange(AgencyEventKind.SPLIT, old, new, is_own)
        for old, new in merges:
            yield AgencyChange(AgencyEventKind.MERGED, new, old, self._is_own(old, new))
        yield from self._arrivals(told)
        merged = {old for old, _ in merges}
        for shown in self._was:
            if shown not in self._is and shown not in merged:
                yield AgencyChange(AgencyEventKind.ERASED, shown, is_own=shown in self._stirred)

    def _arrivals(self, told: set[ConstituentId]) -> Iterator[AgencyChange]:
        for record in self._came:
            shown = self._after[record].shown
            if shown not in told:
                told.add(shown)
                is_known = shown in self._was or any(one in self._before for one in self._is[shown])
                kind = AgencyEventKind.UPDATED if is_known else AgencyEventKind.CREATED
                yield AgencyChange(kind, shown)

    def _went_to(self, shown: ConstituentId) -> list[ConstituentId]:
        """The ids that its records which are still there are under now."""
        found = (self._after[one].shown for one in self._was[shown] if one in self._after)
        return list(dict.fromkeys(found))

    def _is_merge(self, old: ConstituentId, new: ConstituentId) -> bool:
        return old not in self._is and self._answers.get(old) == new

    def _is_own(self, old: ConstituentId, new: ConstituentId) -> bool:
        has_come = any(record not in self._before for record in self._is[new])
        return has_come or not self._stirred.isdisjoint((old, new))


def _under(records: Mapping[Record, OwnRecord]) -> dict[ConstituentId, list[Record]]:
    """The records under each id, ascending; ids by their lowest record."""
    found: defaultdict[ConstituentId, list[Record]] = defaultdict(list)
    for record in sorted(records):
        found[records[record].shown].append(record)
    return dict(found)
