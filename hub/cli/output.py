"""Where the command line writes: answers to standard output, everything else to standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

#: Columns of a table that goes to a file or a pipe, where no terminal says how wide it is.
_PIPED_COLUMNS = 132

answers = Console(
    highlight=False, markup=True, width=None if sys.stdout.isatty() else _PIPED_COLUMNS
)
errors = Console(
    stderr=True, highlight=False, width=None if sys.stderr.isatty() else _PIPED_COLUMNS
)


def print_json(value: Any) -> None:
    """One JSON document on standard output, for machines."""
    encoded = msgspec.json.encode(value, enc_hook=str, order="deterministic")
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress display on standard error; silent where that is not a terminal."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[detail]}"),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        yield bar
