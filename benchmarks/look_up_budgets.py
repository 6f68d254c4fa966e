"""Count look-ups against a client's budget: what it adds to each, alone and with eight connections of one client.

Bound: a question that is counted takes 0.3 ms at the median, alone, on a durable server; of one client eight
connections together count at least 400 a second.
Run: python -m benchmarks.look_up_budgets
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.bounds import BOUNDS
from benchmarks.warm_hub import beside, line_of
from hub import wiring
from hub.domain.records import RecordKey
from hub.journeys.asking import LookUp
from hub.journeys.budgets import missed, spend
from hub.journeys.context import Hub
from hub.journeys.disclosing import Asker

CLIENT = "parks booking"
CONNECTIONS = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--questions", type=int, default=5_000)
    asked = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary, wiring.hub_in(Path(temporary), BOUNDS) as hub:
        print(beside(hub))
        _count(hub, "warm", 500)
        new = _count(hub, "new", asked.questions)
        print(line_of("a new question", new, "questions"))
        print(line_of("the same again", _count(hub, "new", asked.questions), "questions"))
        print(line_of("an answer missed", _miss(hub, asked.questions // 5), "answers"))
        _together(hub, asked.questions)


def _question(name: str) -> LookUp:
    asker = Asker("parks", "booking", "case 7")
    return LookUp(asker, RecordKey("parks", name), "licensing", frozenset(), frozenset())


def _count(hub: Hub, name: str, times: int) -> list[float]:
    spent_ms = []
    for number in range(times):
        question = _question(f"{name}-{number}")
        started = time.perf_counter()
        spend(hub, CLIENT, question, distinct_max=100_000_000)
        spent_ms.append((time.perf_counter() - started) * 1e3)
    return spent_ms


def _miss(hub: Hub, times: int) -> list[float]:
    spent_ms = []
    for _ in range(times):
        started = time.perf_counter()
        missed(hub, CLIENT)
        spent_ms.append((time.perf_counter() - started) * 1e3)
    return spent_ms


def _together(hub: Hub, questions: int) -> None:
    """Eight connections of one client at once, from threads of one process: its own work is part of the times."""
    started = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        parts = threads.map(
            lambda thread: _count(hub, f"{thread}", questions // CONNECTIONS), range(CONNECTIONS)
        )
        spent_ms = [one for part in parts for one in part]
    took_s = time.perf_counter() - started
    print(line_of(f"{CONNECTIONS} at once", spent_ms, "questions"))
    print(f"    {len(spent_ms) / took_s:,.0f} a second")


if __name__ == "__main__":
    main()
