"""The review queue: questions opened and closed with the partition, claimed and answered by stewards.

Decides how a question that is asked again keeps its row. Each opening and closing is an event of the same
statement. Which questions there are is matching.review's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, select, update

from hub.domain.events import EventKind
from hub.domain.reviews import STANDING_REASONS, Outcome, ReviewReason
from hub.store.database import among, driver
from hub.store.tables import Review

Subject = tuple[int, int | None, str]
"""Left record, right record or None, and which sort of question: see `subject`."""

_WEIGHED: Final = frozenset(
    {ReviewReason.BAND, ReviewReason.AVERAGE, ReviewReason.SOURCE, ReviewReason.AMBIGUOUS}
)


def subject(left: int, right: int | None, reason: str) -> Subject:
    """What makes two questions one: the records, and their reason unless both come from a weight."""
    return left, right, "weighed" if reason in _WEIGHED else str(reason)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question says now."""

    reason: ReviewReason
    microbits: int | None
    model_id: int | None
    judgement_id: int | None = None


@dataclass(frozen=True, slots=True)
class OpenReview:
    """An open question as far as asking it again needs it."""

    id: int
    subject: Subject
    reason: str
    microbits: int | None


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review as it is stored."""

    id: int
    kind: str
    reason: ReviewReason
    left: int
    right: int | None
    microbits: int | None
    judgement_id: int | None
    opened_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: Outcome | None


@dataclass(frozen=True, slots=True)
class ReviewPlace:
    """Where a review stands in the queue: all that its order hangs on, so that the review itself need not stay."""

    is_report: bool
    microbits: int | None
    number: int


def place_of(row: ReviewRow) -> ReviewPlace:
    """Where it stands."""
    return ReviewPlace(row.reason in STANDING_REASONS, row.microbits, row.id)


#: The reasons of questions that come and go with the partition.
PASSING: Final = [reason.value for reason in ReviewReason if reason not in STANDING_REASONS]


def open_of_kind(connection: Connection, kind: str) -> list[OpenReview]:
    """All open questions of the partition of that kind."""
    rows = connection.execute(
        select(
            Review.id,
            Review.left_record_id,
            Review.right_record_id,
            Review.reason,
            Review.weight_microbits,
        ).where(
            Review.closed_at.is_(None),
            Review.kind == kind,
            among(Review.reason, PASSING),
        )
    ).all()
    return [_open(row) for row in rows]


def _open(row: Any) -> OpenReview:
    return OpenReview(row[0], subject(row[1], row[2], row[3]), row[3], row[4])


def replace(
    connection: Connection,
    kind: str,
    standing: Sequence[OpenReview],
    wanted: Mapping[Subject, Asked],
    at: datetime,
) -> None:
    """Make the open questions be `wanted` in place of `standing`.

    One that is asked again keeps its row, its claim and its opening time, and says what is said of it now.
    """
    by_subject = {review.subject: review for review in standing}
    close(connection, [r.id for r in standing if r.subject not in wanted], at)
    changed = [
        (review.id, asked)
        for key, asked in wanted.items()
        if (review := by_subject.get(key))
        and (review.reason, review.microbits) != (asked.reason, asked.microbits)
    ]
    if changed:
        driver(connection).execute(
            _SAY_ANEW,
            (
                [number for number, _ in changed],
                [asked.reason.value for _, asked in changed],
                [asked.microbits for _, asked in changed],
                [asked.model_id for _, asked in changed],
            ),
        )
    fresh = {key: asked for key, asked in wanted.items() if key not in by_subject}
    open_all(connection, kind, fresh, at)


_SAY_ANEW: Final = """
    UPDATE reviews SET reason = n.reason, weight_microbits = n.microbits, model_id = n.model_id
    FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::bigint[])
        AS n (id, reason, microbits, model_id)
    WHERE reviews.id = n.id
"""


def open_all(
    connection: Connection, kind: str, wanted: Mapping[Subject, Asked], at: datetime
) -> None:
    """Open questions, and tell of each. One that stands open already is left as it is."""
    if not wanted:
        return
    asked = list(wanted.values())
    driver(connection).execute(
        _OPEN,
        {
            "kind": kind,
            "at": at,
            "event": EventKind.REVIEW_OPENED.value,
            "left": [left for left, _, _ in wanted],
            "right": [right for _, right, _ in wanted],
            "reason": [one.reason.value for one in asked],
            "microbits": [one.microbits for one in asked],
            "model": [one.model_id for one in asked],
            "judgement": [one.judgement_id for one in asked],
        },
    )


_OPEN: Final = """
    WITH opened AS (
        INSERT INTO reviews (kind, opened_at, left_record_id, right_record_id, reason,
            weight_microbits, model_id, judgement_id)
        SELECT %(kind)s, %(at)s, * FROM unnest(%(left)s::bigint[], %(right)s::bigint[],
            %(reason)s::text[], %(microbits)s::bigint[], %(model)s::bigint[], %(judgement)s::bigint[])
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    INSERT INTO outbox (kind, others, review_id, occurred_at)
    SELECT %(event)s, '{}', id, %(at)s FROM opened
"""


def open_changed_facts(
    connection: Connection, kind: str, key_hashes: Sequence[bytes] | None, at: datetime
) -> None:
    """Ask about each standing judgement whose records say something else than when it was made.

    key_hashes: only judgements on these; None: on all. One that was answered since the change is not
    asked about again.
    """
    driver(connection).execute(
        _CHANGED_FACTS,
        {
            "kind": kind,
            "keys": None if key_hashes is None else list(key_hashes),
            "at": at,
            "reason": ReviewReason.FACTS_CHANGED.value,
            "event": EventKind.REVIEW_OPENED.value,
        },
    )


_CHANGED_FACTS: Final = """
    WITH opened AS (
        INSERT INTO reviews (kind, opened_at, reason, left_record_id, right_record_id, judgement_id)
        SELECT %(kind)s, %(at)s, %(reason)s, least(l.id, r.id), greatest(l.id, r.id), j.id
        FROM judgements j
        JOIN records l ON l.key_hash = j.left_key_hash AND l.removed_at IS NULL
        JOIN records r ON r.key_hash = j.right_key_hash AND r.removed_at IS NULL
        WHERE j.withdrawn_at IS NULL AND j.kind = %(kind)s
            AND (%(keys)s::bytea[] IS NULL
                OR j.left_key_hash = ANY(%(keys)s) OR j.right_key_hash = ANY(%(keys)s))
            AND (l.content_hash <> j.left_content_hash OR r.content_hash <> j.right_content_hash)
            AND NOT EXISTS (
                SELECT FROM reviews v WHERE v.judgement_id = j.id AND v.reason = %(reason)s
                    AND v.closed_at >= greatest(l.loaded_at, r.loaded_at)
            )
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    INSERT INTO outbox (kind, others, review_id, occurred_at)
    SELECT %(event)s, '{}', id, %(at)s FROM opened
"""


def close(
    connection: Connection,
    numbers: Sequence[int],
    at: datetime,
    *,
    by: str | None = None,
    outcome: Outcome | None = None,
) -> None:
    """Close open questions, and tell of each; without an outcome they went away by themselves."""
    if numbers:
        driver(connection).execute(
            _CLOSE,
            {
                "ids": list(numbers),
                "at": at,
                "by": by,
                "outcome": outcome,
                "event": EventKind.REVIEW_CLOSED.value,
            },
        )


_CLOSE: Final = """
    WITH closed AS (
        UPDATE reviews SET closed_at = %(at)s, closed_by = %(by)s, outcome = %(outcome)s
        WHERE id = ANY(%(ids)s) AND closed_at IS NULL
        RETURNING id
    )
    INSERT INTO outbox (kind, others, review_id, occurred_at)
    SELECT %(event)s, '{}', id, %(at)s FROM closed
"""

_COLUMNS = (
    Review.id,
    Review.kind,
    Review.reason,
    Review.left_record_id,
    Review.right_record_id,
    Review.weight_microbits,
    Review.judgement_id,
    Review.opened_at,
    Review.claimed_by,
    Review.claimed_at,
    Review.closed_at,
    Review.closed_by,
    Review.outcome,
)


def find(connection: Connection, number: int, *, for_update: bool = False) -> ReviewRow | None:
    """The review of that number. for_update: nobody else claims or answers it until the transaction ends."""
    statement = select(*_COLUMNS).where(Review.id == number)
    if for_update:
        statement = statement.with_for_update()
    row = connection.execute(statement).one_or_none()
    return None if row is None else _row(row)


def queue(
    connection: Connection,
    *,
    kind: str | None,
    reason: ReviewReason | None,
    claimed_by: str | None,
    limit: int,
    offset: int = 0,
    after: ReviewPlace | None = None,
) -> list[ReviewRow]:
    """Open reviews: reports first, then the strongest pairs. claimed_by: only one steward's."""
    statement = select(*_COLUMNS).where(Review.closed_at.is_(None))
    if kind is not None:
        statement = statement.where(Review.kind == kind)
    if reason is not None:
        statement = statement.where(Review.reason == reason.value)
    if claimed_by is not None:
        statement = statement.where(Review.claimed_by == claimed_by)
    is_report = among(Review.reason, [reason.value for reason in STANDING_REASONS])
    if after is not None:
        statement = statement.where(_is_behind(after, is_report))
    ordered = statement.order_by(
        is_report.desc(), Review.weight_microbits.desc().nulls_first(), Review.id
    )
    return [_row(row) for row in connection.execute(ordered.limit(limit).offset(offset)).all()]


def _is_behind(place: ReviewPlace, is_report: ColumnElement[bool]) -> ColumnElement[bool]:
    weight, is_later = Review.weight_microbits, Review.id > place.number
    if place.microbits is None:
        weaker = weight.is_not(None) | (weight.is_(None) & is_later)
    else:
        weaker = (weight < place.microbits) | ((weight == place.microbits) & is_later)
    if place.is_report:
        return ~is_report | weaker
    return ~is_report & weaker


def _row(row: Any) -> ReviewRow:
    outcome = None if row[-1] is None else Outcome(row[-1])
    read: Any = (row[0], row[1], ReviewReason(row[2]), *row[3:-1], outcome)
    return ReviewRow(*read)


def claim(connection: Connection, number: int, by: str | None, at: datetime | None) -> None:
    """Say whose an open review is; None: nobody's."""
    connection.execute(
        update(Review).where(Review.id == number).values(claimed_by=by, claimed_at=at)
    )


def open_of(connection: Connection, record_ids: Sequence[int]) -> list[ReviewRow]:
    """Open questions of every sort that touch any of those records."""
    statement = select(*_COLUMNS).where(Review.closed_at.is_(None), _touches(record_ids))
    return [_row(row) for row in connection.execute(statement.order_by(Review.id)).all()]


def _touches(record_ids: Sequence[int]) -> ColumnElement[bool]:
    return among(Review.left_record_id, record_ids) | among(Review.right_record_id, record_ids)


def open_about(connection: Connection, judgement_ids: Sequence[int]) -> list[int]:
    """The open questions about any of those judgements."""
    statement = select(Review.id).where(
        Review.closed_at.is_(None), among(Review.judgement_id, judgement_ids)
    )
    return list(connection.scalars(statement.order_by(Review.id)))
