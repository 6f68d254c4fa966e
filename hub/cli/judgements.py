"""`hub judge same | different | split | withdraw | list | object | withdraw-objection`: stewards' words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.options import Cleared
from hub.cli.output import answers, print_json
from hub.domain.reviews import Verdict
from hub.journeys import judge as journey
from hub.journeys import objection
from hub.journeys.acts import Judged, token_of
from hub.journeys.judge import JudgementView
from hub.settings import read_settings

app = typer.Typer(
    help="Judgements: who is the same, who is not, and who will not be linked.",
    no_args_is_help=True,
)

Reference = Annotated[
    str,
    typer.Argument(metavar="REFERENCE", help="A constituent's id, or SOURCE:KEY of a record."),
]
Author = Annotated[str, typer.Option("--by", help="Who says so.")]
Reason = Annotated[str, typer.Option(help="Why; it rests sealed.")]
Seen = Annotated[
    str | None,
    typer.Option(metavar="TOKEN", help="From `hub judge look`: refuse if it changed since."),
]
Preview = Annotated[bool, typer.Option("--preview", help="Tell what it would do, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("same")
def same(
    left: Reference,
    right: Reference,
    author: Author,
    reason: Reason,
    seen: Seen = None,
    is_preview: Preview = False,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """Two records are one constituent; two constituents are one: merged."""
    _judge(Verdict.SAME, left, right, author, reason, seen, is_preview, is_cleared, as_json)


@app.command("different")
def different(
    left: Reference,
    right: Reference,
    author: Author,
    reason: Reason,
    seen: Seen = None,
    is_preview: Preview = False,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """Two records, or two constituents by their oldest ones, are never one."""
    _judge(Verdict.DIFFERENT, left, right, author, reason, seen, is_preview, is_cleared, as_json)


def _judge(
    verdict: Verdict,
    left: str,
    right: str,
    author: str,
    reason: str,
    seen: str | None,
    is_preview: bool,
    is_cleared: bool,
    as_json: bool,
) -> None:
    with wiring.open_hub(read_settings()) as hub:
        done = journey.judge(
            hub,
            verdict,
            left,
            right,
            author=author,
            reason=reason,
            seen=seen,
            is_preview=is_preview,
            is_cleared=is_cleared,
        )
    print_judged(f"judged {verdict}", done, is_preview=is_preview, as_json=as_json)


@app.command("split")
def split(
    constituent: Reference,
    record_keys: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE:KEY...", help="Its records that are somebody else's."),
    ],
    author: Author,
    reason: Reason,
    seen: Seen = None,
    is_preview: Preview = False,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """Some records of a constituent are somebody else: each is held apart from each of the rest."""
    with wiring.open_hub(read_settings()) as hub:
        done = journey.split(
            hub,
            constituent,
            record_keys,
            author=author,
            reason=reason,
            seen=seen,
            is_preview=is_preview,
            is_cleared=is_cleared,
        )
    print_judged("split", done, is_preview=is_preview, as_json=as_json)


@app.command("withdraw")
def withdraw(
    act: Annotated[
        str, typer.Argument(help="An act's id, or the number of one of its judgements.")
    ],
    author: Author,
    is_preview: Preview = False,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """End every judgement of an act, as if it had not been judged."""
    with wiring.open_hub(read_settings()) as hub:
        done = journey.withdraw(
            hub, act, author=author, is_preview=is_preview, is_cleared=is_cleared
        )
    print_judged("withdrawn", done, is_preview=is_preview, as_json=as_json)


@app.command("look")
def look(
    references: Annotated[list[str], typer.Argument(metavar="REFERENCE...")],
    is_cleared: Cleared = False,
) -> None:
    """Print a token of who is in these constituents now, to be handed back as --seen."""
    with wiring.open_hub(read_settings()) as hub:
        found = token_of(hub, references, is_cleared=is_cleared)
    answers.print(found)


@app.command("list")
def list_judgements(
    reference: Annotated[
        str | None,
        typer.Argument(help="Only of this constituent or record; else the latest of all."),
    ] = None,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """List judgements with their reasons, withdrawn ones too."""
    with wiring.open_hub(read_settings()) as hub:
        found = (
            journey.list_judgements(hub, is_cleared=is_cleared)
            if reference is None
            else journey.list_of(hub, reference, is_cleared=is_cleared)
        )
    if as_json:
        print_json(found)
        return
    table = Table("number", "judged", "of", "and", "by", "reason", "since", "stands")
    for item in found:
        table.add_row(
            str(item.number),
            item.verdict,
            str(item.left),
            str(item.right),
            item.author,
            item.reason,
            item.judged_at.isoformat(timespec="seconds"),
            _standing(item),
        )
    answers.print(table)


def _standing(item: JudgementView) -> str:
    if item.withdrawn_at is not None:
        return f"withdrawn {item.withdrawn_at.isoformat(timespec='seconds')} by {item.withdrawn_by}"
    return "sleeps: a record is removed" if item.sleeps else "yes"


@app.command("object")
def object_to_linkage(
    reference: Reference,
    author: Author,
    reason: Reason,
    is_preview: Preview = False,
    as_json: Json = False,
) -> None:
    """Set a record, or all records of a constituent, apart: each stands alone."""
    with wiring.open_hub(read_settings()) as hub:
        done = objection.object_to_linkage(
            hub, reference, author=author, reason=reason, is_preview=is_preview
        )
    print_judged("set apart", done, is_preview=is_preview, as_json=as_json)


@app.command("withdraw-objection")
def withdraw_objection(
    reference: Reference, author: Author, is_preview: Preview = False, as_json: Json = False
) -> None:
    """Let records be linked again: of a constituent's id, all that were set apart with it."""
    with wiring.open_hub(read_settings()) as hub:
        done = objection.withdraw_objection(hub, reference, author=author, is_preview=is_preview)
    print_judged("objection withdrawn", done, is_preview=is_preview, as_json=as_json)


def print_judged(word: str, done: Judged, *, is_preview: bool, as_json: bool) -> None:
    """What an act did, or would do."""
    if as_json:
        print_json(done)
        return
    answers.print(f"preview, nothing is changed: {word}" if is_preview else _headline(word, done))
    table = Table("effect", "what")
    for effect, what in _effects(done):
        table.add_row(effect, what)
    answers.print(table if table.row_count else "nothing changes")


def _headline(word: str, done: Judged) -> str:
    if done.judgements:
        first, last = done.judgements[0], done.judgements[-1]
        numbers = f"judgement {first}" if first == last else f"judgements {first} to {last}"
        return f"{word}: {numbers}, act {done.act_id}"
    if done.repeated:
        return f"{word} already: judgement {', '.join(map(str, done.repeated))}"
    return word


def _effects(done: Judged) -> Iterator[tuple[str, str]]:
    effects = done.effects
    for merged in effects.merged:
        yield "merged", f"{merged.id} into {merged.into}"
    for parted in effects.parted:
        for given_back in parted.given_back:
            yield "given back", f"{given_back} from {parted.id}"
        if parted.new:
            yield "split", f"{parted.new} new from {parted.id}"
    for id_ in done.issued:
        yield "new", str(id_)
    for agency, amount in effects.records_moved.items():
        yield "records moved", f"{amount} of {agency}"
    for effect, amount in (
        ("reviews opened", effects.reviews_opened),
        ("reviews closed", effects.reviews_closed),
    ):
        if amount:
            yield effect, str(amount)
