"""While a process serves, its log is sealed beside; where that lags too long, nothing is released."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from hub.journeys.context import Hub
from hub.journeys.disclosure_log import sequence_all
from hub.journeys.log_lag import DisclosureLogBehind, require_keeping_up
from hub.journeys.sealing_worker import SealingWorker
from hub.store import database
from tests.conftest import Server, with_limits
from tests.journeys.counters import Counter
from tests.journeys.logged import Clock, LoggedHub, Owner
from tests.journeys.stewards import MARIA

#: A worker looks five times a second; so long it is waited for on a busy machine.
PATIENCE_S = 20


@pytest.fixture
def logged(hub: Hub) -> LoggedHub:
    return LoggedHub(hub)


@pytest.fixture
def owner(server: Server, logged: LoggedHub) -> Owner:
    return Owner.of(server, logged.hub)


def eventually(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends, "it did not come to hold in time"
        time.sleep(0.02)


def test_eight_writers_and_two_workers_leave_one_gapless_log(logged: LoggedHub) -> None:
    def write(writer: int) -> list[int]:
        return [logged.ask(writer * 100 + number) for number in range(15)]

    with (
        SealingWorker(logged.hub, every_s=0.01),
        SealingWorker(logged.hub, every_s=0.01),
        ThreadPoolExecutor(8) as pool,
    ):
        written = [id_ for ids in pool.map(write, range(8)) for id_ in ids]
    assert [number for number, _ in logged.leaves()] == list(range(120))
    assert sorted(id_ for _, id_ in logged.leaves()) == sorted(written)
    report = logged.verify()
    assert (report.holds, report.tree.sealed, report.replayed) == (True, 120, 120)


def test_a_worker_that_starts_again_goes_on_where_the_last_one_ended(logged: LoggedHub) -> None:
    for _ in range(3):
        with SealingWorker(logged.hub, every_s=0.01):
            logged.ask()
    assert logged.verify().tree.sealed == 3


def test_a_worker_that_cannot_seal_tells_so_goes_on_and_seals_when_it_can(
    logged: LoggedHub, owner: Owner
) -> None:
    owner(
        "CREATE FUNCTION refuse_leaf() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'of Maria Okafor'; END $$"
    )
    owner(
        "CREATE TRIGGER refused BEFORE INSERT ON log_leaves "
        "FOR EACH ROW EXECUTE FUNCTION refuse_leaf()"
    )
    logged.ask()
    with capture_logs() as told, SealingWorker(logged.hub, every_s=0.01) as worker:
        eventually(lambda: worker.failure == "RaiseException")
        owner("DROP TRIGGER refused ON log_leaves")
        eventually(lambda: worker.failure is None)
    assert [one["event"] for one in told] == [
        "disclosure_log_not_sealed",
        "disclosure_log_sealed_again",
    ]
    assert "Maria" not in str(told)
    assert logged.verify().tree.sealed == 1


def test_a_worker_ends_with_its_block_leaves_no_thread_and_counts_what_it_did(
    logged: LoggedHub,
) -> None:
    before = REGISTRY.get_sample_value("hub_log_entries_total") or 0
    logged.ask()
    with SealingWorker(logged.hub):
        assert "sealing" in {thread.name for thread in threading.enumerate()}
    assert "sealing" not in {thread.name for thread in threading.enumerate()}
    assert REGISTRY.get_sample_value("hub_log_entries_total") == before + 1


# --- lag -----------------------------------------------------------------------------------------


def keeps_up(logged: LoggedHub) -> bool:
    with database.transaction(logged.hub.engine) as connection:
        try:
            require_keeping_up(logged.hub, connection)
        except DisclosureLogBehind:
            return False
    return True


def test_releases_stop_when_the_log_lags_past_the_limit_and_go_on_when_it_has_caught_up(
    logged: LoggedHub,
) -> None:
    logged.hub = with_limits(logged.hub, log_lag_max_s=300)
    assert keeps_up(logged)
    logged.ask()
    logged.clock.move(seconds=300)
    assert keeps_up(logged)
    logged.clock.move(seconds=1)
    assert not keeps_up(logged)
    sequence_all(logged.hub)
    logged.clock.move(seconds=1)
    assert keeps_up(logged)


def test_a_lag_is_told_in_seconds_and_under_the_limit_that_was_set(logged: LoggedHub) -> None:
    logged.hub = with_limits(logged.hub, log_lag_max_s=10)
    logged.ask()
    logged.clock.move(seconds=12)
    with (
        database.transaction(logged.hub.engine) as connection,
        pytest.raises(DisclosureLogBehind, match=r"12 s .* 10 s that HUB_LOG_LAG_MAX_S"),
    ):
        require_keeping_up(logged.hub, connection)


def test_the_database_is_asked_once_a_second_and_again_when_the_clock_was_set_back(
    logged: LoggedHub,
) -> None:
    logged.hub = with_limits(logged.hub, log_lag_max_s=300)
    assert keeps_up(logged)
    logged.clock.move(days=-1)
    logged.ask()
    logged.clock.move(days=1, seconds=0.9)
    assert keeps_up(logged)  # known a moment ago
    logged.clock.move(seconds=0.1)
    assert not keeps_up(logged)
    logged.clock.move(days=-2)
    sequence_all(logged.hub)
    assert keeps_up(logged)


def test_nothing_is_looked_up_while_the_log_lags(modelled_hub: Hub) -> None:
    clock = Clock()
    hub = replace(modelled_hub, now=clock)
    counter = Counter(with_limits(hub, log_lag_max_s=300))
    counter.desk.push("parks:P1", MARIA)
    counter.profile("parks:P1")
    clock.move(seconds=301)
    for whom in ("parks:P1", "parks:nobody"):
        with pytest.raises(DisclosureLogBehind):
            counter.ask(whom)
    assert len(counter.entries()) == 1
    sequence_all(hub)
    clock.move(seconds=1)
    counter.profile("parks:P1")
