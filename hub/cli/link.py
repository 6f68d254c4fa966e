"""`hub link`: records become constituents, after telling what a new model would change.

Decides when somebody is to agree first: where a new model takes the place of one in use. What a run changes
is hub.journeys.link's to find out.
"""

from __future__ import annotations

import sys
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, errors, print_json, progress_bar
from hub.domain.errors import HubError, ModelUnknown
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.link import LinkReport, link_kind
from hub.journeys.models import show_model
from hub.settings import read_settings
from matching.features import FEATURES_VERSION


class NotAgreed(HubError):
    """A new model was to take another's place, and nobody agreed to what that changes."""

    def __init__(self, kinds: list[str]) -> None:
        super().__init__(
            f"{' and '.join(kinds)}: nothing was changed, for the model in use would be replaced: run it "
            "again with --yes to agree to the effects above"
        )


def link(
    kind: Annotated[
        ConstituentKind | None, typer.Option(help="Only this kind; both when left out.")
    ] = None,
    retrain: Annotated[
        bool, typer.Option("--retrain", help="Train a new model even where one is active.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Tell what linking would change; change nothing.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree in advance where a new model replaces another.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Link all present records: score, cluster, issue ids and queue the questions for stewards.

    Where a new model is to take the place of the one in use, what that changes is told first, and asked
    for on a terminal; without a terminal it is published only with --yes.
    """
    if preview and yes:
        raise typer.BadParameter("a preview changes nothing", param_hint="--yes")
    kinds = [kind] if kind else list(ConstituentKind)
    reports = []
    with wiring.open_hub(read_settings()) as hub, progress_bar() as bar:
        desk = _Desk(bar, errors if as_json else answers, is_agreed=yes)
        for one in kinds:
            task = bar.add_task(f"link {one}", total=None, detail="")

            def show(step: str, share: float, task: object = task) -> None:
                bar.update(task, detail=f"{step} {share:.0%}")  # type: ignore[arg-type]

            agree = _never if preview else desk.agree if _replaces(hub, one, retrain) else None
            reports.append(link_kind(hub, one, is_retraining=retrain, progress=show, agree=agree))
    if as_json:
        print_json(reports)
    else:
        print_links(reports, already_told=desk.told)
    if desk.refused:
        raise NotAgreed(desk.refused)


def _never(_: LinkReport) -> bool:
    return False


def _replaces(hub: Hub, kind: ConstituentKind, is_retraining: bool) -> bool:
    """Whether a new model would take the place of one in use."""
    try:
        model = show_model(hub, kind.value)
    except ModelUnknown:
        return False
    return is_retraining or model["features_version"] != FEATURES_VERSION


class _Desk:
    """Where somebody agrees. told: kinds whose effects were printed; refused: kinds not agreed to."""

    def __init__(self, bar: Progress, console: Console, *, is_agreed: bool) -> None:
        self._bar = bar
        self._console = console
        self._is_agreed = is_agreed
        self.told: list[str] = []
        self.refused: list[str] = []

    def agree(self, report: LinkReport) -> bool:
        self._bar.stop()
        self.told.append(report.kind)
        model = report.model or "no model, for there are too few records to learn from"
        self._console.print(f"{report.kind}: with {model}", soft_wrap=True)
        print_effects(report, self._console)
        is_agreed = self._is_agreed or (sys.stdin.isatty() and _confirmed(report.kind))
        if not is_agreed:
            self.refused.append(report.kind)
        self._bar.start()
        return is_agreed


def _confirmed(kind: str) -> bool:
    return typer.confirm(f"{kind}: replace the model in use, with these effects?", err=True)


_WOULD: Final = "would be "


def print_effects(report: LinkReport, console: Console = answers) -> None:
    """What publishing changed, or would change: ids, whose records answer to another id, and questions."""
    would = "" if report.is_published else _WOULD
    console.print(
        f"{report.kind}: {report.ids_issued:,} ids {would}issued, {report.ids_merged:,} {would}merged into "
        f"others, {report.ids_split:,} {would}split off; {report.records_moved:,} records {would}moved to "
        f"another id; {report.reviews_open:,} reviews {would}open",
        soft_wrap=True,
    )
    for agency, moved in report.moved_by_agency.items():
        console.print(f"  {agency}: {moved:,} records {would}moved", soft_wrap=True)


def print_links(reports: list[LinkReport], already_told: list[str] | None = None) -> None:
    """What linking found and changed, and what an operator may want to do about it.

    already_told: kinds whose effects were printed before they were agreed to.
    """
    answers.print(link_table(reports))
    for report in reports:
        if report.kind not in (already_told or ()) and _has_effects(report):
            print_effects(report)
        if not report.is_published:
            answers.print(f"{report.kind}: nothing was changed")
        for source in report.sources_apart:
            answers.print(f"{report.kind}: {source} stands apart, no agreement lets it be linked")
        if report.arrived:
            answers.print(
                f"{report.kind}: {report.arrived:,} records changed one by one while it ran; "
                "they were taken in"
            )
        if report.tags_outgrown:
            answers.print(
                f"{report.kind}: {report.tags_outgrown:,} blocking values have outgrown "
                f"HUB_TAG_RECORDS_MAX since the model was made: consider "
                f"`hub link --kind {report.kind} --retrain`",
                soft_wrap=True,
            )


def _has_effects(report: LinkReport) -> bool:
    """A first link issues ids and does no more; the table says so already."""
    return not report.is_published or bool(
        report.records_moved or report.ids_merged or report.ids_split
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
