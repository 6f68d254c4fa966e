"""Where the command line writes: answers to standard output, files asked for, all else to standard error.

Values are printed as they are: no console here reads markup or emoji codes in them, so a name like
`[/b]` can neither break a command nor lose its brackets. Styles are given beside the text instead.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from hub.domain.errors import HubError

#: Columns of a table that goes to a file or a pipe, where no terminal says how wide it is.
_PIPED_COLUMNS = 132

answers = Console(
    highlight=False,
    markup=False,
    emoji=False,
    width=None if sys.stdout.isatty() else _PIPED_COLUMNS,
)
errors = Console(
    stderr=True,
    highlight=False,
    markup=False,
    emoji=False,
    width=None if sys.stderr.isatty() else _PIPED_COLUMNS,
)


class OutputUnwritable(HubError):
    """A file the operator asked for cannot be written."""

    def __init__(self, file: Path, reason: str | None) -> None:
        super().__init__(f"{file} cannot be written: {reason or 'the system does not say why'}")


def refuse(sentence: str) -> None:
    """The one line on standard error with which a refused or failed command ends."""
    errors.print(Text.assemble(("refused", "bold red"), ": ", sentence), soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output, for machines."""
    encoded = msgspec.json.encode(value, enc_hook=str, order="deterministic")
    sys.stdout.write(msgspec.json.format(encoded, indent=2).decode() + "\n")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress display on standard error; silent where that is not a terminal."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        TimeElapsedColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        yield bar


def require_writable(file: Path) -> None:
    """Raise OutputUnwritable where `file` could not be written. Asked before long work; touches nothing."""
    if file.is_dir():
        raise OutputUnwritable(file, "it is a folder")
    if not file.exists() and not file.parent.is_dir():
        raise OutputUnwritable(file, f"there is no folder {file.parent}")
    if not os.access(file if file.exists() else file.parent, os.W_OK):
        raise OutputUnwritable(file, "this user may not")


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """Turn the system's refusal to write `file` into OutputUnwritable."""
    try:
        yield
    except OSError as error:
        raise OutputUnwritable(file, error.strerror) from error


def write_private(file: Path, content: bytes) -> None:
    """Write a file only this user can read (0600), also where one that others could read stood before."""
    with writing_private(file) as out:
        out.write(content)


@contextmanager
def writing_private(file: Path) -> Iterator[BinaryIO]:
    """The same a piece at a time; the file appears when all is written, or not at all."""
    with writing(file):
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
        building = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                yield out
            building.replace(file)
        except BaseException:
            building.unlink(missing_ok=True)
            raise
