"""The proof that a model's code and the batch answer alike: before it is published, and at every start.

Decides on how many pairs of which sort that is proven, and what differences are told: comparisons and
levels, never a value. Inventing pairs is synthetic.py's, what to do with an unfit model the caller's.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hub.domain.errors import ModelUnfit, ScorerMismatch
from matching.compiled import Prepared, Scorer, compile_model
from matching.explain import CANNOT_SAY
from matching.features import COLUMNS, CUSTOM_PREFIX, Features
from matching.model import MICROBITS, Model, TrainedComparison
from matching.splink_model import score
from matching.synthetic import synthetic_pairs

GATE_PAIRS: Final = 20_000
GIVEN_PAIRS_MAX: Final = 10_000
RANDOM_PAIRS_MAX: Final = 5_000
CANARY_PAIRS: Final = 200
_SEED: Final = 1

__all__ = [
    "canary",
    "check_canary",
    "check_parity",
    "compare",
    "features_of",
    "neighbours",
    "synthetic_pairs",
]


def compare(
    model: Model, table: pa.Table, pairs: pa.Table, connection: duckdb.DuckDBPyConnection
) -> list[str]:
    """Where the compiled model and Splink differ on these pairs, or it depends on which record is left.

    table: features.to_table's; pairs: as splink_model.score takes them. One sentence for each sort of
    difference, with how many pairs show it; none if all is well. Raises ModelUnfit as compile_model does.
    """
    scorer = compile_model(model)
    scored = score(table, model, pairs, connection=connection)
    prepared = _prepared(scorer, table, pairs)
    found: Counter[str] = Counter()
    columns = (scored[name].to_pylist() for name in scored.column_names)
    for left, right, weight, vector in zip(*columns, strict=True):
        found.update(_differences(scorer, prepared[left], prepared[right], weight, vector))
    return [
        f"{difference} ({count} of {scored.num_rows} pairs)" for difference, count in found.items()
    ]


def check_parity(
    model: Model,
    connection: duckdb.DuckDBPyConnection,
    features: pa.Table | None = None,
    pairs: pa.Table | None = None,
) -> None:
    """Prove a model on GATE_PAIRS pairs: given ones of the features, random ones of them, and invented ones.

    Raises ModelUnfit naming each sort of difference.
    """
    real = _real_pairs(features, pairs)
    table, asked = synthetic_pairs(model, GATE_PAIRS - len(real), _SEED)
    if features is not None and len(real):
        # One table, one prediction: the invented records are numbered after the real ones.
        above = int(real.max()) + 1
        number = pa.array(table["record"].to_numpy() + above, pa.int64())
        rows = features.filter(pc.is_in(features["record"], pa.array(np.unique(real))))
        table = pa.concat_tables(
            (rows.select(table.column_names), table.set_column(0, "record", number))
        )
        asked = _pair_table(np.concatenate((real, _columns(asked) + above)))
    reasons = compare(model, table, asked, connection)
    if reasons:
        raise ModelUnfit(reasons)


def neighbours(tags: pa.Table, count: int = GIVEN_PAIRS_MAX) -> pa.Table:
    """Up to so many pairs of records that share a blocking tag, one of each tag and record: left, right.

    tags: candidates.TAGS_SCHEMA. Cheap, for a sample; all such pairs are candidates.candidate_pairs'.
    """
    tag, record = tags["tag"].to_numpy(), tags["record"].to_numpy()
    order = np.lexsort((record, tag))
    tag, record = tag[order], record[order]
    beside = np.flatnonzero((tag[1:] == tag[:-1]) & (record[1:] != record[:-1]))
    # Most pairs share several tags: of twice as many draws enough differ, and millions need not be sorted.
    drawn = _sample(np.column_stack((record[beside], record[beside + 1])), 2 * count)
    return _pair_table(_sample(np.unique(drawn, axis=0), count))


def canary(
    model: Model, connection: duckdb.DuckDBPyConnection, count: int = CANARY_PAIRS
) -> list[dict[str, Any]]:
    """Invented pairs and what Splink says of them, as JSON may hold it, to be kept in the clear.

    No value of the model's rarities is among them: their place is taken by invented rarities, which
    check_canary finds again. Each holds left, right (values in the order of COLUMNS), left_custom,
    right_custom, weight_microbits and vector.
    """
    unknowing = replace(model, rarities={column: {} for column in model.rarity_columns})
    table, pairs = synthetic_pairs(unknowing, count, _SEED)
    records = dict(features_of(model, table))
    scored = score(
        table, _with_invented_rarities(model, records.values()), pairs, connection=connection
    )
    columns = (scored[name].to_pylist() for name in scored.column_names)
    return [
        {
            "left": list(records[left].values),
            "left_custom": records[left].custom,
            "right": list(records[right].values),
            "right_custom": records[right].custom,
            "weight_microbits": weight,
            "vector": vector,
        }
        for left, right, weight, vector in zip(*columns, strict=True)
    ]


def features_of(model: Model, table: pa.Table) -> Iterator[tuple[int, Features]]:
    """Each row of a comparison table as (record, the features it was made of)."""
    values = zip(*(table[column].to_pylist() for column in COLUMNS[model.kind]), strict=True)
    names = [attribute.name for attribute in model.custom]
    attributes = [table[CUSTOM_PREFIX + name].to_pylist() for name in names]
    for place, (record, row) in enumerate(zip(table["record"].to_pylist(), values, strict=True)):
        found = {
            name: column[place]
            for name, column in zip(names, attributes, strict=True)
            if column[place] is not None
        }
        yield record, Features(row, found)


def check_canary(scorer: Scorer, kept: Sequence[Mapping[str, Any]]) -> None:
    """Hold a process's own code to the answers kept with its model. Raises ScorerMismatch, for none kept too."""
    pairs = [_kept_pair(scorer.model, entry) for entry in kept]
    known = [record for pair in pairs if pair is not None for record in pair.records()]
    # Weights and answers are those of the code that will serve; only what is prepared knows invented rarities.
    prepare = compile_model(_with_invented_rarities(scorer.model, known)).prepare
    different = sum(pair is None or not _is_as_kept(scorer, prepare, pair) for pair in pairs)
    if different or not kept:
        raise ScorerMismatch(different, len(kept))


class _KeptPair(msgspec.Struct):
    """A canary's pair, as `canary` wrote it."""

    left: tuple[str | None, ...]
    left_custom: dict[str, str]
    right: tuple[str | None, ...]
    right_custom: dict[str, str]
    weight_microbits: int
    vector: int

    def records(self) -> tuple[Features, Features]:
        return Features(self.left, self.left_custom), Features(self.right, self.right_custom)


def _kept_pair(model: Model, entry: Mapping[str, Any]) -> _KeptPair | None:
    """A pair of a canary, None where it is none of this model's kind."""
    try:
        pair = msgspec.convert(entry, _KeptPair)
    except msgspec.ValidationError:
        return None
    width = len(COLUMNS[model.kind])
    return pair if len(pair.left) == len(pair.right) == width else None


def _is_as_kept(scorer: Scorer, prepare: Callable[[Features], Prepared], pair: _KeptPair) -> bool:
    left, right = map(prepare, pair.records())
    parts = scorer.model.prior_microbits + sum(scorer.contributions(left, right))
    return scorer.weigh(left, right) == parts == pair.weight_microbits and (
        scorer.vector_of(scorer.answers(left, right)) == pair.vector
    )


def _with_invented_rarities(model: Model, records: Iterable[Features]) -> Model:
    """The model knowing, instead of anybody's values, a rarity for two in three of these: the same always."""
    rarities: dict[str, dict[str, int]] = {column: {} for column in model.rarity_columns}
    places = {column: place for place, column in enumerate(COLUMNS[model.kind])}
    for record in records:
        for column, found in rarities.items():
            place = places.get(column)
            custom = column.removeprefix(CUSTOM_PREFIX)
            value = record.custom.get(custom) if place is None else record.values[place]
            drawn = zlib.crc32(f"{column}={value}".encode())
            if value is not None and drawn % 3:
                found[value] = drawn % (20 * MICROBITS)
    return replace(model, rarities=rarities)


def _differences(
    scorer: Scorer, left: Prepared, right: Prepared, weight: int, vector: int
) -> Iterator[str]:
    answers, back = scorer.answers(left, right), scorer.answers(right, left)
    comparisons = scorer.model.comparisons
    if scorer.vector_of(answers) != vector:
        for comparison, ours, theirs in zip(
            comparisons, answers, _answers_of(scorer.model, vector), strict=True
        ):
            if ours != theirs:
                yield f"{_named(comparison, theirs)}: the compiled model answers otherwise"
    for comparison, ours, turned in zip(comparisons, answers, back, strict=True):
        if ours != turned:
            yield f"{_named(comparison, ours)}: another answer when the records change places"
    weighed = scorer.weigh(left, right)
    if weighed != weight:
        yield "the compiled model weighs otherwise"
    if weighed != scorer.model.prior_microbits + sum(scorer.contributions(left, right)):
        yield "the parts of the explanation are not the weight"
    if weighed != scorer.weigh(right, left):
        yield "another weight when the records change places"


def _answers_of(model: Model, vector: int) -> list[int]:
    answers = []
    for comparison in reversed(model.comparisons):
        vector, answer = divmod(vector, len(comparison.levels) + 1)
        answers.append(answer)
    return answers[::-1]


def _named(comparison: TrainedComparison, answer: int) -> str:
    label = comparison.levels[-answer].label if answer else CANNOT_SAY
    return f"{comparison.name}, {label}"


def _prepared(scorer: Scorer, table: pa.Table, pairs: pa.Table) -> dict[int, Prepared]:
    """The records of the pairs as the compiled model takes them."""
    asked = pa.array(np.union1d(pairs["left"].to_numpy(), pairs["right"].to_numpy()))
    rows = table.filter(pc.is_in(table["record"], asked))
    return {
        record: scorer.prepare(features) for record, features in features_of(scorer.model, rows)
    }


def _real_pairs(features: pa.Table | None, pairs: pa.Table | None) -> npt.NDArray[np.int64]:
    """A sample of the given pairs and random ones beside them: two columns, left below right, no row twice."""
    if features is None or features.num_rows < 2:
        return np.empty((0, 2), np.int64)
    record = features["record"].to_numpy()
    draw = np.random.default_rng(_SEED).integers(0, len(record), (RANDOM_PAIRS_MAX, 2))
    chosen = record[draw]
    if pairs is not None:
        chosen = np.concatenate((_sample(_columns(pairs), GIVEN_PAIRS_MAX), chosen))
    chosen = np.unique(np.sort(chosen, axis=1), axis=0)
    return chosen[chosen[:, 0] < chosen[:, 1]]


def _sample(pairs: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    if len(pairs) <= count:
        return pairs
    return pairs[np.sort(np.random.default_rng(_SEED).choice(len(pairs), count, replace=False))]


def _columns(pairs: pa.Table) -> npt.NDArray[np.int64]:
    return np.column_stack((pairs["left"].to_numpy(), pairs["right"].to_numpy()))


def _pair_table(pairs: npt.NDArray[np.int64]) -> pa.Table:
    return pa.table({"left": pa.array(pairs[:, 0]), "right": pa.array(pairs[:, 1])})
