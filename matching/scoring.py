"""A model's weights as integer SQL: what an engine adds up once it knows each pair's answers.

Decides how frozen rarities reach a pair. At which level a pair is, is Splink's answer (splink_model.py):
a column mw_<comparison> with the level's number counted from the last (1), 0 for "cannot say".
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from matching.model import Model


def put_rows(connection: duckdb.DuckDBPyConnection, table: pa.Table, model: Model) -> None:
    """Table `scoring`: the rows and, beside each value whose rarity counts, its frozen microbits."""
    columns, joins = [], []
    for place, column in enumerate(model.rarity_columns):
        frozen = model.rarities.get(column, {})
        values = pa.table(
            {
                "value": pa.array(frozen.keys(), pa.string()),
                "microbits": pa.array(frozen.values(), pa.int64()),
            }
        )
        connection.register(f"rarity_{place}", values)
        columns.append(f", rarity_{place}.microbits AS rarity{place}")
        joins.append(f"LEFT JOIN rarity_{place} ON rows.{column} = rarity_{place}.value")
    connection.register("rows", table)
    connection.execute(
        f"CREATE OR REPLACE TABLE scoring AS SELECT rows.*{''.join(columns)} FROM rows {' '.join(joins)}"  # noqa: S608
    )
    for name in ("rows", *(f"rarity_{place}" for place in range(len(columns)))):
        connection.unregister(name)


def put_pairs(connection: duckdb.DuckDBPyConnection, pairs: pa.Table) -> None:
    """Table `blocked`: the pairs in the form Splink scores as they are."""
    connection.register("pairs", pairs)
    connection.execute(
        "CREATE OR REPLACE TABLE blocked AS SELECT '0' AS match_key, \"left\" AS join_key_l,"
        ' "right" AS join_key_r FROM pairs'
    )
    connection.unregister("pairs")


def weight_terms(model: Model) -> Iterator[str]:
    """Per comparison the microbits of the answer given, as integer SQL."""
    places = {column: place for place, column in enumerate(model.rarity_columns)}
    for comparison in model.comparisons:
        cases = []
        for position, level in enumerate(comparison.levels):
            microbits = str(level.weight_microbits)
            if level.rarity:
                # least() passes over a null: with one side unknown the other speaks for both.
                rarity = f"least(rarity{places[level.rarity]}_l, rarity{places[level.rarity]}_r)"
                microbits += f" + coalesce({rarity} - {level.rarity_base_microbits}, 0)"
            cases.append(f"WHEN {len(comparison.levels) - position} THEN {microbits}")
        yield f"CASE CAST(mw_{comparison.name} AS INTEGER) {' '.join(cases)} ELSE 0 END"


def vector_term(model: Model) -> str:
    """One integer that names the answers to all comparisons, as SQL: their numbers in mixed radix."""
    vector = "0::BIGINT"
    for comparison in model.comparisons:
        vector = f"({vector}) * {len(comparison.levels) + 1} + CAST(mw_{comparison.name} AS BIGINT)"
    return vector
