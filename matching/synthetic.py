"""Invented records for proving a model's code: pairs that reach every level its conditions can tell apart.

Decides how a record is made up, damaged, and aimed at a level. Nothing here is anybody's; only where the
caller's model carries rarities are values of theirs drawn, so that rarities are tried too.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import pyarrow as pa
from sqlglot import exp

from hub.domain.records import CustomComparison
from matching.compiled import compile_model
from matching.features import COLUMNS, CUSTOM_PREFIX, Features, to_table
from matching.model import Model
from matching.portable import chained, is_distance, operands, read

Row = dict[str, str | None]
"""One record's values by column, custom attributes under their prefix."""

LEVEL_HITS: Final = 20
_TRIES_PER_HIT: Final = 20
_NULL_SHARE: Final = 0.12
_RARITY_SHARE: Final = 0.3
_ODD_SHARE: Final = 0.06
_NEW_SHARE: Final = 0.25

# Nobody's words: what is invented rests in the clear, and must not be found by who looks for people there.
# fmt: off
_WORDS: Final = (
    "anvel", "jamorn", "mariv", "leq", "okrunt", "nguvel", "smivth", "smyvth", "o'nevl", "garvix",
    "kimro", "jov", "robvert", "bovv", "catvarine", "katvarine", "harvox", "harvoux", "boavts", "puvget",
    "cofvee", "raivner", "boovks", "pivne", "mavple", "st", "ave", "seavtle", "tacovma", "norvth",
    "12", "120", "7",
)
# fmt: on
_ODD: Final = ("é", "ü", "ł", "ø", "中", "😀", "e\u0301", "ß", "\u00a0")
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


class _Inventor:
    """Makes up records of a model's kind and bends them, all from one seed."""

    def __init__(self, model: Model, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 (repeatable, not secret)
        self._canonical = COLUMNS[model.kind]
        self._custom = [attribute.name for attribute in model.custom]
        self._makers = {column: _MAKERS.get(column, _words) for column in self._canonical}
        for attribute in model.custom:
            maker = _CUSTOM_MAKERS[attribute.comparison]
            self._makers[CUSTOM_PREFIX + attribute.name] = maker
        self._columns = tuple(self._makers)
        self._frozen = {column: list(found) for column, found in model.rarities.items() if found}

    def value(self, column: str) -> str:
        """A value such as the column holds."""
        frozen = self._frozen.get(column)
        if frozen and self.rng.random() < _RARITY_SHARE:
            return self.rng.choice(frozen)
        made = self._makers[column](self.rng)
        return self.odd(made) if self.rng.random() < _ODD_SHARE else made

    def odd(self, text: str) -> str:
        """The text with a character that is more than one byte."""
        place = self.rng.randrange(len(text) + 1)
        return text[:place] + self.rng.choice(_ODD) + text[place + self.rng.randrange(2) :]

    def record(self, null_share: float = _NULL_SHARE) -> Row:
        draw = self.rng.random
        return {
            column: None if draw() < null_share else self.value(column) for column in self._columns
        }

    def edited(self, text: str, edits: int) -> str:
        """The text after so many edits at most: typed wrongly, left out, put in, changed places."""
        for _ in range(edits):
            place, turn = self.rng.randrange(len(text) + 1), self.rng.randrange(4)
            letter = self.rng.choice(_LETTERS if self.rng.random() > _ODD_SHARE else _ODD)
            if turn == 0:
                text = text[:place] + letter + text[place:]
            elif turn == 1:
                text = text[:place] + text[place + 1 :]
            elif turn == 2:
                text = text[:place] + letter + text[place + 1 :]
            else:
                text = (
                    text[:place]
                    + text[place + 1 : place + 2]
                    + text[place : place + 1]
                    + text[place + 2 :]
                )
        return text or self.rng.choice(_LETTERS)

    def near(self, row: Row) -> Row:
        """A record much like another: the same but for typing errors, gaps and mixed-up columns."""
        found = {}
        for column, value in row.items():
            draw = self.rng.random()
            if value is None or draw > 0.92:
                found[column] = self.value(column) if draw > 0.5 else None
            elif draw > 0.62:
                found[column] = self._bent(value)
            elif draw > 0.58:
                found[column] = row[self.rng.choice(self._columns)]
            else:
                found[column] = value
        return found

    def _bent(self, value: str) -> str | None:
        turn = self.rng.randrange(5)
        if turn < 3:
            return self.edited(value, 1 + turn)
        if turn == 3:
            return value[: self.rng.randint(1, 8)]
        return None

    def features(self, row: Row) -> Features:
        """The record as the scorer and the comparison table take it."""
        custom = ((name, row[CUSTOM_PREFIX + name]) for name in self._custom)
        values = tuple(row[column] for column in self._canonical)
        return Features(values, {name: value for name, value in custom if value})


def _words(rng: random.Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def _day(rng: random.Random) -> str:
    return f"{rng.randint(1701, 1799)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"


def _digits(rng: random.Random) -> str:
    return f"{rng.randrange(10 ** rng.choice((4, 9, 9))):04}"


def _letter(rng: random.Random) -> str:
    return rng.choice("fmx")


def _email(rng: random.Random) -> str:
    return f"{rng.choice(_WORDS)}{rng.randint(1, 99)}@example.{rng.choice(('org', 'com'))}"


_Maker = Callable[[random.Random], str]
_MAKERS: Final[Mapping[str, _Maker]] = {
    "birth": _day,
    "national_id": _digits,
    "id_last4": _digits,
    "other_id": _digits,
    "phone": _digits,
    "house": _digits,
    "post_code": _digits,
    "sex": _letter,
    "other_scheme": _letter,
    "email": _email,
}
_CUSTOM_MAKERS: Final[Mapping[CustomComparison, _Maker]] = {
    CustomComparison.EXACT: _words,
    CustomComparison.TEXT: _words,
    CustomComparison.DATE: _day,
    CustomComparison.NUMBER: _digits,
}


def synthetic_pairs(model: Model, count: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """So many invented pairs of a model's kind: (features as features.to_table gives, left and right).

    Half are records and their near equals; the rest is aimed at answers given less than LEVEL_HITS times
    (once, where count is too small for more), as far as they can be given. A record is in a few pairs;
    seed makes it repeatable.
    """
    found = _Pairs(model, seed)
    while found.count() < count // 2:
        found.add_near()
    answers = sum(len(comparison.levels) + 1 for comparison in model.comparisons)
    hits_min = LEVEL_HITS if count >= 2 * LEVEL_HITS * answers else 1
    for place, comparison in enumerate(model.comparisons):
        for answer in range(len(comparison.levels) + 1):
            found.aim(place, answer, hits_min, count)
    while found.count() < count:
        found.add_near()
    return found.tables()


class _Pairs:
    """Pairs as they are made, and how often each answer has been given."""

    def __init__(self, model: Model, seed: int) -> None:
        self._model = model
        self._scorer = compile_model(model)
        self._inventor = _Inventor(model, seed)
        self._rows: list[Row] = []
        self._features: list[Features] = []
        self._pairs: list[tuple[int, int]] = []
        self._hits: Counter[tuple[int, int]] = Counter()

    def count(self) -> int:
        return len(self._pairs)

    def add_near(self) -> None:
        """A pair of near equals; each record made up anew serves a few."""
        inventor = self._inventor
        if len(self._rows) < 2 or inventor.rng.random() < _NEW_SHARE:
            self._put(inventor.record())
        old = inventor.rng.randrange(max(0, len(self._rows) - 8), len(self._rows))
        row = self._rows[old]
        # Now and then the very same record, or somebody else: both are answers too.
        draw = inventor.rng.random()
        new = dict(row) if draw < 0.03 else inventor.record() if draw < 0.1 else inventor.near(row)
        self._pair(old, self._put(new))

    def aim(self, place: int, answer: int, hits_min: int, count_max: int) -> None:
        """Make pairs up until a comparison has given an answer so often, or seems unable to."""
        comparison = self._model.comparisons[place]
        asked = [read(comparison.null_condition)]
        if answer > 0 and (condition := comparison.levels[-answer].condition) != "ELSE":
            asked.append(read(condition))
        tries = hits_min * _TRIES_PER_HIT
        while self._hits[place, answer] < hits_min and tries and self.count() < count_max:
            tries -= 1
            left, right = self._inventor.record(0.02), self._inventor.record(0.02)
            for turn, tree in enumerate(asked):
                _meet(tree, turn == 0 and answer > 0, left, right, self._inventor)
            if self._inventor.rng.random() < 0.5:
                left, right = right, left
            if self._answers(left, right)[place] == answer:
                self._pair(self._put(left), self._put(right))

    def tables(self) -> tuple[pa.Table, pa.Table]:
        model = self._model
        table = to_table(range(len(self._features)), self._features, model.kind, model.custom)
        return table, pair_table(self._pairs)

    def _answers(self, left: Row, right: Row) -> tuple[int, ...]:
        prepare, as_features = self._scorer.prepare, self._inventor.features
        return self._scorer.answers(prepare(as_features(left)), prepare(as_features(right)))

    def _put(self, row: Row) -> int:
        self._rows.append(row)
        self._features.append(self._inventor.features(row))
        return len(self._rows) - 1

    def _pair(self, left: int, right: int) -> None:
        prepare = self._scorer.prepare
        answers = self._scorer.answers(
            prepare(self._features[left]), prepare(self._features[right])
        )
        self._hits.update(enumerate(answers))
        self._pairs.append((left, right))


def pair_table(pairs: Sequence[tuple[int, int]]) -> pa.Table:
    """Pairs as splink_model.score takes them."""
    return pa.table(
        {
            "left": pa.array([left for left, _ in pairs], pa.int64()),
            "right": pa.array([right for _, right in pairs], pa.int64()),
        }
    )


# --- aiming at a condition -----------------------------------------------------------------------


def _meet(node: exp.Expr, negated: bool, left: Row, right: Row, inventor: _Inventor) -> None:
    """Bend two records until a condition likely holds (negated: likely does not); a draw may miss."""
    if isinstance(node, exp.Paren | exp.Not):
        _meet(node.this, negated != isinstance(node, exp.Not), left, right, inventor)
    elif isinstance(node, exp.And | exp.Or):
        parts = list(chained(node))
        if isinstance(node, exp.And) == negated:
            parts = [inventor.rng.choice(parts)]
        # Lengths first: afterwards the other text is made from the one that has its length.
        for part in sorted(parts, key=_is_of_two):
            _meet(part, negated, left, right, inventor)
    elif isinstance(node, exp.Is):
        column = node.this.name
        _side(column, left, right)[column[:-2]] = inventor.value(column[:-2]) if negated else None
    else:
        _meet_test(node, negated, left, right, inventor)


def _meet_test(node: exp.Expr, negated: bool, left: Row, right: Row, inventor: _Inventor) -> None:
    columns = list(node.find_all(exp.Column))
    if not columns:
        return
    for column in columns:
        row, name = _side(column.name, left, right), column.name[:-2]
        row[name] = row[name] or inventor.value(name)
    first, second = (_bare(side) for side in operands(node))
    is_near = isinstance(node, exp.EQ | exp.LT | exp.LTE) != negated
    if is_distance(first) or isinstance(first, exp.Abs):
        source, target = columns[0], columns[-1]
        limit = int(second.this) if isinstance(second, exp.Literal) else 1
        text = _read_text(source, left, right)
        near = inventor.edited(text, inventor.rng.randint(0, limit)) if is_near else None
        _write_text(target, near or inventor.value(target.name[:-2]), left, right)
    elif isinstance(first, exp.Length) and isinstance(second, exp.Literal):
        is_long = isinstance(node, exp.GT | exp.GTE | exp.NEQ) != negated
        written, wanted = _read_text(first.this, left, right), int(second.this)
        padding = "".join(inventor.rng.choice(_LETTERS) for _ in range(wanted + 1))
        padded = written if is_long and len(written) > wanted else written + padding
        _write_text(first.this, padded if is_long else padded[: max(1, wanted)], left, right)
    elif isinstance(first, exp.Column | exp.Substring):
        value = second.this if isinstance(second, exp.Literal) else _read_text(second, left, right)
        if is_near:
            _write_text(first, value, left, right)
        elif inventor.rng.random() < 0.5:
            _write_text(first, inventor.edited(value, 3), left, right)


def _is_of_two(node: exp.Expr) -> bool:
    return len({column.name[-1] for column in node.find_all(exp.Column)}) > 1


def _bare(node: exp.Expr) -> exp.Expr:
    return _bare(node.this) if isinstance(node, exp.Paren) else node


def _side(column: str, left: Row, right: Row) -> Row:
    return left if column.endswith("_l") else right


def _read_text(node: exp.Expr, left: Row, right: Row) -> str:
    if isinstance(node, exp.Substring):
        start, length = _bounds(node)
        return _read_text(node.this, left, right)[start : start + length]
    return _side(node.name, left, right)[node.name[:-2]] or ""


def _write_text(node: exp.Expr, value: str, left: Row, right: Row) -> None:
    """Put a text where a condition reads it; a record holds no empty text."""
    if isinstance(node, exp.Substring):
        start, length = _bounds(node)
        around = _read_text(node.this, left, right)
        value = around[:start].ljust(start, "x") + value + around[start + length :]
        _write_text(node.this, value, left, right)
    else:
        _side(node.name, left, right)[node.name[:-2]] = value or None


def _bounds(node: exp.Substring) -> tuple[int, int]:
    return int(node.args["start"].this) - 1, int(node.args["length"].this)
