"""`hub worker` as an operator runs it: real processes, killed, stopped, and several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from hub import wiring
from hub.domain.jobs import Job
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.models import publish_model
from hub.settings import Settings
from hub.store import database
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.journeys.live import partition
from tests.journeys.logged import LoggedHub
from tests.journeys.queued import QueueOwner, put, queued
from tests.matching.models import prior_model
from tests.worlds import BIRK, MARIA, NOOR

PATIENCE_S = 60


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """A shell on a hub with a model of persons."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    with opened(made) as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
    return made


@pytest.fixture
def owner(line: Line) -> QueueOwner:
    return QueueOwner(line.urls.owner.replace("+psycopg", ""))


@contextmanager
def opened(line: Line) -> Iterator[Hub]:
    settings = Settings(data_dir=line.folder / "hub", database_url=line.urls.application, workers=0)
    with wiring.open_hub(settings) as hub:
        yield hub


def start(line: Line, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "worker", *options],
        env=os.environ | line.settings,
        cwd=line.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def working(line: Line, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process, killed at the end of the block where it still runs."""
    process = start(line, *options)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def eventually(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, "it did not come to hold in time"
        time.sleep(0.05)


@contextmanager
def partition_held(line: Line) -> Iterator[Callable[[], None]]:
    """Nothing can be linked until the block ends or calls what it is given: a job that tries waits in its middle."""
    with psycopg.connect(line.urls.application.replace("+psycopg", ""), autocommit=True) as held:
        held.execute("SELECT pg_advisory_lock(%s, 0)", (database.LOCK_PARTITION,))

        def release() -> None:
            held.execute("SELECT pg_advisory_unlock_all()")

        yield release


def is_in_mid_job(owner: QueueOwner) -> bool:
    """A job is under way and waits for a lock in its journey."""
    [(doing, waiting)] = owner(
        "SELECT (SELECT count(*) FROM procrastinate_jobs WHERE status = 'doing'), "
        "(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
    )
    return bool(doing and waiting)


def states(owner: QueueOwner) -> list[tuple[str, str, int]]:
    return owner(
        "SELECT task_name, status::text, attempts FROM procrastinate_jobs "
        "WHERE task_name NOT IN ('sequence', 'housekeeping') ORDER BY id"
    )


def test_once_does_what_is_waiting_seals_the_log_and_ends(line: Line) -> None:
    line("load", line.write_drivers(MARIA, BIRK, NOOR))
    with opened(line) as hub:
        LoggedHub(hub).ask()
    line("doctor").answered("jobs waiting             1", "jobs failed              0")
    line("worker", "--once").answered("1 jobs done, 0 failed")
    line("profile", "show", "drivers:D1").answered("Okafor")
    line("log", "verify").answered("1 entries, 0 pending", "all holds")
    line("worker", "--once").answered("0 jobs done, 0 failed")
    facts = line("doctor", "--json").json
    assert (facts["jobs waiting"], facts["jobs failed"], facts["oldest job waits"]) == (0, 0, "0 s")


def test_a_worker_does_what_comes_while_it_works_and_stops_when_asked(
    line: Line, owner: QueueOwner
) -> None:
    with working(line) as process:
        eventually(lambda: owner("SELECT count(*) FROM procrastinate_workers") == [(1,)])
        line("load", line.write_drivers(MARIA, BIRK))
        eventually(lambda: states(owner) == [("resolve_pending", "succeeded", 1)])
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "jobs done, 0 failed" in out
    assert err == "working; interrupt to stop\n"
    assert owner("SELECT count(*) FROM procrastinate_workers") == [(0,)]
    with opened(line) as hub:
        assert len(partition(hub)) == 2


def test_events_are_numbered_each_minute_without_a_reader(line: Line, owner: QueueOwner) -> None:
    line("load", line.write_drivers(MARIA))
    line("worker", "--once")
    assert owner("SELECT count(*) FROM events") == [(0,)]
    with working(line):
        # The minute that began before the worker did is made up for.
        eventually(lambda: owner("SELECT count(*) FROM events") != [(0,)])


def test_a_job_whose_worker_is_killed_in_its_middle_is_done_by_another(
    line: Line, owner: QueueOwner
) -> None:
    line("load", line.write_drivers(MARIA, BIRK, NOOR))
    with partition_held(line) as release:
        with working(line) as process:
            eventually(lambda: is_in_mid_job(owner))
            process.kill()
            process.wait()
        assert states(owner) == [("resolve_pending", "doing", 0)]
        line("worker", "--once").answered("0 jobs done")
        assert states(owner) == [("resolve_pending", "doing", 0)], "it may live: not half a minute"
        release()
    with opened(line) as hub:
        assert partition(hub) == set(), "nothing half-done stays"
        owner.silence(45)
        assert line("worker", "--once").code == 0
        assert states(owner) == [("resolve_pending", "succeeded", 2)]
        assert len(partition(hub)) == 3


def test_a_worker_asked_to_stop_ends_the_job_it_has_in_hand(line: Line, owner: QueueOwner) -> None:
    line("load", line.write_drivers(MARIA, BIRK))
    with partition_held(line) as release, working(line) as process:
        eventually(lambda: is_in_mid_job(owner))
        process.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        release()
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert "0 failed" in out
    assert states(owner) == [("resolve_pending", "succeeded", 1)]


def test_a_job_that_does_not_end_in_time_is_cut_off_and_left_to_others(
    line: Line, owner: QueueOwner
) -> None:
    line("load", line.write_drivers(MARIA, BIRK))
    with partition_held(line) as release, working(line, "--stop-within", "0.5") as process:
        eventually(lambda: is_in_mid_job(owner))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE_S)
        release()
    assert process.returncode == 1
    assert "worker_cut_off" in err
    assert "Traceback" not in err
    # At once, for it said that it goes: unless the database was too busy to hear it, and then soon.
    eventually(lambda: "jobs_taken_up" in line("worker", "--once").err)
    assert states(owner) == [("resolve_pending", "succeeded", 2)]


def test_two_workers_do_no_job_twice(line: Line, owner: QueueOwner) -> None:
    with opened(line) as hub:
        for _ in range(20):
            for kind in ConstituentKind:
                put(hub, Job.RESOLVE_PENDING, kind=kind)
            put(hub, Job.SEQUENCE)
            put(hub, Job.HOUSEKEEPING)
        with working(line) as first, working(line) as second:
            eventually(lambda: owner("SELECT count(*) FROM procrastinate_workers") == [(2,)])
            eventually(lambda: queued(hub, "todo", "doing") == [])
            for process in (first, second):
                process.send_signal(signal.SIGINT)
            told = [process.communicate(timeout=PATIENCE_S)[0] for process in (first, second)]
        numbers = owner("SELECT id, status::text FROM procrastinate_jobs ORDER BY id")
    assert len(numbers) >= 80
    assert {status for _, status in numbers} == {"succeeded"}
    begun = owner(
        "SELECT job_id, count(*) FROM procrastinate_events WHERE type = 'started' GROUP BY 1 ORDER BY 1"
    )
    assert begun == [(number, 1) for number, _ in numbers]
    assert sum(int(one.split()[0]) for one in told) == len(numbers)


def test_a_worker_that_loses_the_database_says_so_and_exits_1(
    line: Line, server: Server, owner: QueueOwner
) -> None:
    with working(line) as process:
        eventually(lambda: owner("SELECT count(*) FROM procrastinate_workers") == [(1,)])
        name = line.urls.application.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(server.address.url("postgres"), autocommit=True) as admin:
            admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
        try:
            _, err = process.communicate(timeout=PATIENCE_S * 2)
        finally:
            with psycopg.connect(server.address.url("postgres"), autocommit=True) as admin:
                admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert process.returncode == 1
    assert "refused: " in err
    assert "Traceback" not in err
