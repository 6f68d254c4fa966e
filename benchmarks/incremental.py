"""One by one equals all at once, on a real register: its records resolved in shuffled order, then linked by Splink.

Prints how many constituents, and how many records the batch would move: none, or the two paths differ.
Run: python -m benchmarks.incremental benchmarks/accuracy/pseudopeople_default.yaml --records 20000
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.bounds import BOUNDS
from connectors.contract import Row
from connectors.evaluation import load_evaluation
from connectors.source import Source
from hub import wiring
from hub.domain.records import ConstituentKind, Rejected
from hub.journeys.context import Hub
from hub.journeys.link import link_kind
from hub.journeys.load import load_sources
from hub.journeys.models import export_model, publish_model
from hub.journeys.resolve import Resolver
from matching.model import Model

PERSON = ConstituentKind.PERSON
Pushed = tuple[Source, tuple[str, ...], Row]


def main() -> None:
    """Measure, print, and exit with 1 where a batch would move anybody."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rows = list(_rows(asked.evaluation))
    random.Random(asked.seed).shuffle(rows)
    model = _trained(asked.evaluation)
    with wiring.throwaway_hub(BOUNDS) as hub:
        publish_model(hub, model)
        sys.exit(_compare(hub, rows[: asked.records]))


def _rows(file: Path) -> Iterator[Pushed]:
    evaluation = load_evaluation(file)
    readers = wiring.evaluation_readers(evaluation, file, BOUNDS.chunk_rows)
    for labelled, reader in zip(evaluation.sources, readers, strict=True):
        source = labelled.as_source()
        for batch in reader.read(None):
            yield from ((source, batch.columns, row) for row in batch.rows)


def _trained(file: Path) -> Model:
    """A model of the whole register, as a batch learns it."""
    evaluation = load_evaluation(file)
    readers = wiring.evaluation_readers(evaluation, file, BOUNDS.chunk_rows)
    with wiring.throwaway_hub(BOUNDS) as hub:
        sources = [source.as_source() for source in evaluation.sources]
        load_sources(hub, list(zip(sources, readers, strict=True)))
        link_kind(hub, PERSON)
        return export_model(hub, PERSON.value)


def _compare(hub: Hub, rows: Sequence[Pushed]) -> int:
    resolvers: dict[str, Resolver] = {}
    started = time.monotonic()
    rejected = 0
    for source, columns, row in rows:
        if source.id not in resolvers:
            resolvers[source.id] = Resolver(hub, source, columns)
        rejected += isinstance(resolvers[source.id].resolve(row), Rejected)
    spent_s = time.monotonic() - started
    report = link_kind(hub, PERSON)
    print(
        f"{report.records:,} records resolved one by one in {spent_s:.0f} s "
        f"({spent_s / len(rows) * 1e3:.1f} ms each, {rejected} rejected)\n"
        f"a batch over them, weighed by Splink: {report.constituents:,} constituents, "
        f"{report.records_moved} records moved, {report.ids_issued} ids issued, "
        f"{report.ids_merged} merged, {report.ids_split} split"
    )
    return int(bool(report.records_moved or report.ids_issued or report.ids_merged))


if __name__ == "__main__":
    main()
