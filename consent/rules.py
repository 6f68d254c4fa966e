"""What policy, consent and representation must keep to, each rule with a name and a sentence.

Decides the names and how a breach is told; no sentence holds a value of a constituent. Where a rule is
checked is policy.py's (one value), checks.py's (values together), succession.py's (a policy after another)
and documents.py's (a file).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hub.domain.errors import HubError


class Rule(StrEnum):
    """A rule by the name an officer meets."""

    NO_END_DATE = "no_end_date"
    END_BEFORE_START = "end_before_start"
    TWO_APPROVERS = "two_approvers"
    OVERLAPPING_REVISIONS = "overlapping_revisions"
    TWICE = "twice"
    UNKNOWN_PURPOSE = "unknown_purpose"
    UNKNOWN_AGENCY = "unknown_agency"
    UNKNOWN_AGREEMENT = "unknown_agreement"
    AGREEMENT_NOT_IN_FORCE = "agreement_not_in_force"
    NOT_A_PARTY = "not_a_party"
    EMPTY = "empty"
    EXISTENCE_MISSING = "existence_missing"
    SHARES_WITH_ITSELF = "shares_with_itself"
    REVISION_BELOW_ONE = "revision_below_one"
    REVISION_CHANGED = "revision_changed"
    REVISION_ENDED = "revision_ended"
    AGREEMENT_OVER = "agreement_over"
    NOT_UTC = "not_utc"
    NOT_AN_EVENT_STATE = "not_an_event_state"
    CONSENT_NOT_ASKED = "consent_not_asked"
    CONSENT_BEYOND_AGREEMENT = "consent_beyond_agreement"
    CONSENT_BY_MINOR_ALONE = "consent_by_minor_alone"
    AGE_UNKNOWN = "age_unknown"
    REPRESENTATION_UNKNOWN = "representation_unknown"
    REPRESENTATION_EXPIRED = "representation_expired"
    REPRESENTATION_BEYOND_SCOPE = "representation_beyond_scope"
    REPRESENTS_HERSELF = "represents_herself"
    LINKAGE_TERMS = "linkage_terms"
    UNREADABLE = "unreadable"
    UNKNOWN_FIELD = "unknown_field"
    MISSING = "missing"
    MALFORMED = "malformed"

    @property
    def sentence(self) -> str:
        """The rule in words."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Rule.NO_END_DATE: "must state the day it ends",
    Rule.END_BEFORE_START: "ends before it starts",
    Rule.TWO_APPROVERS: "must be approved by two different officers",
    Rule.OVERLAPPING_REVISIONS: "overlaps another revision of the same agreement",
    Rule.TWICE: "is stated twice",
    Rule.UNKNOWN_PURPOSE: "no such purpose is declared",
    Rule.UNKNOWN_AGENCY: "no such agency is declared",
    Rule.UNKNOWN_AGREEMENT: "no such revision of an agreement",
    Rule.AGREEMENT_NOT_IN_FORCE: "the agreement is not in force on that day",
    Rule.NOT_A_PARTY: "the agency is neither a source nor the recipient of the agreement",
    Rule.EMPTY: "must not be empty",
    Rule.EXISTENCE_MISSING: "must name existence: whatever is shared tells that a record exists",
    Rule.SHARES_WITH_ITSELF: "an agency needs no agreement with itself",
    Rule.REVISION_BELOW_ONE: "revisions count from 1",
    Rule.REVISION_CHANGED: "a revision once loaded never changes: state another one",
    Rule.REVISION_ENDED: "a revision that was ended stays ended: state another one",
    Rule.AGREEMENT_OVER: "no revision of it is in force or to come",
    Rule.NOT_UTC: "must be a moment in UTC",
    Rule.NOT_AN_EVENT_STATE: "must be given, renewed, refused, withdrawn, revoked or invalidated",
    Rule.CONSENT_NOT_ASKED: "the agreement rests on law, no consent is asked",
    Rule.CONSENT_BEYOND_AGREEMENT: "names a purpose or category that the agreement does not",
    Rule.CONSENT_BY_MINOR_ALONE: "a minor consents through a representative",
    Rule.AGE_UNKNOWN: "without a date of birth nobody consents alone",
    Rule.REPRESENTATION_UNKNOWN: "no such representation of this constituent",
    Rule.REPRESENTATION_EXPIRED: "the representation is not in force on that day",
    Rule.REPRESENTATION_BEYOND_SCOPE: "the representation does not cover this purpose",
    Rule.REPRESENTS_HERSELF: "nobody represents herself",
    Rule.LINKAGE_TERMS: "an objection to linkage sets records apart for everybody, at once, until it is lifted",
    Rule.UNREADABLE: "cannot be read",
    Rule.UNKNOWN_FIELD: "unknown field",
    Rule.MISSING: "missing",
    Rule.MALFORMED: "is not of the right form",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One breach: where (a path, as in `agreements[0].ends_on`), the rule, and what else helps."""

    where: str
    rule: Rule
    detail: str = ""

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.where}: {self.rule}: {self.rule.sentence}{detail}"


class PolicyInvalid(HubError):
    """A policy, consent, representation or restriction breaks a rule; `problems` names each, `file` whose."""

    def __init__(self, problems: Iterable[Problem], file: str | None = None) -> None:
        self.problems = tuple(problems)
        self.file = file
        told = "; ".join(str(problem) for problem in self.problems)
        super().__init__(f"{file}: {told}" if file else told)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules broken, in the order found."""
        return tuple(problem.rule for problem in self.problems)


def require(*found: Problem | None) -> None:
    """Raise PolicyInvalid with every problem found; None stands for a rule that was kept."""
    problems = [problem for problem in found if problem is not None]
    if problems:
        raise PolicyInvalid(problems)


def broken(is_broken: bool, where: str, rule: Rule) -> Problem | None:
    """The problem, where the rule is broken."""
    return Problem(where, rule) if is_broken else None
