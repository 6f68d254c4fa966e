"""Look-ups and resolutions over HTTP with everything on: token, proof, budget, decision, disclosure, commit.

Budgets at a million records: one client p50 at most 5 ms and p99 at most 20 ms, for look-ups and for resolutions; eight
clients and two processes at least 400 look-ups a second, p99 at most 50 ms. The server is `hub serve` itself, on a
durable database, its log being sealed; the load comes from this process, on the same machine.
Run: python -m benchmarks.over_http --people 300000      (makes about a million records)
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil

from benchmarks.http_load import drive
from benchmarks.licensing import ASKED, ASKER, PURPOSE, own_keys, state_policy
from benchmarks.warm_hub import beside, hub_of, line_of, read_all, world_in
from connectors.opening import open_reader
from connectors.source import load_source
from demo.generate import source_files
from hub.access.scopes import Scope, category_scope
from hub.client.identity import Identity, enrol
from hub.client.signing import assertion_for, proof_for
from hub.journeys.access.clients import NewClient, add_client
from hub.journeys.access.issuing import ASSERTION_TYPE, CLIENT_CREDENTIALS
from hub.journeys.context import Hub

PUSHER = "parks"
_HOST = "127.0.0.1"
_READY_S = 60.0
_CLIENTS = (1, 8)
_REMOVED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Caller:
    """A client with a token in hand."""

    url: str
    identity: Identity
    token: str

    def request(self, method: str, path: str, body: Any = None) -> bytes:
        """A whole request, signed now: good for a minute."""
        proof = proof_for(
            self.identity.key,
            method,
            self.url + path,
            time.time(),
            secrets.token_hex(12),
            self.token,
        )
        content = b"" if body is None else msgspec.json.encode(body)
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: hub\r\nAuthorization: DPoP {self.token}\r\n"
            f"DPoP: {proof}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        return head.encode("ascii") + content


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--requests", type=int, default=2_000, help="how many of each sort")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="a folder to keep world and hub in")
    asked = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        world = world_in(folder / "world", asked.people, 3)
        others = world_in(folder / "others", 5_000, 4)
        with hub_of(folder / "hub", world) as hub:
            state_policy(hub)
            read_all(hub)
            print(beside(hub))
            with serving(folder / "hub", world, asked.processes) as (url, server):
                spent = Spent(server, _server_of(folder / "hub"))
                _measure(hub, Target(url, spent), world, others, asked.requests)


def _measure(hub: Hub, target: Target, world: Path, others: Path, count: int) -> None:
    asker, pusher = _callers(hub, target.url)
    keys = own_keys(world)
    random.Random(time.time_ns()).shuffle(keys)
    pool = iter(keys)

    def look_ups(wanted: int) -> list[bytes]:
        return [
            asker.request(
                "POST",
                "/v1/profile-lookups",
                {
                    "purpose": PURPOSE,
                    "case": "case 7",
                    "user": "clerk 12",
                    "record": {"source": ASKER, "key": next(pool).local_id},
                    "categories": sorted(ASKED),
                },
            )
            for _ in range(wanted)
        ]

    def live(wanted: int) -> list[bytes]:
        return [asker.request("GET", "/health/live") for _ in range(wanted)]

    target.drive("warming", look_ups(count), 8)
    for clients in _CLIENTS:
        target.drive("nothing", live(count), clients)
        target.drive("look-up", look_ups(count), clients)
    key, rows = _rows(others)
    random.Random(7).shuffle(rows)
    run = f"H{int(time.time())}-"
    fresh = iter([row | {key: f"{run}{number}"} for number, row in enumerate(rows)])
    pushed: list[str] = []

    def resolutions(wanted: int) -> list[bytes]:
        taken = list(islice(fresh, wanted))
        pushed.extend(row[key] for row in taken)
        return [pusher.request("POST", f"/v1/sources/{PUSHER}/records", row) for row in taken]

    # Nobody's twice: a record of somebody whom the hub knows by many has more to be divided.
    each = min(count, len(rows) * 2 // 5)
    target.drive("warming", resolutions(each // 2), 1)
    for clients in _CLIENTS:
        target.drive("resolve", resolutions(each), clients)
    # So that a kept hub is as it was.
    removals = f"/v1/sources/{PUSHER}/record-removals"
    parts = [pushed[at : at + _REMOVED_AT_ONCE] for at in range(0, len(pushed), _REMOVED_AT_ONCE)]
    gone = [pusher.request("POST", removals, {"keys": part}) for part in parts]
    target.drive(f"remove {_REMOVED_AT_ONCE}", gone, 1)


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor time of the hub's processes, and of the database's."""

    hub: psutil.Process
    database: psutil.Process

    def seconds(self) -> tuple[float, float]:
        """Of each so far."""
        return _cpu_s(self.hub), _cpu_s(self.database)


def _cpu_s(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            times = one.cpu_times()
            total += times.user + times.system
    return total


@dataclass(frozen=True, slots=True)
class Target:
    """The hub that is measured, and what it spends."""

    url: str
    spent: Spent

    def drive(self, name: str, requests: Sequence[bytes], clients: int) -> None:
        """Send the requests, and tell how long they took and what they cost."""
        before = self.spent.seconds()
        load = drive(_HOST, int(self.url.rpartition(":")[2]), requests, clients)
        hub_ms, database_ms = (
            (after - earlier) * 1e3 / len(requests)
            for after, earlier in zip(self.spent.seconds(), before, strict=True)
        )
        statuses = ", ".join(f"{number} of {one}" for one, number in sorted(load.statuses.items()))
        print(line_of(f"{name}, {clients}", load.spent_ms, "requests"))
        print(
            f"    {load.per_second:.0f} a second; {statuses}; processor time a request: "
            f"hub {hub_ms:.2f} ms, database {database_ms:.2f} ms"
        )


def _server_of(data_dir: Path) -> psutil.Process:
    """The database's first process."""
    return psutil.Process(int((data_dir / "cluster" / "postmaster.pid").read_text().split()[0]))


# --- the server, and who calls it -----------------------------------------------------------------


@contextmanager
def serving(data_dir: Path, world: Path, processes: int) -> Iterator[tuple[str, psutil.Process]]:
    """`hub serve` on the hub in a folder, until the block ends: its address, and its first process."""
    with socket.socket() as free:
        free.bind((_HOST, 0))
        port = free.getsockname()[1]
    url = f"http://{_HOST}:{port}"
    settings = {
        "HUB_DATA_DIR": str(data_dir),
        "HUB_PORT": str(port),
        "HUB_PUBLIC_URL": url,
        "HUB_PROCESSES": str(processes),
        "HUB_CALLS_PER_SECOND": "100000",
        "HUB_LOOK_UPS_DISTINCT_PER_DAY": "10000000",
        "HUB_SOURCES_DIR": str(source_files(world)[0].parent),
    }
    with (data_dir.parent / "serve.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "hub.cli", "serve"],
            env=os.environ | settings,
            stdout=log,
            stderr=log,
        )
        try:
            _await_ready(url, server)
            yield url, psutil.Process(server.pid)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def _await_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    ends_s = time.monotonic() + _READY_S
    while time.monotonic() < ends_s and server.poll() is None:
        try:
            if httpx.get(f"{url}/health/ready", trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError("hub serve did not get ready; see serve.log")


def _callers(hub: Hub, url: str) -> tuple[Caller, Caller]:
    mark = f"{int(time.time())}"
    categories = frozenset(category_scope(one.value) for one in ASKED)
    asker = NewClient(
        f"{ASKER}-{mark}",
        "benchmark",
        ASKER,
        frozenset({Scope.PROFILE_READ.value}) | categories,
        frozenset({PURPOSE}),
    )
    pusher = NewClient(
        f"{PUSHER}-push-{mark}", "benchmark", PUSHER, frozenset({Scope.RECORD_WRITE.value})
    )
    return _with_token(hub, url, asker), _with_token(hub, url, pusher)


def _with_token(hub: Hub, url: str, new: NewClient) -> Caller:
    who = enrol(url, add_client(hub, new, author="bench"))
    form = {
        "grant_type": CLIENT_CREDENTIALS,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion_for(
            who.key, who.client_id, who.kid, who.issuer, time.time(), secrets.token_hex(12)
        ),
    }
    proof = proof_for(who.key, "POST", who.token_endpoint, time.time(), secrets.token_hex(12))
    answer = httpx.post(who.token_endpoint, data=form, headers={"DPoP": proof}, trust_env=False)
    return Caller(url, who, answer.json()["access_token"])


def _rows(world: Path) -> tuple[str, list[dict[str, Any]]]:
    """The column of the key, and rows as that source's agency would push them."""
    [file] = [file for file in source_files(world) if file.stem == PUSHER]
    source = load_source(file)
    reader = open_reader(source, file.parent, lambda _: None, 20_000)
    batch = next(iter(reader.read(None)))
    return source.key[0], [dict(zip(batch.columns, row, strict=True)) for row in batch.rows]


if __name__ == "__main__":
    main()
