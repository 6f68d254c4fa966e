"""Which sources' records may be compared and linked: linking is processing, and some agreement must allow it.

Decides what a source may on a day, and that everything may while no policy was ever loaded. It is looked at
again at each change of the policy, each link (days pass) and each registration of a source. Records of a
source that may not stand apart like those whose constituent objects to linkage: population.py and
surroundings.py read them so, and a change reaches records that stand linked with the next link.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from consent.policy import AgencyId, may_be_matched
from hub.journeys.policies import InForce
from hub.store import sources


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
    turned = [
        source
        for source in sources.every(connection)
        if source.may_match != may_match(in_force, source.agency, on)
    ]
    return MatchingChange(
        apart=tuple(source.name for source in turned if source.may_match),
        joined=tuple(source.name for source in turned if not source.may_match),
    )


def keep_matching(connection: Connection, in_force: InForce, on: date) -> MatchingChange:
    """Hold the sources to the policy, under its lock, and answer what changed."""
    change = matching_change(connection, in_force, on)
    sources.set_may_match(connection, change.apart, is_allowed=False)
    sources.set_may_match(connection, change.joined, is_allowed=True)
    return change
