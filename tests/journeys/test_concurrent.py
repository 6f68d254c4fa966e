"""Many at once: no two changes lose each other's work, and what is left is what one batch would give."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import duckdb
import pytest

from hub.domain.errors import HubError, RecordUnknown
from hub.domain.reviews import Verdict
from hub.journeys.context import Hub
from hub.journeys.judge import judge, withdraw
from hub.journeys.link import link_kind
from hub.journeys.objection import object_to_linkage, withdraw_objection
from hub.store import database
from hub.vault.keyring import RootKey
from tests.conftest import Server, open_hub
from tests.journeys.live import (
    PERSON,
    Live,
    Row,
    assert_as_batch,
    assert_identities_hold,
    batch_engine,
    partition,
)

MARIA: Row = {
    "given": "Maria",
    "family": "Okafor",
    "born": "1984-03-09",
    "email": "maria@example.org",
    "phone": "206-555-0142",
    "ssn": "219-09-9041",
    "street": "418 Heron Ln",
    "zip": "69407",
}


@pytest.fixture
def crowd(server: Server, modelled_template: tuple[str, RootKey]) -> Iterator[Hub]:
    """A hub with a model, and a connection for each of many threads."""
    name, keys = modelled_template
    hub = open_hub(server.fresh(name), keys)
    engine = database.connect(hub.url, pool_size=16)
    yield replace(hub, engine=engine)
    engine.dispose()
    hub.engine.dispose()


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with batch_engine() as made:
        yield made


def run_all(jobs: Sequence[Callable[[], object]], threads: int) -> list[object]:
    """Run jobs on so many threads, all released at once; the first failure is raised."""
    start = threading.Barrier(threads)

    def job_and_wait(number: int) -> list[object]:
        start.wait()
        return [job() for job in jobs[number::threads]]

    with ThreadPoolExecutor(threads) as pool:
        return [one for part in pool.map(job_and_wait, range(threads)) for one in part]


def test_sixty_four_identical_records_posted_at_once_are_one_constituent(
    crowd: Hub, engine: duckdb.DuckDBPyConnection
) -> None:
    live = Live(crowd)
    live.resolver("front")
    jobs = [lambda n=n: live.push("front", f"m{n}", MARIA) for n in range(64)]
    run_all(jobs, threads=16)

    found = partition(crowd)
    assert [len(members) for members in found] == [64]
    assert_as_batch(crowd, engine)
    assert_identities_hold(crowd)


def test_one_key_posted_at_once_with_other_values_is_one_record(crowd: Hub) -> None:
    live = Live(crowd)
    live.resolver("front")
    rows = [{**MARIA, "email": f"m{n}@example.org"} for n in range(24)]
    run_all([lambda row=row: live.push("front", "m", row) for row in rows], threads=8)  # type: ignore[misc]
    assert [len(members) for members in partition(crowd)] == [1]


class Crowd:
    """Who may be in the hub, and random things to do to them; each job draws from a generator of its own."""

    SOURCES = ("front", "desk")

    def __init__(self, live: Live, people: int, seed: int) -> None:
        self.live = live
        self.rng = random.Random(seed)
        self.people = [self._person(n) for n in range(people)]
        self.acts: list[UUID] = []
        self.keys = [f"{source}:p{n}" for source in self.SOURCES for n in range(people)]

    def _person(self, number: int) -> Row:
        """Somebody of a household of three: one surname, address and telephone."""
        household = number // 3
        return {
            "given": ("Maria", "Tomas", "Ingrid")[number % 3],
            "family": f"Okafor{'abcdefghijklmnopqrstuvwxyz'[household % 26]}",
            "born": f"19{60 + number % 30}-0{1 + number % 9}-1{number % 9}",
            "phone": f"206-555-{1000 + household:04d}",
            "ssn": f"2{10 + number % 80}-{10 + number % 80}-{1000 + number:04d}",
            "street": f"{household + 1} Heron Ln",
            "zip": "69407",
        }

    def job(self) -> Callable[[], object]:
        rng = random.Random(self.rng.random())
        kind = rng.choices(("push", "remove", "judge", "withdraw", "object"), (70, 12, 10, 4, 4))[0]
        return lambda: getattr(self, kind)(rng)

    def push(self, rng: random.Random) -> object:
        number = rng.randrange(len(self.people))
        row = dict(self.people[number])
        # Some rows say less of her, some say another's telephone or a date with a typing error.
        for column in rng.sample(["ssn", "phone", "street", "born"], rng.randint(0, 2)):
            row.pop(column)
        if rng.random() < 0.2:
            row["given"] = row["given"][:-1] + "x"
        return self.live.push(rng.choice(self.SOURCES), f"p{number}", row)

    def remove(self, rng: random.Random) -> object:
        source, _, key = rng.choice(self.keys).partition(":")
        try:
            return self.live.remove(source, key)
        except RecordUnknown:
            return None

    def judge(self, rng: random.Random) -> object:
        left, right = rng.sample(self.keys, 2)
        try:
            made = judge(
                self.live.hub, rng.choice(list(Verdict)), left, right, author="s", reason="seen"
            )
        except HubError:
            return None  # nobody under one of the keys, or a contradiction: nothing is changed
        if made.act_id is not None:
            self.acts.append(made.act_id)
        return made

    def withdraw(self, rng: random.Random) -> object:
        try:
            act = self.acts.pop(rng.randrange(len(self.acts)))
        except (ValueError, IndexError):
            return None
        return withdraw(self.live.hub, act, author="s")

    def object(self, rng: random.Random) -> object:
        key = rng.choice(self.keys)
        try:
            if rng.random() < 0.5:
                return object_to_linkage(self.live.hub, key, author="s", reason="asked")
            return withdraw_objection(self.live.hub, key, author="s")
        except HubError:
            return None


def test_a_thousand_random_changes_by_eight_threads_leave_what_a_batch_gives(
    crowd: Hub, engine: duckdb.DuckDBPyConnection
) -> None:
    live = Live(crowd)
    people = Crowd(live, people=45, seed=20)
    for name in people.SOURCES:
        live.resolver(name)
    run_all([people.job() for _ in range(1_000)], threads=8)

    # How many are left depends on which thread was first; a handful shows that it was not one heap.
    assert len(partition(crowd)) > 5
    assert_as_batch(crowd, engine)
    assert_identities_hold(crowd)


def test_single_changes_and_whole_links_lose_nothing_of_each_other(
    crowd: Hub, engine: duckdb.DuckDBPyConnection
) -> None:
    live = Live(crowd)
    people = Crowd(live, people=45, seed=21)
    for name in people.SOURCES:
        live.resolver(name)
    run_all([people.job() for _ in range(150)], threads=4)
    linked = []

    def link_again() -> None:
        linked.append(link_kind(crowd, PERSON))

    jobs = [[people.job() for _ in range(130)] for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(lambda part=part: [job() for job in part]) for part in jobs]  # type: ignore[misc]
        while not all(future.done() for future in busy):
            link_again()
        for future in busy:
            future.result()
    assert sum(report.arrived for report in linked) > 0, "changes came while a link was under way"
    assert_as_batch(crowd, engine)
    assert_identities_hold(crowd)
