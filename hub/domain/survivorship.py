"""Which of several sources' values a profile shows: a view, computed anew each time it is read.

Order of the rules: a steward's pin, the latest first; the agency with authority over the attribute;
verified before asserted; the value most sources agree on; the most recent; then the source's name, so
that the answer never depends on the order of reading. What lost is kept beside what won.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One source's value for one attribute.

    `comparable` decides agreement (the standardised form, or the value itself); `as_of` is when the
    source last touched its row; `pinned_at` when a steward said that it is the one to show.
    """

    value: str
    comparable: str
    source: str
    agency: str
    as_of: date | None
    is_verified: bool = False
    pinned_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Survivor:
    """The value shown, every source that says the same, and what lost, best first.

    is_pinned: a steward's pin decided, not the rules.
    """

    winner: Candidate
    agreeing: tuple[Candidate, ...]
    lost: tuple[Candidate, ...]
    is_pinned: bool = False


def survive(candidates: Sequence[Candidate], authority: Mapping[str, int]) -> Survivor | None:
    """Choose the value to show; None when there is no candidate.

    authority: agency -> rank for this attribute, 1 the highest; agencies not named rank below all.
    """
    if not candidates:
        return None
    # A source that says it in three records says it once.
    said = {(candidate.comparable, candidate.source) for candidate in candidates}
    support = Counter(comparable for comparable, _ in said)
    unnamed = max(authority.values(), default=0) + 1
    ranked = sorted(
        candidates,
        key=lambda candidate: (
            -(candidate.pinned_at or _NEVER).timestamp(),
            authority.get(candidate.agency, unnamed),
            not candidate.is_verified,
            -support[candidate.comparable],
            -(candidate.as_of or date.min).toordinal(),
            candidate.source,
            candidate.value,
        ),
    )
    winner = ranked[0]
    agreeing = [candidate for candidate in ranked if candidate.comparable == winner.comparable]
    lost = [candidate for candidate in ranked if candidate.comparable != winner.comparable]
    return Survivor(winner, tuple(agreeing), tuple(lost), winner.pinned_at is not None)
