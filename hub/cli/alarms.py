"""`hub alarms list`: days of clients that look like trying people out, for officers and auditors."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys.alarms import list_alarms
from hub.journeys.paging import LIMIT_MAX
from hub.settings import read_settings

app = typer.Typer(help="Days of clients that look like trying people out.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `list` a command of its own while it is the only one."""


@app.command("list")
def list_rows(
    client: Annotated[str | None, typer.Option(help="Only this client's.")] = None,
    after: Annotated[
        int | None, typer.Option(help="Those before this number: the last of a page before.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=LIMIT_MAX, help="At most so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List alarms, the newest first, with the figures of the moment each was raised."""
    with wiring.open_hub(read_settings()) as hub:
        page = list_alarms(hub, client=client, after=after, limit=limit)
    if as_json:
        print_json(page)
        return
    table = Table("number", "day", "client", "rule", "asked", "different", "missed", "raised")
    for one in page.rows:
        table.add_row(
            str(one.number),
            one.day.isoformat(),
            one.client,
            one.rule,
            f"{one.asked:,}",
            f"{one.asked_distinct:,}",
            f"{one.missed:,}",
            one.raised_at.isoformat(timespec="seconds"),
        )
    answers.print(table)
