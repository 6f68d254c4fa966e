"""A server in a process of its own, to be harmed: whatever is sent, and what it costs the process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import psutil

from api import server as http_server
from hub.domain.records import ConstituentKind
from hub.journeys.models import publish_model
from hub.vault import keyring
from tests.api.running import plain
from tests.conftest import Server, tied_hub
from tests.journeys.counters import BY_LAW, policy_of, state
from tests.journeys.machines import Machine, machine, reachable, system
from tests.matching.models import prior_model

PATH: Final = "/v1/profile-lookups"
#: What one request may add to the server's memory: its buffers, and a body of the largest size as Python's values.
GROWTH_MAX_BYTES: Final = 24 * 1024 * 1024
#: What refuses at once may take on a busy machine.
SOON_S: Final = 3.0
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A server in a process of its own, and a client of it whose credentials are good."""

    process: subprocess.Popen[bytes]
    port: int
    desk: Machine
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def credentials(self, path: str = PATH) -> dict[str, str]:
        token = self.desk.token()
        proof = self.desk.proof(self.url + path, token)
        return {"Authorization": f"DPoP {token}", "DPoP": proof}

    def post(
        self, content: Any, path: str = PATH, *, is_known: bool = True, **headers: str
    ) -> httpx.Response:
        shown = self.credentials(path) if is_known else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Content-Type": "application/json", **shown, **named}
        with plain(self.url) as http:
            return http.post(path, content=content, headers=sent)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def head(self, *lines: str, is_known: bool = True) -> bytes:
        """The beginning of a request up to its body, byte for byte."""
        shown = self.credentials() if is_known else {}
        stated = [f"{name}: {value}" for name, value in shown.items()]
        return "\r\n".join([f"POST {PATH} HTTP/1.1", "Host: hub", *stated, *lines, "", ""]).encode()

    def raw(self, *sent: bytes) -> bytes:
        """What comes back until it hangs up; nothing where it only does."""
        with closing(self.connect()) as connection:
            try:
                for one in sent:
                    connection.sendall(one)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return _all_of(connection)

    def peak_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        [line] = [one for one in status.splitlines() if one.startswith("VmHWM:")]
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> int:
        """Begin to measure anew; the memory in use now."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", "ascii")
        return psutil.Process(self.process.pid).memory_info().rss


def _all_of(connection: socket.socket) -> bytes:
    found = b""
    while True:
        try:
            piece = connection.recv(65_536)
        except ConnectionResetError:
            return found
        if not piece:
            return found
        found += piece


QUESTION: dict[str, Any] = {
    "record": {"source": "parks", "key": "P1"},
    "purpose": "licensing",
    "case": "case 7",
    "categories": ["address"],
}
GOOD: Final = json.dumps(QUESTION)


@contextmanager
def started(server: Server, folder: Path) -> Iterator[Target]:
    """A hub with a model and a policy, served by a process of its own until the block ends."""
    keys = keyring.create(folder / "root.key")
    urls = server.fresh()
    hub = tied_hub(urls, keys)
    publish_model(hub, prior_model(ConstituentKind.PERSON))
    state(hub, policy_of(BY_LAW))
    listening = http_server.listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    environment = os.environ | {
        "HUB_DATA_DIR": str(folder),
        "HUB_DATABASE_URL": urls.application,
        "HUB_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HUB_CALLS_PER_SECOND": "100000",
    }
    command = [sys.executable, "-m", "tests.api.short_of_time", str(listening.fileno())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, pass_fds=[listening.fileno()], env=environment, stderr=log
        )
    listening.close()
    live = reachable(hub, url=f"http://127.0.0.1:{port}")
    _await(port, process)
    yield Target(process, port, machine(live, system(live)), folder / "log")
    process.terminate()
    process.wait(timeout=30)
    hub.engine.dispose()


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    ends_s = time.monotonic() + 30
    while True:
        assert process.poll() is None, "the server ended"
        assert time.monotonic() < ends_s, "the server did not start in time"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.05)
