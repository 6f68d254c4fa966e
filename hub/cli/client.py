"""`hub client enrol | token | headers`: what an agency's engineer needs to call the hub by hand, with curl for instance.

Decides wording and files. Keys, tokens and proofs are hub.client's; who may call is `hub clients`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer

from hub.cli.output import OutputUnwritable, answers, require_writable, writing
from hub.client import ClientError, HubClient, Identity
from hub.client import enrol as enrol_key
from hub.domain.errors import HubError

app = typer.Typer(help="Call a hub over HTTP, as one of its clients.", no_args_is_help=True)

_STANDARD_INPUT: Final = "-"

Who = Annotated[
    Path, typer.Option("--as", metavar="FILE", help="The client's file, from `hub client enrol`.")
]
Scope = Annotated[
    str, typer.Option(help="Scopes between blanks; default: all that the client may have.")
]
PurposeOf = Annotated[
    str, typer.Option(help="Purposes between blanks; default: the only one there is.")
]


class CallRefused(HubError):
    """The hub did not answer, or refused."""


@app.command("enrol")
def enrol(
    code: Annotated[
        str, typer.Option(help="From `hub clients add`; - reads it from standard input.")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="Where the key is kept, 0600.")],
    address: Annotated[
        str, typer.Option("--at", metavar="URL", help="The hub's public address.")
    ] = "http://127.0.0.1:8080",
) -> None:
    """Make a key, enrol it, and keep it with all that its client needs to know. The key never leaves the machine."""
    # Asked before: a code holds once, and would be used up for a key that is kept nowhere.
    require_writable(out)
    if out.exists():
        raise OutputUnwritable(out, "it is there already, and may hold a key")
    stated = sys.stdin.readline() if code == _STANDARD_INPUT else code
    with _called():
        identity = enrol_key(address.rstrip("/"), stated.strip())
    with writing(out):
        identity.save(out)
    answers.print(f"{identity.client_id} is enrolled; its key is in {out}")


@app.command("token")
def token(who: Who, scope: Scope = "", purpose: PurposeOf = "") -> None:
    """Print a new access token. It holds for minutes, and only with proofs of the client's key."""
    with _called(), _client(who, scope, purpose) as client:
        authorization = client.credentials("GET", "/")["Authorization"]
    sys.stdout.write(authorization.partition(" ")[2] + "\n")


@app.command("headers")
def headers(
    method: Annotated[str, typer.Argument(help="As in the request: POST.")],
    path: Annotated[str, typer.Argument(help="As in the request, without its query.")],
    who: Who,
    scope: Scope = "",
    purpose: PurposeOf = "",
) -> None:
    """Print the two headers that one request of this method to this path needs, for `curl -H @-`.

    The proof holds once and for a minute: make new ones for each request.
    """
    with _called(), _client(who, scope, purpose) as client:
        made = client.credentials(method.upper(), path)
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in made.items())


def _client(who: Path, scope: str, purpose: str) -> HubClient:
    return HubClient(Identity.load(who), scope=scope, purpose=purpose)


@contextmanager
def _called() -> Iterator[None]:
    """Turn what a call can end with into a refusal of the command."""
    try:
        yield
    except ClientError as error:
        raise CallRefused(str(error)) from error
