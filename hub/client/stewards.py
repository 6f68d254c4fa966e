"""What stewards ask and do: why two are one, who answers to a reference, reviews, judgements and pins.

Values are as the API states them. An act takes `seen`: the token that came with what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from hub.client.pages import Constituent, listed, named, once, seen_in
from hub.client.profiles import RecordRef
from hub.client.stewards_told import (
    Act,
    Answered,
    AsOf,
    ConstituentView,
    HistoryEntry,
    Judgement,
    Pin,
    Review,
    ReviewView,
    Why,
)
from hub.client.transport import Transport


class _Entries(msgspec.Struct, frozen=True):
    entries: list[HistoryEntry]


class _Reported(msgspec.Struct, frozen=True):
    number: int


class _Judgements(msgspec.Struct, frozen=True):
    items: list[Judgement]


class _Pins(msgspec.Struct, frozen=True):
    items: list[Pin]


class Constituents:
    """Who answers to a reference, and why two are one or not."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def why(self, left: Constituent, right: Constituent) -> tuple[Why, str]:
        """Why two are one constituent or not, and the token of what was seen of both."""
        body = {"left": named(left), "right": named(right)}
        answer = self._transport.send("POST", "/v1/why", body=body)
        return answer.read(Why), seen_in(answer)

    def query(self, whom: Constituent) -> tuple[ConstituentView, str]:
        """Who answers to a reference now, and the token of what was seen."""
        answer = self._transport.send("POST", "/v1/constituents/query", body=named(whom))
        return answer.read(ConstituentView), seen_in(answer)

    def as_of(self, whom: Constituent, at: datetime) -> AsOf:
        """Who answered to it at a moment, which has a time zone."""
        body = named(whom) | {"at": at}
        return self._transport.send("POST", "/v1/constituents/as-of", body=body).read(AsOf)

    def history(self, whom: Constituent) -> list[HistoryEntry]:
        """What became of its ids and records, in the order of time."""
        answer = self._transport.send("POST", "/v1/constituents/history", body=named(whom))
        return answer.read(_Entries).entries


class Reviews:
    """The questions left to stewards."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def queue(self, *, limit: int = 50, **filters: str) -> Iterator[Review]:
        """Open reviews, asked for in pages of `limit`. filters: kind, reason, is_mine."""
        yield from listed(self._transport, "/v1/reviews", Review, limit, filters)

    def show(self, number: int) -> tuple[ReviewView, str]:
        """One review and the token to answer it with."""
        answer = self._transport.send("GET", f"/v1/reviews/{number}")
        return answer.read(ReviewView), seen_in(answer)

    def report_not_mine(self, record: RecordRef, *, repeat_key: str | None = None) -> int:
        """Ask whether a record is really its constituent's; the number of the review."""
        answer = self._transport.send(
            "POST", "/v1/reviews", body={"record": record}, repeat_key=once(repeat_key)
        )
        return answer.read(_Reported).number

    def claim(self, number: int, *, repeat_key: str | None = None) -> None:
        """Take it in hand."""
        path = f"/v1/reviews/{number}/claim"
        self._transport.send("POST", path, repeat_key=once(repeat_key))

    def release(self, number: int, *, repeat_key: str | None = None) -> None:
        """Give it back to everybody."""
        path = f"/v1/reviews/{number}/release"
        self._transport.send("POST", path, repeat_key=once(repeat_key))

    def preview(self, number: int, outcome: str, reason: str) -> Answered:
        """What an answer would do."""
        body = {"outcome": outcome, "reason": reason}
        path = f"/v1/reviews/{number}/preview"
        return self._transport.send("POST", path, body=body).read(Answered)

    def answer(
        self, number: int, outcome: str, reason: str, *, seen: str, repeat_key: str | None = None
    ) -> Answered:
        """Answer it, on what was seen of it."""
        answer = self._transport.send(
            "POST",
            f"/v1/reviews/{number}/answer",
            body={"outcome": outcome, "reason": reason},
            if_match=seen,
            repeat_key=once(repeat_key),
        )
        return answer.read(Answered)


class Judgements:
    """A steward's SAME and DIFFERENT."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def latest(self, *, limit: int = 50) -> Iterator[Judgement]:
        """All judgements, the newest first, asked for in pages of `limit`."""
        yield from listed(self._transport, "/v1/judgements", Judgement, limit, {})

    def of(self, whom: Constituent) -> Sequence[Judgement]:
        """Those on a record, or on any record of a constituent, the oldest first."""
        answer = self._transport.send("POST", "/v1/judgements/query", body=named(whom))
        return answer.read(_Judgements).items

    def preview(self, verdict: str, left: Constituent, right: Constituent, reason: str) -> Act:
        """What a judgement would do."""
        body = _judgement(verdict, left, right, reason)
        return self._transport.send("POST", "/v1/judgements/preview", body=body).read(Act)

    def judge(
        self,
        verdict: str,
        left: Constituent,
        right: Constituent,
        reason: str,
        *,
        seen: str,
        repeat_key: str | None = None,
    ) -> Act:
        """Judge two, on what `constituents.why` showed of them."""
        answer = self._transport.send(
            "POST",
            "/v1/judgements",
            body=_judgement(verdict, left, right, reason),
            if_match=seen,
            repeat_key=once(repeat_key),
        )
        return answer.read(Act)

    def withdraw(self, act: UUID, *, repeat_key: str | None = None) -> Act:
        """End every judgement of an act."""
        path = f"/v1/judgements/{act}/withdraw"
        return self._transport.send("POST", path, repeat_key=once(repeat_key)).read(Act)

    def preview_split(self, whom: Constituent, records: Sequence[RecordRef], reason: str) -> Act:
        """What a split would do."""
        body = {"whom": named(whom), "records": records, "reason": reason}
        return self._transport.send("POST", "/v1/splits/preview", body=body).read(Act)

    def split(
        self,
        whom: Constituent,
        records: Sequence[RecordRef],
        reason: str,
        *,
        seen: str,
        repeat_key: str | None = None,
    ) -> Act:
        """Say that these records are somebody else's, on what `constituents.query` showed."""
        answer = self._transport.send(
            "POST",
            "/v1/splits",
            body={"whom": named(whom), "records": records, "reason": reason},
            if_match=seen,
            repeat_key=once(repeat_key),
        )
        return answer.read(Act)


class Pins:
    """Which record's value a profile shows."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def make(
        self, record: RecordRef, attribute: str, reason: str, *, repeat_key: str | None = None
    ) -> None:
        """Show what this record states, while it states it."""
        body = {"record": record, "attribute": attribute, "reason": reason}
        self._transport.send("POST", "/v1/pins", body=body, repeat_key=once(repeat_key))

    def withdraw(self, record: RecordRef, attribute: str, *, repeat_key: str | None = None) -> None:
        """Leave the attribute to the rules again."""
        body = {"record": record, "attribute": attribute}
        self._transport.send("POST", "/v1/pins/withdraw", body=body, repeat_key=once(repeat_key))

    def of(self, whom: Constituent) -> Sequence[Pin]:
        """The pins on a constituent's records, withdrawn ones too."""
        answer = self._transport.send("POST", "/v1/pins/query", body=named(whom))
        return answer.read(_Pins).items


def _judgement(verdict: str, left: Constituent, right: Constituent, reason: str) -> dict[str, Any]:
    return {"verdict": verdict, "left": named(left), "right": named(right), "reason": reason}
