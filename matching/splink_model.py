"""The only module that talks to Splink: learn a model from records, weigh pairs with one.

Decides from which pairs is learned and in which order. What is compared stands in comparisons.py, how
counts become parameters in estimation.py; which pairs are worth a weight is the caller's.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from hub.domain.errors import TooFewToTrain
from hub.domain.records import ConstituentKind, CustomAttribute
from matching.comparisons import comparisons
from matching.estimation import (
    Parameters,
    Session,
    Vectors,
    combined_m,
    evidence_bits,
    is_informative,
    match_share,
    smoothed_u,
    with_proven,
    within_reason,
    without_matches,
)
from matching.features import FEATURES_VERSION
from matching.levels import Asked, Comparison, Held
from matching.model import Model, TrainedComparison, to_microbits, trained_level
from matching.scoring import put_pairs, put_rows, vector_term, weight_terms
from matching.splink_settings import settings as settings_of
from matching.training import (
    askable_pairs,
    clear,
    equal_pairs,
    open_rows,
    populated,
    put_block_pairs,
    rarities,
)

LINK_MIN_BITS: Final = 1.0
"""Best pair of two clusters at two to one or better ..."""

MERGE_MIN_BITS: Final = -1.0
"""... and all their pairs together hardly against: a record with two wrong cells disagrees with some of
its own. Measured from 1 down to -3: recall still rises below, precision falls under .995 at -3."""

REVIEW_MIN_BITS: Final = -4.0
"""One true pair in seventeen is still worth a steward's look; below are mostly relatives."""

U_PAIRS_MAX: Final = 250_000
"""Random pairs asked in full; what is rarer among them is counted over all records (Level.equal_on)."""

EM_PAIRS_MAX: Final = 250_000
"""Pairs of one training block looked at: no block counts for more than SESSION_MATCHES_MAX true ones."""

SCORED_AT_ONCE: Final = 1_000_000
"""Pairs weighed at a time; bounds memory at some 300 bytes a pair."""

LEVEL_PAIRS_MIN: Final = 5.0
"""A level that fewer true pairs than this were at rests on its prior, and the card says so."""


def train(
    table: pa.Table,
    kind: ConstituentKind,
    custom: Iterable[CustomAttribute] = (),
    *,
    name: str,
    connection: duckdb.DuckDBPyConnection,
    seed: int = 1,
    pairs_max: int = 1_000_000,
) -> Model:
    """Learn a model from a comparison table (features.to_table), without labels.

    pairs_max caps the pairs each step looks at, so that a million records train in seconds. Rows are
    read in the order of `record`. Raises TooFewToTrain where there is nothing to compare.
    """
    attributes = tuple(sorted(custom))
    asked = comparisons(kind, populated(table), attributes)
    if table.num_rows < 2 or not asked:
        raise TooFewToTrain(
            f"{table.num_rows} records fill the columns of {len(asked)} comparisons"
        )
    try:
        blocks = open_rows(connection, table, kind)
        material = _Material(connection, asked, blocks, table.num_rows, seed, pairs_max)
        parameters, sessions = _learn(material, table)
        trained = tuple(
            _trained(comparison, parameters, sessions)
            for comparison in asked
            if is_informative(comparison, parameters)
        )
        return Model(
            name=name,
            kind=kind,
            features_version=FEATURES_VERSION,
            custom=attributes,
            comparisons=trained,
            prior_microbits=to_microbits(parameters.prior_bits),
            review_min_microbits=to_microbits(REVIEW_MIN_BITS),
            link_min_microbits=to_microbits(LINK_MIN_BITS),
            merge_min_microbits=to_microbits(MERGE_MIN_BITS),
            card=_card(material, trained, sessions, parameters),
            rarities=rarities(connection, trained),
        )
    finally:
        clear(connection)


def score(
    table: pa.Table, model: Model, pairs: pa.Table, *, connection: duckdb.DuckDBPyConnection
) -> pa.Table:
    """Weigh exactly the given pairs (left, right: int64, each pair once, left < right).

    Returns left, right, weight_microbits, vector (all int64), in the order of left and right. A weight
    is the sum of whole microbits that the model froze per level and per value, so no order of adding
    changes it; vector names the answers to all comparisons.
    """
    try:
        put_rows(connection, table, model)
        parts = [
            _score_part(connection, model, pairs.slice(start, SCORED_AT_ONCE))
            for start in range(0, max(1, pairs.num_rows), SCORED_AT_ONCE)
        ]
    finally:
        clear(connection)
    return pa.concat_tables(parts).sort_by([("left", "ascending"), ("right", "ascending")])


def _score_part(connection: duckdb.DuckDBPyConnection, model: Model, pairs: pa.Table) -> pa.Table:
    put_pairs(connection, pairs)
    kept = [f"rarity{place}" for place in range(len(model.rarity_columns))]
    answers = _answers(connection, "scoring", model.comparisons, kept)
    weight = " + ".join([str(model.prior_microbits), *weight_terms(model)])
    scored: pa.Table = connection.sql(
        'SELECT least(record_l, record_r) AS "left", greatest(record_l, record_r) AS "right",'  # noqa: S608
        f" CAST({weight} AS BIGINT) AS weight_microbits, {vector_term(model)} AS vector FROM {answers}"
    ).to_arrow_table()
    connection.execute(f'DROP TABLE "{answers}"')
    return scored


# --- learning ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Material:
    """What every step of the learning needs; blocks: how many pairs each training block holds."""

    connection: duckdb.DuckDBPyConnection
    asked: tuple[Comparison, ...]
    blocks: Mapping[str, int]
    records: int
    seed: int
    pairs_max: int


def _learn(material: _Material, table: pa.Table) -> tuple[Parameters, list[Session]]:
    """Two rounds: the second knows from the first how many of the random pairs were matches."""
    counted = _counted_u(material, table)
    vectors = _vectors(material)
    first, _ = _estimate(material, counted, vectors)
    less_matches = {
        comparison.name: without_matches(
            comparison, counted[comparison.name], first.m[comparison.name], first.match_share
        )
        for comparison in material.asked
    }
    parameters, sessions = _estimate(material, less_matches, vectors)
    bits = evidence_bits(material.asked, parameters, vectors)
    proven = with_proven(material.asked, parameters, vectors, bits)
    return within_reason(material.asked, proven), sessions


def _counted_u(material: _Material, table: pa.Table) -> dict[str, list[float]]:
    """u of every level: over all pairs where equality alone makes it, else from a random sample."""
    sampled = min(U_PAIRS_MAX, material.pairs_max)
    linker = _linker(
        DuckDBAPI(connection=material.connection), "training", settings_of(material.asked)
    )
    linker.training.estimate_u_using_random_sampling(
        max_pairs=sampled, seed=material.seed, min_count_per_level=None, num_chunks=1
    )
    seen = _parameters_of(linker, material.asked, "u_probability")
    of = min(sampled, material.records * (material.records - 1) / 2)
    counted = {}
    for comparison in material.asked:
        share = math.prod(
            1 - table[column].null_count / table.num_rows for column in comparison.needs
        )
        shares = [value or 0.0 for value in seen[comparison.name]]
        u = smoothed_u(comparison, shares, of * share * share)
        for position, level in enumerate(comparison.levels):
            if level.equal_on:
                agreeing, possible = equal_pairs(material.connection, level.equal_on)
                u[position] = (agreeing + 1.0) / (possible + 1.0 / level.u_prior)
        counted[comparison.name] = u
    return counted


def _estimate(
    material: _Material, u: Mapping[str, Sequence[float]], vectors: Vectors
) -> tuple[Parameters, list[Session]]:
    """m by expectation maximisation over each training block, then the share of matches."""
    sessions = [_session(material, block, u) for block in material.blocks]
    m = {comparison.name: combined_m(comparison, sessions)[0] for comparison in material.asked}
    bits = evidence_bits(material.asked, Parameters(m, u, 0.5), vectors)
    return Parameters(m, u, match_share(bits, vectors, material.records)), sessions


def _session(material: _Material, block: str, u: Mapping[str, Sequence[float]]) -> Session:
    """Splink's expectation maximisation over one block's pairs, u held."""
    mine = tuple(comparison for comparison in material.asked if block not in comparison.blind_in)
    m = {comparison.name: [level.m_prior for level in comparison.levels] for comparison in mine}
    held = {
        comparison.name: [level.held is not Held.NOT for level in comparison.levels]
        for comparison in mine
    }
    pairs, pairs_max = material.blocks[block], min(EM_PAIRS_MAX, material.pairs_max)
    linker = _linker(
        DuckDBAPI(connection=material.connection), "training", settings_of(mine, m, u, held)
    )
    linker.training.estimate_parameters_using_expectation_maximisation(
        f"l.block_{block} = r.block_{block}",
        estimate_without_term_frequencies=True,
        populate_probability_two_random_records_match_from_trained_values=True,
        max_pairs=pairs_max if pairs > pairs_max else None,
    )
    share = float(linker.misc.save_model_to_json()["probability_two_random_records_match"])
    share *= min(1.0, pairs_max / pairs)
    matches = {
        comparison.name: share * askable_pairs(material.connection, block, comparison)
        for comparison in mine
    }
    learned = _parameters_of(linker, mine, "m_probability")
    # A level that no pair was at keeps the m it was given: that is no observation.
    seen = {
        name: [
            None if value == given else value
            for value, given in zip(learned[name], m[name], strict=True)
        ]
        for name in learned
    }
    return Session(block, matches, seen)


def _vectors(material: _Material) -> Vectors:
    """The distinct answers of the pairs of all training blocks, each pair once."""
    share = put_block_pairs(
        material.connection, material.blocks, min(2 * EM_PAIRS_MAX, material.pairs_max)
    )
    if share == 0.0:
        return Vectors((), (), 1.0)
    answers = _answers(material.connection, "training", material.asked)
    columns = ", ".join(f"CAST(mw_{comparison.name} AS INTEGER)" for comparison in material.asked)
    found = material.connection.execute(
        f"SELECT {columns}, count(*) FROM {answers} GROUP BY ALL ORDER BY ALL"  # noqa: S608
    ).fetchall()
    tops = [len(comparison.levels) for comparison in material.asked]
    rows = [
        tuple(top - answer if answer else None for top, answer in zip(tops, row[:-1], strict=True))
        for row in found
    ]
    return Vectors(rows, [int(row[-1]) for row in found], share)


def _trained(
    comparison: Comparison, parameters: Parameters, sessions: Sequence[Session]
) -> TrainedComparison:
    m, u = parameters.m[comparison.name], parameters.u[comparison.name]
    _, pairs = combined_m(comparison, sessions)
    levels = tuple(
        trained_level(
            level.label,
            level.condition,
            (m[position], u[position]),
            rarity=level.rarity,
            is_prior=pairs[position] < LEVEL_PAIRS_MIN,
        )
        for position, level in enumerate(comparison.levels)
    )
    return TrainedComparison(comparison.name, comparison.null_condition, levels)


def _card(
    material: _Material,
    trained: Sequence[TrainedComparison],
    sessions: Sequence[Session],
    parameters: Parameters,
) -> dict[str, Any]:
    """What a reader must know of a model: from what it was learned, and what it only believes."""
    all_pairs = material.records * (material.records - 1) / 2
    return {
        "records": material.records,
        "training_pairs": dict(material.blocks),
        "training_matches": {s.block: round(max(s.matches.values(), default=0)) for s in sessions},
        "expected_matches": round(parameters.match_share * all_pairs),
        "seed": material.seed,
        "pairs_max": material.pairs_max,
        "levels_on_priors": [
            f"{comparison.name}: {level.label}"
            for comparison in trained
            for level in comparison.levels
            if level.is_prior
        ],
    }


# --- Splink ------------------------------------------------------------------------------------


def _answers(
    connection: duckdb.DuckDBPyConnection,
    rows: str,
    asked: Sequence[Asked],
    keep: Sequence[str] = (),
) -> str:
    """Ask Splink at which level each pair of the table `blocked` is; the name of its table of answers.

    Splink gives out a level's weight (column mw_<comparison>), its number only beside all values of the
    pair. So the settings carry an m and u whose weight is the number: the top level has as many bits as
    there are levels, the last has one, "cannot say" none.
    """
    m = {c.name: [0.5] * len(c.levels) for c in asked}
    u = {c.name: [2.0 ** -(bits + 1) for bits in range(len(c.levels), 0, -1)] for c in asked}
    settings = settings_of(asked, m, u) | {
        "retain_intermediate_calculation_columns": True,
        "additional_columns_to_retain": list(keep),
    }
    api = DuckDBAPI(connection=connection)
    linker = _linker(api, rows, settings)
    linker.table_management.register_blocked_pairs_for_predict(
        api.register("blocked", dataset_display_name="pairs")
    )
    return str(linker.inference.predict(warning_mode="never").physical_name)


def _linker(api: DuckDBAPI, rows: str, settings: dict[str, Any]) -> Linker:
    # Splink tells of every iteration in sentences of its own that quote columns and SQL, and any Linker
    # made elsewhere with its default level turns that on for the whole process: so each time anew.
    logging.getLogger("splink").setLevel(logging.ERROR)
    return Linker(api.register(rows, dataset_display_name="rows"), settings, log_level=None)


def _parameters_of(
    linker: Linker, asked: Sequence[Comparison], which: str
) -> dict[str, list[float | None]]:
    """m or u of every level as Splink has it, None where it met the level never."""
    document = linker.misc.save_model_to_json()
    found: dict[str, list[float | None]] = {}
    for comparison, described in zip(asked, document["comparisons"], strict=True):
        values = [
            level.get(which)
            for level in described["comparison_levels"]
            if not level.get("is_null_level")
        ]
        found[comparison.name] = [float(v) if isinstance(v, int | float) else None for v in values]
    return found
