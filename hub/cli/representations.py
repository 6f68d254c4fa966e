"""`hub represent add | end | list`: who acts for a constituent, and until when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from consent.vocabulary import RepresentationKind
from hub import wiring
from hub.cli.consents import Author, Reference, digest_of, print_recorded
from hub.cli.output import answers, print_json
from hub.journeys import representations as journey
from hub.settings import read_settings

app = typer.Typer(help="Representations: who acts for a constituent.", no_args_is_help=True)

_DAY = ["%Y-%m-%d"]


@app.command("add")
def add(
    reference: Reference,
    representative: Annotated[
        str,
        typer.Argument(help="A constituent's id, SOURCE:KEY of a record, or in words who it is."),
    ],
    kind: Annotated[RepresentationKind, typer.Option(help="By what right.")],
    evidence: Annotated[
        Path,
        typer.Option(help="What proves it; its SHA-256 is kept.", exists=True, dir_okay=False),
    ],
    author: Author,
    ends_on: Annotated[
        datetime | None, typer.Option("--until", formats=_DAY, help="The last day; a must.")
    ] = None,
    starts_on: Annotated[
        datetime | None, typer.Option("--from", formats=_DAY, help="The first day; else today.")
    ] = None,
    purposes: Annotated[
        list[str] | None, typer.Option("--purpose", help="Only for this purpose; repeatable.")
    ] = None,
) -> None:
    """Record that somebody acts for a constituent."""
    with wiring.open_hub(read_settings()) as hub:
        said = journey.add_representation(
            hub,
            reference,
            representative=representative,
            kind=kind,
            ends_on=None if ends_on is None else ends_on.date(),
            evidence=digest_of(evidence),
            author=author,
            starts_on=None if starts_on is None else starts_on.date(),
            purposes=purposes,
        )
    print_recorded("recorded", said)


@app.command("end")
def end(
    reference: Reference,
    representation: Annotated[str, typer.Argument(metavar="ID", help="As listed: r12.")],
    author: Author,
) -> None:
    """End a representation before its time."""
    with wiring.open_hub(read_settings()) as hub:
        said = journey.end_representation(hub, reference, representation, author=author)
    print_recorded("ended", said)


@app.command("list")
def list_representations(
    reference: Reference,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List who acts or acted for a constituent."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.list_representations(hub, reference)
    if as_json:
        print_json(found)
        return
    table = Table("id", "representative", "right", "from", "until", "purposes", "by", "ended")
    for item in found:
        table.add_row(
            item.id,
            item.representative,
            item.kind,
            item.starts_on.isoformat(),
            item.ends_on.isoformat(),
            "all" if item.purposes is None else ", ".join(item.purposes),
            item.author,
            f"{item.ended_at.date()} by {', '.join(item.ended_by)}" if item.ended_at else "",
        )
    answers.print(table)
