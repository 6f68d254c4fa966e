"""Which SQL a level may be written in: what DuckDB, Spark and compiled Python answer alike.

Decides the allowed grammar, read by sqlglot, and names the columns a condition asks for. A model is
input: a condition outside the grammar is refused, never passed on to an engine.
"""

from __future__ import annotations

from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

_ALLOWED: Final = (
    exp.And,
    exp.Or,
    exp.Not,
    exp.Paren,
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.LTE,
    exp.GT,
    exp.GTE,
    exp.Is,
    exp.Null,
    exp.Sub,
    exp.Abs,
    exp.Length,
    exp.Substring,
    exp.Levenshtein,
    exp.Literal,
    exp.Column,
    exp.Identifier,
)
_ALLOWED_FUNCTIONS: Final = frozenset({"damerau_levenshtein"})


class UnportableCondition(ValueError):
    """A condition that is no SQL, or uses what the engines do not agree on; names the construct."""


def columns_of(condition: str) -> set[str]:
    """The feature columns a condition compares, without their _l and _r.

    Raises UnportableCondition for anything outside the grammar.
    """
    try:
        tree = sqlglot.parse_one(condition, dialect="duckdb")
    except SqlglotError as refused:
        raise UnportableCondition("a condition is no SQL") from refused
    found = set()
    for node in tree.walk():
        if not _is_allowed(node):
            raise UnportableCondition(f"a condition uses {node.key}, which engines do not agree on")
        if isinstance(node, exp.Column):
            found.add(_feature(node))
    return found


def _is_allowed(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.this).lower() in _ALLOWED_FUNCTIONS
    return isinstance(node, _ALLOWED)


def _feature(column: exp.Column) -> str:
    name = column.name
    if column.table or not name.endswith(("_l", "_r")):
        raise UnportableCondition("a condition names a column that is of neither record")
    return name[:-2]
