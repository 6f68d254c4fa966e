"""`hub demo generate | run`: an invented population held by five agencies, and what the hub makes of it."""

from __future__ import annotations

import csv
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from connectors.contract import Reader, Row
from demo.generate import generate as generate_world
from demo.generate import source_files
from demo.story import MARIA
from demo.truth import TRUTH_FILE, Manifest
from hub import wiring
from hub.cli.demo_callers import calling
from hub.cli.demo_privacy import show_privacy, state_policy
from hub.cli.link import print_links
from hub.cli.load import load_table
from hub.cli.output import OutputUnwritable, answers, errors, writing
from hub.cli.profile import print_profile
from hub.domain.records import ConstituentKind
from hub.journeys.accuracy import measure_links
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.memory import MemoryWatch
from hub.journeys.profile import show_profile
from hub.journeys.resolve import Resolution, Resolver
from hub.journeys.sealing_worker import SealingWorker
from hub.settings import Settings, read_settings

app = typer.Typer(help="The demo world.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the demo took."""

    name: str
    seconds: float
    peak_mb: int


class Steps:
    """Times and watches each step as it runs."""

    def __init__(self) -> None:
        self.done: list[Step] = []

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        errors.print(f"{name} ...", style="dim")
        started = time.monotonic()
        with MemoryWatch() as memory:
            yield
        self.done.append(Step(name, time.monotonic() - started, memory.peak_mb))


@app.command("generate")
def generate(
    out: Annotated[Path, typer.Option(help="An empty or new folder.")],
    people: Annotated[
        int, typer.Option(min=50, help="How many people live in the world.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
    today: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DATE", help="The world's today; default: the day it is."
        ),
    ] = None,
) -> None:
    """Write a world: each agency's own files, a source YAML for each, the truth and a manifest."""
    day = (today or wiring.utc_now()).date()
    try:
        manifest = generate_world(people, seed, out, day)
    except OSError as error:
        # Without a reason of the system's it is the generator's own refusal of a folder in use.
        raise OutputUnwritable(out, error.strerror or f"{out} is not empty") from error
    answers.print(f"{manifest.records:,} records of {people:,} people in {out}")


@app.command("run")
def run(
    folder: Annotated[Path, typer.Option("--dir", help="Where the world and its hub are kept.")],
    people: Annotated[
        int, typer.Option(min=50, help="How many people live in the world.")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
) -> None:
    """Generate, load, link, disclose and report. A second run finds its world and hub again: nobody is
    anybody else, and the log has grown by what was asked."""
    world = folder / f"world-{people}-{seed}"
    settings = read_settings().model_copy(
        update={
            "data_dir": folder / f"hub-{people}-{seed}",
            "database_url": None,
            "root_key_file": None,
        }
    )
    steps = Steps()
    try:
        with steps("generate"):
            manifest = world_in(world, people, seed)
        with steps("start"):
            wiring.init(settings)
        _story(settings, world, manifest, steps)
    finally:
        wiring.stop_server(settings)
    answers.print(_steps_table(steps))


def world_in(world: Path, people: int, seed: int) -> Manifest:
    """The world, generated once. One left half made by an interrupted run is made anew."""
    if (world / "manifest.json").exists():
        return Manifest.load(world)
    shutil.rmtree(world, ignore_errors=True)
    with writing(world):
        return generate_world(people, seed, world, wiring.utc_now().date())


def _story(settings: Settings, world: Path, manifest: Manifest, steps: Steps) -> None:
    with wiring.open_hub(settings) as hub, SealingWorker(hub):
        loaded = wiring.read_sources(source_files(world), settings.chunk_rows)
        with steps("load"):
            loads = load_sources(hub, loaded)
        answers.print(load_table(loads))
        with steps("policy"):
            answers.print(state_policy(hub))
        links = []
        for kind in ConstituentKind:
            with steps(f"link {kind}"):
                links.append(link_kind(hub, kind))
        print_links(links)
        with steps("resolve"):
            answers.print(_booking(hub, world))
        with steps("profile"):
            profile = show_profile(hub, str(MARIA.vehicles))
        print_profile(profile)
        with (
            steps("disclose"),
            calling(hub, {source.id: source for source, _ in loaded}) as callers,
        ):
            show_privacy(hub, callers)
        with steps("measure"):
            answers.print(_accuracy_table(hub, world))
    answers.print(
        f"{manifest.records:,} records of {manifest.people:,} invented people, seed {manifest.seed}"
    )


def _booking(hub: Hub, world: Path) -> str:
    """Maria books under a new account: resolved at once, and gone again when the account is closed."""
    file = world / f"{MARIA.parks.source}.yaml"
    [(source, reader)] = wiring.read_sources([file], hub.limits.chunk_rows)
    columns, row = _row_of(reader, source.key[0], MARIA.parks.local_id)
    at, account = columns.index(source.key[0]), f"{MARIA.parks.local_id}-2"
    resolver = Resolver(hub, source, columns)
    started = time.perf_counter()
    booked = resolver.resolve((*row[:at], account, *row[at + 1 :]))
    spent_ms = (time.perf_counter() - started) * 1e3
    assert isinstance(booked, Resolution), "her own row, under another key"
    resolver.remove(account)
    is_hers = show_profile(hub, str(MARIA.vehicles)).id == booked.constituent
    return (
        f"a booking under a new account, resolved in {spent_ms:.1f} ms (the model is compiled once): "
        f"{'the same' if is_hers else 'another'} constituent {booked.constituent}; "
        "the account closed, she is as before"
    )


def _row_of(reader: Reader, key: str, local_id: str) -> tuple[tuple[str, ...], Row]:
    for batch in reader.read(None):
        at = batch.columns.index(key)
        for row in batch.rows:
            if row[at] == local_id:
                return batch.columns, row
    raise LookupError("the story's person is in every world")


def _truth(world: Path) -> Iterator[tuple[str, str]]:
    with (world / TRUTH_FILE).open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield row["record"], row["entity"]


def _accuracy_table(hub: Hub, world: Path) -> Table:
    """How well the links agree with the world's truth, by kind."""
    found = measure_links(hub, _truth(world))
    table = Table("against the truth", "precision", "recall", "F1", title="accuracy")
    for measure, rates in (("pairs", found.pairwise), ("B-cubed", found.bcubed)):
        table.add_row(measure, f"{rates.precision:.4f}", f"{rates.recall:.4f}", f"{rates.f1:.4f}")
    table.caption = (
        f"{found.clusters:,} constituents found of {found.entities_true:,} true ones, "
        f"{found.exact_entities:.1%} of them exactly; largest {found.largest_cluster} records"
    )
    return table


def _steps_table(steps: Steps) -> Table:
    table = Table("step", title="what it took")
    table.add_column("seconds", justify="right")
    table.add_column("peak memory, MiB", justify="right")
    for step in steps.done:
        table.add_row(step.name, f"{step.seconds:.1f}", f"{step.peak_mb:,}")
    table.add_row("total", f"{sum(step.seconds for step in steps.done):.1f}", "")
    return table
