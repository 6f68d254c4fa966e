"""Why two records are one constituent, or why not: every fact that bears on it, and a verdict in words.

Decides what is looked at. It is told of what stands, by the model that is active now; the words are
verdict.py's. Reads one moment and takes no lock; who may ask is not decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Final

from sqlalchemy import Connection

from hub.domain.errors import ConstituentUnknown, ModelUnfit
from hub.domain.reviews import ReviewReason, Verdict
from hub.domain.sensitivity import SensitivityClass
from hub.journeys.acts import Aim, token
from hub.journeys.blobs import features_from_blob
from hub.journeys.context import Hub
from hub.journeys.profile import resolve
from hub.journeys.references import id_in, present_record, unknown
from hub.journeys.safety import Sight
from hub.journeys.scorers import Weigher, weigher_for
from hub.journeys.verdict import (
    Between,
    Cut,
    Fate,
    Judged,
    ReviewAbout,
    Scope,
    Seen,
    SharedKey,
    Side,
    SourceRule,
    Weighing,
    Why,
    told,
)
from hub.store import constituents, database, explaining, records, reviews
from hub.store.explaining import JudgedPair, StandingRecord
from hub.vault.sealing import RecordSealer
from matching.average_linkage import Node
from matching.blocking import RULES
from matching.explain import explain
from matching.features import Features
from matching.neighbourhood import SECOND_TIER, Neighbour, Weights, candidates
from matching.partition import split

#: Pairs of different looks that are weighed for an average; two constituents of more are not averaged.
AVERAGED_PAIRS_MAX: Final = 250_000


def why(hub: Hub, left: str, right: str, *, is_cleared: bool = False) -> Why:
    """Explain any two records, each named by `source:key`, or by a constituent's id for its oldest record.

    is_cleared: may see who is at risk; else her records are as unknown, and reviews about them not told.
    Raises RecordUnknown, ConstituentUnknown, ScorerMismatch.
    """
    with database.snapshot(hub.engine) as connection:
        sight = Sight(hub, connection, is_cleared)
        numbers = [_record_of(sight, reference) for reference in (left, right)]
        aims = (Aim(tuple(records.present(connection, numbers))),)
        return replace(_Case(sight, *numbers).why(), seen=token(connection, aims))


def why_records(hub: Hub, connection: Connection, left: int, right: int) -> Why:
    """The same of two present records by number, as the caller's transaction sees them. Raises ScorerMismatch."""
    return _Case(Sight(hub, connection, is_cleared=True), left, right).why()


def _record_of(sight: Sight, reference: str) -> int:
    hub, connection = sight.hub, sight.connection
    if id_in(reference) is None:
        record = present_record(hub, connection, reference)
        if sight.hidden_records([record]):
            raise unknown(reference)
        return record
    number, _ = resolve(hub, connection, reference)
    sight.require(number, reference)
    members = constituents.members(connection, number)
    if not members:
        raise ConstituentUnknown(
            "its records were removed at their sources since the last link run"
        )
    return members[0]


# --- facts -----------------------------------------------------------------------------------


class _Case:
    """Two records, and what is read about them."""

    def __init__(self, sight: Sight, left: int, right: int) -> None:
        self._sight = sight
        self._hub = sight.hub
        self._connection = sight.connection
        self._sealer = RecordSealer(sight.hub.keys)
        self._known: dict[int, StandingRecord] = {}
        self.left, self.right = self._read((left, right))
        self._members = [self._members_of(record) for record in (self.left, self.right)]
        self._components = [self._component_of(record) for record in (self.left, self.right)]

    def why(self) -> Why:
        left, right = (
            _side(record, len(members), len(component) - len(self._sight.hidden_records(component)))
            for record, members, component in zip(
                (self.left, self.right), self._members, self._components, strict=True
            )
        )
        is_one = left.constituent is not None and left.constituent == right.constituent
        is_near = left.component is not None and left.component == right.component
        if left.record == right.record:
            return Why(left, right, is_one, is_near, verdict=("Both are one record.",))
        if left.kind is not right.kind:
            sentence = "A person and an organization are never compared."
            return Why(left, right, is_one, is_near, verdict=(sentence,))
        weigher, hitch = self._weigher()
        found = Why(
            left,
            right,
            is_one,
            is_near,
            tuple(self._keys(weigher.suppressed if weigher else frozenset())),
            self._weighing(weigher, is_one=is_one) if weigher else None,
            tuple(self._judged(is_one=is_one)),
            tuple(self._source_rules(is_one=is_one)),
            self._cut(weigher) if weigher and is_near else None,
            tuple(self._reviews(is_one=is_one)),
        )
        return replace(found, verdict=tuple(told(found, hitch)))

    def _read(self, numbers: Iterable[int]) -> list[StandingRecord]:
        """Those records, in the order given."""
        wanted = list(numbers)
        unread = [number for number in wanted if number not in self._known]
        if unread:
            found = explaining.standing(self._connection, unread)
            self._known |= {record.id: record for record in found}
        return [self._known[number] for number in wanted if number in self._known]

    def _members_of(self, record: StandingRecord) -> list[int]:
        if record.constituent_id is None:
            return [record.id]
        return constituents.members(self._connection, record.constituent_id)

    def _component_of(self, record: StandingRecord) -> list[int]:
        if record.component_id is None:
            return [record.id]
        return explaining.in_component(self._connection, record.component_id)

    def _weigher(self) -> tuple[Weigher | None, str]:
        """The active model, or None and why there is none."""
        model_id = explaining.active_model(self._connection, self.left.kind)
        if model_id is None:
            return (
                None,
                "No model is published: nothing was weighed, and every record stands alone.",
            )
        try:
            return weigher_for(self._hub, self._connection, model_id), ""
        except ModelUnfit as unfit:
            return None, f"The active model cannot weigh them: {unfit}."

    def _open(self, record: StandingRecord) -> Features:
        sealed = record.features
        [blob] = self._sealer.open_many(
            SensitivityClass.MATCH,
            [(sealed.id, sealed.version, sealed.wrapped_key, sealed.match)],
        )
        return features_from_blob(blob)

    def _keys(self, suppressed: Collection[int]) -> list[SharedKey]:
        is_poor = self.left.is_poor or self.right.is_poor

        def fate(tag: int, rule: int) -> Fate:
            if tag in suppressed:
                return Fate.SUPPRESSED
            return Fate.SECOND_TIER if rule in SECOND_TIER and not is_poor else Fate.COUNTS

        shared = {(rule, fate(tag, rule)) for tag, rule in {*self.left.tags} & {*self.right.tags}}
        return [SharedKey(rule, RULES[rule].label, became) for rule, became in sorted(shared)]

    def _weighing(self, weigher: Weigher, *, is_one: bool) -> Weighing:
        scorer, bars = weigher.scorer, weigher.bars
        prepared = [scorer.prepare(self._open(record)) for record in (self.left, self.right)]
        return Weighing(
            scorer.model.name,
            bars.review_min_microbits,
            bars.link_min_microbits,
            bars.merge_min_microbits,
            explain(scorer, prepared[0], prepared[1]),
            None if is_one else self._between(weigher),
        )

    def _between(self, weigher: Weigher) -> Between | None:
        weights = Weights(weigher.scorer)
        sides = []
        for members in self._members:
            looks: Counter[int] = Counter()
            for record in self._read(members):
                looks[weights.look_of(self._open(record))] += 1
            sides.append(looks)
        if len(sides[0]) * len(sides[1]) > AVERAGED_PAIRS_MAX:
            return None
        weighed = [
            (weights.between(i, j), sides[0][i] * sides[1][j])
            for i, j in product(sides[0], sides[1])
        ]
        pairs = sum(times for _, times in weighed)
        total = sum(microbits * times for microbits, times in weighed)
        return Between(pairs, total // pairs, max(microbits for microbits, _ in weighed))

    # --- judgements and rules --------------------------------------------------------------------

    def _judged(self, *, is_one: bool) -> Iterator[Judged]:
        """What stewards said, on the pair first."""
        left, right = self.left.id, self.right.id
        reached = self._tied_to(left), self._tied_to(right)
        if right in reached[0]:
            chain = reached[0][right]
            yield Judged(Verdict.SAME, Scope.PAIR if len(chain) == 1 else Scope.CHAIN, chain)
        around = {left, right, *reached[0], *reached[1]}
        if not is_one:
            around |= {*self._members[0], *self._members[1]}
        said = [self._apart(pair, reached) for pair in self._different(around)]
        yield from sorted(
            (one for one in said if one), key=lambda one: list(Scope).index(one.scope)
        )

    def _different(self, around: Collection[int]) -> Iterator[JudgedPair]:
        for pair in self._seen_judged(sorted(around)):
            if pair.verdict is Verdict.DIFFERENT:
                yield pair

    def _seen_judged(self, around: Sequence[int]) -> list[JudgedPair]:
        """The judgements on those records that speak of nobody hidden."""
        found = explaining.judged(self._connection, around)
        hidden = self._sight.hidden_records(
            end for pair in found for end in (pair.left, pair.right)
        )
        return [pair for pair in found if hidden.isdisjoint((pair.left, pair.right))]

    def _apart(
        self, pair: JudgedPair, reached: tuple[dict[int, tuple[int, ...]], ...]
    ) -> Judged | None:
        """How a DIFFERENT bears on the two; None where it speaks of neither side, or of one alone."""
        if {pair.left, pair.right} == {self.left.id, self.right.id}:
            return Judged(Verdict.DIFFERENT, Scope.PAIR, (pair.id,))
        mine, others = reached
        for a, b in ((pair.left, pair.right), (pair.right, pair.left)):
            if a in mine and b in others:
                return Judged(Verdict.DIFFERENT, Scope.CHAIN, (*mine[a], pair.id, *others[b][::-1]))
        for a, b in ((pair.left, pair.right), (pair.right, pair.left)):
            if a in self._members[0] and b in self._members[1]:
                return Judged(Verdict.DIFFERENT, Scope.CONSTITUENTS, (pair.id,))
        return None

    def _tied_to(self, record: int) -> dict[int, tuple[int, ...]]:
        """Everyone whom a chain of SAME ties to a record, itself too, each with the chain's judgements.

        A chain does not lead through a record that stands apart.
        """
        chains: dict[int, tuple[int, ...]] = {record: ()}
        frontier = [record]
        while frontier:
            fresh: list[int] = []
            for pair in self._seen_judged(frontier):
                if pair.verdict is not Verdict.SAME:
                    continue
                for a, b in ((pair.left, pair.right), (pair.right, pair.left)):
                    if a in frontier and b not in chains:
                        chains[b] = (*chains[a], pair.id)
                        fresh.append(b)
            frontier = [found.id for found in self._read(fresh) if not found.is_apart]
        return chains

    def _source_rules(self, *, is_one: bool) -> Iterator[SourceRule]:
        if self.left.is_duplicate_free and self.left.source_id == self.right.source_id:
            yield SourceRule(self.left.source, is_pair=True)
        if is_one:
            return
        held = [
            {record.source for record in self._read(members) if record.is_duplicate_free}
            for members in self._members
        ]
        for source in sorted(held[0] & held[1]):
            if not (source == self.left.source == self.right.source):
                yield SourceRule(source, is_pair=False)

    def _cut(self, weigher: Weigher) -> Cut | None:
        members = self._read(self._components[0])
        bars = weigher.bars
        if len(members) <= bars.looks_max:
            return None
        weights = Weights(weigher.scorer)
        nodes = [
            Node(record.key_hash, weights.look_of(self._open(record)), None, record.is_apart)
            for record in members
        ]
        looks = len({node.looks for node in nodes})
        if looks <= bars.looks_max:
            return None
        edges = {
            pair: weights.between(nodes[pair[0]].looks, nodes[pair[1]].looks)
            for pair in candidates([_neighbour(record) for record in members], weigher.suppressed)
        }
        place = {record.id: i for i, record in enumerate(members)}
        same = [
            (place[pair.left], place[pair.right])
            for pair in explaining.judged(self._connection, list(place))
            if pair.verdict is Verdict.SAME and pair.left in place and pair.right in place
        ]
        parts = split(nodes, edges, bars, same=same)
        both = {place[self.left.id], place[self.right.id]}
        return Cut(
            looks,
            any(both <= set(part) for part in parts.left_apart),
            any(both <= set(piece) for piece in parts.pieces),
        )

    def _reviews(self, *, is_one: bool) -> Iterator[ReviewAbout]:
        mine, others = ({*members} for members in self._members)
        near = {number for component in self._components for number in component}
        open_ = reviews.open_of(self._connection, sorted(mine | others | near))
        for review in self._sight.seen_reviews(open_):
            touched = {review.left, review.right}
            # The one question about a whole component names whichever record of it is first.
            if review.reason is not ReviewReason.OVERSIZED and touched.isdisjoint(mine | others):
                continue
            is_between = not is_one and (
                (review.left in mine and review.right in others)
                or (review.left in others and review.right in mine)
            )
            yield ReviewAbout(review.id, review.reason, is_between)


_NOTHING: Final = Features(())
"""In place of the values of a record that is looked at for its tags alone."""


def _neighbour(record: StandingRecord) -> Neighbour:
    return Neighbour(
        record.id, record.key_hash, None, record.is_apart, record.is_poor, _NOTHING, record.tags
    )


def _side(record: StandingRecord, constituent_records: int, component_records: int) -> Side:
    seen = Seen.RESOLVED
    if record.component_id is None or record.public_id is None:
        seen = Seen.LOADED_ONLY
    elif record.resolved_version != record.version:
        seen = Seen.CHANGED_SINCE
    return Side(
        record.id,
        record.source,
        record.kind,
        seen,
        record.public_id,
        constituent_records,
        record.component_id,
        component_records,
        record.may_match,
        record.is_apart,
        record.is_poor,
    )
