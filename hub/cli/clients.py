"""`hub clients add | list | invite | end | revoke-key`: who may call the hub over HTTP.

The operator's own view: whoever runs this has the machine, so staff of any role are made here.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.access.scopes import StaffRole
from hub.cli.output import answers, print_json
from hub.journeys.access import clients as journey
from hub.journeys.access.clients import ENROLMENT_LASTS, ClientView, NewClient
from hub.settings import read_settings

app = typer.Typer(
    help="Clients: agencies' systems and staff that may call the hub.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The client's id.")]
Author = Annotated[str, typer.Option("--by", metavar="WHO", help="Who does it.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]

_HOURS = ENROLMENT_LASTS.total_seconds() / 3_600


@app.command("add")
def add(
    client: Id,
    name: Annotated[str, typer.Option(help="What it is, in words.")],
    author: Author,
    agency: Annotated[str | None, typer.Option(help="Whose system it is.")] = None,
    scopes: Annotated[
        list[str] | None,
        typer.Option("--scope", help="Of a system: as profile:read; repeatable."),
    ] = None,
    purposes: Annotated[
        list[str] | None,
        typer.Option("--purpose", help="Of a system: what its tokens may be bound to; repeatable."),
    ] = None,
    roles: Annotated[
        list[StaffRole] | None, typer.Option("--role", help="Of staff; repeatable.")
    ] = None,
    distinct_per_day: Annotated[
        int | None, typer.Option(min=1, help="Constituents it may ask about in a day.")
    ] = None,
) -> None:
    """Make a client known, and print the code by which it enrols its key. The code is told this once."""
    new = NewClient(
        client,
        name,
        agency,
        frozenset(scopes or ()),
        frozenset(purposes or ()),
        frozenset(roles or ()),
        distinct_per_day,
    )
    with wiring.open_hub(read_settings()) as hub:
        code = journey.add_client(hub, new, author=author)
    _print_code(client, code)


@app.command("list")
def list_clients(as_json: Json = False) -> None:
    """List all clients with their keys, ended ones too."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.list_clients(hub)
    if as_json:
        print_json(found)
        return
    table = Table("client", "name", "of", "may", "purposes", "keys", "made", "ended")
    for one in found:
        table.add_row(*_row(one))
    answers.print(table)


def _row(view: ClientView) -> tuple[str, ...]:
    one = view.client
    good = [key.thumbprint for key in view.keys if key.revoked_at is None]
    ended = (
        f"{one.ended_at.isoformat(timespec='seconds')} by {one.ended_by}" if one.ended_at else ""
    )
    return (
        one.id,
        one.name,
        one.agency or "the hub",
        ", ".join(sorted(one.scopes or one.roles)),
        ", ".join(sorted(one.purposes)),
        "\n".join(good),
        f"{one.made_at.isoformat(timespec='seconds')} by {one.made_by}",
        ended,
    )


@app.command("invite")
def invite(client: Id, author: Author) -> None:
    """Print a code by which a client enrols one more key; the one before holds no more."""
    with wiring.open_hub(read_settings()) as hub:
        code = journey.invite(hub, client, author=author)
    _print_code(client, code)


@app.command("end")
def end(client: Id, author: Author) -> None:
    """No longer admit a client: its next call is refused, whatever token it holds."""
    with wiring.open_hub(read_settings()) as hub:
        journey.end_client(hub, client, author=author)
    answers.print(f"ended: {client}")


@app.command("revoke-key")
def revoke_key(
    client: Id,
    kid: Annotated[str, typer.Argument(help="The key, from `hub clients list`.")],
    author: Author,
) -> None:
    """Take a key from a client: no token is issued for it any more; tokens it has last minutes."""
    with wiring.open_hub(read_settings()) as hub:
        journey.revoke_key(hub, client, kid, author=author)
    answers.print(f"revoked: a key of {client}")


def _print_code(client: str, code: str) -> None:
    answers.print(f"enrolment code of {client}, good once and for {_HOURS:.0f} hours:")
    answers.print(code, soft_wrap=True)
