"""`hub profile show`: one constituent, each value with its source and date."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hub import wiring
from hub.cli.output import answers, print_json
from hub.domain.constituents import Profile
from hub.journeys.profile import show_profile
from hub.settings import read_settings

app = typer.Typer(help="Profiles: views over records, computed when read.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keeps `show` a command of its own while it is the only one."""


@app.command("show")
def show(
    reference: Annotated[
        str, typer.Argument(help="A constituent's id, or SOURCE:KEY of a record.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show a profile. The operator's own view: everything is opened, nothing is disclosed to an agency."""
    with wiring.open_hub(read_settings()) as hub:
        profile = show_profile(hub, reference)
    if as_json:
        print_json(profile)
    else:
        print_profile(profile)


def print_profile(profile: Profile) -> None:
    """A profile as a person reads it."""
    title = (f"{profile.kind} {profile.id}", "bold")
    answers.print(Text.assemble(title, f"  ({len(profile.records)} records)"))
    if profile.aliases:
        answers.print("also issued: " + ", ".join(map(str, profile.aliases)))
    table = Table("attribute", "value", "source", "as of", "also says so", "differs")
    for view in profile.attributes:
        winner, agreeing = view.survivor.winner, view.survivor.agreeing
        table.add_row(
            view.attribute,
            winner.value,
            winner.source,
            str(winner.as_of or ""),
            ", ".join(sorted({item.source for item in agreeing} - {winner.source})),
            "; ".join(f"{item.value} ({item.source})" for item in view.survivor.lost),
        )
    for item in profile.holdings:
        term = " to ".join(
            str(day) for day in (item.holding.valid_from, item.holding.valid_until) if day
        )
        value = " ".join(filter(None, (item.holding.number, item.holding.status, term)))
        table.add_row(item.holding.type, value, item.source, str(item.as_of or ""), "", "")
    for relation in profile.relationships:
        wording = f"has {relation.kind}" if relation.is_inverse else f"{relation.kind} of"
        value = relation.other_name or str(relation.other_id)
        table.add_row(wording, value, relation.source, "", "", "")
    answers.print(table)
    if profile.open_reviews:
        answers.print(f"{profile.open_reviews} open review(s) touch this constituent")
