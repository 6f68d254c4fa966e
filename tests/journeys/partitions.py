"""Partitions written straight into a hub's tables by the home rule, with a plain model of it beside.

For tests of what is read from those tables: nothing is compared, and no journey writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from hub.domain.identity import ConstituentId
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.store import database, records, sources
from hub.store.sources import SourceFacts
from hub.vault.tags import Hasher
from tests.hub.test_identity import Register

SOURCE = "drawn"


class Partitions:
    """A register whose every change is also written to the hub; several may share one.

    numbers: of ids and of stored records, drawn on by all that share the hub.
    """

    def __init__(self, hub: Hub, numbers: Iterator[int]) -> None:
        self.hub = hub
        self.model = Register()
        self.model.issue = lambda: ConstituentId(next(numbers))  # type: ignore[method-assign]
        self.public: dict[ConstituentId, UUID] = {}
        self._numbers = numbers

    def records(self, amount: int) -> list[int]:
        """New records, stored without anything that could be opened."""
        fresh = [next(self._numbers) for _ in range(amount)]
        hasher = Hasher(self.hub.keys)
        with database.transaction(self.hub.engine) as connection:
            source = sources.register(connection, _FACTS).id
            rows = [
                {"id": number, "source": source, "key": hasher.key(f"{SOURCE}:{number}")}
                for number in fresh
            ]
            _write(connection, _RECORD, rows, self.hub.now())
        return fresh

    def loaded(self, *keys: str) -> list[int]:
        """The numbers of records that a load stored."""
        hasher = Hasher(self.hub.keys)
        with database.transaction(self.hub.engine) as connection:
            found = [records.find_by_key(connection, hasher.key(key)) for key in keys]
        assert None not in found
        return [number for number in found if number is not None]

    def change(
        self, clusters: Sequence[Iterable[int]], kind: ConstituentKind = ConstituentKind.PERSON
    ) -> datetime:
        """Take a whole new partition; answers when it was recorded."""
        before = self._links(), self._homes(), self._aliases()
        found = self.model.change(clusters)
        at = self.hub.now()
        issued = {number: self.hub.new_public_id() for number in found.issued}
        self.public |= issued
        with database.transaction(self.hub.engine) as connection:
            rows: list[dict[str, Any]] = [
                {"number": number, "public": public_id, "kind": kind.value}
                for number, public_id in issued.items()
            ]
            _write(connection, _ISSUE, rows, at)
            after = self._links(), self._homes(), self._aliases()
            for (end, begin), was, now in zip(_SPANS, before, after, strict=True):
                ended = [{"key": key} for key, value in was.items() if now.get(key) != value]
                begun = [
                    {"key": key, "value": value[0], "follows": value[1]}
                    for key, value in now.items()
                    if was.get(key) != value
                ]
                _write(connection, end, ended, at)
                _write(connection, begin, begun, at)
        return at

    def public_of(self, record: int) -> UUID:
        """The public id a record is under now."""
        return self.public[self.model.id_of(record)]

    def _links(self) -> Spans:
        return {record: (id_, None) for record, id_ in self.model.placed.items()}

    def _homes(self) -> Spans:
        homes = self.model.homes.items()
        return {record: (home, None) for record, home in homes if home is not None}

    def _aliases(self) -> Spans:
        model = self.model
        answering: Spans = {
            id_: (current, model.retired.get(id_)) for id_, current in model.aliases.items()
        }
        return answering | dict.fromkeys(model.tombstones, (None, None))


Spans = dict[int, tuple[int | None, int | None]]


def _write(
    connection: Connection, statement: str, rows: Sequence[dict[str, Any]], at: datetime
) -> None:
    if rows:
        connection.execute(text(statement), [{**row, "at": at} for row in rows])


_FACTS = SourceFacts(SOURCE, "drawing", "Drawn", "person", False, False, {}, {}, True, b"f")
_RECORD = (
    "INSERT INTO records (id, source_id, version, run_id, is_poor, key_hash, content_hash, core, match, "
    "loaded_at) VALUES (:id, :source, 1, 1, false, :key, :key, '', '', :at)"
)
_ISSUE = "INSERT INTO constituents (id, public_id, kind, issued_at) VALUES (:number, :public, :kind, :at)"
_END = "UPDATE {} SET recorded_until = :at WHERE recorded_until IS NULL AND {} = :key"
_PLACE = "INSERT INTO {} (record_id, constituent_id, recorded_from) VALUES (:key, :value, :at)"
_SPANS = (
    (_END.format("links", "record_id"), _PLACE.format("links")),
    (_END.format("homes", "record_id"), _PLACE.format("homes")),
    (
        _END.format("aliases", "constituent_id"),
        """INSERT INTO aliases (constituent_id, current_id, follows_id, recorded_from)
        VALUES (:key, :value, :follows, :at)""",
    ),
)
