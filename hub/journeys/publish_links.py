"""Publish a partition: what arrived since its snapshot is looked at again, clusters become ids, changes are written.

One transaction that holds the partition alone, so that no single change can come between. Ids of clusters
that stayed as they were are not touched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import numpy as np
from sqlalchemy import Connection

from hub.domain.errors import HubError
from hub.domain.events import EventKind
from hub.domain.identity import ConstituentId
from hub.domain.records import ConstituentKind
from hub.journeys.change import PartitionChange, Redivided, asked
from hub.journeys.context import Hub
from hub.journeys.models import ChosenModel, publish
from hub.journeys.placing import Before, Clusters, Placed, place_clusters, rows_of, tell
from hub.journeys.population import Snapshot
from hub.journeys.scorers import Weigher, weigher_of
from hub.store import components, constituents, database, records, reviews, sources
from matching.components import Ints
from matching.linkage import Linkage
from matching.review import Question

_TICK = timedelta(microseconds=1)


class MatchingMoved(HubError):
    """Which sources may be linked is no longer as it was when the run read their records."""


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing changed, or would.

    records_moved: linked before, and to another id now; moved_by_agency: the same by whose they are.
    merged: ids that resolve to another one now; split: ids that came to be beside an older one.
    """

    constituents: int
    ids_issued: int
    records_moved: int
    moved_by_agency: Mapping[str, int] = field(default_factory=dict)
    merged: int = 0
    split: int = 0
    reviews_open: int = 0
    arrived: int = 0


class _Undone(Exception):
    def __init__(self, published: Published) -> None:
        self.published = published
        super().__init__()


def publish_links(
    hub: Hub,
    kind: ConstituentKind,
    run_id: int,
    snapshot: Snapshot,
    linkage: Linkage | None,
    chosen: ChosenModel | None,
    *,
    is_preview: bool = False,
) -> Published:
    """Write what a link run found, and publish its model if it is new; without either, every record is
    left on its own.

    is_preview: answer what it would change, and leave everything as it was. Raises MatchingMoved.
    """
    try:
        with database.transaction(hub.engine) as connection:
            database.lock_in_transaction(connection, database.LOCK_PARTITION)
            published = _Publication(hub, connection, kind, snapshot, linkage, chosen).run(run_id)
            if is_preview:
                raise _Undone(published)
            return published
    except _Undone as undone:
        return undone.published


class _Publication:
    """One publishing, under the exclusive lock."""

    def __init__(
        self,
        hub: Hub,
        connection: Connection,
        kind: ConstituentKind,
        snapshot: Snapshot,
        linkage: Linkage | None,
        chosen: ChosenModel | None,
    ) -> None:
        self._hub = hub
        self._connection = connection
        self._kind = kind
        self._snapshot = snapshot
        self._linkage = linkage
        self._chosen = chosen
        of_kind = [source for source in sources.every(connection) if source.kind == kind.value]
        self._sources = {source.id: source.agency for source in of_kind}
        self._may_match = {source.id: source.may_match for source in of_kind}

    def run(self, run_id: int) -> Published:
        connection, hub = self._connection, self._hub
        self._require_matching_as_read()
        latest = constituents.latest_change(connection, self._kind.value)
        now = hub.now()
        at = now if latest is None else max(now, latest + _TICK)
        weigher = self._weigher()
        before = _before(connection, self._kind.value)
        standing = components.current(connection, list(self._sources))
        arrived = components.arrived_since(connection, self._snapshot.moment, list(self._sources))
        self._label(standing, arrived)
        again = self._look_again(arrived, weigher) if arrived else None
        clusters = self._clusters(again)
        numbers = count(constituents.next_number(connection))
        placed = place_clusters(
            before, clusters, lambda: ConstituentId(next(numbers)), self._changed(standing)
        )
        rows = rows_of(placed, hub.new_public_id)
        constituents.write_many(connection, rows, self._kind.value, run_id, at)
        tell(connection, placed.changes, dict(rows.issued), at)
        constituents.numbers_taken(connection, next(numbers))
        questions = self._questions(again)
        wanted = asked(questions, weigher.model_id if weigher else None)
        standing_reviews = reviews.open_of_kind(connection, self._kind.value)
        reviews.replace(connection, self._kind.value, standing_reviews, wanted, at)
        reviews.open_changed_facts(connection, self._kind.value, None, at)
        components.forget_arrivals(connection, components.moment(connection))
        return self._published(placed, len(clusters), len(questions), len(arrived))

    def _require_matching_as_read(self) -> None:
        then, now = self._snapshot.may_match, self._may_match
        if any(now.get(source, may) != may for source, may in then.items()):
            raise MatchingMoved("which sources may be linked changed while this ran: link again")

    def _weigher(self) -> Weigher | None:
        """The run's model, published now if it is new."""
        if self._chosen is None:
            return None
        model_id = self._chosen.id or publish(
            self._hub, self._connection, self._chosen, self._hub.now()
        )
        return weigher_of(model_id, self._chosen.model)

    def _label(self, standing: Mapping[str, Ints], arrived: Sequence[int]) -> None:
        population = self._snapshot.population
        numbers: Ints = population.features["record"].to_numpy()
        labels = numbers if self._linkage is None else self._linkage.components
        components.replace(
            self._connection, standing, numbers, labels, self._snapshot.versions, arrived
        )

    def _look_again(self, arrived: Sequence[int], weigher: Weigher | None) -> Redivided:
        """Divide anew what single changes have touched since the snapshot, on top of the batch's components."""
        change = PartitionChange(self._hub, self._connection, self._kind, is_alone=True)
        if weigher is not None:
            change.weigh_with(weigher)
        again = change.redivide(arrived)
        components.label(self._connection, change.labels(again))
        components.leave(self._connection, again.gone)
        return again

    def _clusters(self, again: Redivided | None) -> Clusters:
        clusters: list[list[int]] = (
            [[record] for record in self._snapshot.population.features["record"].to_pylist()]
            if self._linkage is None
            else self._linkage.members()
        )
        if again is None:
            return clusters
        # A cluster lies within one component, and components are looked at again as a whole.
        kept = [cluster for cluster in clusters if cluster[0] not in again.touched]
        return [*kept, *again.divided.clusters]

    def _questions(self, again: Redivided | None) -> list[Question]:
        questions = [] if self._linkage is None else self._linkage.review
        if again is None:
            return questions
        kept = [question for question in questions if question.left not in again.touched]
        return [*kept, *again.divided.questions]

    def _changed(self, standing: Mapping[str, Ints]) -> list[int]:
        """Records that say something else than when the partition last saw them."""
        numbers: Ints = self._snapshot.population.features["record"].to_numpy()
        if not len(numbers):
            return []
        at = np.searchsorted(numbers, standing["record"]).clip(max=len(numbers) - 1)
        is_other = numbers[at] == standing["record"]
        is_other &= self._snapshot.versions[at] != standing["version"]
        changed: list[int] = standing["record"][is_other].tolist()
        return changed

    def _published(self, placed: Placed, clusters: int, questions: int, arrived: int) -> Published:
        moved = placed.moved()
        whose = records.source_numbers(self._connection, moved)
        by_kind: Counter[EventKind] = Counter()
        for change in placed.changes:
            by_kind[change.kind] += len(change.others)
        return Published(
            constituents=clusters,
            ids_issued=len(placed.placement.issued),
            records_moved=len(moved),
            moved_by_agency=dict(
                sorted(Counter(self._sources[source] for source in whose).items())
            ),
            merged=by_kind[EventKind.MERGED],
            split=by_kind[EventKind.SPLIT],
            reviews_open=questions,
            arrived=arrived,
        )


def _before(connection: Connection, kind: str) -> Before:
    links = constituents.current_links(connection, kind)
    homes = constituents.current_homes(connection, kind)
    return Before(
        links={record: ConstituentId(number) for record, number in links.items()},
        homes={record: ConstituentId(number) for record, number in homes.items()},
        aliases=constituents.current_aliases(connection, kind),
    )
