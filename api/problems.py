"""What can go wrong, as callers are told it: RFC 9457 problems of stable types, each documented at its own address.

Decides status, type and words of every problem, in one table. Nothing of a request's or a record's values is in one,
and none tells whether somebody exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi import Response

MEDIA_TYPE: Final = "application/problem+json"
BASE: Final = "/problems/"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of problem. name: the end of its address, never to be changed. remedy: what a caller's engineer can do."""

    name: str
    status: int
    title: str
    remedy: str

    @property
    def type(self) -> str:
        """The type's address, relative to the hub's."""
        return BASE + self.name


class Problem(Enum):
    """Every problem there is."""

    BODY_MALFORMED = ProblemType(
        "body-malformed", 400, "The body is not well formed",
        "Send UTF-8 JSON in which each name stands once; the detail says which rule was broken and where.",
    )  # fmt: skip
    REQUEST_INVALID = ProblemType(
        "request-invalid", 422, "The request does not say what it must",
        "`errors` names each field and the rule it breaks. Values are not repeated.",
    )  # fmt: skip
    CREDENTIALS_REFUSED = ProblemType(
        "credentials-refused", 401, "The credentials are refused",
        "The detail says which of token and proof, and why. Ask for a new token, and make a new DPoP proof for each request.",
    )  # fmt: skip
    NOT_IN_SCOPE = ProblemType(
        "not-in-scope", 403, "The token does not reach so far",
        "Ask for a token with the scope and purpose of what you do; the operator says what your client may have.",
    )  # fmt: skip
    SIGNED_IN_UNSURELY = ProblemType(
        "signed-in-unsurely", 403, "The constituent did not sign in surely enough for that",
        "Have her sign in again at a higher level; the route says which it needs, an agreement may need more.",
    )  # fmt: skip
    PURPOSE_REFUSED = ProblemType(
        "purpose-refused", 403, "The agency may not look up for that purpose",
        "`reasons` says why; it is the same whoever is asked about. An agreement in force is needed for the purpose.",
    )  # fmt: skip
    TOO_LITTLE_EVIDENCE = ProblemType(
        "too-little-evidence", 422, "The description could find anybody",
        "Describe with at least two strong attributes, such as name and birth date, or name and address.",
    )  # fmt: skip
    NOT_FOUND = ProblemType(
        "not-found", 404, "Nothing is known under that reference",
        "What was never there, is gone, or is not for this caller is answered alike.",
    )  # fmt: skip
    NO_SUCH_ROUTE = ProblemType(
        "no-such-route", 404, "There is no such address", "See /openapi.json.",
    )  # fmt: skip
    METHOD_REFUSED = ProblemType(
        "method-refused", 405, "The address does not take that method", "See the Allow header.",
    )  # fmt: skip
    BODY_TOO_SLOW = ProblemType(
        "body-too-slow", 408, "The body did not come in time", "Send it within ten seconds.",
    )  # fmt: skip
    CONFLICT = ProblemType(
        "conflict", 409, "It contradicts what stands",
        "The detail says what; read what stands and decide again.",
    )  # fmt: skip
    BUSY = ProblemType(
        "busy", 409, "Others are changing the same", "Send the request again after the seconds of Retry-After.",
    )  # fmt: skip
    REPEAT_UNDER_WAY = ProblemType(
        "repeat-under-way", 409, "A request of that Idempotency-Key is under way, or its end is not known",
        "Wait for Retry-After and repeat. If it stays so, the first attempt was cut off: read what stands before you use a new key.",
    )  # fmt: skip
    CHANGED_SINCE = ProblemType(
        "changed-since", 412, "It was changed since you read it",
        "Read it again; its ETag is what If-Match must name.",
    )  # fmt: skip
    BODY_TOO_LARGE = ProblemType(
        "body-too-large", 413, "The body is too large", "Batches go in parts; the detail names the limit.",
    )  # fmt: skip
    MEDIA_TYPE_REFUSED = ProblemType(
        "media-type-refused", 415, "The route does not read that media type", "The detail names the one it reads.",
    )  # fmt: skip
    REPEAT_KEY_MISSING = ProblemType(
        "repeat-key-missing", 400, "A change needs an Idempotency-Key",
        "Send a name of your own for the request, 8 to 128 printable characters, and the same one with each repeat.",
    )  # fmt: skip
    REPEAT_DIFFERS = ProblemType(
        "repeat-differs", 422, "That Idempotency-Key was used for another request",
        "Use a new key for each request that is not a repeat.",
    )  # fmt: skip
    PRECONDITION_MISSING = ProblemType(
        "precondition-missing", 428, "The change must say what it is based on",
        "Send If-Match with the ETag you read.",
    )  # fmt: skip
    TOO_FAST = ProblemType(
        "too-fast", 429, "Too many requests", "Wait for the seconds of Retry-After.",
    )  # fmt: skip
    BUDGET_SPENT = ProblemType(
        "budget-spent", 429, "The day's look-ups are used up",
        "Each client may ask about so many different constituents a day; it begins anew after Retry-After.",
    )  # fmt: skip
    INTERNAL = ProblemType(
        "internal", 500, "The hub failed",
        "Repeat once; then tell the operator the request id. Nothing was released.",
    )  # fmt: skip
    UNAVAILABLE = ProblemType(
        "unavailable", 503, "The hub cannot answer now",
        "Repeat after the seconds of Retry-After. Nothing was released.",
    )  # fmt: skip


def problem(
    which: Problem,
    detail: str = "",
    *,
    headers: Mapping[str, str] | None = None,
    **members: Any,
) -> Response:
    """The answer that tells of a problem. detail: a sentence of the hub's own, holding no value of anybody."""
    kind = which.value
    said: dict[str, Any] = {"type": kind.type, "title": kind.title, "status": kind.status}
    if detail:
        said["detail"] = detail
    return Response(
        msgspec.json.encode(said | members),
        kind.status,
        dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def of_status(status: int) -> Problem:
    """The problem of an HTTP status that the framework gave by itself."""
    return _BY_STATUS.get(status, Problem.INTERNAL if status >= 500 else Problem.REQUEST_INVALID)


_BY_STATUS: Final[Mapping[int, Problem]] = {
    HTTPStatus.BAD_REQUEST: Problem.BODY_MALFORMED,
    HTTPStatus.NOT_FOUND: Problem.NO_SUCH_ROUTE,
    HTTPStatus.METHOD_NOT_ALLOWED: Problem.METHOD_REFUSED,
}
