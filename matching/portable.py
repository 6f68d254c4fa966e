"""Which SQL a level may be written in: what DuckDB, Spark and compiled Python answer alike.

Decides the allowed grammar, read by sqlglot, and names the columns a condition asks for. A model is
input: a condition outside the grammar is refused, never passed on to an engine or made into code.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

CONDITION_CHARACTERS_MAX: Final = 2_000
DEPTH_MAX: Final = 48
"""Python's own compiler takes 200 brackets in each other; a shipped condition is 12 deep."""

INTEGER_MAX: Final = 10**6

# The engine is handed the text, not the tree: so nothing may stand in it that another reader takes for a
# comment, a second statement, a quoted name or an escape.
_TEXT: Final = re.compile(r"(?:[ \w=<>(),]|'[^'\\]*'|-(?!-))*", re.ASCII)
_FUNCTION: Final = re.compile(r"(\w+)\s*\(", re.ASCII)
_WORDS_BEFORE_BRACKETS: Final = frozenset(
    {"and", "or", "not", "substr", "length", "abs", "levenshtein", "damerau_levenshtein"}
)
_ORDERED = exp.LT | exp.LTE | exp.GT | exp.GTE


class UnportableCondition(ValueError):
    """A condition that is no SQL, or uses what the engines do not agree on; names the construct."""


class _Type(StrEnum):
    TEXT = "text"
    INTEGER = "integer"
    TRUTH = "truth"


def columns_of(condition: str) -> set[str]:
    """The feature columns a condition compares, without their _l and _r.

    Raises UnportableCondition for anything outside the grammar.
    """
    return {column.name[:-2] for column in read(condition).find_all(exp.Column)}


@lru_cache(maxsize=1024)
def read(condition: str) -> exp.Expr:
    """A condition as a tree in which only the grammar's nodes stand, of types that fit each other.

    The tree is shared: for reading only. Raises UnportableCondition for anything outside the grammar.
    """
    if len(condition) > CONDITION_CHARACTERS_MAX:
        raise UnportableCondition(
            f"a condition is longer than {CONDITION_CHARACTERS_MAX} characters"
        )
    if not _TEXT.fullmatch(condition) or not condition.isprintable():
        raise UnportableCondition("a condition uses characters which engines do not agree on")
    named = {name.lower() for name in _FUNCTION.findall(condition)}
    if not named <= _WORDS_BEFORE_BRACKETS:
        raise UnportableCondition("a condition uses a function, which engines do not agree on")
    try:
        tree = sqlglot.parse_one(condition, dialect="duckdb")
    except (SqlglotError, RecursionError):
        # Not chained: sqlglot quotes the text it could not read.
        raise UnportableCondition("a condition is no SQL") from None
    if _type_of(tree, 0) is not _Type.TRUTH:
        raise UnportableCondition("a condition is neither true nor false")
    return tree


def is_distance(node: exp.Expr) -> bool:
    """Whether a node of a read tree is a string distance."""
    return isinstance(node, exp.Levenshtein | exp.Anonymous)


def operands(node: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """The two sides of a comparison, a connective, a difference or a string distance."""
    if isinstance(node, exp.Anonymous):
        first, second = node.expressions
        return first, second
    return node.this, node.expression


def chained(node: exp.Expr) -> Iterator[exp.Expr]:
    """The parts of a chain of ANDs, or of ORs, in their order."""
    for side in operands(node):
        if type(side) is type(node):
            yield from chained(side)
        else:
            yield side


def _type_of(node: exp.Expr, depth: int) -> _Type:
    """A node's type, once all below it is found to be of the grammar."""
    if depth > DEPTH_MAX:
        raise UnportableCondition(f"a condition is nested more than {DEPTH_MAX} deep")
    if isinstance(node, exp.Paren):
        _only(node, "this")
        return _type_of(node.this, depth + 1)
    if isinstance(node, exp.Column):
        return _column_type(node)
    if isinstance(node, exp.Literal):
        return _literal_type(node)
    if isinstance(node, exp.And | exp.Or | exp.Not | exp.Is | exp.EQ | exp.NEQ | _ORDERED):
        return _truth(node, depth + 1)
    if isinstance(node, exp.Substring):
        return _substring_type(node, depth + 1)
    if isinstance(node, exp.Length | exp.Abs | exp.Sub) or is_distance(node):
        return _integer(node, depth + 1)
    raise UnportableCondition(f"a condition uses {node.key}, which engines do not agree on")


def _truth(node: exp.Expr, depth: int) -> _Type:
    if isinstance(node, exp.Is):
        _only(node, "this", "expression")
        if not isinstance(node.this, exp.Column) or not isinstance(node.expression, exp.Null):
            raise UnportableCondition("a condition asks IS of something other than a column's null")
        _column_type(node.this)
    elif isinstance(node, exp.Not):
        _only(node, "this")
        _want(node.this, _Type.TRUTH, depth)
    elif isinstance(node, exp.And | exp.Or):
        _only(node, "this", "expression")
        _want(node.this, _Type.TRUTH, depth)
        _want(node.expression, _Type.TRUTH, depth)
    else:
        _only(node, "this", "expression")
        found = _type_of(node.this, depth)
        if found is _Type.TRUTH or (found is _Type.TEXT and isinstance(node, _ORDERED)):
            raise UnportableCondition(f"a condition compares a {found} by {node.key}")
        _want(node.expression, found, depth)
    return _Type.TRUTH


def _integer(node: exp.Expr, depth: int) -> _Type:
    if isinstance(node, exp.Length):
        _only(node, "this")
        _want_text(node.this, depth)
    elif isinstance(node, exp.Abs):
        _only(node, "this")
        _want(node.this, _Type.INTEGER, depth)
    elif isinstance(node, exp.Sub):
        _only(node, "this", "expression")
        _want(node.this, _Type.INTEGER, depth)
        _want(node.expression, _Type.INTEGER, depth)
    else:
        if isinstance(node, exp.Levenshtein):
            _only(node, "this", "expression")
        elif str(node.this).lower() != "damerau_levenshtein" or len(node.expressions) != 2:
            raise UnportableCondition("a condition uses a function, which engines do not agree on")
        for side in operands(node):
            _want_text(side, depth)
    return _Type.INTEGER


def _substring_type(node: exp.Substring, depth: int) -> _Type:
    """substr(text, start, length): places count from 1, and other numbers mean other things elsewhere."""
    _only(node, "this", "start", "length")
    _want_text(node.this, depth)
    for bound in (node.args.get("start"), node.args.get("length")):
        if not isinstance(bound, exp.Literal) or _literal_type(bound) is not _Type.INTEGER:
            raise UnportableCondition("a condition cuts a text at a place that is no number")
        if int(bound.this) < 1:
            raise UnportableCondition("a condition cuts a text before its beginning")
    return _Type.TEXT


def _column_type(node: exp.Column) -> _Type:
    name = node.name
    _only(node, "this")
    if not name.endswith(("_l", "_r")):
        raise UnportableCondition("a condition names a column that is of neither record")
    return _Type.TEXT


def _literal_type(node: exp.Literal) -> _Type:
    if node.is_string:
        return _Type.TEXT
    if not str(node.this).isdecimal() or int(node.this) > INTEGER_MAX:
        raise UnportableCondition(f"a condition uses a number that is no integer to {INTEGER_MAX}")
    return _Type.INTEGER


def _want(node: exp.Expr, wanted: _Type, depth: int) -> None:
    found = _type_of(node, depth)
    if found is not wanted:
        raise UnportableCondition(f"a condition has a {found} where a {wanted} belongs")


def _want_text(node: exp.Expr, depth: int) -> None:
    """A text of a record: what functions of a constant are, engines work out in ways of their own."""
    if not isinstance(node, exp.Column | exp.Substring):
        raise UnportableCondition("a condition measures something other than a column's text")
    _want(node, _Type.TEXT, depth)


def _only(node: exp.Expr, *parts: str) -> None:
    """Refuse a node that says more than these parts: an option sqlglot read, a table's name."""
    if any(value for part, value in node.args.items() if part not in parts):
        raise UnportableCondition(f"a condition uses an option of {node.key}")
    if any(not isinstance(node.args.get(part), exp.Expr) for part in parts):
        raise UnportableCondition(f"a condition leaves out a part of {node.key}")
