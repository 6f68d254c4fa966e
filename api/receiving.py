"""How much of a request is taken in, and for how long: bounded before anything reads it.

Decides sizes and times of bodies; of request lines and headers serving.py's server does. Middleware in plain ASGI: one
more layer of Starlette's costs each request a task of its own.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final, NoReturn

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import Problem, problem

BODY_BYTES_MAX: Final = 64 * 1024
"""A profile's worth of JSON is a few kilobytes."""

BATCH_BYTES_MAX: Final = 1024 * 1024
"""A thousand rows of a register, or so."""

THROWN_AWAY_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of a body that is too large, so that its sender gets to reading why."""

THROWN_AWAY_S: Final = 2.0
"""How long its sender may take over that."""

BODY_TIMEOUT_S: Final = 10.0

_LENGTH_DIGITS_MAX: Final = 18
_LEFT_MIN: Final = -THROWN_AWAY_BYTES_MAX


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
        stated = dict(scope["headers"])
        length = stated.get(b"content-length", b"0")
        self._is_announced_too_large = len(length) > _LENGTH_DIGITS_MAX or int(length) > bytes_max
        # Who asks first whether to send is told no, and sends nothing.
        self._is_under_way = b"expect" not in stated

    async def receive(self) -> Message:
        if self._is_whole:
            # Waits for the caller to hang up, which may take as long as the answer does.
            return await self._receive()
        if self._is_announced_too_large:
            await self._refuse()
        message = await self._next()
        if self._left < 0:
            await self._refuse()
        return message

    async def _next(self) -> Message:
        """What comes next of the body, counted. Raises BodyTooSlow."""
        try:
            async with asyncio.timeout_at(self._ends_at):
                message = await self._receive()
        except TimeoutError:
            message = None
        if message is None:
            raise BodyTooSlow
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
        self._is_whole = not message.get("more_body", False)
        return message

    async def _refuse(self) -> NoReturn:
        """Raise BodyTooLarge once the caller has written, as far as that takes neither long nor much.

        Who writes first and reads then would find the connection reset, and the answer gone with it.
        """
        # The time over, it is refused all the same.
        with suppress(TimeoutError):
            async with asyncio.timeout(THROWN_AWAY_S):
                while self._is_under_way and not self._is_whole and self._left > _LEFT_MIN:
                    await self._next()
        raise BodyTooLarge(self._bytes_max)
