"""A source as the hub knows it: registered before its first row, and written by one hand at a time.

Decides what a source must not contradict, and that it stands apart from its first record on where no agreement
lets it be linked. Reading its rows is load.py's, taking single ones resolve.py's.
"""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection

from connectors.source import Source
from hub.domain.errors import HubError, SourceInvalid
from hub.domain.jobs import Job
from hub.journeys.context import Hub
from hub.journeys.matchable import may_match
from hub.journeys.policies import shared_policy
from hub.store import database, jobs, sources
from hub.store.sources import SourceFacts, SourceState
from hub.vault.tags import Hasher
from matching.features import FEATURES_VERSION


class SourceBusy(HubError):
    """Another process is loading that source."""


def register_source(hub: Hub, source: Source) -> SourceState:
    """Register a source, or bring it up to date. Raises SourceInvalid where it contradicts another."""
    with database.transaction(hub.engine) as connection:
        in_force = shared_policy(hub, connection)
        _refuse_conflicts(connection, source)
        is_matchable = may_match(in_force, source.agency, hub.day_of(hub.now()))
        before = sources.find(connection, source.id)
        if before is not None and before.may_match != is_matchable:
            jobs.defer(connection, Job.REMATCH, kind=source.kind)
        return sources.register(connection, _facts(source, is_matchable=is_matchable))


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


def meaning_of(source: Source) -> bytes:
    """What makes two equal rows the same: the mapping, and the form features are derived in."""
    return hashlib.sha256(f"{FEATURES_VERSION}/{source.fingerprint}".encode()).digest()


def _facts(source: Source, *, is_matchable: bool) -> SourceFacts:
    return SourceFacts(
        name=source.id,
        agency=source.agency,
        label=source.label or source.id,
        kind=source.kind.value,
        is_duplicate_free=source.duplicate_free,
        is_sensitive=source.sensitive,
        custom={item.name: item.comparison.value for item in source.custom_attributes},
        authority=source.authority,
        may_match=is_matchable,
        fingerprint=meaning_of(source),
    )


def source_lock(hub: Hub, source_id: str) -> int:
    """The second number of the lock that a load of this source holds alone, and single rows share."""
    return int.from_bytes(Hasher(hub.keys).key(source_id)[:4], "big", signed=True)
