"""`hub consent record | withdraw | revoke | invalidate | list`: what constituents answer to agreements."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from consent.policy import AgreementRef
from consent.vocabulary import CollectionMethod, DataCategory
from hub import wiring
from hub.cli.output import answers, print_json
from hub.journeys import consents as journey
from hub.journeys.consents import Answer, How
from hub.journeys.consents_said import list_consents as list_said
from hub.journeys.saying import Recorded
from hub.settings import read_settings

app = typer.Typer(
    help="Consent: what constituents answer to agreements, and how it ends.", no_args_is_help=True
)

Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="A constituent's id, or SOURCE:KEY of a record."),
]
Agreement = Annotated[str, typer.Argument(help="The agreement's id.")]
Author = Annotated[str, typer.Option("--by", metavar="WHO", help="Who records it.")]
Notice = Annotated[
    Path,
    typer.Option(help="The text she was shown; its SHA-256 is kept.", exists=True, dir_okay=False),
]
Evidence = Annotated[
    Path,
    typer.Option(help="The scan or recording; its SHA-256 is kept.", exists=True, dir_okay=False),
]
Language = Annotated[str, typer.Option(help="The notice's language (BCP 47).")]
Method = Annotated[CollectionMethod, typer.Option(help="How she said it.")]
Representation = Annotated[
    str | None,
    typer.Option("--through", metavar="ID", help="The representation it was said under: r12."),
]
Only = Annotated[
    list[DataCategory] | None, typer.Option("--only", help="Only these categories; else all.")
]


@app.command("record")
def record(
    reference: Reference,
    agreement: Agreement,
    revision: Annotated[int, typer.Option(min=1, help="The revision she was asked about.")],
    notice: Notice,
    evidence: Evidence,
    author: Author,
    given: Annotated[
        list[DataCategory] | None, typer.Option("--give", help="A category she gives; repeatable.")
    ] = None,
    refused: Annotated[
        list[DataCategory] | None,
        typer.Option("--refuse", help="A category she refuses; repeatable."),
    ] = None,
    valid_until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="The last day of what she gives."),
    ] = None,
    is_renewal: Annotated[bool, typer.Option("--renewed", help="Given before, and again.")] = False,
    language: Language = "en",
    method: Method = CollectionMethod.COUNTER,
    representation: Representation = None,
) -> None:
    """Record her answer to one revision: what she gives and what she refuses, in one act."""
    answer = Answer(
        AgreementRef(agreement, revision),
        frozenset(given or ()),
        frozenset(refused or ()),
        _day(valid_until),
        is_renewal,
    )
    how = _how(notice, evidence, language, method, representation)
    with wiring.open_hub(read_settings()) as hub:
        said = journey.record_consent(hub, reference, answer, how, author=author)
    print_recorded("recorded", said)


@app.command("withdraw")
def withdraw(
    reference: Reference,
    agreement: Agreement,
    notice: Notice,
    evidence: Evidence,
    author: Author,
    only: Only = None,
    language: Language = "en",
    method: Method = CollectionMethod.COUNTER,
    representation: Representation = None,
) -> None:
    """Take back what she gave, under every revision: of all categories, or of some."""
    how = _how(notice, evidence, language, method, representation)
    with wiring.open_hub(read_settings()) as hub:
        said = journey.withdraw_consent(
            hub, reference, agreement, how, author=author, categories=_chosen(only)
        )
    print_recorded("withdrawn", said)


@app.command("revoke")
def revoke(
    reference: Reference,
    agreement: Agreement,
    agency: Annotated[str, typer.Option(help="The agency, party to the agreement.")],
    notice: Notice,
    evidence: Evidence,
    author: Author,
    only: Only = None,
    language: Language = "en",
    method: Method = CollectionMethod.PAPER,
) -> None:
    """End her consent at an agency's word."""
    how = _how(notice, evidence, language, method, None)
    with wiring.open_hub(read_settings()) as hub:
        said = journey.revoke_consent(
            hub,
            reference,
            agreement,
            how,
            agency=agency,
            author=author,
            categories=_chosen(only),
        )
    print_recorded("revoked", said)


@app.command("invalidate")
def invalidate(
    reference: Reference,
    agreement: Agreement,
    notice: Notice,
    evidence: Evidence,
    author: Author,
    only: Only = None,
    language: Language = "en",
    method: Method = CollectionMethod.PAPER,
) -> None:
    """Note that her consent was none: given under pressure, or by somebody else."""
    how = _how(notice, evidence, language, method, None)
    with wiring.open_hub(read_settings()) as hub:
        said = journey.invalidate_consent(
            hub, reference, agreement, how, author=author, categories=_chosen(only)
        )
    print_recorded("invalidated", said)


@app.command("list")
def list_consents(
    reference: Reference,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """List everything she said on consent, the oldest first."""
    with wiring.open_hub(read_settings()) as hub:
        found = list_said(hub, reference)
    if as_json:
        print_json(found)
        return
    table = Table("id", "said", "agreement", "categories", "on", "until", "how", "through", "by")
    for item in found:
        table.add_row(
            item.id,
            item.state + (" (of an id she left)" if item.is_former else ""),
            str(item.agreement),
            ", ".join(item.categories),
            item.given_on.isoformat(),
            item.valid_until.isoformat() if item.valid_until else "",
            item.method,
            item.representation or "",
            item.author,
        )
    answers.print(table)


def digest_of(file: Path) -> str:
    """What is kept of a file: the same for the same content, nothing of it."""
    with file.open("rb") as content:
        return f"sha256:{hashlib.file_digest(content, 'sha256').hexdigest()}"


def print_recorded(word: str, said: Recorded) -> None:
    """What was recorded, and which agencies are told."""
    answers.print(f"{word}: {', '.join(said.facts)}")
    if said.overruled_by:
        events = ", ".join(said.overruled_by)
        answers.print(f"does not count: {events}, said under another id of hers, says no")
    if said.told:
        answers.print(f"told: {', '.join(said.told)} (hub notices list)")


def _how(
    notice: Path,
    evidence: Path,
    language: str,
    method: CollectionMethod,
    representation: str | None,
) -> How:
    return How(digest_of(notice), language, method, digest_of(evidence), representation)


def _chosen(only: list[DataCategory] | None) -> frozenset[DataCategory] | None:
    return frozenset(only) if only else None


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()
