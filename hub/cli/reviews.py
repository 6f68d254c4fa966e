"""`hub review list | show | claim | release | decide`: the questions left to stewards."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from hub import wiring
from hub.cli.judgements import print_judged
from hub.cli.options import Cleared
from hub.cli.output import answers, print_json
from hub.domain.records import ConstituentKind
from hub.domain.reviews import Outcome, ReviewReason
from hub.journeys import review as journey
from hub.journeys import review_queue as queue
from hub.journeys.review_queue import ReviewLine, ReviewSide, ReviewView
from hub.settings import read_settings

app = typer.Typer(help="Reviews: the questions left to stewards.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="N", help="The review's number.")]
Steward = Annotated[str, typer.Option("--by", metavar="WHO", help="Which steward.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document.")]


@app.command("list")
def list_reviews(
    kind: Annotated[ConstituentKind | None, typer.Option(help="Only of this kind.")] = None,
    reason: Annotated[ReviewReason | None, typer.Option(help="Only of this reason.")] = None,
    mine: Annotated[
        str | None, typer.Option(metavar="WHO", help="Only those this steward has claimed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The most to list.")] = 50,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """List open reviews: reports and changed facts first, then the strongest pairs."""
    with wiring.open_hub(read_settings()) as hub:
        found = queue.list_reviews(hub, kind, reason, mine, limit, is_cleared=is_cleared)
    if as_json:
        print_json(found)
        return
    table = Table("number", "kind", "reason", "of", "and", "weight", "since", "claimed by")
    for line in found:
        table.add_row(
            str(line.number),
            line.kind,
            line.reason,
            str(line.left),
            str(line.right or ""),
            _weight(line),
            line.opened_at.isoformat(timespec="seconds"),
            line.claimed_by or "",
        )
    answers.print(table)


@app.command("show")
def show(number: Number, is_cleared: Cleared = False, as_json: Json = False) -> None:
    """Show one review: who is asked about, why, and the token to answer with."""
    with wiring.open_hub(read_settings()) as hub:
        found = queue.show_review(hub, number, is_cleared=is_cleared)
    if as_json:
        print_json(found)
    else:
        _print_review(found)


@app.command("claim")
def claim(number: Number, by: Steward, is_cleared: Cleared = False) -> None:
    """Take a review in hand: nobody else can answer it then."""
    with wiring.open_hub(read_settings()) as hub:
        journey.claim(hub, number, by, is_cleared=is_cleared)
    answers.print(f"claimed: review {number}")


@app.command("release")
def release(number: Number, by: Steward, is_cleared: Cleared = False) -> None:
    """Give a review back to everybody."""
    with wiring.open_hub(read_settings()) as hub:
        journey.release(hub, number, by, is_cleared=is_cleared)
    answers.print(f"released: review {number}")


@app.command("decide")
def decide(
    number: Number,
    outcome: Annotated[Outcome, typer.Argument(help="The answer.")],
    by: Steward,
    reason: Annotated[str, typer.Option(help="Why; it rests sealed.")],
    seen: Annotated[
        str | None,
        typer.Option(metavar="TOKEN", help="From `hub review show`: refuse if it changed since."),
    ] = None,
    is_preview: Annotated[
        bool, typer.Option("--preview", help="Tell what it would do, and do nothing.")
    ] = False,
    is_cleared: Cleared = False,
    as_json: Json = False,
) -> None:
    """Answer a review, and do what the answer means."""
    with wiring.open_hub(read_settings()) as hub:
        done = journey.decide(
            hub,
            number,
            outcome,
            by=by,
            reason=reason,
            seen=seen,
            is_preview=is_preview,
            is_cleared=is_cleared,
        )
    print_judged(
        f"review {number} answered {outcome}", done.judged, is_preview=is_preview, as_json=as_json
    )


def _print_review(found: ReviewView) -> None:
    line = found.line
    answers.print(Text.assemble((f"review {line.number}", "bold"), f"  {line.kind}, {line.reason}"))
    answers.print(found.question)
    for side in (found.left, found.right):
        if side is not None:
            _print_side(side)
    if line.weight_bits is not None:
        answers.print(f"weight: {_weight(line)}")
    if found.judgement is not None:
        judged = found.judgement
        answers.print(
            f"judgement {judged.number}: {judged.verdict} by {judged.author}, {judged.reason}"
        )
    if line.claimed_by is not None:
        answers.print(f"claimed by {line.claimed_by}")
    if line.closed_at is not None:
        how = f"answered {line.outcome} by {line.closed_by}" if line.outcome else "went away"
        answers.print(f"closed {line.closed_at.isoformat(timespec='seconds')}: {how}")
        return
    answers.print("answers: " + (", ".join(found.answers) or "none; judge or withdraw instead"))
    answers.print(f"seen: {found.seen}")


def _print_side(side: ReviewSide) -> None:
    answers.print(f"  {side.record}  under {side.constituent or 'no constituent'}")
    for other in side.others:
        answers.print(f"    with {other}")


def _weight(line: ReviewLine) -> str:
    return "" if line.weight_bits is None else f"{line.weight_bits:+.1f} bits"
