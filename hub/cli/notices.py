"""`hub notices list | take`: what an agency is to do with data it was given."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys import notices as journey
from hub.settings import read_settings

app = typer.Typer(help="Notices to agencies that received data.", no_args_is_help=True)

Agency = Annotated[str, typer.Argument(help="The agency they are for.")]


@app.command("list")
def list_notices(
    agency: Agency,
    is_all: Annotated[bool, typer.Option("--all", help="Those it took, too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List the notices that wait for an agency, the oldest first."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.list_notices(hub, agency, is_all=is_all)
    if as_json:
        print_json(found)
        return
    table = Table("number", "what", "constituent", "agreement", "delete by", "made", "taken")
    for item in found:
        table.add_row(
            str(item.number),
            item.kind,
            str(item.pairwise_id or ""),
            item.agreement,
            item.delete_by.isoformat() if item.delete_by else "keep, do not use",
            item.made_at.isoformat(timespec="seconds"),
            item.taken_at.isoformat(timespec="seconds") if item.taken_at else "",
        )
    answers.print(table)


@app.command("take")
def take(
    agency: Agency,
    number: Annotated[int, typer.Argument(min=1, help="The notice's number.")],
) -> None:
    """Note that the agency took a notice in."""
    with wiring.open_hub(read_settings()) as hub:
        journey.take_notice(hub, agency, number)
    answers.print(f"taken: {number}")
