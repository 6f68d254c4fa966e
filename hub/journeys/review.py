"""Reviews as stewards work them: claim, report, answer.

Decides which answers a question takes, and what each does. An answer and what it does are one transaction,
and of two stewards who answer one question the second is told that it is closed. Questions of the
partition open and close with it (change.py); reports and changed facts wait for a word. Reading them is
review_queue.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from types import MappingProxyType
from typing import Final

from sqlalchemy import Connection

from hub.domain.errors import HubError
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason, Verdict
from hub.journeys.acts import (
    Act,
    ActUnexplained,
    Aim,
    Judged,
    NothingToJudge,
    Said,
    acted,
    aim,
    numbered,
    whole_of,
)
from hub.journeys.change import PartitionChange
from hub.journeys.context import Hub
from hub.journeys.judge import standing_of
from hub.journeys.safety import Sight, records_of
from hub.store import database, judgements, records, reviews
from hub.store.judgements import JudgementRow
from hub.store.records import PresentRecord
from hub.store.reviews import Asked, ReviewRow

#: What each reason asks, in words.
QUESTIONS: Final[Mapping[ReviewReason, str]] = MappingProxyType(
    {
        ReviewReason.BAND: "The two agree in part: enough to ask, too little to link.",
        ReviewReason.AVERAGE: "The two records agree well, their constituents as a whole do not.",
        ReviewReason.SOURCE: (
            "Both constituents hold a record of one source that knows each constituent once."
        ),
        ReviewReason.AMBIGUOUS: "The record fits either of two that a steward holds apart.",
        ReviewReason.OVERSIZED: (
            "Too many different records hang together: all of them were left apart."
        ),
        ReviewReason.CONTRADICTION: (
            "A judgement calls the two the same, and others forbid to link them."
        ),
        ReviewReason.NOT_MINE: "Somebody reported that this record is not hers.",
        ReviewReason.FACTS_CHANGED: "The two were judged, and say something else since.",
    }
)

_BOTH: Final = frozenset({Outcome.SAME, Outcome.DIFFERENT})

#: The outcomes each reason takes; none where only judging or withdrawing answers.
ANSWERS: Final[Mapping[ReviewReason, frozenset[Outcome]]] = MappingProxyType(
    {
        ReviewReason.BAND: _BOTH,
        ReviewReason.AVERAGE: _BOTH,
        ReviewReason.SOURCE: _BOTH,
        ReviewReason.AMBIGUOUS: _BOTH,
        ReviewReason.OVERSIZED: frozenset(),
        ReviewReason.CONTRADICTION: frozenset(),
        ReviewReason.NOT_MINE: frozenset({Outcome.DIFFERENT, Outcome.DISMISSED}),
        ReviewReason.FACTS_CHANGED: frozenset(Outcome),
    }
)

_INSTEAD: Final = MappingProxyType(
    {
        ReviewReason.OVERSIZED: "judge pairs of its records with `hub judge`, and it closes by itself",
        ReviewReason.CONTRADICTION: (
            "withdraw one of the judgements with `hub judge withdraw`, and it closes by itself"
        ),
        ReviewReason.NOT_MINE: "answer different, or dismissed to leave the record where it is",
    }
)


class ReviewUnknown(HubError):
    """No review has that number."""


class ReviewClosed(HubError):
    """The review is answered, or its question went away by itself."""


class ReviewClaimed(HubError):
    """Another steward has the review."""


class NotAnAnswer(HubError):
    """The question does not take that outcome."""


@dataclass(frozen=True, slots=True)
class Decided:
    """An answer given, and what it did."""

    number: int
    outcome: Outcome
    judged: Judged


def found_in(sight: Sight, number: int) -> ReviewRow:
    """That review, open or closed. Raises ReviewUnknown where there is none, or none that is seen."""
    row = reviews.find(sight.connection, number)
    if row is None or not sight.seen_reviews([row]):
        raise ReviewUnknown(f"there is no review {number}")
    return row


# --- claiming and reporting ------------------------------------------------------------------------


def claim(hub: Hub, number: int, by: str, *, is_cleared: bool = False) -> None:
    """Take an open review in hand; nobody else can answer it then. Again by the same: no change.

    Raises ReviewUnknown, ReviewClosed, ReviewClaimed, ActUnexplained.
    """
    _hand_over(hub, number, by, is_claim=True, is_cleared=is_cleared)


def release(hub: Hub, number: int, by: str, *, is_cleared: bool = False) -> None:
    """Give a review back to everybody. Raises as `claim`."""
    _hand_over(hub, number, by, is_claim=False, is_cleared=is_cleared)


def _hand_over(hub: Hub, number: int, by: str, *, is_claim: bool, is_cleared: bool) -> None:
    if not by.strip():
        raise ActUnexplained("who claims or releases a review must be said")
    with database.transaction(hub.engine) as connection:
        found_in(Sight(hub, connection, is_cleared), number)
        row = _held(connection, number, by)
        if not is_claim:
            reviews.claim(connection, number, None, None)
        elif row.claimed_by is None:
            reviews.claim(connection, number, by, hub.now())


def _held(connection: Connection, number: int, by: str) -> ReviewRow:
    """The open review, held until the transaction ends. Raises where `by` may not touch it."""
    return _open_to(reviews.find(connection, number, for_update=True), number, by)


def _open_to(row: ReviewRow | None, number: int, by: str) -> ReviewRow:
    if row is None:
        raise ReviewUnknown(f"there is no review {number}")
    if row.closed_at is not None:
        how = f"answered {row.outcome} by {row.closed_by}" if row.outcome else "closed by itself"
        raise ReviewClosed(f"review {number} is {how}")
    if row.claimed_by not in (None, by):
        raise ReviewClaimed(f"review {number} is claimed by {row.claimed_by}")
    return row


def report_not_mine(hub: Hub, record_key: str, by: str, *, is_cleared: bool = True) -> int:
    """Somebody says that a record shown as hers is not: a question for stewards; answers its number.

    While one is open about the record, it is that. record_key: `source:key`. by: who reports it; it must
    be said, and is not kept, for she may be a constituent. is_cleared: not where a steward reports, who may
    not see everybody. Raises RecordUnknown, RecordRemoved, RecordNotLinked, NothingToJudge, ActUnexplained.
    """
    if not by.strip():
        raise ActUnexplained("who reports a record must be said")
    with database.transaction(hub.engine) as connection:
        found = aim(hub, connection, record_key, is_cleared=is_cleared)
        if found.is_constituent:
            raise NothingToJudge("a report names one record, by its source:key")
        record, reason = found.oldest, ReviewReason.NOT_MINE
        asked = {reviews.subject(record.id, None, reason): Asked(reason, None, None)}
        reviews.open_all(connection, record.kind, asked, hub.now())
        return next(
            row.id for row in reviews.open_of(connection, [record.id]) if row.reason is reason
        )


# --- deciding --------------------------------------------------------------------------------------


def decide(
    hub: Hub,
    number: int,
    outcome: Outcome,
    *,
    by: str,
    reason: str,
    seen: str | None = None,
    is_preview: bool = False,
    is_cleared: bool = False,
) -> Decided:
    """Answer a review; what the answer means is done with it.

    A pair: SAME or DIFFERENT is judged of it. A report: DIFFERENT splits the record from the rest of its
    constituent. Changed facts: the former verdict is given anew for its whole act, the other one withdraws
    the act and judges this pair; DISMISSED keeps all as it is. An answer on one judgement of an act
    answers the changed facts of them all. seen: from `show_review`.

    Raises ReviewUnknown, ReviewClosed, ReviewClaimed, NotAnAnswer, StaleView, ActUnexplained,
    JudgementContradicted, RecordRemoved, NothingToJudge, TooManyRecords.
    """
    said = Said.by(by, reason)
    with database.transaction(hub.engine) as connection:
        row = _open_to(found_in(Sight(hub, connection, is_cleared), number), number, by)
    if outcome not in ANSWERS[row.reason]:
        instead = _INSTEAD.get(row.reason, "answer same or different")
        raise NotAnAnswer(f"review {number} ({row.reason}) cannot be answered {outcome}: {instead}")

    def work(change: PartitionChange) -> Judged:
        act = Act(hub, change, said, is_cleared=is_cleared)
        steps = _dismiss if outcome is Outcome.DISMISSED else _DOING[row.reason]
        answered = steps(act, row, outcome)
        found = act.divide(seen, present_sides(change.connection, row))
        # Last of all locks: others write reviews only under their components' locks.
        _held(change.connection, number, by)
        act.answer(sorted({number, *answered}), outcome)
        return act.publish(found)

    return Decided(
        number, outcome, acted(hub, ConstituentKind(row.kind), work, is_preview=is_preview)
    )


def _judge_pair(act: Act, row: ReviewRow, outcome: Outcome) -> list[int]:
    one, other = act.begin(lambda: _sides(act.connection, row))
    _still_open(act, row)
    act.judge(Verdict(outcome), [(one.oldest, other.oldest)])
    return []


def _sides(connection: Connection, row: ReviewRow) -> tuple[Aim, ...]:
    return tuple(Aim((numbered(connection, number),)) for number in records_of(row))


def _still_open(act: Act, row: ReviewRow) -> None:
    """What another steward answered meanwhile is told as such, not as what her answer makes of this one."""
    _open_to(reviews.find(act.connection, row.id), row.id, act.said.author)


def _split_off(act: Act, row: ReviewRow, _: Outcome) -> list[int]:
    def look() -> tuple[Aim, Aim]:
        record = numbered(act.connection, row.left)
        others = [one for one in whole_of(act.connection, record).records if one.id != record.id]
        if not others:
            raise NothingToJudge(f"record {record.id} stands alone already: dismiss the report")
        return Aim((record,)), Aim(tuple(others))

    record, rest = act.begin(look)
    _still_open(act, row)
    act.judge(Verdict.DIFFERENT, list(product(record.records, rest.records)))
    return []


def _judge_anew(act: Act, row: ReviewRow, outcome: Outcome) -> list[int]:
    judgement_id = row.judgement_id
    assert judgement_id is not None
    rows = standing_of(act.connection, judgement_id)
    keys = sorted({key for one in rows for key in (one.left, one.right)})

    def look() -> tuple[Aim, ...]:
        pair = _sides(act.connection, row)
        return (*pair, Aim(tuple(records.present_by_key(act.connection, keys))))

    one, other, parties = act.begin(look, besides=keys)
    _still_open(act, row)
    rows = standing_of(act.connection, judgement_id)
    asked = reviews.open_about(act.connection, [judgement.id for judgement in rows])
    present = {
        record.key_hash: record for record in parties.records if record.constituent is not None
    }
    verdict = Verdict(outcome)
    if verdict is rows[0].verdict:
        again = [row for row in rows if row.left in present and row.right in present]
        act.end(again, ())
        act.act_id = rows[0].act_id
        act.judge(verdict, _pairs(again, present))
        return asked
    act.end(rows, present.values())
    act.judge(verdict, [(one.oldest, other.oldest)])
    return asked


def _pairs(
    rows: Iterable[JudgementRow], present: Mapping[bytes, PresentRecord]
) -> list[tuple[PresentRecord, PresentRecord]]:
    return [(present[row.left], present[row.right]) for row in rows]


def _dismiss(act: Act, row: ReviewRow, _: Outcome) -> list[int]:
    act.begin(lambda: present_sides(act.connection, row))
    _still_open(act, row)
    if row.judgement_id is None:
        return []
    judgement = judgements.find(act.connection, row.judgement_id)
    rows = [] if judgement is None else judgements.of_act(act.connection, judgement.act_id)
    return reviews.open_about(act.connection, [one.id for one in rows])


def present_sides(connection: Connection, row: ReviewRow) -> tuple[Aim, ...]:
    """What is left of the records in question: they can be dismissed where there is none."""
    return (Aim(tuple(records.present(connection, records_of(row)))),)


_DOING: Final = MappingProxyType(
    {
        ReviewReason.BAND: _judge_pair,
        ReviewReason.AVERAGE: _judge_pair,
        ReviewReason.SOURCE: _judge_pair,
        ReviewReason.AMBIGUOUS: _judge_pair,
        ReviewReason.NOT_MINE: _split_off,
        ReviewReason.FACTS_CHANGED: _judge_anew,
    }
)
