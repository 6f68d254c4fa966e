"""Resolve single records in a hub that holds many: stored, linked and committed, in this process.

Budget at a million records: p50 at most 3 ms, p99 at most 12 ms, on a durable server. The records come from
a world of other people (nobody's) and, under new keys, from the hub's own (everybody has a constituent).
Run: python -m benchmarks.resolve --people 300000      (makes about a million records)
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.warm_hub import beside, hub_of, line_of, read_all, world_in
from connectors.contract import Row
from connectors.opening import open_reader
from connectors.source import Source, load_source
from demo.generate import source_files
from hub.domain.errors import RecordUnknown
from hub.domain.records import Rejected
from hub.journeys.context import Hub
from hub.journeys.resolve import Resolution, Resolver

SOURCE = "wildlife"


@dataclass(frozen=True, slots=True)
class Pushed:
    """Rows of one source, ready to be resolved under keys of their own."""

    source: Source
    columns: tuple[str, ...]
    rows: list[Row]

    def keyed(self, prefix: str, start: int, count: int) -> list[Row]:
        """Some of the rows, each under a key nobody has."""
        at = self.columns.index(self.source.key[0])
        return [
            (*row[:at], f"{prefix}{number}", *row[at + 1 :])
            for number, row in enumerate(self.rows[start : start + count])
        ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument(
        "--records", type=int, default=1_000, help="how many to resolve of each sort"
    )
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument(
        "--keep", type=Path, help="a folder to keep world and hub in, and find them again"
    )
    asked = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        world, others = folder / "world", folder / "others"
        world_in(world, asked.people, 3)
        world_in(others, 5_000, 4)
        with hub_of(folder / "hub", world) as hub:
            _measure(hub, world, others, asked.records, asked.threads)


def _measure(hub: Hub, world: Path, others: Path, records: int, threads: int) -> None:
    run = f"B{int(time.time())}-"  # a kept hub may have met the keys of an interrupted run
    known, strangers = _pushed(world), _pushed(others)
    resolver = Resolver(hub, known.source, known.columns)
    # A server that serves has its pages in memory, its statements planned and its model compiled.
    read_all(hub)
    warming = [*strangers.keyed(f"{run}w", 0, records), *known.keyed(f"{run}v", 0, records)]
    for row in warming:
        resolver.resolve(row)
    print(beside(hub))
    of_nobody = strangers.keyed(f"{run}s", records, records)
    of_somebody = known.keyed(f"{run}k", records, records)
    both = _timed("of nobody known", resolver, of_nobody)
    both += _timed("of somebody known", resolver, of_somebody)
    print(line_of("both", both))
    _timed("the same row again", resolver, of_somebody)
    at_once = known.keyed(f"{run}t", 2 * records, records)
    _throughput(resolver, at_once, threads)
    _remove(resolver, known, [*warming, *of_nobody, *of_somebody, *at_once])


def _remove(resolver: Resolver, pushed: Pushed, rows: Sequence[Row]) -> None:
    """Take out what was brought in, so that a kept hub is as it was."""
    at, spent_ms = pushed.columns.index(pushed.source.key[0]), []
    for row in rows:
        started = time.perf_counter()
        with suppress(RecordUnknown):  # a row that was rejected never came in
            resolver.remove(str(row[at]))
            spent_ms.append((time.perf_counter() - started) * 1e3)
    print(line_of("removed again", spent_ms))


def _pushed(world: Path) -> Pushed:
    [file] = [file for file in source_files(world) if file.stem == SOURCE]
    source = load_source(file)
    reader = open_reader(source, file.parent, lambda _: None, 20_000)
    batch = next(iter(reader.read(None)))
    return Pushed(source, batch.columns, batch.rows)


def _resolved(resolver: Resolver, row: Row) -> Resolution | None:
    found = resolver.resolve(row)
    return None if isinstance(found, Rejected) else found


def _timed(name: str, resolver: Resolver, rows: Sequence[Row]) -> list[float]:
    spent_ms, found = [], []
    for row in rows:
        started = time.perf_counter()
        resolution = _resolved(resolver, row)
        if resolution is not None:
            spent_ms.append((time.perf_counter() - started) * 1e3)
            found.append(resolution.measured)
    print(line_of(name, spent_ms))
    sizes: dict[str, list[float]] = {
        "candidates": [one.candidates for one in found],
        "records divided": [one.component_records for one in found],
        "pairs weighed": [one.pairs for one in found],
        "lock wait, us": [one.lock_s * 1e6 for one in found],
    }
    for what, values in sizes.items():
        p50, p99 = np.percentile(values, (50, 99))
        print(f"    {what:<16} mean {np.mean(values):8.1f}  p50 {p50:6.0f}  p99 {p99:6.0f}")
    return spent_ms


def _throughput(resolver: Resolver, rows: Sequence[Row], threads: int) -> None:
    restarts: list[int] = []

    def part(number: int) -> None:
        for row in rows[number::threads]:
            resolution = _resolved(resolver, row)
            if resolution is not None:
                restarts.append(resolution.measured.restarts)

    started = time.monotonic()
    _run([lambda n=n: part(n) for n in range(threads)])  # type: ignore[misc]
    rate = len(restarts) / (time.monotonic() - started)
    print(f"{threads} threads at once: {rate:.0f} records a second, {sum(restarts)} begun anew")


def _run(parts: Sequence[Callable[[], None]]) -> None:
    running = [threading.Thread(target=part) for part in parts]
    for one in running:
        one.start()
    for one in running:
        one.join()


if __name__ == "__main__":
    main()
