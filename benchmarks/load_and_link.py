"""Load and link a generated population, beside bare Splink on the same rows in the same run.

Budgets: a million records loaded in 90 s with both cores; linked within five times bare Splink.
Run: python -m benchmarks.load_and_link --people 30000    (300000 makes about a million records)
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from benchmarks.bare_splink import link_bare
from benchmarks.bounds import BOUNDS, TODAY
from demo.generate import generate, source_files
from hub import wiring
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.memory import MemoryWatch
from hub.journeys.population import read_population


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--world", type=Path, help="a generated world to use instead")
    asked = parser.parse_args()
    print(f"load average before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        world = asked.world or Path(folder) / "world"
        if asked.world is None:
            generate(asked.people, asked.seed, world, TODAY)
        with wiring.throwaway_hub(BOUNDS) as hub:
            _measure(hub, world)


def _measure(hub: Hub, world: Path) -> None:
    loaded = wiring.read_sources(source_files(world), hub.limits.chunk_rows)
    started = time.monotonic()
    with MemoryWatch() as memory:
        reports = load_sources(hub, loaded)
    seconds = time.monotonic() - started
    records = sum(report.inserted for report in reports)
    print(
        f"load    {records:>9,} records  {seconds:7.1f} s  {seconds / records * 1e6:6.1f} us each  "
        f"peak {memory.peak_mb:,} MiB"
    )
    for kind in ConstituentKind:
        with MemoryWatch() as memory:
            started = time.monotonic()
            report = link_kind(hub, kind)
            linked_s = time.monotonic() - started
        steps = "  ".join(f"{step} {spent:.1f}" for step, spent in report.seconds.items())
        print(
            f"link {kind}: {report.records:,} records, {report.pairs:,} pairs, {linked_s:.1f} s, "
            f"peak {memory.peak_mb:,} MiB\n        {steps}"
        )
        if kind is ConstituentKind.PERSON:
            _compare(hub, linked_s)


def _compare(hub: Hub, linked_s: float) -> None:
    snapshot = read_population(hub, ConstituentKind.PERSON, (), lambda share: None)  # noqa: ARG005
    with MemoryWatch() as memory:
        bare = link_bare(snapshot.population.features)
    total = sum(bare.values())
    steps = "  ".join(f"{step} {spent:.1f}" for step, spent in bare.items())
    print(
        f"bare Splink on the same rows: {total:.1f} s, peak {memory.peak_mb:,} MiB  ({steps})\n"
        f"the hub's link took {linked_s / total:.1f} times as long"
    )


if __name__ == "__main__":
    main()
