"""Work spread over processes: the same answers as in place, errors handed over, no orphans left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hub.domain.errors import SealBroken
from hub.journeys.pool import workers

ENDS_WITHIN_S = 10.0
PLACES = pytest.mark.parametrize("processes", [0, 1, 2])

ORPHANING = """
import os, sys, time
from hub.journeys.pool import workers
from tests.journeys.test_pool import Scale, process_of

if __name__ == "__main__":
    with workers(2, Scale, (1,)) as pool:
        for _ in range(40):
            pool.submit(process_of, 0).result()
        print("working", flush=True)
        time.sleep(600)
"""


class Scale:
    """A state made once in each worker: it multiplies, and counts how often it was asked."""

    def __init__(self, factor: int) -> None:
        self.factor = factor
        self.asked = 0


def times(scale: Scale, number: int) -> int:
    scale.asked += 1
    return scale.factor * number


def times_asked(scale: Scale, _: int) -> tuple[int, int]:
    scale.asked += 1
    return os.getpid(), scale.asked


def process_of(scale: Scale, _: int) -> int:
    time.sleep(0.01)  # long enough for the other worker to take the next job
    return os.getpid()


def refuse_odd(scale: Scale, number: int) -> int:
    if number % 2:
        raise SealBroken(f"row {number} does not open")
    return times(scale, number)


@PLACES
def test_work_in_processes_and_in_place_gives_the_same_in_the_order_it_was_asked(
    processes: int,
) -> None:
    with workers(processes, Scale, (7,)) as pool:
        started = [pool.submit(times, number) for number in range(200)]
        assert [job.result() for job in started] == [7 * number for number in range(200)]
        assert pool.lanes == max(1, processes)


@PLACES
def test_an_error_in_a_job_reaches_whoever_asks_and_the_next_jobs_still_run(
    processes: int,
) -> None:
    with workers(processes, Scale, (3,)) as pool:
        first, second, third = (pool.submit(refuse_odd, number) for number in (2, 5, 4))
        assert first.result() == 6
        with pytest.raises(SealBroken, match="row 5 does not open"):
            second.result()
        assert third.result() == 12


@PLACES
def test_the_state_is_made_once_and_serves_every_job(processes: int) -> None:
    with workers(processes, Scale, (1,)) as pool:
        jobs = [pool.submit(times_asked, 0) for _ in range(50)]
        answers = [job.result() for job in jobs]
    by_process: dict[int, list[int]] = {}
    for process, asked in answers:
        by_process.setdefault(process, []).append(asked)
    for asked_in_turn in by_process.values():
        assert asked_in_turn == list(range(1, len(asked_in_turn) + 1))
    assert sum(map(len, by_process.values())) == 50


def test_without_processes_the_work_is_done_here_and_with_them_elsewhere() -> None:
    for processes, is_here in ((0, True), (1, True), (2, False)):
        with workers(processes, Scale, (1,)) as pool:
            assert (pool.submit(process_of, 0).result() == os.getpid()) is is_here


def test_no_worker_is_left_when_the_block_ends() -> None:
    with workers(2, Scale, (1,)) as pool:
        jobs = [pool.submit(process_of, 0) for _ in range(40)]
        ids = {job.result() for job in jobs}
    assert not [process for process in ids if psutil.pid_exists(process)]


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "orphaning.py"
    script.write_text(ORPHANING, encoding="utf-8")
    root = Path(__file__).parents[2]
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(root)},
        start_new_session=True,
    )
    children: list[psutil.Process] = []
    try:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "working\n"
        children = psutil.Process(parent.pid).children(recursive=True)
        assert len(children) >= 2, "the workers were running"
        parent.kill()
        parent.wait()
        _, alive = psutil.wait_procs(children, timeout=ENDS_WITHIN_S)
        assert [child.pid for child in alive if child.status() != psutil.STATUS_ZOMBIE] == []
    finally:
        parent.kill()
        parent.communicate()
        for child in children:
            if child.is_running():
                child.kill()
