"""A hub in which records are resolved one by one, and the batch over the same records to hold it against.

The batch is the one that links: candidates from the stored tags, every pair weighed, components cut and
judged. Only the weights come from the compiled model here, which is held to Splink's elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa
from sqlalchemy import text

from connectors.source import Source
from hub.domain.records import ConstituentKind, Rejected
from hub.journeys.change import asked
from hub.journeys.context import Hub
from hub.journeys.population import Snapshot, read_population
from hub.journeys.resolve import Resolution, Resolver
from hub.journeys.scorers import Weigher, weigher_for
from hub.store import database, models
from hub.store.reviews import subject
from matching.blocking import RULES
from matching.candidates import candidate_pairs
from matching.compiled import Prepared
from matching.engine import connect
from matching.linkage import Linkage, link_pairs
from matching.parity import features_of
from tests.worlds import source_from

PERSON = ConstituentKind.PERSON
COLUMNS = ("id", "given", "family", "suffix", "born", "email", "phone", "ssn", "street", "zip")
YAML = """
schema: hub/source@1
id: {name}
agency: {name}
kind: person
mode: incremental
duplicate_free: {duplicate_free}
connection: {{type: files, path: rows.csv}}
key: id
map:
  given_name: given
  family_name: family
  name_suffix: suffix
  birth_date: {{column: born, transforms: [{{date: "%Y-%m-%d"}}]}}
  addresses: [{{delivery_line: street, city: {{constant: Port Tamarack}}, post_code: zip}}]
  contact_points: [{{kind: email, value: email}}, {{kind: phone, value: phone}}]
  identifiers: [{{scheme: ssn, value: ssn}}]
"""

Row = dict[str, str]
Partition = set[frozenset[int]]


def source(name: str, *, duplicate_free: bool = False) -> Source:
    """A source of people whose rows are pushed."""
    return source_from(YAML.format(name=name, duplicate_free=str(duplicate_free).lower()))


@dataclass
class Live:
    """A hub, its resolvers by source, and the record number of every key pushed."""

    hub: Hub
    resolvers: dict[str, Resolver] = field(default_factory=dict)

    def resolver(self, name: str, *, duplicate_free: bool = False) -> Resolver:
        if name not in self.resolvers:
            described = source(name, duplicate_free=duplicate_free)
            self.resolvers[name] = Resolver(self.hub, described, COLUMNS)
        return self.resolvers[name]

    def push(self, name: str, key: str, row: Row, *, duplicate_free: bool = False) -> Resolution:
        values = tuple(key if column == "id" else row.get(column) for column in COLUMNS)
        found = self.resolver(name, duplicate_free=duplicate_free).resolve(values)
        assert not isinstance(found, Rejected), found
        return found

    def remove(self, name: str, key: str) -> Resolution:
        return self.resolver(name).remove(key)


def partition(hub: Hub) -> Partition:
    """The records of each constituent, as the hub has them."""
    with database.transaction(hub.engine) as connection:
        rows = connection.execute(
            text("SELECT record_id, constituent_id FROM links WHERE recorded_until IS NULL")
        ).all()
    members: dict[int, set[int]] = {}
    for record, constituent in rows:
        members.setdefault(constituent, set()).add(record)
    return set(map(frozenset, members.values()))


def components(hub: Hub) -> dict[int, int]:
    """The component of each record, as the hub has them."""
    with database.transaction(hub.engine) as connection:
        rows = connection.execute(text("SELECT record_id, component_id FROM components")).all()
    return {row[0]: row[1] for row in rows}


def open_questions(hub: Hub) -> set[tuple[object, ...]]:
    """The partition's open questions: subject, reason and weight."""
    with database.transaction(hub.engine) as connection:
        rows = connection.execute(
            text(
                "SELECT left_record_id, right_record_id, reason, weight_microbits FROM reviews "
                "WHERE closed_at IS NULL AND reason NOT IN ('not_mine', 'facts_changed')"
            )
        ).all()
    return {(subject(row[0], row[1], row[2]), row[2], row[3]) for row in rows}


@contextmanager
def batch_engine() -> Iterator[duckdb.DuckDBPyConnection]:
    """The hardened engine, small; one for many batches."""
    with connect(256, 1) as connection:
        yield connection


def weigher(hub: Hub) -> Weigher:
    """The active model of persons, compiled."""
    with database.transaction(hub.engine) as connection:
        stored = models.active(connection, PERSON)
        assert stored is not None
        return weigher_for(hub, connection, stored.id)


def batch(hub: Hub, engine: duckdb.DuckDBPyConnection) -> Linkage:
    """One batch over all that the hub holds now."""
    ready = weigher(hub)
    snapshot = read_population(hub, PERSON, ready.scorer.model.custom, lambda share: None)
    population = snapshot.population
    pairs = candidate_pairs(
        engine,
        population.tags,
        population.poor,
        sorted(ready.suppressed),
        tier_of_rule={number: rule.tier for number, rule in RULES.items()},
        cap=400,
    ).pairs
    return link_pairs(population, pairs, _weigh(snapshot, ready), ready.bars, snapshot.judgements)


class _weigh:  # noqa: N801 (used as a function)
    def __init__(self, snapshot: Snapshot, ready: Weigher) -> None:
        scorer = ready.scorer
        self._weigh = scorer.weigh
        self._prepared: dict[int, Prepared] = {
            number: scorer.prepare(features)
            for number, features in features_of(scorer.model, snapshot.population.features)
        }

    def __call__(self, pairs: pa.Table) -> pa.Table:
        rows = zip(pairs["left"].to_pylist(), pairs["right"].to_pylist(), strict=True)
        weights = [self._weigh(self._prepared[a], self._prepared[b]) for a, b in rows]
        return pairs.append_column("weight_microbits", pa.array(weights, pa.int64()))


def assert_as_batch(hub: Hub, engine: duckdb.DuckDBPyConnection) -> None:
    """What stands is what one batch over it gives: constituents, components and questions."""
    linkage = batch(hub, engine)
    assert partition(hub) == {frozenset(members) for members in linkage.members()}
    labels = dict(zip(linkage.records.tolist(), linkage.components.tolist(), strict=True))
    assert components(hub) == labels
    expected = {
        (key, one.reason.value, one.microbits) for key, one in asked(linkage.review, None).items()
    }
    assert open_questions(hub) == expected


def assert_identities_hold(hub: Hub) -> None:
    """Every id ever issued resolves in one hop to a current one, or is a tombstone."""
    with database.transaction(hub.engine) as connection:
        issued = set(connection.scalars(text("SELECT id FROM constituents")))
        current = set(
            connection.scalars(
                text("SELECT DISTINCT constituent_id FROM links WHERE recorded_until IS NULL")
            )
        )
        aliases = {
            row[0]: row[1]
            for row in connection.execute(
                text("SELECT constituent_id, current_id FROM aliases WHERE recorded_until IS NULL")
            ).all()
        }
    assert current <= issued
    assert not current & aliases.keys()
    for number in issued - current:
        assert number in aliases, "an id is current, an alias or a tombstone"
        assert aliases[number] is None or aliases[number] in current
