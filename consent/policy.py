"""Agreements, consent, representations and restrictions as values, each sound by itself once built.

Decides what one value may say and when it is in force. Values that must fit together are checks.py's,
the release they lead to is decision.py's. Days are those of the jurisdiction's calendar, both ends included.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from consent.rules import Problem, Rule, broken, require
from consent.vocabulary import (
    Assurance,
    CollectionMethod,
    ConsentState,
    DataCategory,
    LegalBasis,
    Purpose,
    RepresentationKind,
    RestrictionKind,
)

AgencyId: TypeAlias = str
PurposeId: TypeAlias = str


@dataclass(frozen=True, slots=True)
class Agency:
    """A public body that gives records, receives them, or both (27560: PII controller, recipient)."""

    id: AgencyId
    label: str = ""
    is_suspended: bool = False

    def __post_init__(self) -> None:
        require(broken(not self.id, "id", Rule.EMPTY))


@dataclass(frozen=True, slots=True)
class DeclaredPurpose:
    """A purpose by the name requests use; `broader` is what it is to DPV (skos:broader)."""

    id: PurposeId
    broader: Purpose
    label: str = ""

    def __post_init__(self) -> None:
        require(broken(not self.id, "id", Rule.EMPTY))


@dataclass(frozen=True, slots=True, order=True)
class AgreementRef:
    """One revision of an agreement, as a decision rests on it and a log states it."""

    id: str
    revision: int

    def __str__(self) -> str:
        return f"{self.id} revision {self.revision}"


@dataclass(frozen=True, slots=True)
class Agreement:
    """One revision of what source agencies share with a recipient (GovStack: DataAgreement).

    citation: the law or the instrument itself. matching_allowed: the sources' records may be compared
    and linked under it. assurance_min: how surely the recipient's end user must be authenticated.
    compatible_revisions: earlier revisions a consent to which counts for this one (compatibleWithVersion).
    ended_at: ended before its time. It counts as soon as it is known, whatever the clocks say.
    epoch: raised by each change of the agreement, shared by its revisions.
    Raises PolicyInvalid.
    """

    id: str
    revision: int
    sources: frozenset[AgencyId]
    recipient: AgencyId
    purpose: PurposeId
    categories: frozenset[DataCategory]
    legal_basis: LegalBasis
    citation: str
    starts_on: date
    ends_on: date
    approved_by: tuple[str, ...]
    matching_allowed: bool = False
    assurance_min: Assurance = Assurance.LOW
    compatible_revisions: frozenset[int] = frozenset()
    ended_at: datetime | None = None
    epoch: int = 0

    def __post_init__(self) -> None:
        # An untyped edge can still hand in None, and this rule has a name of its own.
        is_endless = self.ends_on is None
        require(
            broken(not self.id, "id", Rule.EMPTY),
            broken(self.revision < 1, "revision", Rule.REVISION_BELOW_ONE),
            broken(not self.sources, "sources", Rule.EMPTY),
            broken(self.recipient in self.sources, "sources", Rule.SHARES_WITH_ITSELF),
            *_soundness(self.categories, is_widening=True),
            broken(not self.citation.strip(), "citation", Rule.EMPTY),
            broken(is_endless, "ends_on", Rule.NO_END_DATE),
            broken(
                not is_endless and self.ends_on < self.starts_on, "ends_on", Rule.END_BEFORE_START
            ),
            broken(not are_two(self.approved_by), "approved_by", Rule.TWO_APPROVERS),
            broken(not _is_utc_or_none(self.ended_at), "ended_at", Rule.NOT_UTC),
        )

    @property
    def ref(self) -> AgreementRef:
        """Its name in decisions and logs."""
        return AgreementRef(self.id, self.revision)

    def is_valid_on(self, on: date) -> bool:
        """Whether it is in force that day."""
        return self.ended_at is None and self.starts_on <= on <= self.ends_on

    def overlaps(self, other: Agreement) -> bool:
        """Whether both would be in force on one day; one that was ended makes way from that day on."""
        starts_on = max(self.starts_on, other.starts_on)
        return starts_on <= min(self._last_day, other._last_day)

    @property
    def _last_day(self) -> date:
        """Its last whole day; before `starts_on` where it was ended before it began."""
        if self.ended_at is None:
            return self.ends_on
        return min(self.ends_on, self.ended_at.date() - timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Policy:
    """What an operator declares once for all constituents, in the order it was stated."""

    agencies: tuple[Agency, ...] = ()
    purposes: tuple[DeclaredPurpose, ...] = ()
    agreements: tuple[Agreement, ...] = ()


EVENT_STATES: Final = frozenset(
    {
        ConsentState.GIVEN,
        ConsentState.RENEWED,
        ConsentState.REFUSED,
        ConsentState.WITHDRAWN,
        ConsentState.REVOKED,
        ConsentState.INVALIDATED,
    }
)
"""What an event may say; the other states follow from events, or from there being none."""


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """What she said of some categories of one revision of an agreement; never changed, only followed.

    Refusals are kept as well as consent (27560). One answer that gives some and refuses others is two
    events of one epoch. notice: the text shown, by its hash; language: BCP 47. evidence: a hash of the
    scan or recording. representation: by whom, None for herself (or, revoked and invalidated, for the
    agency and the court). given_on: the day in the jurisdiction's calendar. epoch: the subject's, raised by
    this event. Raises PolicyInvalid.
    """

    id: str
    subject: str
    agreement: AgreementRef
    purpose: PurposeId
    state: ConsentState
    categories: frozenset[DataCategory]
    notice: str
    language: str
    method: CollectionMethod
    evidence: str
    at: datetime
    given_on: date
    epoch: int
    valid_until: date | None = None
    representation: str | None = None

    def __post_init__(self) -> None:
        is_reversed = self.valid_until is not None and self.valid_until < self.given_on
        require(
            broken(not self.id, "id", Rule.EMPTY),
            broken(not self.subject, "subject", Rule.EMPTY),
            broken(self.state not in EVENT_STATES, "state", Rule.NOT_AN_EVENT_STATE),
            *_soundness(self.categories, is_widening=self.state.is_valid),
            broken(not self.notice, "notice", Rule.EMPTY),
            broken(not self.language, "language", Rule.EMPTY),
            broken(not self.evidence, "evidence", Rule.EMPTY),
            broken(not _is_utc(self.at), "at", Rule.NOT_UTC),
            broken(is_reversed, "valid_until", Rule.END_BEFORE_START),
        )


@dataclass(frozen=True, slots=True)
class Representation:
    """Who acts for whom, by what right, and until when. purposes: None for all. ended_at: before its time.

    Raises PolicyInvalid.
    """

    id: str
    subject: str
    representative: str
    kind: RepresentationKind
    starts_on: date
    ends_on: date
    evidence: str
    purposes: frozenset[PurposeId] | None = None
    ended_at: datetime | None = None

    def __post_init__(self) -> None:
        is_endless = self.ends_on is None
        require(
            broken(not self.id, "id", Rule.EMPTY),
            broken(self.representative == self.subject, "representative", Rule.REPRESENTS_HERSELF),
            broken(self.purposes == frozenset(), "purposes", Rule.EMPTY),
            broken(not self.evidence, "evidence", Rule.EMPTY),
            broken(is_endless, "ends_on", Rule.NO_END_DATE),
            broken(
                not is_endless and self.ends_on < self.starts_on, "ends_on", Rule.END_BEFORE_START
            ),
            broken(not _is_utc_or_none(self.ended_at), "ended_at", Rule.NOT_UTC),
        )

    def is_valid_on(self, on: date) -> bool:
        """Whether it is in force that day; the day it was ended before its time counts no more."""
        is_ended = self.ended_at is not None and self.ended_at.date() <= on
        return not is_ended and self.starts_on <= on <= self.ends_on

    def covers(self, purpose: PurposeId) -> bool:
        """Whether its scope holds the purpose."""
        return self.purposes is None or purpose in self.purposes


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whom a restriction does not bind: an agency, a purpose, or an agency for a purpose."""

    agency: AgencyId | None = None
    purpose: PurposeId | None = None

    def __post_init__(self) -> None:
        # A clearance of everybody for everything would lift the restriction.
        require(
            broken(self.agency is None and self.purpose is None, "clearance", Rule.EMPTY),
        )

    def covers(self, agency: AgencyId, purpose: PurposeId) -> bool:
        """Whether this agency, asking for this purpose, is cleared."""
        return self.agency in (None, agency) and self.purpose in (None, purpose)


@dataclass(frozen=True, slots=True)
class Restriction:
    """A rule that narrows what may be done with one constituent's data, and wins over every permission.

    starts_at: None for at once. An urgent one must be None: a moment taken from another machine's clock
    may lie ahead of the reader's. ends_at: the moment from which it no longer binds, None for no end.
    authority: the decision or request it rests on. Raises PolicyInvalid.
    """

    id: str
    subject: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    clearances: frozenset[Clearance] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        is_utc = _is_utc_or_none(self.starts_at) and _is_utc_or_none(self.ends_at)
        require(
            broken(not self.id, "id", Rule.EMPTY),
            broken(not self.authority.strip(), "authority", Rule.EMPTY),
            broken(not is_utc, "starts_at", Rule.NOT_UTC),
            broken(
                is_utc
                and self.starts_at is not None
                and self.ends_at is not None
                and self.ends_at < self.starts_at,
                "ends_at",
                Rule.END_BEFORE_START,
            ),
        )

    def is_valid_at(self, at: datetime) -> bool:
        """Whether it is in force at that moment."""
        has_started = self.starts_at is None or self.starts_at <= at
        return has_started and (self.ends_at is None or at < self.ends_at)

    def is_cleared(self, agency: AgencyId, purpose: PurposeId) -> bool:
        """Whether it does not bind this agency asking for this purpose."""
        return any(one.covers(agency, purpose) for one in self.clearances)


def may_be_matched(agency: AgencyId, agreements: Iterable[Agreement], on: date) -> bool:
    """Whether the agency's records may be compared and linked: some agreement in force says so."""
    return any(
        agency in one.sources and one.matching_allowed and one.is_valid_on(on) for one in agreements
    )


def _soundness(
    categories: frozenset[DataCategory], *, is_widening: bool
) -> tuple[Problem | None, ...]:
    lacks_existence = bool(categories) and DataCategory.EXISTENCE not in categories
    return (
        broken(not categories, "categories", Rule.EMPTY),
        broken(is_widening and lacks_existence, "categories", Rule.EXISTENCE_MISSING),
    )


def officer_key(name: str) -> str:
    """An officer's name as names are told apart: case and blanks around it make no other officer."""
    return name.strip().casefold()


def are_two(officers: Iterable[str]) -> bool:
    """Whether these are at least two different people, however their names are written."""
    return len({officer_key(one) for one in officers} - {""}) >= 2


def _is_utc(at: datetime) -> bool:
    return at.utcoffset() == timedelta(0)


def _is_utc_or_none(at: datetime | None) -> bool:
    return at is None or _is_utc(at)
