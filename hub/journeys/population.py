"""Read all present records of one kind as the matcher sees them: comparable values in memory, nowhere else.

With them what stewards and objectors said of them at that moment, and which no agreement lets be linked. Those
stand apart as objecting ones do: without tags, they are compared with nobody. Opens only the MATCH class. Rows
are read and unsealed side by side by worker processes, each over a range of record numbers, and come back as
Arrow tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from hub.domain.records import ConstituentKind, CustomAttribute, CustomComparison
from hub.domain.reviews import Verdict
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.blobs import features_from_blob
from hub.journeys.context import Hub
from hub.journeys.pool import workers
from hub.store import components, database, judgements, records, sources
from hub.store.sources import SourceState
from hub.vault.keyring import RootKey
from hub.vault.sealing import RecordSealer
from matching.blocking import RULES_OF
from matching.components import Ints
from matching.features import to_table
from matching.population import Judgements, Population

_SLICE_RECORDS: Final = 50_000
_SLICES_WORTH_PROCESSES: Final = 4

#: Columns of a slice beside those that are compared.
_ASIDE: Final = ("source", "is_poor", "key_hash", "version")

Progress = Callable[[float], None]
"""Told the share of the records read so far, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The records of one kind at one moment, and all that was known of them then.

    versions: of each record, in the order of population.features. may_match: by source number. moment:
    which transactions were seen.
    """

    population: Population
    custom: tuple[CustomAttribute, ...]
    judgements: Judgements
    versions: Ints
    may_match: Mapping[int, bool]
    moment: str


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

    def read(self, wanted: Slice) -> pa.Table:
        """One row a record: the comparison table's columns, then _ASIDE."""
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
            features_from_blob(blob) for blob in self._open_many(SensitivityClass.MATCH, sealed)
        ]
        table = to_table([row[0] for row in rows], features, wanted.kind, wanted.custom)
        return (
            table.append_column("source", pa.array([row[1] for row in rows], pa.int64()))
            .append_column("is_poor", pa.array([row[3] for row in rows], pa.bool_()))
            .append_column("key_hash", pa.array([row[4] for row in rows], pa.binary()))
            .append_column("version", pa.array([row[2] for row in rows], pa.int64()))
        )


def _read(unsealer: Unsealer, wanted: Slice) -> pa.Table:
    return unsealer.read(wanted)


def read_population(
    hub: Hub, kind: ConstituentKind, asked: Sequence[CustomAttribute], progress: Progress
) -> Snapshot:
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
        objecting = judgements.objecting(connection, source_ids)
        judged = _judged(judgements.present_pairs(connection, kind.value))
        seen = components.moment(connection)
        slices = [
            Slice(moment, kind, custom, source_ids, start, min(start + _SLICE_RECORDS, high + 1))
            for start in range(low, high + 1, _SLICE_RECORDS)
        ]
        table = _read_slices(hub, slices, progress)
    numbers = table["record"].to_numpy()
    source = table["source"].to_numpy()
    may_match = {one.id: one.may_match for one in of_kind}
    unmatched = numbers[np.isin(source, [id_ for id_, may in may_match.items() if not may])]
    apart = np.union1d(np.array(objecting, np.int64), unmatched)
    is_compared = ~np.isin(record, apart)
    tags = pa.table(
        {"record": record[is_compared], "tag": tag[is_compared], "rule": rule[is_compared]}
    )
    population = Population(
        features=table.drop_columns(list(_ASIDE)),
        tags=tags,
        poor=numbers[table["is_poor"].to_numpy()],
        source=source,
        order_key=table["key_hash"].to_pylist(),
        duplicate_free=frozenset(source.id for source in of_kind if source.is_duplicate_free),
        objecting=apart,
    )
    return Snapshot(population, custom, judged, table["version"].to_numpy(), may_match, seen)


def _judged(pairs: Sequence[tuple[int, int, Verdict]]) -> Judgements:
    by_verdict = {
        verdict: [(left, right) for left, right, said in pairs if said is verdict]
        for verdict in Verdict
    }
    return Judgements(by_verdict[Verdict.SAME], by_verdict[Verdict.DIFFERENT])


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
