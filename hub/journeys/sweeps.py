"""Which of many constituents' data a request may have: the decision as a set, for prompts and exports.

Decides nothing that consent.decision does not, and is held equal to it. What rests sealed is opened here and
handed to the one statement that rules. It reads one moment and takes no lock of a constituent: whoever
releases what it permits decides again, under hers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby, islice
from operator import itemgetter
from typing import Final

from sqlalchemy import Connection

from consent.decision import Request
from consent.policy import AgencyId
from consent.stored import to_document
from consent.vocabulary import DataCategory, RepresentationKind
from hub.journeys.context import Hub
from hub.journeys.facts import CLOCKS_DIFFER_MAX, Opener
from hub.journeys.policies import policy_at
from hub.store import database, policies, subjects, sweeps
from hub.store.subjects import SealedKind, SubjectIds
from hub.store.sweeps import Binding, Point, Question, Right, Ruled
from hub.vault.tags import Pseudonyms

#: Constituents ruled on by one statement: what is kept in memory for them stays below 100 MB.
AT_ONCE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Swept:
    """What is permitted of one constituent, by each agency that holds a record of her.

    number: the age number of her current id. own_records_only: as in Decision.
    """

    number: int
    own_records_only: bool
    permitted: Mapping[AgencyId, frozenset[DataCategory]]


def sweep(
    hub: Hub, request: Request, numbers: Iterable[int], *, at_once: int = AT_ONCE
) -> Iterator[Swept]:
    """Rule on the constituents of those current ids, each named once; `at_once` by one statement.

    An id that is not current holds no records, so that nothing is permitted of it. All is read at one
    moment, when the first answer is taken. Raises SealBroken.
    """
    waiting = iter(numbers)
    with database.snapshot(hub.engine) as connection:
        question = _question(hub, connection, request)
        while some := list(islice(waiting, at_once)):
            yield from _swept(_ruled(hub, connection, question, some))


def _question(hub: Hub, connection: Connection, request: Request) -> Question:
    in_force = policy_at(hub, connection, policies.newest_version(connection))
    return Question(
        request,
        to_document(in_force.policy),
        _bindings(hub, connection, request),
        CLOCKS_DIFFER_MAX.total_seconds(),
    )


def _bindings(hub: Hub, connection: Connection, request: Request) -> list[Binding]:
    """The restrictions of all constituents that bind this caller for this purpose at that moment."""
    standing = subjects.standing_facts(connection, SealedKind.RESTRICTION)
    hashes = list({row.subject_hash for row in standing})
    opener = Opener(hub.keys, subjects.read(connection, hashes))
    found = []
    for row in filter(opener.can, standing):
        one = opener.restriction(row)
        if one.is_valid_at(request.at) and not one.is_cleared(request.caller, request.purpose):
            found.append(Binding(row.subject_hash, one.kind, row.recorded_at))
    return found


def _ruled(
    hub: Hub, connection: Connection, question: Question, numbers: Sequence[int]
) -> Iterator[Ruled]:
    points = list(_points(hub, subjects.ids_of_many(connection, numbers)))
    rights = _rights(hub, connection, question.request, points)
    return sweeps.rule(connection, question, numbers, points, rights)


def _points(hub: Hub, ids: Mapping[int, SubjectIds]) -> Iterator[Point]:
    subject = Pseudonyms(hub.keys).subject
    for constituent, hers in ids.items():
        for number in hers.standing:
            yield Point(constituent, subject(number), None)
        for number, until in hers.former:
            yield Point(constituent, subject(number), until)


def _rights(
    hub: Hub, connection: Connection, request: Request, points: Sequence[Point]
) -> list[Right]:
    """The representations, ended ones too, that consents under those points may rest on."""
    hashes = [point.subject_hash for point in points]
    behind = sweeps.represented(connection, hashes, request.purpose)
    stored = subjects.read(connection, behind)
    opener = Opener(hub.keys, stored)
    found = []
    for row in filter(opener.can, stored.facts):
        if row.kind is not SealedKind.REPRESENTATION:
            continue
        one = opener.representation(row, is_ended=row.ended_epoch is not None)
        if one.covers(request.purpose):
            is_guardian = one.kind is RepresentationKind.GUARDIAN
            ended_on = None if one.ended_at is None else one.ended_at.date()
            found.append(
                Right(row.id, row.subject_hash, is_guardian, one.starts_on, one.ends_on, ended_on)
            )
    return found


def _swept(ruled: Iterable[Ruled]) -> Iterator[Swept]:
    """The rows of a constituent stand together."""
    for number, rows in groupby(ruled, key=itemgetter(0)):
        of_her = list(rows)
        permitted = {
            row.source: _categories(row.permitted) for row in of_her if row.source is not None
        }
        yield Swept(number, of_her[0].own_records_only, permitted)


@lru_cache(maxsize=4_096)
def _categories(bits: int) -> frozenset[DataCategory]:
    return frozenset(category for category, bit in sweeps.BITS.items() if bits & bit)
