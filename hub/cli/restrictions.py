"""`hub restrict add | lift | list`: what narrows the use of one constituent's data."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from consent.policy import Clearance
from consent.vocabulary import RestrictionKind
from hub import wiring
from hub.cli.consents import Author, Reference, print_recorded
from hub.cli.output import answers, print_json
from hub.journeys import restrictions as journey
from hub.settings import read_settings

app = typer.Typer(help="Restrictions: they win over every permission.", no_args_is_help=True)


@app.command("add")
def add(
    reference: Reference,
    kind: Annotated[RestrictionKind, typer.Argument(help="What kind.")],
    authority: Annotated[
        str, typer.Option(help="The decision or request it rests on; it rests sealed.")
    ],
    author: Author,
    starts_at: Annotated[
        datetime | None, typer.Option("--from", help="From when (UTC); else at once.")
    ] = None,
    ends_at: Annotated[
        datetime | None, typer.Option("--until", help="Until when (UTC); else until it is lifted.")
    ] = None,
    clear: Annotated[
        list[str] | None,
        typer.Option(
            metavar="AGENCY|:PURPOSE|AGENCY:PURPOSE", help="Whom it does not bind; repeatable."
        ),
    ] = None,
) -> None:
    """Put a restriction on a constituent. It counts at once, and nothing is released beside it."""
    with wiring.open_hub(read_settings()) as hub:
        said = journey.restrict(
            hub,
            reference,
            kind,
            authority=authority,
            author=author,
            starts_at=_utc(starts_at),
            ends_at=_utc(ends_at),
            clearances=[_clearance(text) for text in clear or ()],
        )
    print_recorded("restricted", said)


@app.command("lift")
def lift(
    reference: Reference,
    restriction: Annotated[str, typer.Argument(metavar="ID", help="As listed: x12.")],
    author: Author,
    approved_by: Annotated[
        str | None,
        typer.Option(metavar="WHO", help="The second officer: for at_risk and legal_hold."),
    ] = None,
) -> None:
    """Lift a restriction; an objection to linkage lets the records be linked again."""
    with wiring.open_hub(read_settings()) as hub:
        said = journey.lift(hub, reference, restriction, author=author, approved_by=approved_by)
    print_recorded("lifted", said)


@app.command("list")
def list_restrictions(
    reference: Reference,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List a constituent's restrictions, lifted ones too."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.list_restrictions(hub, reference)
    if as_json:
        print_json(found)
        return
    table = Table("id", "kind", "authority", "from", "until", "clears", "by", "lifted")
    for item in found:
        table.add_row(
            item.id + (" (of an id she left)" if item.is_former else ""),
            item.kind,
            item.authority,
            _moment(item.starts_at or item.recorded_at),
            _moment(item.ends_at),
            ", ".join(_cleared(agency, purpose) for agency, purpose in item.clearances),
            item.author,
            f"{_moment(item.lifted_at)} by {', '.join(item.lifted_by)}" if item.lifted_at else "",
        )
    answers.print(table)


def _clearance(text: str) -> Clearance:
    agency, _, purpose = text.partition(":")
    return Clearance(agency or None, purpose or None)


def _cleared(agency: str | None, purpose: str | None) -> str:
    return f"{agency or ''}:{purpose}" if purpose else str(agency)


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(timespec="seconds")
