"""`hub load`: sources' YAML files in, records stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json, progress_bar
from hub.domain.errors import SourceInvalid
from hub.journeys.load import LoadReport, load_sources
from hub.settings import read_settings


def source_files(paths: list[Path]) -> list[Path]:
    """The YAML files named, a folder standing for all the sources in it."""
    files: list[Path] = []
    for path in paths:
        found = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
        if not found:
            raise SourceInvalid(str(path), ["the folder holds no *.yaml"])
        files += found
    return files


def load(
    paths: Annotated[list[Path], typer.Argument(help="Source YAML files, or folders of them.")],
    accept_removals: Annotated[
        bool,
        typer.Option(
            "--accept-removals", help="Rows held as missing are gone indeed: remove them."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Load sources: new and changed rows are stored sealed, bad rows quarantined, a killed load resumed."""
    settings = read_settings()
    loaded = wiring.read_sources(source_files(paths), settings.chunk_rows)
    with wiring.open_hub(settings) as hub, progress_bar() as bar:
        tasks = {source.id: bar.add_task(source.id, total=None, detail="") for source, _ in loaded}

        def show(report: LoadReport) -> None:
            bar.update(tasks[report.source], detail=f"{report.read:,} rows")

        reports = load_sources(hub, loaded, show, is_accepting_removals=accept_removals)
    if as_json:
        print_json(reports)
    else:
        answers.print(load_table(reports))


def load_table(reports: list[LoadReport]) -> Table:
    """What each load did, one row a source."""
    table = Table("source", title="loaded")
    columns = ("read", "new", "changed", "unchanged", "removed", "quarantined", "seconds")
    for name in columns:
        table.add_column(name, justify="right")
    table.add_column("note")
    for report in reports:
        rules = ", ".join(f"{rule} {n}" for rule, n in sorted(report.rejected_by_rule.items()))
        notes = [
            "resumed" if report.is_resumed else "",
            f"{report.held:,} missing rows held: is the export whole? then --accept-removals"
            if report.held
            else "",
            f"{report.suppressed:,} of erased records passed over" if report.suppressed else "",
            rules,
        ]
        table.add_row(
            report.source,
            f"{report.read:,}",
            f"{report.inserted:,}",
            f"{report.changed:,}",
            f"{report.unchanged:,}",
            f"{report.removed:,}",
            f"{report.rejected:,}",
            f"{report.seconds:.1f}",
            "; ".join(filter(None, notes)),
        )
    return table
