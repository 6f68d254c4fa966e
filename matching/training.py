"""The records to learn from, as rows of the engine: counts over all of them, no sampling, no Splink.

Decides which pairs teach (the training blocks), how rare a value is and which rarities are kept. Column
names in the SQL come from closed lists: COLUMNS, and custom attributes checked by comparisons.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import duckdb
import pyarrow as pa

from hub.domain.records import ConstituentKind
from matching.levels import UNIQUE_COLUMNS, Comparison
from matching.model import Rarities, TrainedComparison, to_microbits

POPULATED_MIN: Final = 0.001
"""A column filled in fewer records than this share is not asked about. It is low for the suffix: one
in a hundred has it, and for a father and a son of one name it decides."""

BLOCK_PAIRS_MIN: Final = 50
"""A training block of fewer pairs teaches only chance."""

RARITY_GAIN_MAX_BITS: Final = 4.0
"""A rare value adds at most this much: one in a million may also be one typing error, copied."""

# Spreads consecutive record numbers over the modulus, so that a sample is no stretch of one source.
_MODULUS: Final = 1_000_003
_STRIDE: Final = 618_033

SHARED_MIN: Final = 20
"""Records with one telephone, e-mail or number before it counts as shared rather than personal."""

BLOCKS: Final[Mapping[ConstituentKind, Mapping[str, tuple[str, ...]]]] = {
    ConstituentKind.PERSON: {
        "birth": ("birth",),
        "name": ("given", "family"),
        "national_id": ("national_id",),
        "other_id": ("other_scheme", "other_id"),
        "phone": ("phone", "substr(given, 1, 1)"),
        "email": ("email", "substr(given, 1, 1)"),
    },
    ConstituentKind.ORGANIZATION: {
        "name": ("name",),
        "national_id": ("national_id",),
        "other_id": ("other_scheme", "other_id"),
        "phone": ("phone",),
        "email": ("email",),
    },
}
"""Training blocks: pairs that agree on these expressions teach the comparisons that are not blind there.

No block is an address, and one on a telephone or an e-mail asks for the given name's initial too: a
household's pairs would teach that relatives, who differ in first name and sex, are one person.
"""


def populated(table: pa.Table) -> frozenset[str]:
    """The columns that enough records fill to be asked about."""
    needed = POPULATED_MIN * table.num_rows
    return frozenset(
        column
        for column in table.column_names
        if table.num_rows - table[column].null_count >= max(needed, 1)
    )


def open_rows(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, kind: ConstituentKind
) -> dict[str, int]:
    """Put the rows in the engine in a fixed order; the pairs of each training block by its name.

    A block's key is a column of its own: Splink then leaves to us which comparisons it teaches.
    """
    keys = "".join(
        f", {'||chr(31)||'.join(columns)} AS block_{block}"
        for block, columns in BLOCKS[kind].items()
    )
    connection.register("rows", table)
    connection.execute(
        f"CREATE OR REPLACE TABLE training AS SELECT *{keys} FROM rows ORDER BY record"  # noqa: S608
    )
    connection.unregister("rows")
    sizes = {block: equal_pairs(connection, (f"block_{block}",))[0] for block in BLOCKS[kind]}
    return {block: pairs for block, pairs in sizes.items() if pairs >= BLOCK_PAIRS_MIN}


def equal_pairs(connection: duckdb.DuckDBPyConnection, columns: Sequence[str]) -> tuple[int, int]:
    """How many pairs agree on all the columns, and among how many that have them."""
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    found = connection.execute(
        "SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT, coalesce(sum(n), 0)::BIGINT FROM"  # noqa: S608
        f" (SELECT count(*) AS n FROM training WHERE {known} GROUP BY {', '.join(columns)})"
    ).fetchall()
    agreeing, records = (int(number) for number in found[0])
    return agreeing, records * (records - 1) // 2


def askable_pairs(connection: duckdb.DuckDBPyConnection, block: str, comparison: Comparison) -> int:
    """How many pairs of a training block have on both sides what the comparison asks for."""
    known = [f"{column} IS NOT NULL" for column in (f"block_{block}", *comparison.needs)]
    if comparison.needs_one_of:
        known.append(f"coalesce({', '.join(comparison.needs_one_of)}) IS NOT NULL")
    found = connection.execute(
        "SELECT coalesce(sum(n * (n - 1) // 2), 0)::BIGINT FROM (SELECT count(*) AS n FROM training"  # noqa: S608
        f" WHERE {' AND '.join(known)} GROUP BY block_{block})"
    ).fetchall()
    return int(found[0][0])


def rarities(
    connection: duckdb.DuckDBPyConnection, trained: Sequence[TrainedComparison]
) -> Rarities:
    """How rare each value is, in microbits, for the columns whose rarity moves a weight.

    A value of one record only cannot make two agree, and is left out; so is, in a column whose values
    should be unique, all but what many records share. A left-out value moves no weight.
    """
    base: dict[str, int] = {}
    for level in (level for comparison in trained for level in comparison.levels):
        if level.rarity:
            base[level.rarity] = max(base.get(level.rarity, 0), level.rarity_base_microbits)
    frozen = {}
    for column in sorted(base):
        least = SHARED_MIN if column in UNIQUE_COLUMNS else 2
        rows = connection.execute(
            f"SELECT {column}, count(*), sum(count(*)) OVER () FROM training WHERE {column} IS NOT NULL"  # noqa: S608
            f" GROUP BY {column} QUALIFY count(*) >= {least} ORDER BY {column}"
        ).fetchall()
        most = base[column] + to_microbits(RARITY_GAIN_MAX_BITS)
        frozen[column] = {
            value: min(most, to_microbits(-math.log2(count / total)))
            for value, count, total in rows
        }
    return frozen


def put_block_pairs(
    connection: duckdb.DuckDBPyConnection, blocks: Mapping[str, int], pairs_max: int
) -> float:
    """Table `blocked`: the pairs of all training blocks, each once, sampled by the left record.

    Returns the share of the pairs that was taken, 0 where there are no blocks.
    """
    total = sum(blocks.values())
    if not total:
        return 0.0
    cut = math.ceil(min(1.0, pairs_max / total) * _MODULUS)
    pairs = " UNION ".join(
        "SELECT l.record AS left_record, r.record AS right_record FROM training AS l"  # noqa: S608
        f" JOIN training AS r ON l.block_{block} = r.block_{block} AND l.record < r.record"
        f" WHERE (l.record * {_STRIDE}) % {_MODULUS} < {cut}"
        for block in blocks
    )
    connection.execute(
        "CREATE OR REPLACE TABLE blocked AS SELECT '0' AS match_key, left_record AS join_key_l,"  # noqa: S608
        f" right_record AS join_key_r FROM ({pairs})"
    )
    return cut / _MODULUS


def clear(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop every table of a training or a scoring, and those that Splink leaves behind."""
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE starts_with(table_name, '__splink__')"
    ).fetchall()
    for name in ("training", "scoring", "blocked", *(str(row[0]) for row in found)):
        connection.execute(f'DROP TABLE IF EXISTS "{name}"')
