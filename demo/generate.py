"""Generate the demo world: five agencies' files, a source YAML for each, the truth, a manifest.

Decides the order and the folder's layout. `generate` is what the command line and the benchmarks
call; the same people, seed and today give the same rows on every machine.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo.agencies import (
    benefits,
    business_owners,
    business_registry,
    fleet,
    parks,
    vehicles,
    wildlife,
)
from demo.population import World, check_people, populate
from demo.truth import Ledger, Manifest

SOURCES = Path(__file__).parent / "sources"

Progress = Callable[[str, int, int], None]
"""Told before each step: what it is, how many steps are done, how many there are."""


@dataclass(frozen=True, slots=True)
class DemoSource:
    """A source of the demo world: its id, which is its YAML's name, and what writes its rows."""

    id: str
    write: Callable[[World, Path, Ledger], None]


DEMO_SOURCES = (
    DemoSource(vehicles.SOURCE, vehicles.write),
    DemoSource(fleet.SOURCE, fleet.write),
    DemoSource(wildlife.SOURCE, wildlife.write),
    DemoSource(business_registry.SOURCE, business_registry.write),
    DemoSource(business_owners.SOURCE, business_owners.write),
    DemoSource(benefits.SOURCE, benefits.write),
    DemoSource(parks.SOURCE, parks.write),
)
"""Every source, in the order they are written and best loaded."""


def generate(
    people: int, seed: int, out: Path, today: date, progress: Progress | None = None
) -> Manifest:
    """Write a world into `out`: <source>.yaml, the agencies' folders, truth.csv, manifest.json.

    Raises FileExistsError where `out` holds anything, and ValueError for fewer people than
    population.PEOPLE_MIN.
    """
    check_people(people)
    out.mkdir(parents=True, exist_ok=True)
    if any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty")
    report = progress or _unheard
    steps = len(DEMO_SOURCES) + 1
    report("population", 0, steps)
    with _collector_paused(), Ledger(out) as ledger:
        world = populate(people, seed, today)
        for done, source in enumerate(DEMO_SOURCES, start=1):
            report(source.id, done, steps)
            source.write(world, out, ledger)
            shutil.copyfile(SOURCES / f"{source.id}.yaml", out / f"{source.id}.yaml")
    report("done", steps, steps)
    manifest = Manifest(people, len(world.businesses), seed, today, ledger.counts())
    manifest.save(out)
    return manifest


def source_files(out: Path) -> list[Path]:
    """The source YAMLs of a generated folder, in the order they are best loaded."""
    return [out / f"{source.id}.yaml" for source in DEMO_SOURCES]


@contextmanager
def _collector_paused() -> Iterator[None]:
    """A world holds no reference cycles, and looking for some in millions of values takes a quarter
    of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _unheard(_step: str, _done: int, _total: int) -> None:
    return None
