"""Measures are those of their definitions, counted over pairs and records one by one."""

from __future__ import annotations

import time
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.measures import Agreement, measure


def test_clusters_that_are_the_truth_score_one_everywhere() -> None:
    found = measure([0, 0, 1, 2], ["a", "a", "b", "c"])
    assert found.pairwise == found.bcubed == Agreement(1.0, 1.0)
    assert found.pairwise.f1 == found.exact_entities == 1.0
    assert (found.entities_true, found.clusters, found.largest_cluster) == (3, 3, 2)


def test_one_false_merge_costs_precision_and_both_entities() -> None:
    found = measure([0, 0, 0, 1], ["a", "a", "b", "c"])
    assert found.pairwise == Agreement(precision=1 / 3, recall=1.0)
    assert found.bcubed.precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found.exact_entities == pytest.approx(1 / 3)


def test_one_false_split_costs_recall_and_the_entity() -> None:
    found = measure([0, 1, 2], ["a", "a", "b"])
    assert found.pairwise == Agreement(precision=1.0, recall=0.0)
    assert found.pairwise.f1 == 0.0
    assert found.exact_entities == 0.5


def test_records_without_truth_are_left_out_and_counted() -> None:
    found = measure([0, 0, 0, 0, 1], ["a", None, "a", None, "b"])
    assert found.pairwise == found.bcubed == Agreement(1.0, 1.0)
    assert found.exact_entities == 1.0
    assert (found.records_judged, found.records_without_truth) == (3, 2)
    assert found.largest_cluster == 4


def test_nothing_to_find_and_nothing_found_is_no_failure() -> None:
    for clusters, truth in (([], []), ([0, 1], [None, None]), ([0, 1], ["a", "b"])):
        found = measure(clusters, truth)
        assert found.pairwise == Agreement(1.0, 1.0)


def test_clusters_and_truth_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="each record"):
        measure([0, 1], ["a"])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=25))
def test_counts_give_what_going_through_pairs_and_records_gives(
    rows: list[tuple[int, int]],
) -> None:
    found = measure([c for c, _ in rows], [str(t) for _, t in rows])
    linked = {(i, j) for i, j in combinations(range(len(rows)), 2) if rows[i][0] == rows[j][0]}
    true = {(i, j) for i, j in combinations(range(len(rows)), 2) if rows[i][1] == rows[j][1]}
    assert found.pairwise.precision == (len(linked & true) / len(linked) if linked else 1.0)
    assert found.pairwise.recall == (len(linked & true) / len(true) if true else 1.0)

    def members(side: int, value: int) -> set[int]:
        return {i for i, row in enumerate(rows) if row[side] == value}

    precision = [len(members(0, c) & members(1, t)) / len(members(0, c)) for c, t in rows]
    recall = [len(members(0, c) & members(1, t)) / len(members(1, t)) for c, t in rows]
    assert found.bcubed.precision == pytest.approx(sum(precision) / len(rows))
    assert found.bcubed.recall == pytest.approx(sum(recall) / len(rows))
    entities = [members(1, t) for t in {t for _, t in rows}]
    clusters = [members(0, c) for c in {c for c, _ in rows}]
    assert found.exact_entities == sum(e in clusters for e in entities) / len(entities)


def test_one_cluster_of_everything_is_counted_without_listing_its_pairs() -> None:
    n = 300_000
    started = time.perf_counter()
    found = measure([7] * n, [str(i // 2) for i in range(n)])
    assert time.perf_counter() - started < 5
    assert found.pairwise.precision == pytest.approx((n / 2) / (n * (n - 1) / 2))
    assert found.largest_cluster == n
