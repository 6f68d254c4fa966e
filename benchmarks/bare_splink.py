"""Splink and DuckDB alone on the same rows: the tool beside which a link is measured.

A plain, sensible set-up by Splink's own documentation: library comparisons, five blocking rules, u by
random sampling, two sampled EM sessions, predict, connected components. No database, no sealing, no ids.
"""

from __future__ import annotations

import logging
import time

import duckdb
import pyarrow as pa
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

_PAIRS_MAX = 1_000_000
_THRESHOLD = 0.95


def link_bare(rows: pa.Table, threads: int = 2) -> dict[str, float]:
    """Seconds by step for linking a person comparison table (matching.features.to_table)."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    seconds: dict[str, float] = {}
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads:d}")
    connection.execute("SET temp_directory = ''")
    api = DuckDBAPI(connection=connection)
    frame = api.register(rows.rename_columns(_renamed(rows)), dataset_display_name="people")
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            cl.NameComparison("given"),
            cl.NameComparison("family"),
            cl.DateOfBirthComparison("birth", input_is_string=True),
            cl.ExactMatch("national_id"),
            cl.ExactMatch("line").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone"),
            cl.ExactMatch("email"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("national_id"),
            block_on("birth", "substr(family, 1, 1)"),
            block_on("given", "family"),
            block_on("email"),
            block_on("phone"),
        ],
    )
    linker = Linker(frame, settings, log_level="ERROR")
    started = time.monotonic()
    linker.training.estimate_probability_two_random_records_match(
        [block_on("national_id"), block_on("birth", "given", "family")], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=_PAIRS_MAX, seed=1)
    for rule in (block_on("birth"), block_on("given", "family")):
        linker.training.estimate_parameters_using_expectation_maximisation(
            rule, max_pairs=_PAIRS_MAX
        )
    seconds["train"] = time.monotonic() - started
    started = time.monotonic()
    predicted = linker.inference.predict(
        threshold_match_probability=_THRESHOLD, warning_mode="never"
    )
    seconds["predict"] = time.monotonic() - started
    started = time.monotonic()
    linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, _THRESHOLD)
    seconds["cluster"] = time.monotonic() - started
    connection.close()
    return seconds


def _renamed(rows: pa.Table) -> list[str]:
    return ["unique_id" if name == "record" else name for name in rows.column_names]
