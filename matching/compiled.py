"""A model as plain Python: the same answers and weights as the batch, for one pair, in microseconds.

Decides how a level's condition becomes code. Which conditions there may be is portable.py's, whether a
model may weigh anybody publish.py's, that the code and the batch agree is shown by parity.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from rapidfuzz.distance import DamerauLevenshtein, Levenshtein
from sqlglot import exp

from matching.features import COLUMNS, CUSTOM_PREFIX, Features
from matching.model import Model, TrainedComparison
from matching.portable import chained, is_distance, operands, read
from matching.publish import check

Prepared = tuple[Any, ...]
"""One record in the form its model's code reads: texts, what is cut and measured of them, rarities."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """A model's code. Each function is given two records as `prepare` made them, in either order.

    weigh: the pair's weight in microbits, the prior included. contributions: each comparison's part of
    it, its rarity included, in the model's order. answers: each comparison's level, counted from the
    last (1), 0 for "cannot say". source: the code itself, which holds no value of a rarity.
    """

    model: Model = field(repr=False)
    prepare: Callable[[Features], Prepared]
    weigh: Callable[[Prepared, Prepared], int]
    answers: Callable[[Prepared, Prepared], tuple[int, ...]]
    contributions: Callable[[Prepared, Prepared], tuple[int, ...]]
    source: str = field(repr=False)

    def vector_of(self, answers: tuple[int, ...]) -> int:
        """The answers as the one integer by which the batch names them."""
        vector = 0
        for comparison, answer in zip(self.model.comparisons, answers, strict=True):
            vector = vector * (len(comparison.levels) + 1) + answer
        return vector


def compile_model(model: Model) -> Scorer:
    """Make a model's code. Raises ModelUnfit, before anything is made, for all publish.check refuses."""
    check(model)
    source = _Code(model).source()
    names: dict[str, Any] = {
        "__builtins__": {},
        "abs": abs,
        "len": len,
        "damerau_levenshtein": DamerauLevenshtein.distance,
        "levenshtein": Levenshtein.distance,
    }
    for place, column in enumerate(model.rarity_columns):
        names[f"rarity{place}"] = model.rarities[column].get
    # The source is ours: of the model it holds column positions, integers and repr() of strings, no more.
    exec(compile(source, "<model>", "exec"), names)  # noqa: S102
    read_values, width = names["prepare"], len(COLUMNS[model.kind])

    def prepare(features: Features) -> Prepared:
        if len(features.values) != width:
            raise ValueError(f"features of this kind have {width} columns")
        prepared: Prepared = read_values(features.values, features.custom)
        return prepared

    return Scorer(model, prepare, names["weigh"], names["answers"], names["contributions"], source)


_Said = Callable[[TrainedComparison, int], list[str]]
"""The code of what a comparison's level at a position says; its last line is a value."""

_OPERATORS: Final[dict[type[exp.Expr], tuple[str, str]]] = {
    exp.EQ: ("==", "!="),
    exp.NEQ: ("!=", "=="),
    exp.LT: ("<", ">="),
    exp.LTE: ("<=", ">"),
    exp.GT: (">", "<="),
    exp.GTE: (">=", "<"),
}
"""An operator, and the one that holds when it is false."""

SHARED_FROM_TESTS: Final = 3
"""A condition of fewer tests is asked anew where it recurs: to look up its answer costs as much."""


class _Slots:
    """What is kept of a record: one place in its tuple for each thing the conditions ask of one side."""

    def __init__(self, model: Model) -> None:
        self._place_of = {column: place for place, column in enumerate(COLUMNS[model.kind])}
        self._rarity_of = {column: place for place, column in enumerate(model.rarity_columns)}
        self._names: dict[str, str] = {}
        self._kept: dict[str, int] = {}

    def text(self, node: exp.Expr) -> int:
        """The slot of a column, or of what is cut from one."""
        return self._keep(self._text(node))

    def length(self, node: exp.Expr) -> int:
        text = self._text(node)
        return self._keep(self._name(f"None if {text} is None else len({text})"))

    def measured(self, node: exp.Expr) -> int:
        """A text for a string distance: DuckDB counts bytes, and of ASCII a character is one."""
        text = self._text(node)
        code = f"{text} if {text} is None or {text}.isascii() else {text}.encode()"
        return self._keep(self._name(code))

    def rarity(self, column: str) -> int:
        return self._keep(self._name(f"rarity{self._rarity_of[column]}({self._column(column)})"))

    def lines(self) -> Iterator[str]:
        """The function that fills the slots."""
        yield "def prepare(values, custom):"
        for code, name in self._names.items():
            yield f"    {name} = {code}"
        yield f"    return ({''.join(f'{name}, ' for name in self._kept)})"

    def unpacked(self, side: str) -> str:
        """Every slot of a record as a local of its own: `l0`, `l1` ... of the left one."""
        return f"({''.join(f'{side}{place}, ' for place in self._kept.values())})"

    def _text(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Column):
            return self._column(node.name[:-2])
        text = self._text(node.this)
        start, length = int(node.args["start"].this), int(node.args["length"].this)
        cut = f"{text}[{start - 1}:{start - 1 + length}]"
        return self._name(f"None if {text} is None else {cut}")

    def _column(self, column: str) -> str:
        if column in self._place_of:
            return self._name(f"values[{self._place_of[column]}]")
        return self._name(f"custom.get({column.removeprefix(CUSTOM_PREFIX)!r})")

    def _name(self, code: str) -> str:
        return self._names.setdefault(code, f"s{len(self._names)}")

    def _keep(self, name: str) -> int:
        return self._kept.setdefault(name, len(self._kept))


class _Conditions:
    """Conditions as Python expressions.

    SQL's third truth value needs none in Python if only two questions are asked of a condition: is it
    true, and is it false. `negated` asks the second. A test is true only of texts that are there.
    """

    def __init__(self, model: Model) -> None:
        self.slots = _Slots(model)
        self._seen: Counter[str] = Counter()
        self._cutoffs: dict[str, int] = {}
        self._exact: set[str] = set()
        self._shared: dict[str, str] = {}

    def count(self, condition: str) -> None:
        """Look through a condition before any is written, for what is asked more than once."""
        self._count(read(condition), negated=False)

    def write(self, condition: str) -> str:
        """The expression that is true where the condition is."""
        return self._source(read(condition), negated=False)

    def shared(self) -> list[str]:
        """The locals in which an answer is kept once it is known for a pair; None before."""
        return list(self._shared.values())

    def _count(self, node: exp.Expr, *, negated: bool) -> None:
        if isinstance(node, exp.Paren | exp.Not):
            self._count(node.this, negated=negated != isinstance(node, exp.Not))
        elif isinstance(node, exp.And | exp.Or):
            self._seen[self._plain(node, negated)] += 1
            for part in chained(node):
                self._count(part, negated=negated)
        elif not isinstance(node, exp.Is):
            for side, other in (operands(node), operands(node)[::-1]):
                self._count_distances(side, other)

    def _count_distances(self, node: exp.Expr, compared_with: exp.Expr | None) -> None:
        if is_distance(node):
            key = self._distance(node)
            self._seen[key] += 1
            if isinstance(compared_with, exp.Literal):
                self._cutoffs[key] = max(self._cutoffs.get(key, 0), int(compared_with.this))
            else:
                self._exact.add(key)
        elif isinstance(node, exp.Paren):
            self._count_distances(node.this, compared_with)
        elif isinstance(node, exp.Abs | exp.Sub):
            for part in (node.this, node.args.get("expression")):
                if part is not None:
                    self._count_distances(part, None)

    def _source(self, node: exp.Expr, *, negated: bool) -> str:
        if isinstance(node, exp.Paren | exp.Not):
            return self._source(node.this, negated=negated != isinstance(node, exp.Not))
        if not isinstance(node, exp.And | exp.Or):
            return self._test(node, negated, self._shared_distance)
        joiner = " and " if isinstance(node, exp.And) != negated else " or "
        code = joiner.join(self._source(part, negated=negated) for part in chained(node))
        return self._once(self._plain(node, negated), f"({code})")

    def _plain(self, node: exp.Expr, negated: bool) -> str:
        """The expression with nothing shared: what tells two conditions apart."""
        if isinstance(node, exp.Paren | exp.Not):
            return self._plain(node.this, negated != isinstance(node, exp.Not))
        if not isinstance(node, exp.And | exp.Or):
            return self._test(node, negated, self._distance)
        joiner = " and " if isinstance(node, exp.And) != negated else " or "
        return f"({joiner.join(self._plain(part, negated) for part in chained(node))})"

    def _test(self, node: exp.Expr, negated: bool, distance: Callable[[exp.Expr], str]) -> str:
        if isinstance(node, exp.Is):
            return f"{_local(node.this, self.slots.text)} is {'not ' if negated else ''}None"
        operator = _OPERATORS[type(node)][negated]
        (left, guards), (right, more) = (self._value(side, distance) for side in operands(node))
        test = f"{left} {operator} {right}"
        known = list(dict.fromkeys((*guards, *more)))
        if operator == "==" and len(known) == 2 and known == [left, right]:
            # Two equal texts are both there if one is; most are not equal, and then nothing else is asked.
            return f"({test} and {left} is not None)"
        checks = [f"{name} is not None" for name in known]
        return f"({' and '.join([*checks, test])})" if checks else test

    def _value(
        self, node: exp.Expr, distance: Callable[[exp.Expr], str]
    ) -> tuple[str, tuple[str, ...]]:
        """A text or number, and the locals that must not be None for it to be one."""
        if isinstance(node, exp.Paren):
            return self._value(node.this, distance)
        if isinstance(node, exp.Literal):
            return repr(str(node.this) if node.is_string else int(node.this)), ()
        if is_distance(node):
            first, second = operands(node)
            slots = self.slots.measured
            return distance(node), (_local(first, slots), _local(second, slots))
        if isinstance(node, exp.Abs):
            code, guards = self._value(node.this, distance)
            return f"abs({code})", guards
        if isinstance(node, exp.Sub):
            (left, guards), (right, more) = (self._value(s, distance) for s in operands(node))
            return f"({left} - {right})", (*guards, *more)
        if isinstance(node, exp.Length):
            name = _local(node.this, self.slots.length)
        else:
            name = _local(node, self.slots.text)
        return name, (name,)

    def _distance(self, node: exp.Expr) -> str:
        """The call of a string distance, which also tells it from others."""
        first, second = (_local(side, self.slots.measured) for side in operands(node))
        name = "levenshtein" if isinstance(node, exp.Levenshtein) else "damerau_levenshtein"
        return f"{name}({first}, {second})"

    def _shared_distance(self, node: exp.Expr) -> str:
        """As _distance, but no further than it is compared, and once for a pair."""
        key = self._distance(node)
        code = key
        if key not in self._exact:
            code = f"{key[:-1]}, score_cutoff={self._cutoffs[key]})"
        return self._once(key, code)

    def _once(self, key: str, code: str) -> str:
        """The code, with its answer kept where it is asked again and dear enough."""
        tests = key.count(" is ") + key.count("levenshtein") * SHARED_FROM_TESTS
        if self._seen[key] < 2 or tests < SHARED_FROM_TESTS:
            return code
        name = self._shared.setdefault(key, f"m{len(self._shared)}")
        return f"({name} if {name} is not None else ({name} := {code}))"


def _local(node: exp.Expr, slot: Callable[[exp.Expr], int]) -> str:
    """The local a one-sided text's slot is unpacked into."""
    column = node.find(exp.Column)
    assert column is not None, "portable.py lets no function of a constant pass"
    return f"{column.name[-1]}{slot(node)}"


class _Code:
    """The whole source of a model: one function a question, from one walk over its comparisons."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._conditions = _Conditions(model)

    def source(self) -> str:
        """The functions prepare, weigh, answers and contributions."""
        self._look_through()
        functions = {
            "weigh": self._weigh(),
            "answers": self._each("a", _number),
            "contributions": self._each("c", self._worth),
        }
        lines = list(self._conditions.slots.lines())
        for name, body in functions.items():
            lines += [f"def {name}(left, right):", *(f"    {line}" for line in body)]
        return "\n".join([*lines, ""])

    def _look_through(self) -> None:
        """Give everything its slot before the first line is written."""
        for comparison in self._model.comparisons:
            self._conditions.count(comparison.null_condition)
            for level in comparison.levels[:-1]:
                self._conditions.count(level.condition)
        for column in self._model.rarity_columns:
            self._conditions.slots.rarity(column)

    def _weigh(self) -> list[str]:
        lines = [f"weight = {self._model.prior_microbits!r}"]
        for comparison in self._model.comparisons:
            lines += self._chain(comparison, "weight += ", self._worth)
        return [*self._opening(), *lines, "return weight"]

    def _each(self, letter: str, said: _Said) -> list[str]:
        """A function of one answer for each comparison."""
        names = [f"{letter}{place}" for place in range(len(self._model.comparisons))]
        lines: list[str] = []
        for name, comparison in zip(names, self._model.comparisons, strict=True):
            lines += self._chain(comparison, f"{name} = ", said)
        return [*self._opening(), *lines, f"return ({''.join(f'{name}, ' for name in names)})"]

    def _opening(self) -> list[str]:
        slots, shared = self._conditions.slots, self._conditions.shared()
        nothing_known = [f"{' = '.join(shared)} = None"] if shared else []
        return [f"{slots.unpacked('l')} = left", f"{slots.unpacked('r')} = right", *nothing_known]

    def _chain(self, comparison: TrainedComparison, to: str, said: _Said) -> list[str]:
        """The first level whose condition holds counts; publish.check saw to it that the last always does."""
        lines = [f"if {self._conditions.write(comparison.null_condition)}:", f"    {to}0"]
        for position, level in enumerate(comparison.levels):
            is_last = position == len(comparison.levels) - 1
            lines.append("else:" if is_last else f"elif {self._conditions.write(level.condition)}:")
            *before, last = said(comparison, position)
            lines += [*(f"    {line}" for line in before), f"    {to}{last}"]
        return lines

    def _worth(self, comparison: TrainedComparison, position: int) -> list[str]:
        """A level's microbits: with one side's rarity unknown the other speaks for both, as in scoring.py."""
        level = comparison.levels[position]
        if level.rarity is None:
            return [repr(level.weight_microbits)]
        slot = self._conditions.slots.rarity(level.rarity)
        left, right = f"l{slot}", f"r{slot}"
        moved = level.weight_microbits - level.rarity_base_microbits
        return [
            f"rarity = {left} if {right} is None or ({left} is not None and {left} < {right}) else {right}",
            f"{level.weight_microbits!r} if rarity is None else rarity + {moved!r}",
        ]


def _number(comparison: TrainedComparison, position: int) -> list[str]:
    return [repr(len(comparison.levels) - position)]
