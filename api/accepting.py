"""Connections spread over the processes that listen on one socket: who has fewer takes the next.

Decides when a process takes a connection in. The kernel wakes all that wait, and the first to run takes it, asyncio even
all that wait: of eight callers who stay connected one process of two had six or seven, and the other's core was idle.
So a process that has some waits a moment for each, up to a few: one that has fewer is quicker.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

#: How much longer a process waits for each connection it has: longer than another takes to wake, on a busy machine.
_EACH_S: Final = 0.001
#: With so many everybody has enough, and chance spreads the rest.
_COUNTED_MAX: Final = 8
_EXHAUSTED_S: Final = 1.0


class EvenLoop(asyncio.SelectorEventLoop):
    """An event loop whose servers take turns with those of other processes."""

    async def create_server(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.Protocol],
        *,
        sock: socket.socket,
        **options: Any,
    ) -> Any:
        """As asyncio's, on a socket that listens already."""
        made = await super().create_server(
            protocol_factory, sock=sock, start_serving=False, **options
        )
        sock.setblocking(False)
        return _Accepting(self, made, sock, protocol_factory)


class _Accepting:
    """A server that takes its own connections in; the rest of it is asyncio's."""

    def __init__(
        self,
        loop: EvenLoop,
        server: asyncio.Server,
        listening: socket.socket,
        protocol_factory: Callable[[], asyncio.Protocol],
    ) -> None:
        self._loop = loop
        self._server = server
        self._listening = listening
        self._protocol_factory = protocol_factory
        self._open: set[asyncio.BaseTransport] = set()
        self._taking: set[asyncio.Task[None]] = set()
        self._turn: asyncio.TimerHandle | None = None
        self._watch()

    @property
    def sockets(self) -> Any:
        """The sockets it listens on."""
        return self._server.sockets

    def close(self) -> None:
        """Take no more in; what is open stays."""
        self._loop.remove_reader(self._listening)
        if self._turn is not None:
            self._turn.cancel()
        self._server.close()

    async def wait_closed(self) -> None:
        """Wait until it takes no more in."""
        await self._server.wait_closed()

    def _watch(self) -> None:
        self._turn = None
        self._loop.add_reader(self._listening, self._await_turn)

    def _await_turn(self) -> None:
        """Somebody waits: the more connections there are here, the longer."""
        self._loop.remove_reader(self._listening)
        self._open = {one for one in self._open if not one.is_closing()}
        waits_s = _EACH_S * min(len(self._open) + len(self._taking), _COUNTED_MAX)
        self._turn = self._loop.call_later(waits_s, self._take)

    def _take(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            pass  # another process was quicker, or the caller gave up
        except OSError:
            # No file is left to open: to ask again at once would be to do nothing else.
            self._turn = self._loop.call_later(_EXHAUSTED_S, self._watch)
            return
        else:
            connection.setblocking(False)
            task = self._loop.create_task(self._serve(connection))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)
        self._watch()

    async def _serve(self, connection: socket.socket) -> None:
        transport, _ = await self._loop.connect_accepted_socket(self._protocol_factory, connection)
        self._open.add(transport)
