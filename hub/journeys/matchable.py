"""Which sources' records may be compared and linked: linking is processing, and some agreement must allow it.

Decides what a source may on a day, and that everything may while no policy was ever loaded. It is looked at
again at each change of the policy, each link, each registration of a source, and hourly (days pass). Records
of a source that may not stand apart like those whose constituent objects to linkage: population.py and
surroundings.py read them so. A change reaches records that stand linked by a job, put in with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from consent.policy import AgencyId, may_be_matched
from hub.domain.jobs import Job
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.policies import InForce, shared_policy
from hub.store import database, jobs, sources
from hub.store.sources import SourceState


@dataclass(frozen=True, slots=True)
class MatchingChange:
    """Sources by name: whose records stand apart from the next link on, and whose may be linked again."""

    apart: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()


def may_match(in_force: InForce, agency: AgencyId, on: date) -> bool:
    """Whether the records of an agency's sources may be compared and linked that day."""
    return in_force.version == 0 or may_be_matched(agency, in_force.policy.agreements, on)


def matching_change(connection: Connection, in_force: InForce, on: date) -> MatchingChange:
    """What would change of the sources, were they held to that policy."""
    return _change(_turned(connection, in_force, on))


def keep_matching(connection: Connection, in_force: InForce, on: date) -> MatchingChange:
    """Hold the sources to the policy, under its lock, and answer what changed; to link anew is a job."""
    turned = _turned(connection, in_force, on)
    change = _change(turned)
    sources.set_may_match(connection, change.apart, is_allowed=False)
    sources.set_may_match(connection, change.joined, is_allowed=True)
    for kind in sorted({ConstituentKind(source.kind) for source in turned}):
        jobs.defer(connection, Job.REMATCH, kind=kind)
    return change


def _turned(connection: Connection, in_force: InForce, on: date) -> list[SourceState]:
    return [
        source
        for source in sources.every(connection)
        if source.may_match != may_match(in_force, source.agency, on)
    ]


def _change(turned: Sequence[SourceState]) -> MatchingChange:
    return MatchingChange(
        apart=tuple(source.name for source in turned if source.may_match),
        joined=tuple(source.name for source in turned if not source.may_match),
    )


def look_again(hub: Hub) -> int:
    """Hold the sources to the policy of today, for agreements begin and end with the days; how many turned."""
    with database.transaction(hub.engine) as connection:
        in_force = shared_policy(hub, connection)
        change = keep_matching(connection, in_force, hub.day_of(hub.now()))
    return len(change.apart) + len(change.joined)
