"""`hub pin add | withdraw | list`: stewards' words on which value a profile shows."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.options import Cleared
from hub.cli.output import answers, print_json
from hub.journeys import pin as journey
from hub.settings import read_settings

app = typer.Typer(help="Pins: which record's value a profile shows.", no_args_is_help=True)

RecordKey = Annotated[str, typer.Argument(metavar="SOURCE:KEY", help="The record.")]
Attribute = Annotated[str, typer.Argument(help="As the profile names it: name, address, ssn ...")]
Author = Annotated[str, typer.Option("--by", help="Who says so.")]


@app.command("add")
def add(
    record: RecordKey,
    attribute: Attribute,
    author: Author,
    reason: Annotated[str, typer.Option(help="Why; it rests sealed.")],
    is_cleared: Cleared = False,
) -> None:
    """Show what this record states, whatever the rules would choose, while it states it."""
    with wiring.open_hub(read_settings()) as hub:
        journey.pin(hub, record, attribute, author, reason, is_cleared=is_cleared)
    answers.print(f"pinned: {attribute}")


@app.command("withdraw")
def withdraw(
    record: RecordKey, attribute: Attribute, author: Author, is_cleared: Cleared = False
) -> None:
    """Leave the attribute to the rules again."""
    with wiring.open_hub(read_settings()) as hub:
        journey.withdraw_pin(hub, record, attribute, author, is_cleared=is_cleared)
    answers.print(f"withdrawn: {attribute}")


@app.command("list")
def list_pins(
    reference: Annotated[
        str, typer.Argument(help="A constituent's id, or SOURCE:KEY of a record.")
    ],
    is_cleared: Cleared = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List the pins on a constituent's records, withdrawn ones too."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.list_pins(hub, reference, is_cleared=is_cleared)
    if as_json:
        print_json(found)
        return
    table = Table("record", "attribute", "value", "by", "reason", "since", "withdrawn")
    for item in found:
        withdrawn = (
            f"{item.withdrawn_at.isoformat()} by {item.withdrawn_by}" if item.withdrawn_at else ""
        )
        table.add_row(
            str(item.record),
            item.attribute,
            item.value or "(sleeps: the record states another value)",
            item.author,
            item.reason,
            item.made_at.isoformat(),
            withdrawn,
        )
    answers.print(table)
