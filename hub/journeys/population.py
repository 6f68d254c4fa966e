"""Read all present records of one kind as the matcher sees them: comparable values in memory, nowhere else.

Opens only the MATCH class. Rows are read and unsealed side by side by worker processes, each over a
range of record numbers, and come back as Arrow tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
import pyarrow as pa

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.context import Hub
from hub.journeys.pool import workers
from hub.store import database, records, sources
from hub.store.sources import SourceState
from hub.vault.keyring import RootKey
from hub.vault.sealing import RecordSealer
from matching.blocking import RULES_OF
from matching.features import Features, to_table
from matching.population import Population

_SLICE_RECORDS: Final = 50_000
_SLICES_WORTH_PROCESSES: Final = 4

Progress = Callable[[float], None]
"""Told the share of the records read so far, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Records low <= id < high of those sources, as the shared snapshot shows them."""

    snapshot: str
    kind: ConstituentKind
    custom: tuple[CustomAttribute, ...]
    source_ids: tuple[int, ...]
    low: int
    high: int


class Unsealer:
    """The state of one worker: its own connection and the means to open match blobs."""

    def __init__(self, url: str, keys: RootKey) -> None:
        self._engine = database.connect(url, pool_size=0)
        self._open_many = RecordSealer(keys).open_many
        self._decode = msgspec.json.Decoder(tuple[tuple[str | None, ...], dict[str, str]]).decode

    def read(self, wanted: Slice) -> pa.Table:
        """One row a record: the comparison table's columns, then source, is_poor and key_hash."""
        with database.snapshot(self._engine, wanted.snapshot) as connection:
            parts = [
                self._table(wanted, rows)
                for rows in records.stream_matches(
                    connection, wanted.source_ids, wanted.low, wanted.high
                )
            ]
        return pa.concat_tables(parts) if parts else self._table(wanted, [])

    def _table(self, wanted: Slice, rows: Sequence[records.MatchRow]) -> pa.Table:
        sealed = (
            (number, version, wrapped, blob) for number, _, version, _, _, wrapped, blob in rows
        )
        features = [
            Features(*self._decode(blob))
            for blob in self._open_many(SensitivityClass.MATCH, sealed)
        ]
        table = to_table([row[0] for row in rows], features, wanted.kind, wanted.custom)
        return (
            table.append_column("source", pa.array([row[1] for row in rows], pa.int64()))
            .append_column("is_poor", pa.array([row[3] for row in rows], pa.bool_()))
            .append_column("key_hash", pa.array([row[4] for row in rows], pa.binary()))
        )


def _read(unsealer: Unsealer, wanted: Slice) -> pa.Table:
    return unsealer.read(wanted)


def read_population(
    hub: Hub, kind: ConstituentKind, asked: Sequence[CustomAttribute], progress: Progress
) -> tuple[Population, tuple[CustomAttribute, ...]]:
    """All present records of a kind, with the custom attributes its sources declare.

    asked: attributes that a model compares, and that have a column even where no source declares them.
    """
    # One moment for all: a record that came between would be without its tags, or they without it.
    with database.snapshot(hub.engine) as connection:
        moment = database.share_snapshot(connection)
        of_kind = [source for source in sources.every(connection) if source.kind == kind]
        source_ids = tuple(source.id for source in of_kind)
        low, high = records.number_range(connection, source_ids)
        tag, record, rule = records.read_tags(connection, RULES_OF[kind])
        custom = _custom(of_kind, asked)
        slices = [
            Slice(moment, kind, custom, source_ids, start, min(start + _SLICE_RECORDS, high + 1))
            for start in range(low, high + 1, _SLICE_RECORDS)
        ]
        table = _read_slices(hub, slices, progress)
    numbers = table["record"].to_numpy()
    tags = pa.table({"record": record, "tag": tag, "rule": rule})
    population = Population(
        features=table.drop_columns(["source", "is_poor", "key_hash"]),
        tags=tags,
        poor=numbers[table["is_poor"].to_numpy()],
        source=table["source"].to_numpy(),
        order_key=table["key_hash"].to_pylist(),
        duplicate_free=frozenset(source.id for source in of_kind if source.is_duplicate_free),
    )
    return population, custom


def _custom(
    of_kind: Sequence[SourceState], asked: Sequence[CustomAttribute]
) -> tuple[CustomAttribute, ...]:
    """One attribute a name; what sources declare now counts before what a model once compared."""
    by_name = {attribute.name: attribute for attribute in asked}
    for source in of_kind:
        for name, how in source.custom.items():
            by_name[name] = CustomAttribute(name, CustomComparison(how))
    return tuple(sorted(by_name.values()))


def _read_slices(hub: Hub, slices: Sequence[Slice], progress: Progress) -> pa.Table:
    # Two hundred thousand records are read in the time in which processes start.
    processes = hub.limits.workers if len(slices) > _SLICES_WORTH_PROCESSES else 0
    with workers(processes, Unsealer, (hub.url, hub.keys)) as pool:
        futures = [pool.submit(_read, wanted) for wanted in slices]
        tables = []
        for done, future in enumerate(futures, start=1):
            tables.append(future.result())
            progress(done / len(futures))
    return pa.concat_tables(tables).combine_chunks()
