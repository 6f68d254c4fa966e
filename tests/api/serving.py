"""`hub serve` as its own processes, as an operator starts it: on ports of its own, told to end with the block."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

STARTS_WITHIN_S = 60


@dataclass(frozen=True, slots=True)
class Serving:
    """A running `hub serve`. told: the file of what all its processes wrote to standard error."""

    process: subprocess.Popen[bytes]
    url: str
    metrics_url: str
    told: Path

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, timeout=20, trust_env=False)

    def is_ready(self) -> bool:
        try:
            return self.get("/health/ready").status_code == 200
        except httpx.HTTPError:
            return False

    def await_ready(self) -> None:
        ends = time.monotonic() + STARTS_WITHIN_S
        while not self.is_ready():
            assert self.process.poll() is None, self.told.read_text()
            assert time.monotonic() < ends, "it answers in time"
            time.sleep(0.1)

    def await_workers(
        self, count: int, *, other_than: Sequence[psutil.Process] = ()
    ) -> list[psutil.Process]:
        """The processes that answer, once there are so many: those that hold the listening socket."""
        ends = time.monotonic() + STARTS_WITHIN_S
        while len(found := [one for one in self._workers() if one not in other_than]) < count:
            assert time.monotonic() < ends, "they listen in time"
            time.sleep(0.1)
        return found

    def _workers(self) -> Iterator[psutil.Process]:
        port = int(self.url.rpartition(":")[2])
        for one in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it ended meanwhile
                if any(
                    at.status == psutil.CONN_LISTEN and at.laddr.port == port
                    for at in one.net_connections("tcp")
                ):
                    yield one

    def measures(self) -> dict[str, float]:
        """What is told to Prometheus: `name{labels}` to value."""
        text = httpx.get(self.metrics_url, timeout=20, trust_env=False).text
        lines = (one.rpartition(" ") for one in text.splitlines() if not one.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def end(self, by: int = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(timeout=60)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def serving(folder: Path, settings: Mapping[str, str], *, processes: int = 1) -> Iterator[Serving]:
    """Serve the hub of these settings; killed with the block, where it was not told to end before."""
    port, metrics_port = free_port(), free_port()
    told = folder / "told.txt"
    url = f"http://127.0.0.1:{port}"
    environment = {
        "HUB_PORT": str(port),
        "HUB_PUBLIC_URL": url,
        "HUB_METRICS_PORT": str(metrics_port),
        "HUB_PROCESSES": str(processes),
    }
    with told.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "serve"],
            env=os.environ | environment | dict(settings),
            cwd=folder,
            stderr=written,
        )
    try:
        yield Serving(process, url, f"http://127.0.0.1:{metrics_port}/metrics", told)
    finally:
        children = psutil.Process(process.pid).children() if process.poll() is None else []
        process.kill()
        for one in children:
            with suppress(psutil.Error):
                one.kill()
        process.wait(timeout=60)
