"""`hub resolve`: rows of a source placed one by one, and what loads left to be placed.

Decides how rows are given on the command line: one JSON object a line, in the source's own columns, read by
the reader of JSON lines. A row is the same as one before if it names the same columns with the same values, as in
a load (hub.journeys.pushing). Where a record belongs is hub.journeys.resolve's.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import msgspec
import typer

from connectors.source import load_source
from hub import wiring
from hub.cli.output import answers, errors, print_json, progress_bar
from hub.domain.errors import SourceUnreadable
from hub.domain.records import ConstituentKind, Rejected
from hub.journeys.pushing import PushedRow, Pusher, pushed_rows, require_pushable
from hub.journeys.resolve import Arrival, Resolution, resolve_pending
from hub.settings import read_settings

_STANDARD_INPUT: Final = "-"


def resolve(
    source: Annotated[
        Path | None, typer.Argument(help="The YAML of the source the rows are of.")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(metavar="FILE|-", help="Rows as JSON lines; - (or left out): standard input."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="LOCAL_ID", help="Remove this record of the source; repeatable."),
    ] = None,
    kind: Annotated[
        ConstituentKind | None,
        typer.Option(help="Of what loads left, only this kind; both when left out."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, help="Of what loads left, at most so many records of a kind.")
    ] = 1_000,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="One JSON object a row; of what loads left, one document."),
    ] = False,
) -> None:
    """Store and place single rows of SOURCE as they come, or, without SOURCE, what loads left pending.

    Rows are JSON objects, one a line, in the source's own columns. A row that breaks a rule is told on
    standard error, the others are placed, and the command ends with exit code 1.
    """
    if source is None:
        if rows is not None or remove:
            raise typer.BadParameter("rows and records belong to a source", param_hint="SOURCE")
        _resolve_pending(kind, limit, as_json=as_json)
        return
    if kind is not None:
        raise typer.BadParameter("a source has its kind", param_hint="--kind")
    if remove:
        if rows is not None:
            raise typer.BadParameter("goes without --rows", param_hint="--remove")
        _remove(source, remove, as_json=as_json)
    else:
        _resolve_rows(source, rows or _STANDARD_INPUT, as_json=as_json)


# --- rows --------------------------------------------------------------------------------------


def _resolve_rows(file: Path, rows: str, *, as_json: bool) -> None:
    source = load_source(file)
    require_pushable(source)
    rejected = 0
    with _opened(source.id, rows) as stream, wiring.open_hub(read_settings()) as hub:
        pusher = Pusher(hub, source)
        for row in pushed_rows(stream, source):
            found = row if isinstance(row, Rejected) else pusher.push(row)
            if isinstance(found, Rejected):
                rejected += 1
                _tell_rejected(found)
            else:
                _tell(found, _place(row), as_json=as_json)
    if rejected:
        raise typer.Exit(1)


def _place(row: PushedRow | Rejected) -> str:
    return f"row {row.number if isinstance(row, PushedRow) else row.row}"


def _opened(source: str, rows: str) -> AbstractContextManager[BinaryIO]:
    """The stream of rows. Raises SourceUnreadable."""
    if rows == _STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(rows).open("rb")
    except OSError as error:
        raise SourceUnreadable(source, "not_found", rows) from error


def _tell_rejected(rejected: Rejected) -> None:
    field = f", {rejected.field}" if rejected.field else ""
    errors.print(f"row {rejected.row}{field}: {rejected.rule}", soft_wrap=True)


def _tell(found: Resolution, place: str, *, as_json: bool) -> None:
    if as_json:
        line = msgspec.json.encode({"place": place, **_as_json(found)}, enc_hook=str)
        sys.stdout.write(line.decode() + "\n")
        return
    answers.print(f"{place}: {found.arrival}{_where(found)}{_what_changed(found)}", soft_wrap=True)


def _as_json(found: Resolution) -> dict[str, Any]:
    return {
        "arrival": found.arrival,
        "constituent": found.constituent,
        "changes": _kinds(found),
        "moved": len(found.moved),
    }


def _where(found: Resolution) -> str:
    return "" if found.constituent is None else f", constituent {found.constituent}"


def _kinds(found: Resolution) -> list[str]:
    return [change.kind.value for change in found.changes]


def _what_changed(found: Resolution) -> str:
    told = Counter(_kinds(found))
    words = [kind if times == 1 else f"{kind} x{times}" for kind, times in told.items()]
    if found.moved:
        words.append(f"{len(found.moved):,} other records answer to another id")
    return f" ({', '.join(words)})" if words else ""


# --- removals, and what loads left -------------------------------------------------------------


def _remove(file: Path, local_ids: Iterable[str], *, as_json: bool) -> None:
    source = load_source(file)
    with wiring.open_hub(read_settings()) as hub:
        pusher = Pusher(hub, source)
        for place, local_id in enumerate(local_ids, start=1):
            _tell(pusher.remove(local_id), f"removal {place}", as_json=as_json)


def _resolve_pending(kind: ConstituentKind | None, limit: int, *, as_json: bool) -> None:
    kinds = [kind] if kind else list(ConstituentKind)
    told: dict[str, Counter[str]] = {}
    with wiring.open_hub(read_settings()) as hub, progress_bar() as bar:
        for one in kinds:
            counts = told[one.value] = Counter(dict.fromkeys(Arrival, 0))
            task = bar.add_task(f"resolve {one}", total=limit, detail="")
            for found in resolve_pending(hub, one, limit):
                counts[found.arrival] += 1
                bar.update(task, advance=1, detail=f"{counts.total():,} records")
    if as_json:
        print_json(told)
        return
    for name, counts in told.items():
        words = ", ".join(f"{times:,} {arrival}" for arrival, times in counts.items() if times)
        answers.print(f"{name}: {words or 'nothing was pending'}")
        if counts.total() == limit:
            answers.print(
                f"{name}: the limit of {limit:,} was reached; run it again for more, or `hub link` "
                "where there are many",
                soft_wrap=True,
            )
