"""`hub why`: two records, whether they are one constituent, and what that rests on."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from hub import wiring
from hub.cli.options import Cleared
from hub.cli.output import answers, print_json
from hub.journeys import why as journey
from hub.journeys.verdict import Side, Weighing, Why
from hub.settings import read_settings
from matching.model import MICROBITS

Reference = Annotated[
    str, typer.Argument(help="SOURCE:KEY of a record, or a constituent's id for its oldest record.")
]


def why(
    left: Reference,
    right: Reference,
    is_cleared: Cleared = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Tell why two records are one constituent, or why not. Shows labels, numbers and ids, no value."""
    with wiring.open_hub(read_settings()) as hub:
        found = journey.why(hub, left, right, is_cleared=is_cleared)
    if as_json:
        print_json(found)
    else:
        print_why(found)


def print_why(found: Why) -> None:
    """The verdict first, then what it rests on."""
    for sentence in found.verdict:
        answers.print(sentence, soft_wrap=True)
    answers.print(_sides(found))
    if found.keys:
        answers.print(_keys(found))
    if found.weighing is not None:
        answers.print(_weights(found.weighing))
    for review in found.reviews:
        answers.print(f"open review {review.number}: {review.reason}")


def _sides(found: Why) -> Table:
    table = Table("", "source", "record", "seen", "constituent", "its records", "component", "of")
    for name, side in (("first", found.left), ("second", found.right)):
        table.add_row(name, *_side(side))
    return table


def _side(side: Side) -> tuple[str, ...]:
    return (
        side.source,
        str(side.record),
        side.seen,
        str(side.constituent or ""),
        f"{side.constituent_records:,}",
        "" if side.component is None else str(side.component),
        f"{side.component_records:,}",
    )


def _keys(found: Why) -> Table:
    table = Table("rule", "blocking key they share", "what became of it")
    for key in found.keys:
        table.add_row(str(key.rule), key.label, key.fate)
    return table


def _weights(weighing: Weighing) -> Table:
    pair = weighing.pair
    table = Table("comparison", "answer", title=weighing.model)
    for name in ("bits", "by rarity"):
        table.add_column(name, justify="right")
    table.add_row("before any comparison", "", _bits(pair.prior_microbits), "")
    for one in pair.comparisons:
        rarity = _bits(one.rarity_microbits) if one.rarity_microbits else ""
        table.add_row(one.name, one.answer, _bits(one.level_microbits), rarity)
    table.add_row("the pair", "", _bits(pair.weight_microbits), "", style="bold")
    between = weighing.between
    if between is not None:
        words = f"average of {between.pairs:,} pairs, best {_bits(between.best_microbits)}"
        table.add_row("their constituents", words, _bits(between.average_microbits), "")
    table.caption = (
        f"review bar {_bits(weighing.review_min_microbits)}, "
        f"link bar {_bits(weighing.link_min_microbits)}, "
        f"merge bar {_bits(weighing.merge_min_microbits)}"
    )
    return table


def _bits(microbits: int) -> str:
    return f"{microbits / MICROBITS:+.2f}"
