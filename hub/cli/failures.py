"""Failures of libraries that an operator can do something about, and the sentence for each.

A table like an HTTP one: class of error -> words. What a library says itself is never repeated: it can
quote a value. An error that is not in the table is a mistake of the hub's: told by kind and place.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from typing import Final

import duckdb
import psycopg

from hub.domain.errors import HubError

_GOES_ON: Final = "what was committed stays, and the next run goes on from there"

_FRAMES_TOLD: Final = 12

#: The first class that fits decides: the special before the general.
_SENTENCES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (
        duckdb.OutOfMemoryException,
        "matching needs more memory than it may use, and never writes to disk: raise HUB_MATCHING_MEMORY_MB",
    ),
    (
        BrokenProcessPool,
        (
            "a worker process was ended, probably for lack of memory: lower HUB_WORKERS; what was committed "
            "stays, and the next run meets it unchanged"
        ),
    ),
    (MemoryError, f"this process ran out of memory; {_GOES_ON}"),
    (
        psycopg.errors.LockNotAvailable,
        "another session holds what this command needs in the database: run it again when that is done",
    ),
    (psycopg.errors.DiskFull, f"the database's disk is full; {_GOES_ON}"),
    (
        psycopg.errors.InsufficientPrivilege,
        "the database does not let this role do what the command needs: see docs/running.md for its roles",
    ),
    (psycopg.OperationalError, f"the connection to the database was lost; {_GOES_ON}"),
)


def sentence_for(error: BaseException) -> str | None:
    """What to tell the operator; None for an error nobody foresaw.

    Libraries wrap each other's errors (SQLAlchemy psycopg's, Splink DuckDB's): the causes are looked
    through too.
    """
    if isinstance(error, HubError):
        return str(error)
    for cause in _causes(error):
        for known, sentence in _SENTENCES:
            if isinstance(cause, known):
                return sentence
    return None


def unforeseen(error: BaseException) -> str:
    """An error nobody foresaw: its kind and where it arose, innermost last, and nothing of its message."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_TOLD:]
    places = "\n".join(f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
    return f"an unforeseen {type(error).__name__}; please report these places\n{places}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__
