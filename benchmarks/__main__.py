"""`python -m benchmarks`: every benchmark, small enough to finish in a few minutes."""

from __future__ import annotations

import runpy

SUITE = (
    "benchmarks.vault",
    "benchmarks.standardise",
    "benchmarks.load_and_link",
    "benchmarks.resolve",
    "benchmarks.look_up",
    "benchmarks.look_up_budgets",
    "benchmarks.over_http",
    "benchmarks.disclosure_log",
    "benchmarks.sweep",
)


def main() -> None:
    """Run them one after the other."""
    for module in SUITE:
        print(f"\n== {module}")
        runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
