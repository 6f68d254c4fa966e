"""`/health`: whether the process lives, and whether it can answer, with the reasons where it cannot.

Decides what must hold for calls to be sent here. No count and no name: anybody may ask.
"""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import Response
from pydantic import BaseModel

from api.guard import HubOf, open_router
from hub.journeys.readiness import readiness

router = open_router(tags=["Health"])


class LiveOut(BaseModel):
    """The process answers."""

    is_live: bool


class ReadyOut(BaseModel):
    """Whether calls can be answered. failing: the checks that do not hold. identity_mode: embedded or external."""

    is_ready: bool
    failing: list[str]
    identity_mode: str


@router.get("/health/live", response_model=LiveOut)
async def live() -> dict[str, bool]:
    """The process answers; nothing else is asked."""
    return {"is_live": True}


@router.get("/health/ready", response_model=ReadyOut, responses={503: {"model": ReadyOut}})
def ready(hub: HubOf) -> Response:
    """Whether the database answers, its schema is this release's, and the disclosure log keeps up."""
    failing = readiness(hub)
    said: dict[str, Any] = {
        "is_ready": not failing,
        "failing": [one.value for one in failing],
        "identity_mode": "embedded" if hub.access.is_embedded else "external",
    }
    return Response(
        msgspec.json.encode(said), 503 if failing else 200, media_type="application/json"
    )
