"""What follows the policy in force when officers state a new one, or add, end or suspend one thing of it.

Decides what may follow what: a revision once loaded never changes, one that was ended stays ended, and what
is no longer stated ends now. Ended revisions stay in the document, for a replay to find. That nothing is
released meanwhile is the journeys' to see to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from consent.checks import check_policy
from consent.difference import diff
from consent.policy import AgencyId, Agreement, AgreementRef, Policy
from consent.proposing import ProposedAgreement
from consent.rules import PolicyInvalid, Problem, Rule

#: No place on Earth is a whole day off UTC: where an agreement applies it may still be its last day.
_DAY_OFF_MAX: Final = timedelta(days=1)


def stated(policy: Policy) -> Policy:
    """The policy as a file would state it: without the revisions that were ended."""
    return replace(
        policy, agreements=tuple(one for one in policy.agreements if one.ended_at is None)
    )


def succeed(in_force: Policy, new: Policy, *, version: int, at: datetime) -> Policy:
    """The policy that follows when `new` is stated at that moment. Raises PolicyInvalid.

    version: the number it gets, and so the epoch of each agreement that it adds or ends.
    """
    check_policy(new)
    known = {one.ref: one for one in in_force.agreements}
    problems = list(_breaches(known, new, at))
    if problems:
        raise PolicyInvalid(problems)
    kept = {one.ref for one in new.agreements}
    return replace(
        new,
        agreements=(
            *(known.get(one.ref, replace(one, epoch=version)) for one in new.agreements),
            *(_ended(one, version, at) for one in in_force.agreements if one.ref not in kept),
        ),
    )


def add(in_force: Policy, one: Agreement, *, version: int, at: datetime) -> Policy:
    """The policy that follows when one more revision enters. Raises PolicyInvalid, by the revision's own paths."""
    standing = stated(in_force)
    try:
        return succeed(
            in_force,
            replace(standing, agreements=(*standing.agreements, one)),
            version=version,
            at=at,
        )
    except PolicyInvalid as error:
        place = f"agreements[{len(standing.agreements)}]."
        problems = [
            replace(problem, where=problem.where.removeprefix(place)) for problem in error.problems
        ]
    raise PolicyInvalid(problems)


def check_proposed(in_force: Policy, proposed: ProposedAgreement, at: datetime) -> None:
    """Whether it could enter, were it approved at that moment. Raises PolicyInvalid."""
    add(in_force, proposed.terms, version=0, at=at)


def end(in_force: Policy, id_: str, *, version: int, at: datetime) -> Policy:
    """The policy that follows when an agreement ends, with every revision that is in force or to come.

    Raises PolicyInvalid where there is no such agreement, or nothing of it left to end.
    """
    if all(one.id != id_ for one in in_force.agreements):
        raise PolicyInvalid([Problem("agreement", Rule.UNKNOWN_AGREEMENT, id_)])
    last_day = at.date() - _DAY_OFF_MAX
    following = tuple(
        _ended(one, version, at) if one.id == id_ and one.ends_on >= last_day else one
        for one in in_force.agreements
    )
    if following == in_force.agreements:
        raise PolicyInvalid([Problem("agreement", Rule.AGREEMENT_OVER, id_)])
    return replace(in_force, agreements=following)


def suspend(in_force: Policy, id_: AgencyId, *, is_suspended: bool) -> Policy:
    """The policy that follows when an agency is suspended, or reinstated. Raises PolicyInvalid."""
    if all(one.id != id_ for one in in_force.agencies):
        raise PolicyInvalid([Problem("agency", Rule.UNKNOWN_AGENCY, id_)])
    return replace(
        in_force,
        agencies=tuple(
            replace(one, is_suspended=is_suspended) if one.id == id_ else one
            for one in in_force.agencies
        ),
    )


def ended_by(in_force: Policy, following: Policy) -> tuple[Agreement, ...]:
    """The revisions that ended between the two."""
    before = {one.ref for one in in_force.agreements if one.ended_at is not None}
    return tuple(
        one for one in following.agreements if one.ended_at is not None and one.ref not in before
    )


def _ended(one: Agreement, version: int, at: datetime) -> Agreement:
    if one.ended_at is not None:
        return one
    return replace(one, ended_at=at, epoch=version)


def _breaches(
    known: Mapping[AgreementRef, Agreement], new: Policy, at: datetime
) -> Iterator[Problem]:
    ended = [one for one in known.values() if one.ended_at is not None]
    kept = {one.ref for one in new.agreements}
    leaving = [
        replace(one, ended_at=at)
        for one in known.values()
        if one.ended_at is None and one.ref not in kept
    ]
    for index, one in enumerate(new.agreements):
        place = f"agreements[{index}]"
        before = known.get(one.ref)
        if before is not None and before.ended_at is not None:
            yield Problem(f"{place}.revision", Rule.REVISION_ENDED, str(one.ref))
        elif before is not None and (names := _changed(before, one)):
            yield Problem(f"{place}.revision", Rule.REVISION_CHANGED, names)
        elif before is None:
            for other in (*ended, *leaving):
                if other.id == one.id and one.overlaps(other):
                    yield Problem(f"{place}.starts_on", Rule.OVERLAPPING_REVISIONS, str(other.ref))


def _changed(before: Agreement, after: Agreement) -> str:
    """The fields that two statements of a revision differ in."""
    changes = diff(Policy(agreements=(before,)), Policy(agreements=(after,)))
    return ", ".join(field.name for change in changes for field in change.fields)
