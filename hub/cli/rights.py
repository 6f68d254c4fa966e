"""`hub rights`: what a constituent may ask of the hub, as an officer does it for her, and what she took away checked.

To object and to withdraw a consent are facts, and stand with those commands.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from hub import wiring
from hub.cli import erasure
from hub.cli.output import answers, print_json, require_writable, write_private
from hub.cli.taken_away import PublicKey, public, read
from hub.journeys.rights import archive
from hub.journeys.rights import corrections as journey
from hub.journeys.rights.corrections import Answer, CorrectionView
from hub.journeys.rights.held import Held
from hub.journeys.rights.held import held as held_journey
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.rights.subject_export import export as export_journey
from hub.journeys.rights.who_looked import Use, Uses
from hub.journeys.rights.who_looked import who_looked as looked_journey
from hub.settings import read_settings

app = typer.Typer(
    help="A constituent's rights: what is held, who looked, correct, export, erase.",
    no_args_is_help=True,
)

Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="A constituent's id, or SOURCE:KEY of a record."),
]
Case = Annotated[str, typer.Option(help="The case her request has; logged as a keyed hash.")]
By = Annotated[
    str | None, typer.Option("--by", help="The officer who meets it; left out: she herself.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]
# --- what is held, and who looked --------------------------------------------------------------


@app.command("held")
def held(reference: Reference, case: Case, by: By = None, as_json: Json = False) -> None:
    """Tell what every source holds on a constituent and why it is linked, and log that it was told."""
    with wiring.open_hub(read_settings()) as hub:
        found = held_journey(hub, reference, RightsRequest(case, by))
    if as_json:
        print_json(found)
    else:
        _print_held(found)


def _print_held(found: Held) -> None:
    answers.print(f"{found.kind} {found.id}, {len(found.records)} records; entry {found.entry}")
    for one in found.records:
        table = Table("field", "value", title=f"{one.label} ({one.agency})")
        for name, value in msgspec.to_builtins(one.record, enc_hook=str).items():
            if value:
                table.add_row(name, _told(value))
        for kind in one.relationships:
            table.add_row("relationship", kind)
        answers.print(table)
        for sentence in one.linked_because:
            answers.print(f"  {sentence}", soft_wrap=True)
    table = Table("what", "which", "since")
    for what, which, since in _said(found):
        table.add_row(what, which, since)
    if table.row_count:
        answers.print(table)


def _said(found: Held) -> Iterator[tuple[str, str, str]]:
    for consent in found.consents:
        yield f"consent {consent.state}", consent.agreement, str(consent.given_on)
    for one in found.restrictions:
        since = "" if one.starts_at is None else _at(one.starts_at)
        yield f"restriction {one.kind}", one.authority, since
    for by in found.representations:
        yield f"representation {by.kind}", "", str(by.starts_on)
    for judged in found.judgements:
        yield f"judged {judged.verdict}", str(judged.number), _at(judged.judged_at)
    for objection in found.objections:
        yield "objected to linkage", objection.source, _at(objection.made_at)
    for proposal in found.corrections:
        yield f"correction {proposal.answer or 'waits'}", proposal.field, _at(proposal.made_at)
    for shown in found.shown_to:
        yield f"known to {shown.agency} as", str(shown.pairwise_id), _at(shown.shown_at)


def _told(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_told(item)}" for name, item in value.items() if item)
    if isinstance(value, list):
        return "; ".join(map(_told, value))
    return str(value)


@app.command("looked")
def looked(
    reference: Reference,
    case: Case,
    by: By = None,
    offset: Annotated[int, typer.Option(min=0, help="Leave out so many of the newest.")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 100,
    as_json: Json = False,
) -> None:
    """Tell who looked at a constituent, when, why and under which agreement; refused attempts too, newest first.

    The law each agreement rests on stands in the JSON, and in her export.
    """
    with wiring.open_hub(read_settings()) as hub:
        found = looked_journey(hub, reference, RightsRequest(case, by), offset=offset, limit=limit)
    if as_json:
        print_json(found)
    else:
        print_uses(found)


def print_uses(found: Uses) -> None:
    """Who looked, as the constituent reads it."""
    table = Table("at", "who", "system", "what for", "action", "outcome", "released", "entry")
    for use in found.uses:
        table.add_row(
            _at(use.at),
            use.agency_label,
            use.system,
            use.purpose_label,
            use.action,
            use.outcome,
            _released(use),
            str(use.entry),
        )
    answers.print(table)
    answers.print(f"{found.total} in all")


def _released(use: Use) -> str:
    by_source: dict[str, list[str]] = {}
    for item in use.released:
        under = f" ({item.agreement})" if item.agreement else ""
        by_source.setdefault(item.source_label + under, []).append(item.category)
    return "; ".join(f"{source}: {', '.join(found)}" for source, found in by_source.items())


# --- correct -----------------------------------------------------------------------------------


@app.command("correct")
def correct(
    record: Annotated[str, typer.Argument(metavar="SOURCE:KEY", help="The record.")],
    field: Annotated[str, typer.Argument(help="What of it is wrong: names, addresses ...")],
    proposed: Annotated[str, typer.Argument(help="As it ought to be; it rests sealed.")],
    reason: Annotated[str, typer.Option(help="Why; it rests sealed.")],
    case: Case,
    by: By = None,
) -> None:
    """Propose a correction to the agency that owns a record. The hub never edits one."""
    with wiring.open_hub(read_settings()) as hub:
        number = journey.propose(
            hub,
            record,
            field=field,
            proposed=proposed,
            reason=reason,
            request=RightsRequest(case, by),
        )
    answers.print(f"proposed: correction {number}")


@app.command("corrections")
def corrections(
    agency: Annotated[str, typer.Argument(help="Whose records they are on.")],
    is_all: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    as_json: Json = False,
) -> None:
    """List the corrections that wait for an agency."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.list_corrections(hub, agency, is_all=is_all)
    if as_json:
        print_json(found)
        return
    table = Table("number", "record", "field", "proposed", "reason", "since", "answer")
    for item in found:
        table.add_row(
            str(item.number),
            str(item.record),
            item.field,
            item.proposed,
            item.reason,
            _at(item.made_at),
            _answered(item),
        )
    answers.print(table)


def _answered(item: CorrectionView) -> str:
    return "" if item.answer is None else f"{item.answer}: {item.note}"


@app.command("answer")
def answer(
    agency: Annotated[str, typer.Argument(help="Whose record it is on.")],
    number: Annotated[int, typer.Argument(help="The correction's number.")],
    said: Annotated[Answer, typer.Argument(help="What the agency says.")],
    note: Annotated[str, typer.Option(help="What it tells the constituent; it rests sealed.")],
    by: Annotated[str, typer.Option("--by", help="Who answers.")],
) -> None:
    """Answer a correction for its agency, which carries an accepted one out itself."""
    with wiring.open_hub(read_settings()) as hub:
        journey.answer(hub, agency, number, said, note=note, by=by)
    answers.print(f"answered: correction {number} {said}")


# --- export ------------------------------------------------------------------------------------


@app.command("export")
def export(
    reference: Reference,
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="Written for this user only.")],
    case: Case,
    by: By = None,
) -> None:
    """Write everything held on a constituent, and every look at it, as one signed archive."""
    require_writable(out)
    with wiring.open_hub(read_settings()) as hub:
        found = export_journey(hub, reference, RightsRequest(case, by))
    write_private(out, found.content)
    answers.print(
        f"exported to {out}: {found.uses} uses, {found.proofs} proofs; entry {found.entry}",
        soft_wrap=True,
    )


@app.command("verify-export")
def verify_export(
    file: Annotated[Path, typer.Argument(help="The archive.")],
    public_key: PublicKey = None,
    as_json: Json = False,
) -> None:
    """Check that an export is as the hub gave it: signature, and every file."""
    stated = archive.verify(read(file), public(public_key))
    if as_json:
        print_json(stated)
    else:
        answers.print(f"genuine: made {stated['made_at']}, {len(stated['files'])} files")


@app.command("public-key")
def public_key() -> None:
    """Print the key that exports and certificates are checked with, to be published."""
    answers.print(b64encode(wiring.certificate_key(read_settings()).public).decode())


app.command("erase")(erasure.erase)
app.command("reapply")(erasure.reapply)
app.command("verify-certificate")(erasure.verify_certificate)


def _at(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
