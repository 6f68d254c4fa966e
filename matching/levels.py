"""The parts a comparison is made of, and the portable SQL its levels are written in.

Only =, <>, <=, AND, OR, NOT, IS NULL, substr, length, abs, levenshtein and damerau_levenshtein are
used: those that DuckDB, Spark and rapidfuzz agree on (portable.py holds a model to it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol


class Held(StrEnum):
    """Whether a level keeps its priors whatever training says, because it hangs on another comparison
    and training takes answers for independent.

    ALWAYS: it repeats what another comparison said (one household's telephone). UNTIL_PROVEN: it may
    be a family's doing (a lent number, twins), and counts in full only where nearly all such pairs
    prove to be of one constituent by everything else.
    """

    NOT = "not"
    ALWAYS = "always"
    UNTIL_PROVEN = "until_proven"


@dataclass(frozen=True, slots=True)
class Level:
    """One answer to a comparison; the first whose condition holds counts.

    condition: SQL over `<column>_l` and `<column>_r`, or "ELSE". m_prior, u_prior: its share among
    pairs of one constituent, and of two. rarity: the column whose value's frequency moves the weight.
    equal_on: columns whose equality all but makes the level, so that u can be counted, not sampled.
    needs: columns without which the level cannot be met. held: see Held.
    """

    label: str
    condition: str
    m_prior: float
    u_prior: float
    rarity: str | None = None
    equal_on: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    held: Held = Held.NOT


@dataclass(frozen=True, slots=True)
class Comparison:
    """A question to two records. Where `null_condition` holds the answer is "cannot say", weight 0.

    needs: columns without which the question is not asked; needs_one_of: likewise, where one of them
    will do. blind_in: training blocks (keys of training.BLOCKS) whose pairs agree on what is asked, and
    so teach nothing about it.
    """

    name: str
    needs: tuple[str, ...]
    null_condition: str
    levels: tuple[Level, ...]
    needs_one_of: tuple[str, ...] = ()
    blind_in: frozenset[str] = frozenset()


class AskedLevel(Protocol):
    """A level, learned or not yet."""

    @property
    def label(self) -> str: ...
    @property
    def condition(self) -> str: ...


class Asked(Protocol):
    """A comparison, learned or not yet."""

    @property
    def name(self) -> str: ...
    @property
    def null_condition(self) -> str: ...
    @property
    def levels(self) -> Sequence[AskedLevel]: ...


UNIQUE_COLUMNS: Final = frozenset(
    {"national_id", "other_id", "phone", "email", "email_local", "email_domain"}
)
"""Columns whose values should name one constituent: here only a much shared value is held against a pair."""


def missing(*columns: str) -> str:
    return " OR ".join(f"{column}_l IS NULL OR {column}_r IS NULL" for column in columns)


def same(column: str) -> str:
    return f"{column}_l = {column}_r"


def start(column: str, length: int) -> str:
    return f"substr({column}_l, 1, {length}) = substr({column}_r, 1, {length})"


def typos(column: str, edits_max: int) -> str:
    """Within so many edits, two neighbours that changed places being one; for short values."""
    return f"damerau_levenshtein({column}_l, {column}_r) <= {edits_max}"


def edits(column: str, edits_max: int) -> str:
    """Within so many edits; for long values, where Damerau's distance costs six times as much."""
    near = f"abs(length({column}_l) - length({column}_r)) <= {edits_max}"
    return f"{near} AND levenshtein({column}_l, {column}_r) <= {edits_max}"


def longer(column: str, length: int) -> str:
    return f"length({column}_l) > {length} AND length({column}_r) > {length}"
