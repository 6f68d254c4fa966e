"""`hub quarantine list`: rows set aside, by place and rule, never by value."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys.quarantine import list_quarantine
from hub.settings import read_settings

app = typer.Typer(help="Rows that may not become records.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `list` a command of its own while it is the only one."""


@app.command("list")
def list_rows(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List quarantined rows, newest first: file, row, field and rule. The rows themselves stay sealed."""
    with wiring.open_hub(read_settings()) as hub:
        rows = list_quarantine(hub, source, limit)
    if as_json:
        print_json(rows)
        return
    table = Table("source", "location", "row", "field", "rule", "what the rule says")
    for item in rows:
        table.add_row(
            item.row.source,
            item.row.location or "",
            str(item.row.row_number),
            item.row.field or "",
            item.row.rule,
            item.sentence,
        )
    answers.print(table)
