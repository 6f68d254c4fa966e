"""Candidates are all pairs that share a tag the model uses, and nothing is passed over silently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import combinations

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.candidates import (
    PAIRS_SCHEMA,
    SUPPRESSED_SCHEMA,
    TAGS_SCHEMA,
    Candidates,
    candidate_pairs,
    suppressed_tags,
)
from matching.engine import connect

TIERS = {1: 1, 2: 1, 11: 2}
Row = tuple[int, int, int]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return connect(256, 1)


def tags_table(rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(
        [{"record": r, "tag": t, "rule": rule} for r, t, rule in rows], schema=TAGS_SCHEMA
    )


def candidates(
    connection: duckdb.DuckDBPyConnection,
    rows: Iterable[Row],
    poor: Iterable[int] = (),
    suppressed: Iterable[int] = (),
    cap: int = 100,
) -> Candidates:
    return candidate_pairs(
        connection,
        tags_table(rows),
        np.array(list(poor), np.int64),
        list(suppressed),
        tier_of_rule=TIERS,
        cap=cap,
    )


def pairs_of(found: Candidates) -> list[tuple[int, int]]:
    return list(zip(found.pairs["left"].to_pylist(), found.pairs["right"].to_pylist(), strict=True))


def test_a_pair_that_shares_several_tags_comes_once_lower_number_first(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = [(9, 100, 1), (4, 100, 1), (4, 200, 2), (9, 200, 2), (7, 200, 2), (5, 300, 1)]
    assert pairs_of(candidates(connection, rows)) == [(4, 7), (4, 9), (7, 9)]


def test_a_second_tier_tag_counts_only_for_a_pair_with_a_poor_record(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = [(1, 100, 11), (2, 100, 11), (3, 100, 11), (4, 100, 11)]
    assert pairs_of(candidates(connection, rows)) == []
    assert pairs_of(candidates(connection, rows, poor=[3])) == [(1, 3), (2, 3), (3, 4)]


def test_a_suppressed_tag_brings_no_pair_and_is_told_with_its_count(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = [(1, 100, 1), (2, 100, 1), (3, 100, 1), (1, 200, 2), (2, 200, 2)]
    found = candidates(connection, rows, suppressed=[100, 999])
    assert pairs_of(found) == [(1, 2)]
    assert found.suppressed.to_pylist() == [{"tag": 100, "records": 3}]
    assert found.suppressed.schema == SUPPRESSED_SCHEMA


def test_a_tag_that_outgrew_the_cap_since_keeps_every_pair_and_raises_the_alarm(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    rows = [(record, 100, 1) for record in range(5)]
    found = candidates(connection, rows, cap=4)
    assert len(pairs_of(found)) == 10
    assert found.outgrown.to_pylist() == [{"tag": 100, "records": 5}]
    assert candidates(connection, rows, cap=5).outgrown.num_rows == 0


def test_the_cap_counts_records_not_rows(connection: duckdb.DuckDBPyConnection) -> None:
    rows = [(1, 100, 1), (1, 100, 1), (2, 100, 1), (5, -7, 2), (6, -7, 2), (7, -7, 2)]
    found = suppressed_tags(connection, tags_table(rows), cap=2)
    assert found.to_pylist() == [{"tag": -7, "records": 3}]
    assert found.schema == SUPPRESSED_SCHEMA


def test_a_rule_without_a_tier_is_refused_by_number(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(ValueError, match=r"without a tier: \[3\]"):
        candidates(connection, [(1, 100, 3)])


def test_no_records_give_no_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    found = candidates(connection, [])
    assert found.pairs.num_rows == 0
    assert found.pairs.schema == PAIRS_SCHEMA


def test_nothing_stays_behind_in_the_engine(connection: duckdb.DuckDBPyConnection) -> None:
    candidates(connection, [(1, 100, 1), (2, 100, 1)])
    with pytest.raises(ValueError, match="without a tier"):
        candidates(connection, [(1, 100, 3)])
    assert connection.execute("SELECT count(*) FROM duckdb_tables()").fetchall() == [(0,)]
    assert connection.execute(
        "SELECT count(*) FROM duckdb_views() WHERE NOT internal"
    ).fetchall() == [(0,)]


@given(
    rows=st.lists(
        st.tuples(st.integers(1, 8), st.integers(0, 5), st.sampled_from([1, 2, 11])), max_size=40
    ),
    poor=st.frozensets(st.integers(1, 8)),
    suppressed=st.frozensets(st.integers(0, 5), max_size=2),
    cap=st.integers(1, 4),
)
@settings(max_examples=80, deadline=None)
def test_candidates_are_exactly_those_of_the_rule_written_out_plainly(
    connection: duckdb.DuckDBPyConnection,
    rows: list[Row],
    poor: frozenset[int],
    suppressed: frozenset[int],
    cap: int,
) -> None:
    # A tag belongs to one rule: its key is part of what is hashed.
    rows = [(record, tag * 100 + rule, rule) for record, tag, rule in rows]
    hidden = {tag * 100 + 1 for tag in suppressed}
    expected = {
        (min(a[0], b[0]), max(a[0], b[0]))
        for a, b in combinations(set(rows), 2)
        if a[0] != b[0]
        and a[1] == b[1]
        and a[1] not in hidden
        and (TIERS[a[2]] == 1 or a[0] in poor or b[0] in poor)
    }
    found = candidates(connection, rows, poor, hidden, cap)
    assert pairs_of(found) == sorted(expected)
    sizes = Counter(tag for _, tag in {(record, tag) for record, tag, _ in rows})
    assert found.outgrown["tag"].to_pylist() == sorted(
        tag for tag, size in sizes.items() if size > cap and tag not in hidden
    )
    assert suppressed_tags(connection, tags_table(rows), cap)["tag"].to_pylist() == sorted(
        tag for tag, size in sizes.items() if size > cap
    )
