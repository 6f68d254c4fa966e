"""What stewards are told over the API, as it states it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec


class RecordOf(msgspec.Struct, frozen=True):
    """A record as staff are told it. key: None where its constituent was erased."""

    source: str
    key: str | None


class Why(msgspec.Struct, frozen=True):
    """Whether two are one constituent, and in sentences why. The other parts are as the API states them."""

    is_same_constituent: bool
    is_same_component: bool
    verdict: list[str]
    left: dict[str, Any]
    right: dict[str, Any]
    keys: list[dict[str, Any]]
    weighing: dict[str, Any] | None
    judged: list[dict[str, Any]]
    source_rules: list[dict[str, Any]]
    cut: dict[str, Any] | None
    reviews: list[dict[str, Any]]


class PlacedRecord(msgspec.Struct, frozen=True):
    """A present record. is_pending: where what it says now leads to is still to be seen."""

    record: RecordOf
    is_pending: bool


class OpenQuestion(msgspec.Struct, frozen=True):
    """An open review that touches a constituent."""

    number: int
    reason: str


class ConstituentView(msgspec.Struct, frozen=True):
    """A constituent as a steward sees it."""

    id: UUID
    kind: str
    aliases: list[UUID]
    records: list[PlacedRecord]
    reviews: list[OpenQuestion]


class AsOf(msgspec.Struct, frozen=True):
    """What a reference resolved to at a moment."""

    at: datetime
    kind: str
    id: UUID | None
    records: list[RecordOf]
    aliases: list[UUID]


class HistoryEntry(msgspec.Struct, frozen=True):
    """One thing that happened of `id`."""

    at: datetime
    kind: str
    id: UUID | None
    other_id: UUID | None
    record: RecordOf | None
    other_record: RecordOf | None
    verdict: str | None
    author: str | None


class Effects(msgspec.Struct, frozen=True):
    """What an act changed of whom the caller may see."""

    merged: list[dict[str, UUID]]
    parted: list[dict[str, Any]]
    records_moved: dict[str, int]
    reviews_opened: int
    reviews_closed: int


class Act(msgspec.Struct, frozen=True):
    """An act, done or previewed. act: what it is withdrawn by; issued: ids that came to be."""

    act: UUID | None
    judgements: list[int]
    repeated: list[int]
    ended: list[int]
    issued: list[UUID]
    effects: Effects


class Judgement(msgspec.Struct, frozen=True):
    """A judgement as a steward reads it."""

    number: int
    act: UUID
    verdict: str
    left: RecordOf
    right: RecordOf
    author: str
    reason: str
    judged_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
    sleeps: bool


class Review(msgspec.Struct, frozen=True):
    """A review as it stands in the queue."""

    number: int
    kind: str
    reason: str
    left: RecordOf
    right: RecordOf | None
    weight_bits: float | None
    opened_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    outcome: str | None


class ReviewSide(msgspec.Struct, frozen=True):
    """A record in question, the constituent it is under, and the others there."""

    record: RecordOf
    constituent: UUID | None
    others: list[RecordOf]


class ReviewView(msgspec.Struct, frozen=True):
    """A review with all that an answer hangs on."""

    line: Review
    question: str
    answers: list[str]
    left: ReviewSide
    right: ReviewSide | None
    judgement: Judgement | None


class Answered(msgspec.Struct, frozen=True):
    """An answer given, or previewed, and what it does."""

    number: int
    outcome: str
    judged: Act


class Pin(msgspec.Struct, frozen=True):
    """A pin. sleeps: the record states another value now."""

    record: RecordOf
    attribute: str
    sleeps: bool
    author: str
    reason: str
    made_at: datetime
    withdrawn_by: str | None
    withdrawn_at: datetime | None
