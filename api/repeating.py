"""Idempotency-Key: a change that is asked for again is answered again, and done once.

Decides the header and which answers are kept: those of requests that were admitted and did not fail. The rest is
hub.journeys.repeats'.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

from fastapi import HTTPException, Response
from fastapi.exceptions import RequestValidationError

from api.bodies import StrictRequest
from hub.domain.errors import HubError
from hub.journeys.context import Hub
from hub.journeys.repeats import Answered, Repeatable, abandon, begin, finish

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{8,128}")
_CHANGES: Final = "changes_something"

PARAMETER: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[!-~]+$"},
    "description": "The caller's own name of this request: a repeat under it is answered as the first was.",
    "example": "6f9e2c1a-renewal-1",
}


class KeyMissing(HTTPException):
    """A change came without a key, or with one that is none."""

    def __init__(self) -> None:
        super().__init__(400, HEADER)


def changes(endpoint: Endpoint) -> Endpoint:
    """Say that an endpoint changes something: each request needs a key, and is done once."""
    setattr(endpoint, _CHANGES, True)
    return endpoint


def is_change(endpoint: Callable[..., Any]) -> bool:
    """Whether an endpoint changes something."""
    return getattr(endpoint, _CHANGES, False)


def once(hub: Hub, client: str, request: StrictRequest, handle: Callable[[], Response]) -> Response:
    """Do a change, or answer as it was answered before. Raises KeyMissing, RepeatDiffers, RepeatUnderWay."""
    key = request.headers.get(HEADER, "")
    if not _KEY.fullmatch(key):
        raise KeyMissing
    asked = Repeatable(client, key, _content(request))
    known = begin(hub, asked)
    if known is not None:
        return Response(known.body, known.status, {REPLAYED: "true"}, media_type="application/json")
    try:
        answer = handle()
    except (HubError, HTTPException, RequestValidationError):
        # Refused: journeys commit whole or not at all, so nothing was changed.
        abandon(hub, asked)
        raise
    finish(hub, asked, Answered(answer.status_code, bytes(answer.body)))
    return answer


def _content(request: StrictRequest) -> bytes:
    scope = request.scope
    if_match = request.headers.get("if-match", "")
    address = (
        f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')} {if_match}\n"
    )
    return address.encode("latin-1", "replace") + request.taken_in
