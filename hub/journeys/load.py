"""Load sources: their rows become sealed records, and a second look changes nothing.

Decides what a source must not contradict, and that one process at a time loads it. The work is
load_run.py's; who is who is link.py's to say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection

from connectors.contract import Reader
from connectors.mapping import check_columns
from connectors.source import Source, SourceBody
from hub.domain.errors import HubError, SourceInvalid
from hub.journeys.context import Hub
from hub.journeys.load_run import LoadReport, LoadRun, Progress
from hub.journeys.pool import Workers, workers
from hub.journeys.prepare import Preparer
from hub.store import database, sources
from hub.store.sources import SourceFacts
from hub.vault.tags import Hasher
from matching.features import FEATURES_VERSION

__all__ = ["LoadReport", "SourceBusy", "load_source", "load_sources"]


class SourceBusy(HubError):
    """Another process is loading that source."""


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
    by_name = int.from_bytes(Hasher(hub.keys).key(source.id)[:4], "big", signed=True)
    with database.held_lock(hub.engine, database.LOCK_LOAD, by_name) as is_mine:
        if not is_mine:
            raise SourceBusy(f"source {source.id} is being loaded by another process")
        with database.transaction(hub.engine) as connection:
            _refuse_conflicts(connection, source)
            sources.register(connection, _facts(source))
        run = LoadRun(
            hub,
            source,
            reader,
            pool,
            progress,
            meaning=_meaning(source),
            is_accepting=is_accepting_removals,
        )
        return run.run()


def _refuse_conflicts(connection: Connection, source: Source) -> None:
    """A custom attribute is compared in one way, whichever source states it."""
    for other in sources.every(connection):
        if other.name == source.id or other.kind != source.kind:
            continue
        for attribute in source.custom_attributes:
            if other.custom.get(attribute.name, attribute.comparison) != attribute.comparison:
                raise SourceInvalid(
                    source.id,
                    [f"map.custom.{attribute.name}: source {other.name} compares it otherwise"],
                )


def _meaning(source: Source) -> bytes:
    """What makes two equal rows the same: the mapping, and the form features are derived in."""
    return hashlib.sha256(f"{FEATURES_VERSION}/{source.fingerprint}".encode()).digest()


def _facts(source: Source) -> SourceFacts:
    return SourceFacts(
        name=source.id,
        agency=source.agency,
        label=source.label or source.id,
        kind=source.kind.value,
        is_duplicate_free=source.duplicate_free,
        is_sensitive=source.sensitive,
        custom={item.name: item.comparison.value for item in source.custom_attributes},
        fingerprint=_meaning(source),
    )
