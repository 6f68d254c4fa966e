"""Whether values fit together: a policy as a whole, a consent to the agreement and person it is of.

Decides what may be recorded. A fact that should never have been recorded is still not believed by
decision.py, which trusts none of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import combinations

from consent.policy import Agreement, ConsentEvent, Policy, Representation
from consent.rules import PolicyInvalid, Problem, Rule, broken, require


def check_policy(policy: Policy) -> None:
    """Raises PolicyInvalid naming every place where the policy contradicts itself."""
    problems = [
        *_twice("agencies", [one.id for one in policy.agencies]),
        *_twice("purposes", [one.id for one in policy.purposes]),
        *_twice("agreements", [str(one.ref) for one in policy.agreements]),
        *_undeclared(policy),
        *_overlaps(policy.agreements),
    ]
    if problems:
        raise PolicyInvalid(problems)


def check_consent(
    event: ConsentEvent,
    agreements: Iterable[Agreement],
    representations: Iterable[Representation],
    *,
    born_on: date | None,
    age_min: int | None,
) -> None:
    """Whether the event may be recorded. Raises PolicyInvalid.

    age_min: completed years from which she consents alone (GDPR Art. 8 and national law); None where no
    age is asked, as of organizations. Saying no is open to anyone of any age, and of an agreement that is no
    longer in force.
    """
    agreement = next((one for one in agreements if one.ref == event.agreement), None)
    if agreement is None:
        raise PolicyInvalid([Problem("agreement", Rule.UNKNOWN_AGREEMENT)])
    is_outside = event.state.is_valid and not agreement.is_valid_on(event.given_on)
    is_beyond = not event.categories <= agreement.categories or event.purpose != agreement.purpose
    require(
        broken(agreement.legal_basis.is_statutory, "agreement", Rule.CONSENT_NOT_ASKED),
        broken(is_outside, "agreement", Rule.AGREEMENT_NOT_IN_FORCE),
        broken(is_beyond, "categories", Rule.CONSENT_BEYOND_AGREEMENT),
        _representation_problem(event, representations),
        _age_problem(event, born_on, age_min),
    )


def is_of_age(born_on: date, on: date, age_min: int) -> bool:
    """Whether she has completed that many years; born on 29 February, on 1 March of common years."""
    years = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return years >= age_min


def _representation_problem(
    event: ConsentEvent, representations: Iterable[Representation]
) -> Problem | None:
    if event.representation is None:
        return None
    by = next(
        (
            one
            for one in representations
            if one.id == event.representation and one.subject == event.subject
        ),
        None,
    )
    if by is None:
        return Problem("representation", Rule.REPRESENTATION_UNKNOWN)
    if not by.is_valid_on(event.given_on):
        return Problem("representation", Rule.REPRESENTATION_EXPIRED)
    if not by.covers(event.purpose):
        return Problem("representation", Rule.REPRESENTATION_BEYOND_SCOPE)
    return None


def _age_problem(event: ConsentEvent, born_on: date | None, age_min: int | None) -> Problem | None:
    if age_min is None or event.representation is not None or not event.state.is_valid:
        return None
    if born_on is None:
        return Problem("representation", Rule.AGE_UNKNOWN)
    is_minor = not is_of_age(born_on, event.given_on, age_min)
    return broken(is_minor, "representation", Rule.CONSENT_BY_MINOR_ALONE)


def _twice(place: str, names: list[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, name in enumerate(names):
        if name in seen:
            yield Problem(f"{place}[{index}].id", Rule.TWICE, name)
        seen.add(name)


def _undeclared(policy: Policy) -> Iterator[Problem]:
    agencies = {one.id for one in policy.agencies}
    purposes = {one.id for one in policy.purposes}
    for index, one in enumerate(policy.agreements):
        place = f"agreements[{index}]"
        for source in sorted(one.sources - agencies):
            yield Problem(f"{place}.sources", Rule.UNKNOWN_AGENCY, source)
        if one.recipient not in agencies:
            yield Problem(f"{place}.recipient", Rule.UNKNOWN_AGENCY, one.recipient)
        if one.purpose not in purposes:
            yield Problem(f"{place}.purpose", Rule.UNKNOWN_PURPOSE, one.purpose)


def _overlaps(agreements: tuple[Agreement, ...]) -> Iterator[Problem]:
    for (_, left), (index, right) in combinations(enumerate(agreements), 2):
        if left.id == right.id and left.revision != right.revision and left.overlaps(right):
            yield Problem(
                f"agreements[{index}].starts_on", Rule.OVERLAPPING_REVISIONS, str(left.ref)
            )
