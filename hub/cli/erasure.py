"""`hub rights erase | reapply | verify-certificate`: a constituent erased for good, after a look at what that destroys."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.output import (
    OutputUnwritable,
    answers,
    errors,
    print_json,
    require_writable,
    write_private,
)
from hub.cli.taken_away import PublicKey, public, read
from hub.journeys.rights import certificate
from hub.journeys.rights.erasure import Erasure
from hub.journeys.rights.erasure import erase as erase_journey
from hub.journeys.rights.reapplying import reapply as reapply_journey
from hub.settings import read_settings

Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="A constituent's id, or SOURCE:KEY of a record."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


def erase(
    reference: Reference,
    by: Annotated[str, typer.Option("--by", help="The officer; logged as a pseudonym.")],
    authority: Annotated[
        str, typer.Option(help="Provision and request, without a name: the log keeps it.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="Where the certificate goes; nobody else keeps one."
        ),
    ] = None,
    is_agreed: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    is_preview: Annotated[
        bool, typer.Option("--preview", help="Tell what it would destroy, and do nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Erase a constituent: keys destroyed, ids retired, and its rows kept out from now on.

    Its records are shown first: one that a wrong merge put there is erased with the others.
    """
    if out is None and not is_preview:
        raise typer.BadParameter("a certificate is written to a file", param_hint="--out")
    if out is not None:
        require_writable(out)
    with wiring.open_hub(read_settings()) as hub:
        found = erase_journey(hub, reference, by=by, authority=authority, is_preview=True)
        if not is_preview:
            if not as_json:
                _print_erasure(found, "would be erased")
            if not (is_agreed or _confirmed()):
                errors.print("not erased")
                raise typer.Exit(1)
            found = erase_journey(hub, reference, by=by, authority=authority, seen=found.seen)
    if out is not None and found.certificate is not None:
        _write_certificate(out, found.certificate)
    if as_json:
        print_json(replace(found, certificate=None))
    elif is_preview:
        _print_erasure(found, "would be erased")
    else:
        answers.print(f"erased; entry {found.entry}, certificate {out}", soft_wrap=True)


def _confirmed() -> bool:
    return sys.stdin.isatty() and typer.confirm(
        "Are all of these hers, and to be erased?", err=True
    )


def _write_certificate(out: Path, content: bytes) -> None:
    """Write it; where that fails after all it is printed, for there is no second one."""
    try:
        write_private(out, content)
    except OutputUnwritable:
        sys.stdout.write(content.decode())
        raise


def _print_erasure(found: Erasure, word: str) -> None:
    table = Table("record", "agency", "source", title=word)
    for one in found.records:
        table.add_row(str(one.record), one.agency, one.label)
    answers.print(table)
    gone = found.destroyed
    answers.print(
        f"{len(gone.record_keys)} records, {len(found.ids)} ids, {gone.entries} entries, "
        f"{gone.corrections} corrections, {gone.reasons} reasons, {gone.quarantined} quarantined rows; "
        f"{gone.kept_out} keys kept out",
        soft_wrap=True,
    )


def reapply(
    by: Annotated[str, typer.Option("--by", help="The operator; logged as a pseudonym.")],
    as_json: Json = False,
) -> None:
    """Do erasures over after a backup was restored that is older than they are.

    First restore record_keys, subject_keys and suppressions from their newest backup.
    """
    with wiring.open_hub(read_settings()) as hub:
        done = reapply_journey(hub, by=by)
    if as_json:
        print_json(done)
    else:
        answers.print(
            f"done over: {done.records} records, {done.entries} entries, {done.reasons} reasons, "
            f"{done.quarantined} quarantined rows"
        )


def verify_certificate(
    file: Annotated[Path, typer.Argument(help="The certificate.")],
    public_key: PublicKey = None,
    as_json: Json = False,
) -> None:
    """Check that a certificate of erasure is as the hub gave it."""
    stated = certificate.verify(read(file), public(public_key))
    if as_json:
        print_json(stated)
    else:
        answers.print(f"genuine: erased {stated['erased_at']}, entry {stated['entry']}")
