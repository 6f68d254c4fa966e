"""Link all present records of one kind: from sealed features to issued ids, published in one transaction.

Decides the order of the steps and what a run reports. Scores and clusters are matching's, ids the
home rule's (hub.domain.identity). Until the last transaction commits, nothing of a run is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import duckdb

from hub.domain.errors import HubError, TooFewToTrain
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.matchable import keep_matching
from hub.journeys.models import ChosenModel, active_model, has_model, train_model
from hub.journeys.policies import shared_policy
from hub.journeys.population import Snapshot, read_population
from hub.journeys.publish_links import Published, publish_links
from hub.store import database, runs, sources
from matching.engine import ENGINE_THREADS, connect
from matching.linkage import Linkage, link

Progress = Callable[[str, float], None]
"""Told (step, share of it that is done, 0 to 1)."""

Agree = Callable[["LinkReport"], bool]
"""Told what publishing would change; answers whether to."""


class LinkBusy(HubError):
    """Another process is linking."""


@dataclass(slots=True)
class LinkReport:
    """What a link run found and changed, or would change where it is not published.

    ids_merged: ids that resolve to another one now. ids_split: ids that came to be beside an older one.
    arrived: records that single changes touched while it ran. sources_apart: sources whose records no
    agreement in force lets be linked, so that each stands alone. `seconds` by step, in the order they ran.
    """

    kind: str
    model: str = ""
    is_new_model: bool = False
    records: int = 0
    pairs: int = 0
    constituents: int = 0
    largest_constituent: int = 0
    ids_issued: int = 0
    records_moved: int = 0
    moved_by_agency: dict[str, int] = field(default_factory=dict)
    ids_merged: int = 0
    ids_split: int = 0
    arrived: int = 0
    sources_apart: list[str] = field(default_factory=list)
    is_published: bool = False
    reviews_open: int = 0
    tags_suppressed: int = 0
    tags_outgrown: int = 0
    seconds: dict[str, float] = field(default_factory=dict)


def link_kind(
    hub: Hub,
    kind: ConstituentKind,
    *,
    is_retraining: bool = False,
    progress: Progress | None = None,
    agree: Agree | None = None,
) -> LinkReport:
    """Link the records of one kind with its active model, or with one trained now.

    agree: asked with what publishing would change before anything is changed; False leaves all as it was,
    and what arrives between the question and the answer is still taken in.
    Too few records to learn a first model from are each left a constituent of their own. Raises LinkBusy,
    MatchingMoved, ModelUnfit, TooFewToTrain where a model is to be replaced; then the links are as they were.
    """
    with database.held_lock(hub.engine, database.LOCK_LINK) as is_mine:
        if not is_mine:
            raise LinkBusy("another process is linking")
        return _Run(hub, kind, progress or _silent, agree).run(is_retraining=is_retraining)


def _silent(step: str, share: float) -> None:  # noqa: ARG001 (the shape of Progress)
    return


class _Run:
    """One link run of one kind."""

    def __init__(
        self, hub: Hub, kind: ConstituentKind, progress: Progress, agree: Agree | None
    ) -> None:
        self._agree = agree
        self._hub = hub
        self._kind = kind
        self._progress = progress
        self._report = LinkReport(kind.value)

    def run(self, *, is_retraining: bool) -> LinkReport:
        with database.transaction(self._hub.engine) as connection:
            run_id = runs.start(connection, f"link {self._kind}", None, self._hub.now())
        try:
            self._link(run_id, is_retraining=is_retraining)
        except Exception:
            self._close(run_id, "failed")
            raise
        self._close(run_id, "finished")
        return self._report

    def _close(self, run_id: int, state: str) -> None:
        with database.transaction(self._hub.engine) as connection:
            runs.finish(connection, run_id, state, asdict(self._report), self._hub.now())

    def _hold_to_policy(self) -> None:
        """Look again at what may be linked: agreements begin and end with the days."""
        with database.transaction(self._hub.engine) as connection:
            in_force = shared_policy(self._hub, connection)
            keep_matching(connection, in_force, self._hub.day_of(self._hub.now()))
            self._report.sources_apart = [
                source.name
                for source in sources.every(connection)
                if source.kind == self._kind and not source.may_match
            ]

    def _link(self, run_id: int, *, is_retraining: bool) -> None:
        self._hold_to_policy()
        chosen = None if is_retraining else active_model(self._hub, self._kind)
        with self._timed("read"):
            snapshot = read_population(
                self._hub,
                self._kind,
                chosen.model.custom if chosen else (),
                lambda share: self._progress("read", share),
            )
        self._report.records = len(snapshot.population.features)
        engine = connect(self._hub.limits.matching_memory_mb, ENGINE_THREADS)
        try:
            chosen = chosen or self._train(snapshot, engine)
            linkage = self._score(snapshot, chosen, engine) if chosen else None
        finally:
            engine.close()
        self._publish(run_id, snapshot, linkage, chosen)

    def _publish(
        self, run_id: int, snapshot: Snapshot, linkage: Linkage | None, chosen: ChosenModel | None
    ) -> None:
        """Publish; where somebody is to agree first, after telling what it would change."""
        if self._agree is not None:
            with self._timed("preview"):
                published = publish_links(
                    self._hub, self._kind, run_id, snapshot, linkage, chosen, is_preview=True
                )
            self._tell(linkage, published)
            if not self._agree(self._report):
                return
        with self._timed("publish"):
            published = publish_links(self._hub, self._kind, run_id, snapshot, linkage, chosen)
        self._tell(linkage, published)
        self._report.is_published = True

    def _train(
        self,
        snapshot: Snapshot,
        engine: duckdb.DuckDBPyConnection,
    ) -> ChosenModel | None:
        population = snapshot.population
        with self._timed("train"):
            try:
                chosen = train_model(
                    self._hub,
                    self._kind,
                    population.compared,
                    population.tags,
                    snapshot.custom,
                    engine,
                )
            except TooFewToTrain:
                if has_model(self._hub, self._kind):
                    raise  # single records are weighed with it: nobody may be left alone meanwhile
                return None
        self._report.is_new_model = True
        return chosen

    def _score(
        self, snapshot: Snapshot, chosen: ChosenModel, engine: duckdb.DuckDBPyConnection
    ) -> Linkage:
        self._report.model = chosen.model.name
        linkage = link(
            snapshot.population,
            chosen.model,
            connection=engine,
            judgements=snapshot.judgements,
            tag_cap=self._hub.limits.tag_records_max,
            progress=self._progress,
        )
        self._report.seconds |= linkage.seconds
        return linkage

    def _tell(self, linkage: Linkage | None, published: Published) -> None:
        report = self._report
        report.constituents = published.constituents
        report.ids_issued = published.ids_issued
        report.records_moved = published.records_moved
        report.moved_by_agency = dict(published.moved_by_agency)
        report.ids_merged = published.merged
        report.ids_split = published.split
        report.arrived = published.arrived
        report.reviews_open = published.reviews_open
        report.largest_constituent = min(1, published.constituents)
        if linkage is not None:
            report.pairs = linkage.statistics.pairs
            report.largest_constituent = linkage.statistics.largest_cluster
            report.tags_suppressed = linkage.statistics.suppressed_tags
            report.tags_outgrown = linkage.statistics.outgrown_tags

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        self._progress(step, 0.0)
        started = time.monotonic()
        yield
        self._report.seconds[step] = time.monotonic() - started
        self._progress(step, 1.0)
