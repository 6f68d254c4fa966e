"""ETag and If-Match (RFC 9110): whoever changes something says which state of it they saw.

Decides the headers. What a state's token is, and that a change of an older one is refused, is the journeys'.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Depends, HTTPException, Request

_TAG: Final = re.compile(r'"([\x21\x23-\x7e]{1,200})"')
HEADER: Final = "If-Match"


class PreconditionMissing(HTTPException):
    """A change does not say which state it is based on."""

    def __init__(self) -> None:
        super().__init__(428, HEADER)


class PreconditionMalformed(HTTPException):
    """An If-Match that names no single state."""

    def __init__(self) -> None:
        super().__init__(400, HEADER)


def etag(token: object) -> dict[str, str]:
    """The header that names a state."""
    return {"ETag": f'"{token}"'}


async def _if_match(request: Request) -> str:
    stated = request.headers.get("if-match")
    if stated is None:
        raise PreconditionMissing
    found = _TAG.fullmatch(stated.strip())
    if found is None:
        raise PreconditionMalformed
    return found.group(1)


IfMatch: TypeAlias = Annotated[str, Depends(_if_match)]
"""The token of the state a change is based on. Raises PreconditionMissing, PreconditionMalformed."""

PARAMETER: Final[dict[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {"type": "string", "pattern": '^"[!#-~]+"$'},
    "example": '"17"',
    "description": "The ETag of the state the change is based on.",
}
