"""`hub link`: records become constituents."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json, progress_bar
from hub.domain.records import ConstituentKind
from hub.journeys.link import LinkReport, link_kind
from hub.settings import read_settings


def link(
    kind: Annotated[
        ConstituentKind | None, typer.Option(help="Only this kind; both when left out.")
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a new model even where one is active.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Link all present records: score, cluster, issue ids and queue the questions for stewards."""
    kinds = [kind] if kind else list(ConstituentKind)
    with wiring.open_hub(read_settings()) as hub, progress_bar() as bar:
        reports = []
        for one in kinds:
            task = bar.add_task(f"link {one}", total=None, detail="")

            def show(step: str, share: float, task: object = task) -> None:
                bar.update(task, detail=f"{step} {share:.0%}")  # type: ignore[arg-type]

            reports.append(link_kind(hub, one, is_retraining=retrain, progress=show))
    if as_json:
        print_json(reports)
    else:
        print_links(reports)


def print_links(reports: list[LinkReport]) -> None:
    """What linking found, and what an operator may want to do about it."""
    answers.print(link_table(reports))
    for report in reports:
        if report.tags_outgrown:
            answers.print(
                f"{report.kind}: {report.tags_outgrown:,} blocking values have outgrown "
                f"HUB_TAG_RECORDS_MAX since the model was made: consider "
                f"`hub link --kind {report.kind} --retrain`",
                soft_wrap=True,
            )


def link_table(reports: list[LinkReport]) -> Table:
    """What linking found, one row a kind."""
    table = Table("kind", title="linked")
    for name in (
        "records",
        "pairs",
        "constituents",
        "largest",
        "new ids",
        "moved",
        "reviews",
        "seconds",
    ):
        table.add_column(name, justify="right")
    table.add_column("model")
    for report in reports:
        table.add_row(
            report.kind,
            f"{report.records:,}",
            f"{report.pairs:,}",
            f"{report.constituents:,}",
            f"{report.largest_constituent:,}",
            f"{report.ids_issued:,}",
            f"{report.records_moved:,}",
            f"{report.reviews_open:,}",
            f"{sum(report.seconds.values()):.1f}",
            report.model + (" (trained now)" if report.is_new_model else ""),
        )
    return table
