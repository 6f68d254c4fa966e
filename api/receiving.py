"""How much of a request is taken in, and for how long: bounded before anything reads it.

Decides sizes and times of bodies; of request lines and headers serving.py's server does. Middleware in plain ASGI: one
more layer of Starlette's costs each request a task of its own.
"""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem

BODY_BYTES_MAX: Final = 64 * 1024
"""A profile's worth of JSON is a few kilobytes."""

BATCH_BYTES_MAX: Final = 1024 * 1024
"""A thousand rows of a register, or so."""

BODY_TIMEOUT_S: Final = 10.0


class BodyTooLarge(HTTPException):
    """More bytes than the route takes in."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max
        super().__init__(413, str(bytes_max))


class BodyTooSlow(HTTPException):
    """The body had not come when its time was over."""

    def __init__(self) -> None:
        super().__init__(408, str(BODY_TIMEOUT_S))


class Receiving:
    """Wraps an application: what reads its body is told when there is too much of it, or it takes too long.

    batch_suffix: paths that end so take a batch in.
    """

    def __init__(self, app: ASGIApp, batch_suffix: str, timeout_s: float = BODY_TIMEOUT_S) -> None:
        self._app = app
        self._batch_suffix = batch_suffix
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if _is_framed_twice(scope):
            twice = problem(
                Problem.BODY_MALFORMED,
                "its end is stated by Content-Length and by Transfer-Encoding",
                headers={"Connection": "close"},
            )
            await twice(scope, receive, send)
            return
        is_batch = scope["path"].endswith(self._batch_suffix)
        bytes_max = BATCH_BYTES_MAX if is_batch else BODY_BYTES_MAX
        await self._app(scope, _Bounded(scope, receive, bytes_max, self._timeout_s).receive, send)


def _is_framed_twice(scope: Scope) -> bool:
    """Whether a proxy before us may have seen another request end elsewhere (RFC 9112 §6.3)."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


class _Bounded:
    """One request's body."""

    def __init__(self, scope: Scope, receive: Receive, bytes_max: int, timeout_s: float) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._left = bytes_max
        self._ends_at = asyncio.get_running_loop().time() + timeout_s
        self._is_whole = False
        self._stated = next(
            (value for name, value in scope["headers"] if name == b"content-length"), b"0"
        )

    async def receive(self) -> Message:
        if self._is_whole:
            # Waits for the caller to hang up, which may take as long as the answer does.
            return await self._receive()
        if len(self._stated) > 18 or int(self._stated) > self._bytes_max:
            raise BodyTooLarge(self._bytes_max)
        try:
            async with asyncio.timeout_at(self._ends_at):
                message = await self._receive()
        except TimeoutError:
            message = None
        if message is None:
            raise BodyTooSlow
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise BodyTooLarge(self._bytes_max)
            self._is_whole = not message.get("more_body", False)
        return message
