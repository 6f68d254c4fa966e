"""`hub profile show | history`: one constituent, each value with its source and date, and how it came about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hub import wiring
from hub.cli.options import Cleared
from hub.cli.output import answers, print_json
from hub.domain.constituents import Profile
from hub.journeys import history as past
from hub.journeys.history import AsOf, HistoryEntry
from hub.journeys.profile import show_profile
from hub.settings import read_settings

_NO_VALUES = "Ids and records only: versions of values are not kept."

app = typer.Typer(help="Profiles: views over records, computed when read.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="A constituent's id, or SOURCE:KEY of a record.")]


@app.command("show")
def show(
    reference: Reference,
    is_cleared: Cleared = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Show a profile. The operator's own view: everything is opened, nothing is disclosed to an agency."""
    with wiring.open_hub(read_settings()) as hub:
        profile = show_profile(hub, reference, is_cleared=is_cleared)
    if as_json:
        print_json(profile)
    else:
        print_profile(profile)


@app.command("history")
def history(
    reference: Reference,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="ISO-TIME", help="Who was who then; UTC where no offset is given."),
    ] = None,
    is_cleared: Cleared = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Tell which record joined or left when, and what became of ids; or who was who at one moment.

    Ids and records only: versions of values are not kept.
    """
    at = None if as_of is None else _moment(as_of)
    with wiring.open_hub(read_settings()) as hub:
        if at is None:
            found: AsOf | list[HistoryEntry] = past.history(hub, reference, is_cleared=is_cleared)
        else:
            found = past.identity_as_of(hub, reference, at, is_cleared=is_cleared)
    if as_json:
        print_json(found)
    elif isinstance(found, AsOf):
        _print_as_of(found)
    else:
        _print_history(found)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            "a time as in 2026-11-22T09:00:00Z", param_hint="--as-of"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _print_as_of(found: AsOf) -> None:
    moment = found.at.astimezone(UTC).isoformat()
    if found.id is None:
        answers.print(f"as of {moment}: retired, no record was under it")
        return
    answers.print(Text.assemble((f"{found.kind} {found.id}", "bold"), f"  as of {moment}"))
    if found.aliases:
        answers.print("also answered to: " + ", ".join(map(str, found.aliases)))
    for record in found.records:
        answers.print(f"  {record}")
    answers.print(_NO_VALUES)


def _print_history(entries: list[HistoryEntry]) -> None:
    table = Table("at", "what", "id", "from or to", "record", "judged")
    for entry in entries:
        pair = [str(record) for record in (entry.record, entry.other_record) if record]
        table.add_row(
            entry.at.astimezone(UTC).isoformat(timespec="seconds"),
            entry.kind,
            str(entry.id or ""),
            str(entry.other_id or ""),
            " and ".join(pair),
            " by ".join(filter(None, (entry.verdict, entry.author))),
        )
    answers.print(table)
    answers.print(_NO_VALUES)


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
            f"{winner.value} (pinned)" if view.survivor.is_pinned else winner.value,
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
