"""`hub events list | acknowledge | replay`: the change feed, as one of its consumers."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys import feed
from hub.settings import read_settings

app = typer.Typer(help="The change feed: what happened, in order, by ids.", no_args_is_help=True)

Consumer = Annotated[str, typer.Argument(help="Who reads: each has a cursor of its own.")]


@app.command("list")
def list_events(
    consumer: Consumer,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many events.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List the events after the consumer's cursor, oldest first; the cursor stays."""
    with wiring.open_hub(read_settings()) as hub:
        events = feed.read_feed(hub, consumer, limit)
    if as_json:
        print_json(events)
        return
    table = Table("position", "event", "constituent", "others", "review", "occurred at")
    for event in events:
        table.add_row(
            str(event.position),
            event.kind,
            str(event.constituent or ""),
            ", ".join(map(str, event.others)),
            str(event.review_id or ""),
            event.occurred_at.isoformat(),
        )
    answers.print(table)


@app.command("acknowledge")
def acknowledge(
    consumer: Consumer,
    position: Annotated[int, typer.Argument(min=0, help="The last position taken in.")],
) -> None:
    """Say that everything up to a position was taken in."""
    with wiring.open_hub(read_settings()) as hub:
        feed.acknowledge(hub, consumer, position)
    answers.print(f"{consumer} goes on after {position}")


@app.command("replay")
def replay(
    consumer: Consumer,
    position: Annotated[
        int, typer.Option("--from", min=0, help="Read again what comes after it.")
    ] = 0,
) -> None:
    """Set a consumer's cursor back, to the start where nothing is said."""
    with wiring.open_hub(read_settings()) as hub:
        feed.replay(hub, consumer, position)
    answers.print(f"{consumer} goes on after {position}")
