"""Which id a constituent answers to as records come, go, merge and split: the home rule.

Decides ids from homes alone, for the clusters a change touched. Which records form a cluster is the
partition's decision; keeping the answer, with its recorded time, is the store's.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NewType

ConstituentId = NewType("ConstituentId", int)
"""An id by its number of issue: the lower, the older. It is never issued again."""

Record = int
"""A record's number, given at its first insert and never changed: the lower, the older. A key that
returns after removal is a new record with a new number."""

Home = ConstituentId | None
"""The id a record was placed under; None: placed where several ids lived, and homeless since."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What stood before a change, for every cluster it touches; the rest of the world may be left out.

    homes: every record of those clusters, also those now removed. placed: likewise, record -> current id
    of its cluster. followers: retired id -> the living id it was retired into, for ids living in them.
    """

    homes: Mapping[Record, Home] = field(default_factory=dict)
    placed: Mapping[Record, ConstituentId] = field(default_factory=dict)
    followers: Mapping[ConstituentId, ConstituentId] = field(default_factory=dict)


@dataclass(slots=True)
class Placement:
    """What stands after the change; only what the change touched.

    current: the id of each cluster, in the order the clusters were given. homes: records whose home is
    new or another, None for homeless. aliases: every touched id that is not a current one and still
    answers -> the current id it answers with, one hop; they replace all earlier aliases of those ids and
    of `current`. retired: ids without home records -> the living id they follow from now on, where that
    is new. tombstones: ids nothing answers to any more. issued: new ids, as `current` names them.
    """

    current: list[ConstituentId] = field(default_factory=list)
    homes: dict[Record, Home] = field(default_factory=dict)
    aliases: dict[ConstituentId, ConstituentId] = field(default_factory=dict)
    retired: dict[ConstituentId, ConstituentId] = field(default_factory=dict)
    tombstones: set[ConstituentId] = field(default_factory=set)
    issued: list[ConstituentId] = field(default_factory=list)


def place(
    standing: Standing,
    clusters: Sequence[Sequence[Record]],
    issue: Callable[[], ConstituentId],
) -> Placement:
    """Give each touched cluster its id by the home rule.

    clusters: the new ones, in place of all that `standing` tells of: a record of standing in none of
    them has been removed, a record that standing does not know is new. issue gives an id above all that
    were ever given.

    Removals come first, in the clusters as they stood, so that a removal told together with a merge or a
    split ends as if it had been told before it. Limit: homes tell which ids came together, not in which
    order; so an id that loses its last home record in a cluster merged more than once may come to follow,
    or pass to, the side that a later unmerge calls another person.
    """
    result = Placement()
    homes = _without_the_removed(standing, clusters, result)
    seats = _seats(homes, clusters)
    answers: dict[ConstituentId, ConstituentId] = {}
    for number, cluster in enumerate(clusters):
        living = seats.get(number)
        if living is None:
            living = [issue()]
            result.issued += living
        result.current.append(living[0])
        answers |= dict.fromkeys(living, living[0])
        _settle(cluster, living, standing.homes, homes, result.homes)
    _follow(standing.followers, answers, result)
    result.aliases = {id_: current for id_, current in answers.items() if id_ != current}
    return result


def touched(
    placed: Mapping[Record, ConstituentId], clusters: Sequence[Collection[Record]]
) -> tuple[list[int], set[ConstituentId]]:
    """What a new partition changes: (positions of its new clusters, current ids of the old ones).

    placed: record -> current id of its cluster, for all records before. A cluster that has exactly the
    records it had is in neither, and need not be given to `place`.
    """
    sizes = Counter(placed.values())
    changed: list[int] = []
    untouched: set[ConstituentId] = set()
    for number, cluster in enumerate(clusters):
        before = {placed.get(record) for record in cluster}
        old = before.pop() if len(before) == 1 else None
        if old is not None and sizes[old] == len(cluster):
            untouched.add(old)
        else:
            changed.append(number)
    return changed, sizes.keys() - untouched


def _without_the_removed(
    standing: Standing, clusters: Iterable[Iterable[Record]], result: Placement
) -> dict[Record, Home]:
    """The homes of the records that stay, once ids that lost their last home record found another.

    Such an id passes to the homeless of its cluster, the oldest id first; where there are none it is
    retired into the oldest id still living there, and a tombstone where nobody is left.
    """
    before = standing.homes
    homes = {
        record: before[record] for cluster in clusters for record in cluster if record in before
    }
    if len(homes) == len(before):
        return homes
    left = set(homes.values())
    cluster_of = {
        home: standing.placed[record]
        for record, home in before.items()
        if home is not None and home not in left
    }
    neighbours: defaultdict[ConstituentId, list[Record]] = defaultdict(list)
    widowed = set(cluster_of.values())
    for record in homes:
        if standing.placed[record] in widowed:
            neighbours[standing.placed[record]].append(record)
    for lost in sorted(cluster_of):
        staying = neighbours[cluster_of[lost]]
        homeless = [record for record in staying if homes[record] is None]
        homes |= dict.fromkeys(homeless, lost)
        if not staying:
            result.tombstones.add(lost)
        elif not homeless:
            result.retired[lost] = min(h for record in staying if (h := homes[record]) is not None)
    return homes


def _seats(
    homes: Mapping[Record, Home], clusters: Iterable[Iterable[Record]]
) -> dict[int, list[ConstituentId]]:
    """The ids living in each cluster, oldest first: an id lives where most of its home records are, of
    equals where the oldest of them is."""
    if not homes:
        return {}
    held: defaultdict[ConstituentId, dict[int, tuple[int, int]]] = defaultdict(dict)
    for number, cluster in enumerate(clusters):
        for record in cluster:
            home = homes.get(record)
            if home is not None:
                count, oldest = held[home].get(number, (0, -record))
                held[home][number] = (count + 1, max(oldest, -record))
    seats: defaultdict[int, list[ConstituentId]] = defaultdict(list)
    for id_ in sorted(held):
        places = held[id_]
        seats[max(places, key=places.__getitem__)].append(id_)
    return seats


def _settle(
    cluster: Iterable[Record],
    living: Sequence[ConstituentId],
    before: Mapping[Record, Home],
    homes: Mapping[Record, Home],
    changes: dict[Record, Home],
) -> None:
    """Where one id lives all take it for home; where several do, who has none of them is homeless."""
    only = living[0] if len(living) == 1 else None
    for record in cluster:
        home = homes.get(record)
        if home not in living:
            home = only
        if record not in before or before[record] != home:
            changes[record] = home


def _follow(
    followers: Mapping[ConstituentId, ConstituentId],
    answers: dict[ConstituentId, ConstituentId],
    result: Placement,
) -> None:
    """Retired ids go with the id they follow, and die with it; never through a third."""
    for follower, leader in followers.items():
        if leader in result.tombstones:
            result.tombstones.add(follower)
        elif leader in result.retired:
            result.retired[follower] = result.retired[leader]
    for follower, leader in {**followers, **result.retired}.items():
        if follower not in result.tombstones:
            answers[follower] = answers[leader]
