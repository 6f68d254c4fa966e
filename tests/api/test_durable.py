"""What a client was told is in the log, whatever process was killed: `hub serve` for real, under load, kill -9.

`DURABLE_ROUNDS=100 pytest tests/api/test_durable.py` for more rounds than the few of every run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from uuid import UUID

import httpx
import psutil
import pytest

from api import server as http_server
from consent.log.entry import Account, Outcome
from hub import wiring
from hub.client import ClientError, Found, HubClient, Identity, RecordRef, enrol
from hub.domain.records import ConstituentKind
from hub.embedded import stop
from hub.journeys import disclosure_log
from hub.journeys.access.clients import NewClient, add_client
from hub.journeys.context import Hub
from hub.journeys.models import publish_model
from hub.settings import Settings
from hub.store import database, disclosures
from hub.vault.opaque import OpaqueIds
from tests.api.running import AGENCY_SCOPES
from tests.journeys.counters import Counter
from tests.journeys.stewards import MARIA
from tests.matching.models import prior_model

ROUNDS = int(os.environ.get("DURABLE_ROUNDS", "4"))
CLIENTS = 4
LOAD_S = (0.1, 1.2)


@dataclass(frozen=True, slots=True)
class Told:
    """What a client was answered: the log must say so."""

    client: str
    disclosure: UUID
    found: Found


@dataclass
class Serving:
    """`hub serve` in two processes over a data folder of its own."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            name: value for name, value in os.environ.items() if not name.startswith("HUB_")
        } | {
            "HUB_DATA_DIR": str(self.folder),
            "HUB_PORT": str(self.port),
            "HUB_PUBLIC_URL": self.url,
            "HUB_PROCESSES": "2",
            "HUB_CALLS_PER_SECOND": "100000",
            "HUB_SHARED_BUFFERS_MB": "64",
        }

    def settings(self) -> Settings:
        return Settings(
            data_dir=self.folder,
            database_url=None,
            root_key_file=None,
            public_url=self.url,
            shared_buffers_mb=64,
        )

    def start(self) -> None:
        """Serve, in a session of its own, and wait until it answers."""
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", "serve"],
                env=self.environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        ends_s = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None, (self.folder / "serve.log").read_text("utf-8")
            assert time.monotonic() < ends_s, "it does not answer"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health/ready", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    def workers(self) -> list[psutil.Process]:
        assert self.process is not None
        return [
            child
            for child in psutil.Process(self.process.pid).children()
            if any("spawn_main" in part for part in child.cmdline())
        ]

    def kill_a_worker(self) -> None:
        random.choice(self.workers()).kill()

    def kill_all(self) -> None:
        """Supervisor and workers at one moment."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=20)

    def kill_the_supervisor(self) -> None:
        """It alone: its workers must end with it, for nobody seals what they write, and they hold the port."""
        assert self.process is not None
        workers = self.workers()
        self.process.kill()
        self.process.wait(timeout=20)
        _, alive = psutil.wait_procs(workers, timeout=30)
        assert not alive

    def crash_the_database(self) -> None:
        stop(self.folder, at_once=True)
        self.kill_all()

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        with wiring.open_hub(self.settings()) as hub:
            yield hub


@dataclass
class Load:
    """Clients that look up as fast as they are answered, and note what they are told."""

    identities: list[Identity]
    told: list[Told] = field(default_factory=list)
    failures: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._work, args=(one,)) for one in self.identities]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._over.set()
            for thread in threads:
                thread.join(timeout=60)
                assert not thread.is_alive()

    def await_more_than(self, answers: int) -> None:
        ends_s = time.monotonic() + 60
        while len(self.told) <= answers:
            assert time.monotonic() < ends_s, "nobody is answered any more"
            time.sleep(0.01)

    def _work(self, identity: Identity) -> None:
        numbers = count()
        with HubClient(identity, purpose="licensing", timeout_s=5) as client:
            while not self._over.is_set():
                number = next(numbers)
                whom = RecordRef("parks", "P1" if number % 3 else "nobody")
                try:
                    answer = client.look_up(
                        whom, ["name", "address"], purpose="licensing", case=f"case {number}"
                    )
                except ClientError:
                    self.failures += 1
                    time.sleep(0.02)
                else:
                    self.told.append(Told(identity.client_id, answer.disclosure, answer.found))


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with http_server.listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    made = Serving(tmp_path / "hub", port)
    wiring.init(made.settings())
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill_all()
    stop(made.folder, at_once=True)


def _known(serving: Serving) -> list[str]:
    """Put Maria and a policy into the hub, and make the clients known; their codes."""
    with serving.hub() as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
        counter = Counter(hub)
        counter.desk.push("parks:P1", MARIA)
        counter.desk.push("vehicles:D1", MARIA)
        return [
            add_client(
                hub,
                NewClient(f"desk-{n}", "a desk", "parks", AGENCY_SCOPES, frozenset({"licensing"})),
                author="operator",
            )
            for n in range(CLIENTS)
        ]


def test_nothing_a_client_was_told_is_missing_from_the_log(serving: Serving) -> None:
    codes = _known(serving)
    serving.start()
    load = Load([enrol(serving.url, code) for code in codes])
    kinds: list[Callable[[], None]] = [
        serving.kill_a_worker,
        serving.kill_all,
        serving.kill_the_supervisor,
    ]
    told_by_round = []
    with load.running():
        for number in range(ROUNDS - 1):
            before = len(load.told)
            load.await_more_than(before + 20)
            time.sleep(random.uniform(*LOAD_S))
            kinds[number % len(kinds)]()
            told_by_round.append(len(load.told) - before)
            if serving.process is not None and serving.process.poll() is not None:
                serving.start()
        load.await_more_than(len(load.told) + 20)
        serving.crash_the_database()
    assert all(told_by_round), "each round told somebody something"
    assert load.failures, "somebody was cut off"
    _assert_all_is_logged(serving, load.told)


_OUTCOME = {Found.ONE: Outcome.RELEASED, Found.NONE: Outcome.NO_MATCH}


def _assert_all_is_logged(serving: Serving, told: list[Told]) -> None:
    with serving.hub() as hub:
        disclosure_log.seal(hub, is_forced=True)
        assert len({one.disclosure for one in told}) == len(told), "each answer has its own entry"
        with database.transaction(hub.engine) as connection:
            for one in told:
                number = OpaqueIds(hub.keys, "disclosure", one.client).number(one.disclosure)
                assert number is not None
                entry = disclosures.find(connection, number)
                assert entry is not None, f"{one} is not in the log"
                assert entry.number is not None, "it has its place in the tree"
                account = Account.from_bytes(entry.account)
                assert (account.system, account.outcome) == (one.client, _OUTCOME[one.found])
    verified = subprocess.run(
        [sys.executable, "-m", "hub.cli", "log", "verify"],
        env=serving.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
