"""Load sources: their rows become sealed records, and a second look changes nothing.

Decides what a source must not contradict, and that one process at a time loads it. The work is
load_run.py's; who is who is link.py's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from connectors.contract import Reader
from connectors.mapping import check_columns
from connectors.source import Source, SourceBody
from hub.journeys.context import Hub
from hub.journeys.load_run import LoadReport, LoadRun, Progress
from hub.journeys.pool import Workers, workers
from hub.journeys.prepare import Preparer
from hub.journeys.registration import SourceBusy, meaning_of, register_source, source_lock
from hub.store import database

#: Single rows share the source for milliseconds each; a load that holds it alone lasts longer.
_PATIENCE_S: Final = 1.0

__all__ = ["LoadReport", "SourceBusy", "load_source", "load_sources"]


def _silent(report: LoadReport) -> None:  # noqa: ARG001 (the shape of Progress)
    return


def load_sources(
    hub: Hub,
    loaded: Sequence[tuple[Source, Reader]],
    progress: Progress | None = None,
    *,
    is_accepting_removals: bool = False,
) -> list[LoadReport]:
    """Load sources one after the other, with the same workers. See load_source for what it raises.

    is_accepting_removals: an operator has looked, and what is missing is to be removed.
    """
    by_id: dict[str, SourceBody] = {source.id: source for source, _ in loaded}
    custom = {
        attribute.name: attribute.comparison
        for source in by_id.values()
        for attribute in source.custom_attributes
    }
    with workers(hub.limits.workers, Preparer, (hub.keys, by_id, custom)) as pool:
        return [
            load_source(
                hub,
                source,
                reader,
                pool,
                progress or _silent,
                is_accepting_removals=is_accepting_removals,
            )
            for source, reader in loaded
        ]


def load_source(
    hub: Hub,
    source: Source,
    reader: Reader,
    pool: Workers[Preparer],
    progress: Progress,
    *,
    is_accepting_removals: bool = False,
) -> LoadReport:
    """Load what the source holds now; go on where a killed load of it stood.

    Raises SourceUnreadable when the source as a whole cannot be read, TooManyRejected above the
    contract's share, SourceBusy when another process is at it. Chunks committed before stay.
    """
    check_columns(source, reader.describe())
    held = database.held_lock(
        hub.engine, database.LOCK_LOAD, source_lock(hub, source.id), patience_s=_PATIENCE_S
    )
    with held as is_mine:
        if not is_mine:
            raise SourceBusy(f"source {source.id} is being loaded by another process")
        register_source(hub, source)
        run = LoadRun(
            hub,
            source,
            reader,
            pool,
            progress,
            meaning=meaning_of(source),
            is_accepting=is_accepting_removals,
        )
        return run.run()
