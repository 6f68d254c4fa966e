"""The HTTP server: uvicorn with bounds that it does not have of itself.

Decides sockets, processes and how long a caller may take over a request's head. TLS is a proxy's before it; what
routes there are is app.py's.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE as STARTUP_FAILURE
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle
from uvicorn.supervisors import Multiprocess

from hub.domain.errors import HubError

HEAD_BYTES_MAX: Final = 32 * 1024
HEAD_TIMEOUT_S: Final = 10.0
KEEP_ALIVE_S: Final = 75
#: What is under way when the server is told to stop is answered, for so long.
STOPPING_S: Final = 20
#: Without a sign of life for so long a process is ended: more than it takes to start on a crowded machine.
HUNG_AFTER_S: Final = 30
CONNECTIONS_MAX: Final = 2_000
_BACKLOG: Final = 1_024
_LOOKED_EVERY_S: Final = 0.01


class PortRefused(HubError):
    """An address cannot be listened on. setting: the one that says which port it is."""

    def __init__(self, host: str, port: int, reason: str | None, setting: str) -> None:
        why = reason or "the system does not say why"
        super().__init__(f"{host}:{port} cannot be listened on: {why}; see {setting}")


class NotServing(HubError):
    """A process that answers could not be started."""

    def __init__(self) -> None:
        super().__init__("a process that answers could not be started: what it said stands above")


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 in which a request's head must come in time: who sends it byte by byte is hung up on.

    h11 bounds its size; httptools, which uvicorn would choose, bounds neither.
    """

    def __init__(self, *arguments: Any, head_timeout_s: float, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_timeout_s = head_timeout_s
        self._head_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        if self._head_deadline is None and self._is_between_requests():
            self._await_head()
        before = self.cycle
        super().data_received(data)
        if self.cycle is not before:
            self._forget_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    def _is_between_requests(self) -> bool:
        # Its type does not say that there is none before the first request.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _await_head(self) -> None:
        self._head_deadline = self.loop.call_later(self._head_timeout_s, self._hang_up)

    def _forget_head(self) -> None:
        if self._head_deadline is not None:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _hang_up(self) -> None:
        self._head_deadline = None
        if not self.transport.is_closing():
            self.transport.close()


def config(
    app: ASGIApp | str, *, processes: int = 1, head_timeout_s: float = HEAD_TIMEOUT_S
) -> uvicorn.Config:
    """How it serves an application, or what the factory of that import path makes."""
    protocol: Any = partial(BoundedProtocol, head_timeout_s=head_timeout_s)
    return uvicorn.Config(
        app,
        factory=isinstance(app, str),
        workers=processes,
        http=protocol,
        ws="none",
        loop="api.accepting:EvenLoop",
        lifespan="on" if isinstance(app, str) else "off",
        # Its access log writes paths; observing.py tells what may be told.
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOPPING_S,
        timeout_worker_healthcheck=HUNG_AFTER_S,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket on which all processes listen; port 0 takes a free one. Raises PortRefused."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP, or asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an acknowledgement.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        # Before anything answers: two that are only bound do not notice each other.
        made.listen(_BACKLOG)
    except OSError as error:
        made.close()
        raise PortRefused(host, port, error.strerror, "HUB_HOST and HUB_PORT") from error
    made.set_inheritable(True)
    return made


def address_of(listening: socket.socket) -> str:
    """Where a socket on this machine is reached by callers on it."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def serve(settings: uvicorn.Config, listening: socket.socket) -> None:
    """Serve until the process is told to stop; processes that die are started anew. Raises NotServing.

    One that cannot start ends it all: another would meet the same. With one process, the signal that ended it is
    raised again at the end: that is uvicorn's way.
    """
    if settings.workers > 1:
        several = Multiprocess(settings, sockets=[listening])
        several.run()
        has_served = all(one.exitcode != STARTUP_FAILURE for one in several.processes)
    else:
        has_served = _serve_alone(settings, listening)
    if not has_served:
        raise NotServing


def _serve_alone(settings: uvicorn.Config, listening: socket.socket) -> bool:
    alone = uvicorn.Server(settings)
    try:
        alone.run(sockets=[listening])
    except SystemExit as ended:
        if ended.code != STARTUP_FAILURE:
            raise
    return alone.started


@contextmanager
def answering(app: ASGIApp, listening: socket.socket) -> Iterator[str]:
    """Serve an application from a thread of this process while the block runs; where. Raises NotServing."""
    running = uvicorn.Server(config(app))
    thread = threading.Thread(
        target=running.run, kwargs={"sockets": [listening]}, name="server", daemon=True
    )
    thread.start()
    try:
        ends_s = time.monotonic() + HUNG_AFTER_S
        while not running.started:
            if not thread.is_alive() or time.monotonic() > ends_s:
                raise NotServing
            # uvicorn tells of its start to nobody but who looks.
            time.sleep(_LOOKED_EVERY_S)
        yield address_of(listening)
    finally:
        running.should_exit = True
        thread.join(timeout=STOPPING_S)
