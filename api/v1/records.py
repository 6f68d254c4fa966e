"""`/v1/sources/{source}/records` and its batches: an agency's own rows, in its source's own columns.

Decides the shapes at the wire and what one batch may hold. A row is taken in by hub.journeys.pushing. The answer says
whether a record was new, and no id: which of an agency's records are one constituent may rest on what others hold, so
it is told by a look-up, which decides for a purpose and is in the disclosure log.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final, TypeAlias

import msgspec
from fastapi import Body, Depends, Path, Response
from pydantic import BaseModel, Field

from api.bodies import BodyMalformed, NameRepeated, StrictRequest, decode
from api.guard import CallerOf, HubOf, guarded_router, needs
from api.problems import Problem, problem
from api.receiving import BODY_BYTES_MAX
from api.v1.words import Strict, Text
from hub.access.scopes import Scope
from hub.domain.errors import HubError, RecordUnknown
from hub.domain.records import Rejected
from hub.journeys.pushing import Pusher, pusher_for
from hub.journeys.resolve import Arrival

router = guarded_router(tags=["Records"])

NDJSON: Final = "application/x-ndjson"
ROWS_MAX: Final = 1_000
REMOVALS_MAX: Final = 200

#: Batches that one process works on at once: each keeps a thread for seconds, and look-ups are to find one free.
BATCHES_AT_ONCE: Final = 3

SourceOf: TypeAlias = Annotated[
    str, Path(min_length=1, max_length=64, description="A source of the caller's own agency.")
]


class BatchesBusy(HubError):
    """As many batches as a process works on at once are under way in it."""

    def __init__(self) -> None:
        super().__init__("other batches are being taken in: send it again")


# --- answering -----------------------------------------------------------------------------------


class RecordOut(BaseModel):
    """What the row was to the hub. No id: where the record belongs, a look-up by its key tells."""

    arrival: Annotated[Arrival, Field(examples=["new"])]


class RowOut(BaseModel):
    """What became of one row or key: an arrival, or the rule it broke and, where it is one's, the column.

    row: its number in the batch, from 1. `not_json` and `not_object` are as they say, `duplicate_column` a name that
    stands twice, `row_too_large` a line above 64 KiB, `blank_line` one without anything, `record_unknown` a key that
    nothing stands under, `suppressed` a row of a record that was erased as a right; others are in docs/sources.md.
    """

    row: int
    arrival: Arrival | None = None
    field: str | None = None
    rule: Annotated[str | None, Field(examples=["key_missing"])] = None


class RowsOut(BaseModel):
    """One answer a row, in their order, and how many were of which sort."""

    counts: Annotated[dict[str, int], Field(examples=[{"new": 2, "rejected": 1}])]
    rows: list[RowOut]


# --- one row -------------------------------------------------------------------------------------


@router.post("/sources/{source}/records", response_model=RecordOut)
@needs(Scope.RECORD_WRITE)
def records(
    hub: HubOf,
    caller: CallerOf,
    source: SourceOf,
    row: Annotated[
        dict[str, Any],
        Body(
            description="One row: an object in the source's own columns.",
            examples=[{"account": "P730266141", "name": "Maria Okafor"}],
        ),
    ],
) -> Response:
    """Take one row in: stored, linked and committed when the answer leaves. The same row again changes nothing.

    Columns that the source's description does not name are passed over, or refused where its contract says so.
    """
    found = pusher_for(hub, caller.require_agency(), source).push_members(row, 1)
    if isinstance(found, Rejected):
        broken = {"field": _name(found.field), "rule": found.rule}
        return problem(Problem.REQUEST_INVALID, errors=[broken])
    return _answer({"arrival": found.arrival})


# --- many ----------------------------------------------------------------------------------------


async def _lines(request: StrictRequest) -> list[bytes]:
    content = await request.content(NDJSON)
    # One end of line at the end ends the last row; it begins no blank one.
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    return [line.removesuffix(b"\r") for line in lines]


_BATCH_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": f"JSON objects, one a line, {ROWS_MAX} at most, in the source's own columns.",
        "content": {NDJSON: {"schema": {"type": "string"}}},
    }
}


@router.post("/sources/{source}/record-batches", response_model=RowsOut, openapi_extra=_BATCH_BODY)
@needs(Scope.RECORD_WRITE)
def record_batches(
    hub: HubOf,
    caller: CallerOf,
    source: SourceOf,
    lines: Annotated[list[bytes], Depends(_lines)],
) -> Response:
    """Take rows in, in their order, each for itself: one that is rejected does not stop the others.

    Where the call breaks off, or ends with a problem, rows before that are taken in. Send it again: they come
    unchanged.
    """
    pusher = pusher_for(hub, caller.require_agency(), source)
    if len(lines) > ROWS_MAX:
        return problem(Problem.BODY_TOO_LARGE, f"{ROWS_MAX} rows at most")
    with _room():
        return _each(len(lines), lambda place: _pushed(pusher, lines[place], place + 1))


def _pushed(pusher: Pusher, line: bytes, number: int) -> dict[str, Any]:
    members = _members(line)
    if isinstance(members, str):
        return {"row": number, "rule": members}
    found = pusher.push_members(members, number)
    if isinstance(found, Rejected):
        return {"row": number, "field": _name(found.field), "rule": found.rule}
    return {"row": number, "arrival": found.arrival}


def _members(line: bytes) -> dict[str, Any] | str:
    """The line's object, or the rule it breaks."""
    if len(line) > BODY_BYTES_MAX:
        return "row_too_large"
    if not line.strip():
        return "blank_line"
    try:
        found = decode(line)
    except NameRepeated:
        return "duplicate_column"
    except BodyMalformed:
        return "not_json"
    return found if isinstance(found, dict) else "not_object"


# --- removing ------------------------------------------------------------------------------------


class RemovalsIn(Strict):
    """Which records go, by the source's own keys."""

    keys: Annotated[
        list[Text], Field(min_length=1, max_length=REMOVALS_MAX, examples=[["P730266141"]])
    ]


@router.post("/sources/{source}/record-removals", response_model=RowsOut)
@needs(Scope.RECORD_WRITE)
def record_removals(hub: HubOf, caller: CallerOf, source: SourceOf, wanted: RemovalsIn) -> Response:
    """Remove records at their agency's word: their keys, tags and terms are destroyed. Each stands for itself.

    A key of several columns has them joined by `/`, a `/` or `%` inside one percent-encoded.
    """
    pusher = pusher_for(hub, caller.require_agency(), source)
    with _room():
        return _each(
            len(wanted.keys), lambda place: _removed(pusher, wanted.keys[place], place + 1)
        )


def _removed(pusher: Pusher, key: str, number: int) -> dict[str, Any]:
    try:
        return {"row": number, "arrival": pusher.remove(key).arrival}
    except RecordUnknown:
        return {"row": number, "rule": "record_unknown"}


# --- shared --------------------------------------------------------------------------------------

_NAME_CHARS_MAX: Final = 128
_REJECTED: Final = "rejected"

_batches = threading.BoundedSemaphore(BATCHES_AT_ONCE)


@contextmanager
def _room() -> Iterator[None]:
    """Have one of the places for batches. Raises BatchesBusy."""
    if not _batches.acquire(blocking=False):
        raise BatchesBusy
    try:
        yield
    finally:
        _batches.release()


def _each(count: int, work: Callable[[int], dict[str, Any]]) -> Response:
    rows, counts = [], dict[str, int]()
    for place in range(count):
        row = work(place)
        rows.append(row)
        sort = row.get("arrival", _REJECTED)
        counts[sort] = counts.get(sort, 0) + 1
    return _answer({"counts": counts, "rows": rows})


def _name(column: str | None) -> str | None:
    """A column's name as it is told back; the caller's own may be of any length."""
    return None if column is None else column[:_NAME_CHARS_MAX]


def _answer(said: dict[str, Any]) -> Response:
    return Response(msgspec.json.encode(said), media_type="application/json")
