"""An answer made while it is read: nothing of it is spooled, and a reader that stalls holds nothing for long.

Decides how much is made ahead, how long a reader may take, and that what broke off does not look whole: the connection
is closed without the end that HTTP gives an answer.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeAlias

import structlog
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

Write: TypeAlias = Callable[[bytes], object]

CHUNK_BYTES: Final = 64 * 1024
CHUNKS_AHEAD: Final = 16
#: A reader that takes no chunk for so long is given up; so is one that is not through by then.
PATIENCE_S: Final = 30.0
LASTS_MAX_S: Final = 3_600.0
_LOOK_S: Final = 0.5

_log = structlog.get_logger("hub.api")


class BrokenOff(Exception):
    """An answer broke off, its reader or what made it; names neither."""


class _Pipe:
    """Chunks between the thread that makes them and the answer that sends them."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._chunks: queue.Queue[bytes] = queue.Queue(CHUNKS_AHEAD)
        self._gathered = bytearray()
        self._ends_s = time.monotonic() + LASTS_MAX_S
        self._is_made = threading.Event()
        self._is_left = threading.Event()
        self._has_failed = False

    def write(self, content: bytes) -> None:
        """Take some of it. Raises BrokenOff where nobody reads on."""
        self._gathered += content
        if len(self._gathered) >= CHUNK_BYTES:
            self._put()

    def _put(self) -> None:
        chunk, self._gathered = bytes(self._gathered), bytearray()
        given_up_s = min(time.monotonic() + self._patience_s, self._ends_s)
        while not self._is_left.is_set() and time.monotonic() < given_up_s:
            try:
                self._chunks.put(chunk, timeout=_LOOK_S)
            except queue.Full:
                continue
            return
        raise BrokenOff

    def make(self, produce: Callable[[Write], object]) -> None:
        """Run what makes the answer, whatever comes of it."""
        try:
            produce(self.write)
            if self._gathered:
                self._put()
        except Exception as error:  # noqa: BLE001 (a thread has nobody above it; the reader is hung up on)
            self._has_failed = True
            _log.error("answer broke off", error=type(error).__name__)
        finally:
            self._is_made.set()

    def leave(self) -> None:
        """Nobody reads on."""
        self._is_left.set()

    def next(self) -> bytes | None:
        """The next chunk; None at the end. Raises BrokenOff."""
        while True:
            # Asked before the queue is: what is made after it was found empty must be looked for again.
            was_made = self._is_made.is_set()
            try:
                return self._chunks.get(not was_made, _LOOK_S)
            except queue.Empty:
                if was_made:
                    break
        if self._has_failed:
            raise BrokenOff
        return None


def streamed(
    produce: Callable[[Write], object],
    media_type: str,
    *,
    ended: Callable[[], None],
    patience_s: float = PATIENCE_S,
) -> StreamingResponse:
    """An answer that `produce` writes, in a thread of its own. ended: called when it has, or was broken off."""
    pipe = _Pipe(patience_s)

    def make() -> None:
        try:
            pipe.make(produce)
        finally:
            ended()

    async def chunks() -> AsyncIterator[bytes]:
        try:
            while (chunk := await run_in_threadpool(pipe.next)) is not None:
                yield chunk
        finally:
            pipe.leave()

    # At once, not at the first read: where nobody comes to read, it is given up after the patience all the same.
    threading.Thread(target=make, name="streamed answer", daemon=True).start()
    return StreamingResponse(chunks(), media_type=media_type)
