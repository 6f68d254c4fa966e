"""Answers that tell nothing leave at a moment that tells nothing: the wait is made here, and holds no thread.

Decides how a journey's pause is kept. How long it is, is the journey's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request

_OWED: Final = "hub.leaves_at"

Pause: TypeAlias = Callable[[float], None]


async def _pause(request: Request) -> Pause:
    def owe(seconds: float) -> None:
        request.scope[_OWED] = time.monotonic() + seconds

    return owe


PauseOf = Annotated[Pause, Depends(_pause)]
"""What a journey is handed to pause by: the answer waits, the thread does not."""


async def keep(request: Request) -> None:
    """Wait until the moment the answer may leave."""
    leaves_at = request.scope.get(_OWED)
    if leaves_at is not None:
        await asyncio.sleep(leaves_at - time.monotonic())
