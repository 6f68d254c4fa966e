"""`hub worker`: the background work, and the disclosure log's sealing, until interrupted."""

from __future__ import annotations

from typing import Annotated

import typer

from hub import wiring
from hub.cli.output import answers, errors
from hub.journeys.sealing_worker import SealingWorker
from hub.settings import read_settings
from hub.worker import STOPPED_WITHIN_S, work


def worker(
    is_once: Annotated[
        bool, typer.Option("--once", help="Do what is waiting now, and end.")
    ] = False,
    stopped_within_s: Annotated[
        float,
        typer.Option(
            "--stop-within", min=0.0, help="Seconds that jobs in hand may take to end when stopped."
        ),
    ] = STOPPED_WITHIN_S,
) -> None:
    """Link what loads and changes of the policy left, number events, seal the disclosure log, until interrupted.

    Several at once share the work. One that is stopped ends the jobs it has in hand; what a killed one had in
    hand is taken up by another after half a minute.
    """
    with wiring.open_hub(read_settings()) as hub, SealingWorker(hub):
        if not is_once:
            errors.print("working; interrupt to stop")
        report = work(hub, is_once=is_once, stopped_within_s=stopped_within_s)
    answers.print(f"{report.done:,} jobs done, {report.failed:,} failed")
