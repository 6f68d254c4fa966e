"""Look constituents up in a hub that holds many: decided, opened, written into the log and committed.

Budget at a million records, in process, the log being sealed meanwhile: p50 at most 3 ms, p99 at most 12 ms, on
a durable server. Parks asks by keys of its own records, by ids it was shown, and by description, for names,
addresses, contacts and holdings of all agencies that hold her.
Run: python -m benchmarks.look_up --people 300000      (makes about a million records)
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.licensing import ASKED, ASKER, PURPOSE, own_keys, state_policy
from benchmarks.warm_hub import beside, hub_of, line_of, read_all, world_in
from consent.log.entry import Outcome
from consent.vocabulary import DataCategory
from hub.domain.records import RecordKey
from hub.journeys.context import Hub
from hub.journeys.disclosing import Asker
from hub.journeys.look_up import Answer, ByShown, LookUp, Whom, look_up
from hub.journeys.sealing_worker import SealingWorker


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--look-ups", type=int, default=2_000, help="how many of each sort")
    parser.add_argument("--keep", type=Path, help="a folder to keep world and hub in")
    asked = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        world = world_in(folder / "world", asked.people, 3)
        with hub_of(folder / "hub", world) as hub, SealingWorker(hub):
            state_policy(hub)
            read_all(hub)
            print(beside(hub))
            _measure(hub, world, asked.look_ups)


def _measure(hub: Hub, world: Path, count: int) -> None:
    keys = own_keys(world)
    random.Random(5).shuffle(keys)
    _asked(hub, keys[:count])  # plans, code and pages, as of a server that serves
    first = _timed(hub, "first by own key", keys[count : 2 * count])
    _timed(hub, "again by own key", keys[count : 2 * count])
    shown = [ByShown(answer.profile.id) for answer in first if answer.profile]
    _timed(hub, "by an id shown", shown)
    _timed(hub, "nobody", [RecordKey(ASKER, f"none-{n}") for n in range(200)])


def _timed(hub: Hub, name: str, whom: Iterable[Whom]) -> list[Answer]:
    spent_ms, answers = [], []
    cpu_s = time.process_time()
    for one in whom:
        started = time.perf_counter()
        answers.append(_ask(hub, one))
        spent_ms.append((time.perf_counter() - started) * 1e3)
    cpu_ms = (time.process_time() - cpu_s) * 1e3 / len(spent_ms)
    released = sum(answer.outcome is Outcome.RELEASED for answer in answers)
    values = [len(answer.profile.attributes) for answer in answers if answer.profile]
    print(line_of(name, spent_ms, "look-ups"))
    print(
        f"    released {released}, attributes mean {np.mean(values or [0]):.1f}, "
        f"CPU of this process {cpu_ms:.2f} ms"
    )
    return answers


def _asked(hub: Hub, whom: Iterable[Whom]) -> None:
    for one in whom:
        _ask(hub, one)


def _ask(hub: Hub, whom: Whom) -> Answer:
    return look_up(
        hub,
        LookUp(
            asker=Asker(ASKER, "booking", "case 7", "clerk 12"),
            whom=whom,
            purpose=PURPOSE,
            requested=ASKED,
            scope=frozenset(DataCategory),
        ),
        pause=lambda _: None,
    )


if __name__ == "__main__":
    main()
