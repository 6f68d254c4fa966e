"""A hub of a demo world, made once and found again, warm as one that serves; and how times are told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psycopg

from benchmarks.bounds import BOUNDS, TODAY
from demo.generate import generate, source_files
from hub import wiring
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources


def world_in(folder: Path, people: int, seed: int) -> Path:
    """A world in that folder, made unless it is there."""
    if not (folder / "manifest.json").exists():
        generate(people, seed, folder, TODAY)
    return folder


@contextmanager
def hub_of(folder: Path, world: Path) -> Iterator[Hub]:
    """The hub in that folder, with the world loaded and its persons linked."""
    with wiring.hub_in(folder, BOUNDS) as hub:
        _prepare(hub, world)
        yield hub


def _prepare(hub: Hub, world: Path) -> None:
    """Load and link the world, unless that was done before."""
    if wiring.health(hub)["persons"]:
        return
    started = time.monotonic()
    load_sources(hub, wiring.read_sources(source_files(world), hub.limits.chunk_rows))
    print(f"loaded in {time.monotonic() - started:.0f} s")
    report = link_kind(hub, ConstituentKind.PERSON)
    print(f"linked {report.records:,} persons in {sum(report.seconds.values()):.0f} s")


def read_all(hub: Hub) -> None:
    """Bring what single changes read into the server's buffers, by the indexes they read it by."""
    with psycopg.connect(hub.url.replace("+psycopg", "")) as connection:
        for setting in ("enable_seqscan", "enable_bitmapscan"):
            connection.execute("SELECT set_config(%s, 'off', false)", (setting,))
        for table, column, read in _READ_BY:
            connection.execute(f"SELECT max({read}) FROM {table} WHERE {column} > %s", (_LEAST,))


_LEAST = -(2**63)

#: table, the indexed column to go by, a column that only the table's own row holds
_READ_BY = (
    ("records", "id", "length(match)"),
    ("record_keys", "record_id", "length(wrapped_key)"),
    ("components", "record_id", "version"),
    ("components", "component_id", "version"),
    ("tags", "record_id", "rule"),
    ("tags", "tag", "rule"),
    ("links", "record_id", "constituent_id"),
    ("homes", "record_id", "constituent_id"),
    ("constituents", "id", "run_id"),
)


def line_of(name: str, spent_ms: Sequence[float], what: str = "records") -> str:
    """Percentiles of some times, in a line."""
    p50, p90, p99 = np.percentile(spent_ms, (50, 90, 99))
    return (
        f"{name:<20} {len(spent_ms):>6,} {what}  p50 {p50:6.2f} ms  p90 {p90:6.2f}  "
        f"p99 {p99:6.2f}  most {max(spent_ms):6.1f}"
    )


def beside(hub: Hub) -> str:
    """What the machine itself takes: a round trip, and a row inserted and committed."""
    url = hub.url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        trips = _spent_ms(lambda: connection.execute("SELECT 1", prepare=True).fetchone())
        commits = _spent_ms(
            lambda: connection.execute(
                "INSERT INTO event_cursors VALUES ('benchmark', 0, now()) "
                "ON CONFLICT (consumer) DO UPDATE SET moved_at = now()",
                prepare=True,
            )
        )
    return f"bare round trip {trips:.3f} ms, bare upsert and commit {commits:.3f} ms (medians)"


def _spent_ms(work: Callable[[], object]) -> float:
    spent = []
    for _ in range(500):
        started = time.perf_counter()
        work()
        spent.append((time.perf_counter() - started) * 1e3)
    return float(np.median(spent))
