"""Comparisons in the form of Splink's settings: plain values, no Splink.

Decides the options every Splink step shares. The steps themselves are splink_model.py's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matching.levels import Asked


def settings(
    asked: Sequence[Asked],
    m: Mapping[str, Sequence[float]] | None = None,
    u: Mapping[str, Sequence[float]] | None = None,
    held: Mapping[str, Sequence[bool]] | None = None,
) -> dict[str, Any]:
    """Splink's settings for the comparisons, with m and u where they are known; held: m not to be trained."""
    described = []
    for comparison in asked:
        levels: list[dict[str, Any]] = [
            {
                "sql_condition": comparison.null_condition,
                "label_for_charts": "cannot say",
                "is_null_level": True,
            }
        ]
        for position, level in enumerate(comparison.levels):
            known: dict[str, Any] = {}
            if m is not None and u is not None:
                known["m_probability"] = m[comparison.name][position]
                known["u_probability"] = u[comparison.name][position]
            if held is not None:
                known["fix_m_probability"] = held[comparison.name][position]
            levels.append(
                {"sql_condition": level.condition, "label_for_charts": level.label, **known}
            )
        described.append({"output_column_name": comparison.name, "comparison_levels": levels})
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record",
        "comparisons": described,
        "blocking_rules_to_generate_predictions": [],
        "probability_two_random_records_match": 0.3,  # within a training block, to begin with
        "em_convergence": 0.0005,
        "max_iterations": 25,
        "retain_matching_columns": False,
    }
