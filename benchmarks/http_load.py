"""Requests sent over HTTP/1.1 by closed loops, one a connection, as cheaply as they can be: the load is not what is measured.

Requests are bytes made beforehand, signatures and all, since callers sign on machines of their own.
"""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

_PART_BYTES = 65_536
_TIMEOUT_S = 30.0


@dataclass
class Load:
    """How a run went: a time for each request, the statuses, and how long it all took."""

    spent_ms: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return len(self.spent_ms) / self.seconds


def drive(host: str, port: int, requests: Sequence[bytes], connections: int) -> Load:
    """Send the requests over so many connections, each sending its next when the last was answered."""
    load, lock = Load(), threading.Lock()
    ready = threading.Barrier(connections + 1)

    def loop(mine: Sequence[bytes]) -> None:
        with socket.create_connection((host, port), timeout=_TIMEOUT_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ready.wait()
            spent, statuses = [], []
            for request in mine:
                started = time.perf_counter()
                connection.sendall(request)
                statuses.append(_status(connection))
                spent.append((time.perf_counter() - started) * 1e3)
        with lock:
            load.spent_ms += spent
            load.statuses.update(statuses)

    threads = [
        threading.Thread(target=loop, args=(requests[number::connections],))
        for number in range(connections)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    started = time.monotonic()
    for thread in threads:
        thread.join()
    load.seconds = time.monotonic() - started
    return load


def _status(connection: socket.socket) -> int:
    """Read one answer to its end; its status."""
    content = bytearray()
    while (end := content.find(b"\r\n\r\n")) < 0:
        content += _received(connection)
    head = bytes(content[:end]).lower()
    at = head.find(b"content-length:")
    length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    left = length - (len(content) - end - 4)
    while left > 0:
        left -= len(_received(connection))
    return int(head.split(b" ", 2)[1])


def _received(connection: socket.socket) -> bytes:
    part = connection.recv(_PART_BYTES)
    if not part:
        raise ConnectionError("the server hung up")
    return part
