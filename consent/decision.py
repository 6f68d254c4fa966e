"""May this agency have these data of this constituent, for this purpose, now? A pure, total answer.

Decides what is permitted of each source's records and what is withheld, each with its reasons. Denies by
default; a restriction wins over every permission. Gathering the facts, reading, logging and answering are
the journeys': they open what `permits` names, log the whole Decision, and tell the caller only `told`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from consent.policy import (
    AgencyId,
    Agreement,
    AgreementRef,
    ConsentEvent,
    Policy,
    PurposeId,
    Representation,
    Restriction,
)
from consent.standing import standing_of
from consent.vocabulary import (
    Assurance,
    ConsentState,
    DataCategory,
    LegalBasis,
    Purpose,
    RestrictionKind,
)


class Reason(StrEnum):
    """Why something is withheld, in the order in which the steps ask."""

    CALLER_INACTIVE = "caller_inactive"
    PURPOSE_UNKNOWN = "purpose_unknown"
    NOTHING_REQUESTED = "nothing_requested"
    NOTHING_HELD = "nothing_held"
    NOT_IN_SCOPE = "not_in_scope"
    AT_RISK = "at_risk"
    RESTRICTED_PROCESSING = "restricted_processing"
    DISPUTED = "disputed"
    OBJECTED_TO_LINKAGE = "objected_to_linkage"
    SOURCE_INACTIVE = "source_inactive"
    NO_AGREEMENT = "no_agreement"
    AGREEMENT_NOT_IN_FORCE = "agreement_not_in_force"
    NOT_IN_AGREEMENT = "not_in_agreement"
    ASSURANCE_TOO_LOW = "assurance_too_low"
    OBJECTED = "objected"
    DECEASED = "deceased"
    CONSENT_UNKNOWN = "consent_unknown"
    CONSENT_REFUSED = "consent_refused"
    CONSENT_WITHDRAWN = "consent_withdrawn"
    CONSENT_REVOKED = "consent_revoked"
    CONSENT_INVALIDATED = "consent_invalidated"
    CONSENT_EXPIRED = "consent_expired"
    EXISTENCE_WITHHELD = "existence_withheld"
    WITHHELD = "withheld"

    @property
    def sentence(self) -> str:
        """The reason in words."""
        return _SENTENCES[self]

    @property
    def is_about_constituent(self) -> bool:
        """Whether it would tell something of her: such a reason is told a caller as `withheld`."""
        return self in _ABOUT_CONSTITUENT


_SENTENCES: Final = {
    Reason.CALLER_INACTIVE: "the asking agency is unknown or suspended",
    Reason.PURPOSE_UNKNOWN: "the purpose is not declared",
    Reason.NOTHING_REQUESTED: "nothing was asked for",
    Reason.NOTHING_HELD: "no agency holds a record",
    Reason.NOT_IN_SCOPE: "the caller's scope does not reach it",
    Reason.AT_RISK: "the constituent is at risk and the caller is not cleared",
    Reason.RESTRICTED_PROCESSING: "processing is restricted (GDPR Art. 18)",
    Reason.DISPUTED: "the identity is disputed",
    Reason.OBJECTED_TO_LINKAGE: "the constituent objected to her records being linked",
    Reason.SOURCE_INACTIVE: "the source agency is unknown or suspended",
    Reason.NO_AGREEMENT: "no agreement shares this source with the caller for the purpose",
    Reason.AGREEMENT_NOT_IN_FORCE: "the agreement is not in force on that day",
    Reason.NOT_IN_AGREEMENT: "the agreement does not share this category",
    Reason.ASSURANCE_TOO_LOW: "the agreement asks for a surer authentication",
    Reason.OBJECTED: "the constituent objected (GDPR Art. 21)",
    Reason.DECEASED: "the constituent is deceased",
    Reason.CONSENT_UNKNOWN: "no consent that counts for this agreement is known",
    Reason.CONSENT_REFUSED: "consent was refused",
    Reason.CONSENT_WITHDRAWN: "consent was withdrawn",
    Reason.CONSENT_REVOKED: "consent was revoked by an agency",
    Reason.CONSENT_INVALIDATED: "consent was found invalid",
    Reason.CONSENT_EXPIRED: "consent has expired",
    Reason.EXISTENCE_WITHHELD: "that the source holds a record is itself withheld",
    Reason.WITHHELD: "withheld",
}

# NOT_IN_AGREEMENT and the like speak of the caller and of agreements, which it knows.
_ABOUT_CONSTITUENT: Final = frozenset(
    {
        Reason.AT_RISK,
        Reason.RESTRICTED_PROCESSING,
        Reason.DISPUTED,
        Reason.OBJECTED_TO_LINKAGE,
        Reason.OBJECTED,
        Reason.DECEASED,
        Reason.CONSENT_UNKNOWN,
        Reason.CONSENT_REFUSED,
        Reason.CONSENT_WITHDRAWN,
        Reason.CONSENT_REVOKED,
        Reason.CONSENT_INVALIDATED,
        Reason.CONSENT_EXPIRED,
    }
)

_OF_STATE: Final = {
    ConsentState.REFUSED: Reason.CONSENT_REFUSED,
    ConsentState.WITHDRAWN: Reason.CONSENT_WITHDRAWN,
    ConsentState.REVOKED: Reason.CONSENT_REVOKED,
    ConsentState.INVALIDATED: Reason.CONSENT_INVALIDATED,
    ConsentState.EXPIRED: Reason.CONSENT_EXPIRED,
}

#: Restrictions that shut every record but the caller's own, whatever the agreement.
_SHUTTING: Final = {
    RestrictionKind.AT_RISK: Reason.AT_RISK,
    RestrictionKind.RESTRICTED_PROCESSING: Reason.RESTRICTED_PROCESSING,
    RestrictionKind.DISPUTED: Reason.DISPUTED,
}


@dataclass(frozen=True, slots=True)
class Request:
    """What an agency asks. scope: what its token reaches. requested: what it wants this time.

    Existence is asked with everything. at: aware UTC; on: that moment's day where the law applies.
    agreement: the one it invokes, None for any. Raises ValueError when at and on cannot be one moment.
    """

    caller: AgencyId
    purpose: PurposeId
    requested: frozenset[DataCategory]
    scope: frozenset[DataCategory]
    at: datetime
    on: date
    agreement: str | None = None
    assurance: Assurance = Assurance.LOW

    def __post_init__(self) -> None:
        if self.at.utcoffset() != timedelta(0):
            raise ValueError("at must be aware and in UTC")
        # No place on Earth is a whole day off UTC.
        if abs(self.on - self.at.date()) > timedelta(days=1):
            raise ValueError("on must be the day of at")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one constituent and of the agreements when deciding, in no particular order.

    held_by: the agencies with a record in the profile. The subjects named in consents, representations
    and restrictions are not compared: after a merge they stand under several ids, and all count.
    subject_epoch: hers, read under her lock.
    """

    policy: Policy
    held_by: frozenset[AgencyId]
    consents: tuple[ConsentEvent, ...] = ()
    representations: tuple[Representation, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    subject_epoch: int = 0


@dataclass(frozen=True, slots=True)
class Ruling:
    """One category of one source's records: permitted, or withheld with at least one reason.

    agreement and legal_basis: what a permission rests on; both None for the caller's own records.
    consents: ids of the events that decided, for or against.
    """

    source: AgencyId
    category: DataCategory
    reasons: tuple[Reason, ...] = ()
    agreement: AgreementRef | None = None
    legal_basis: LegalBasis | None = None
    consents: tuple[str, ...] = ()

    @property
    def is_permitted(self) -> bool:
        """Whether it may be released."""
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Told:
    """What a caller may learn of a ruling; `source` is None where it may not learn which agency it is."""

    source: AgencyId | None
    category: DataCategory
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with all it rests on: equal requests and facts give equal decisions.

    rulings: by source and category. reasons: why nothing at all could be ruled on; empty otherwise.
    own_records_only: nothing but the caller's own records may seem to exist, in answers, ambiguity, feeds
    and timing. subject_epoch and agreement_epochs (by agreement id): what a replay reads the facts at.
    """

    request: Request
    rulings: tuple[Ruling, ...]
    reasons: tuple[Reason, ...]
    own_records_only: bool
    subject_epoch: int
    agreement_epochs: tuple[tuple[str, int], ...]

    @property
    def is_release(self) -> bool:
        """Whether anything is permitted."""
        return any(one.is_permitted for one in self.rulings)

    @property
    def existence_permitted(self) -> bool:
        """Whether the caller may learn that any agency but itself holds a record."""
        # Nothing of a source is permitted whose existence is not.
        return any(one.is_permitted and one.source != self.request.caller for one in self.rulings)

    @property
    def agreements(self) -> tuple[AgreementRef, ...]:
        """The agreements that permissions rest on, sorted."""
        return tuple(sorted({one.agreement for one in self.rulings if one.agreement is not None}))

    @property
    def consents(self) -> tuple[str, ...]:
        """Ids of the consent events that decided, for or against, sorted."""
        return tuple(sorted({event for one in self.rulings for event in one.consents}))

    def permitted(self, source: AgencyId) -> frozenset[DataCategory]:
        """The categories of this source's records that may be read and released."""
        return frozenset(
            one.category for one in self.rulings if one.source == source and one.is_permitted
        )

    def permits(self, source: AgencyId, category: DataCategory) -> bool:
        """Whether this category of this source's records may be read and released."""
        return category in self.permitted(source)

    def told(self) -> tuple[Told, ...]:
        """What may be answered beside the values, sorted.

        Nothing of a source whose existence is withheld, no reason that is about the constituent, and no
        agency's name without the category `source`. So an uncleared caller's answer about a constituent
        at risk is, value for value, the one it would get if only its own records existed.
        """
        caller = self.request.caller
        permitted = {(one.source, one.category) for one in self.rulings if one.is_permitted}
        found: dict[tuple[AgencyId, DataCategory], list[Ruling]] = {}
        for one in self.rulings:
            if one.source == caller or (one.source, DataCategory.EXISTENCE) in permitted:
                is_named = one.source == caller or (one.source, DataCategory.SOURCE) in permitted
                # Sources without a name are told as one, or their number would show.
                found.setdefault((one.source if is_named else "", one.category), []).append(one)
        return tuple(
            Told(source or None, category, _outward(found[source, category]))
            for source, category in sorted(found)
        )


def decide(request: Request, facts: Facts) -> Decision:
    """Decide; never raises. Adding a restriction or a "no", ending an agreement, or narrowing scope or
    agreement never permits more.

    1. The caller is an active agency. 2. The purpose is declared. Then, for each source that holds a record
    and each category asked: 3. the caller's scope reaches it; 4. its own records need nothing more; 5. no
    restriction shuts the others; 6. an agreement in force shares the category with the caller for the
    purpose, at the assurance it asks, on a basis that holds: law without an objection, or consent in a
    valid state. 7. Nothing of a source is released whose existence is not.
    """
    case = _Case.of(request, facts)
    asked = sorted(request.requested | {DataCategory.EXISTENCE}) if request.requested else []
    rulings: list[Ruling] = []
    for source in sorted(facts.held_by):
        rulings += _only_if_existence([_rule(case, source, category) for category in asked])
    return Decision(
        request=request,
        rulings=tuple(rulings),
        reasons=() if rulings else (case.refusal or _emptiness(request),),
        own_records_only=Reason.AT_RISK in case.shut,
        subject_epoch=facts.subject_epoch,
        agreement_epochs=_epochs(case.agreements),
    )


def explain(decision: Decision) -> str:
    """The decision in words, for officers and for the constituent, one line per source and outcome."""
    request = decision.request
    asked = ", ".join(sorted(request.requested)) or "nothing"
    lines = [f"{request.caller} asks for {asked}, for the purpose {request.purpose}."]
    lines += [f"Refused: {reason.sentence}." for reason in decision.reasons]
    if decision.own_records_only:
        lines.append("Answered as if only the caller's own records existed.")
    outcomes: dict[tuple[AgencyId, str], list[str]] = {}
    for one in decision.rulings:
        outcomes.setdefault((one.source, _in_words(one)), []).append(one.category)
    lines += [
        f"{source}: {', '.join(categories)}: {words}."
        for (source, words), categories in outcomes.items()
    ]
    return "\n".join(lines)


def _in_words(ruling: Ruling) -> str:
    if not ruling.is_permitted:
        return "withheld, " + "; ".join(reason.sentence for reason in ruling.reasons)
    if ruling.legal_basis is None:
        return "permitted, the caller's own records"
    events = f", consent {', '.join(ruling.consents)}" if ruling.consents else ""
    return f"permitted, {ruling.agreement} ({ruling.legal_basis.iri}{events})"


@dataclass(frozen=True, slots=True)
class _Case:
    """A request and its facts, with what is the same for every source and category worked out once.

    binding: the restrictions in force that bind this caller for this purpose. agreements: those the request
    may invoke, in force or not. refusal: why nothing is permitted. shut: why every record but the caller's
    own is shut.
    """

    request: Request
    facts: Facts
    active: frozenset[AgencyId]
    broader: frozenset[Purpose]
    binding: frozenset[RestrictionKind]
    agreements: tuple[Agreement, ...]
    refusal: Reason | None
    shut: tuple[Reason, ...]

    @classmethod
    def of(cls, request: Request, facts: Facts) -> _Case:
        policy = facts.policy
        suspended = {one.id for one in policy.agencies if one.is_suspended}
        active = frozenset(one.id for one in policy.agencies if one.id not in suspended)
        broader = frozenset(one.broader for one in policy.purposes if one.id == request.purpose)
        binding = frozenset(
            one.kind
            for one in facts.restrictions
            if one.is_valid_at(request.at) and not one.is_cleared(request.caller, request.purpose)
        )
        refusal = None if broader else Reason.PURPOSE_UNKNOWN
        return cls(
            request=request,
            facts=facts,
            active=active,
            broader=broader,
            binding=binding,
            agreements=tuple(one for one in policy.agreements if _invokes(request, one)),
            refusal=refusal if request.caller in active else Reason.CALLER_INACTIVE,
            shut=_shut(binding, facts.held_by),
        )

    def ends_with_life(self, agreement: Agreement) -> bool:
        """Consent is hers alone, and nobody is prompted to renew for her."""
        is_prompt = Purpose.COMMUNICATION_MANAGEMENT in self.broader
        return is_prompt or not agreement.legal_basis.is_statutory


def _shut(binding: frozenset[RestrictionKind], held_by: frozenset[AgencyId]) -> tuple[Reason, ...]:
    found = [reason for kind, reason in _SHUTTING.items() if kind in binding]
    # One agency's records alone are linked to nothing.
    if RestrictionKind.OBJECTION_TO_LINKAGE in binding and len(held_by) > 1:
        found.append(Reason.OBJECTED_TO_LINKAGE)
    return tuple(found)


def _emptiness(request: Request) -> Reason:
    return Reason.NOTHING_HELD if request.requested else Reason.NOTHING_REQUESTED


def _invokes(request: Request, agreement: Agreement) -> bool:
    is_meant = request.agreement is None or request.agreement == agreement.id
    is_theirs = agreement.recipient == request.caller and agreement.purpose == request.purpose
    return is_meant and is_theirs


def _rule(case: _Case, source: AgencyId, category: DataCategory) -> Ruling:
    """One category of one source, by the steps of `decide` in their order, existence apart."""
    if case.refusal is not None:
        return Ruling(source, category, (case.refusal,))
    if category not in case.request.scope:
        return Ruling(source, category, (Reason.NOT_IN_SCOPE,))
    if source == case.request.caller:
        return Ruling(source, category)
    if case.shut:
        return Ruling(source, category, case.shut)
    if source not in case.active:
        return Ruling(source, category, (Reason.SOURCE_INACTIVE,))
    tried = [
        _under(case, one, source, category) for one in case.agreements if source in one.sources
    ]
    if not tried:
        return Ruling(source, category, (Reason.NO_AGREEMENT,))
    permitting = [one for one in tried if one.is_permitted]
    if permitting:
        return min(permitting, key=_preference)
    return replace(
        tried[0],
        reasons=_in_order(reason for one in tried for reason in one.reasons),
        consents=tuple(sorted({event for one in tried for event in one.consents})),
    )


def _under(case: _Case, agreement: Agreement, source: AgencyId, category: DataCategory) -> Ruling:
    """What this agreement alone would rule: its first failing step, or the permission."""
    basis = agreement.legal_basis
    reason: Reason | None = None
    consents: tuple[str, ...] = ()
    if not agreement.is_valid_on(case.request.on):
        reason = Reason.AGREEMENT_NOT_IN_FORCE
    elif category not in agreement.categories:
        reason = Reason.NOT_IN_AGREEMENT
    elif case.request.assurance < agreement.assurance_min:
        reason = Reason.ASSURANCE_TOO_LOW
    elif RestrictionKind.OBJECTION in case.binding and basis.is_open_to_objection:
        reason = Reason.OBJECTED
    elif RestrictionKind.DECEASED in case.binding and case.ends_with_life(agreement):
        reason = Reason.DECEASED
    elif not basis.is_statutory:
        facts = case.facts
        standing = standing_of(
            agreement, category, facts.consents, facts.representations, case.request.on
        )
        consents = standing.events
        if not standing.state.is_valid:
            reason = _OF_STATE.get(standing.state, Reason.CONSENT_UNKNOWN)
    if reason is not None:
        return Ruling(source, category, (reason,), consents=consents)
    return Ruling(source, category, (), agreement.ref, basis, consents)


def _preference(ruling: Ruling) -> tuple[bool, str, str, tuple[str, ...]]:
    """Law before consent, so that a release does not seem to hang on a consent it does not need."""
    is_on_consent = ruling.legal_basis is LegalBasis.CONSENT
    return is_on_consent, str(ruling.agreement), str(ruling.legal_basis), ruling.consents


def _only_if_existence(rulings: list[Ruling]) -> list[Ruling]:
    """The rulings on one source, nothing permitted where its existence is not."""
    if any(one.is_permitted and one.category is DataCategory.EXISTENCE for one in rulings):
        return rulings
    return [
        Ruling(one.source, one.category, (Reason.EXISTENCE_WITHHELD,), consents=one.consents)
        if one.is_permitted
        else one
        for one in rulings
    ]


def _in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    found = set(reasons)
    return tuple(reason for reason in Reason if reason in found)


def _outward(rulings: Iterable[Ruling]) -> tuple[Reason, ...]:
    """The reasons as a caller is told them; none where one of the rulings permits."""
    found = list(rulings)
    if any(one.is_permitted for one in found):
        return ()
    return _in_order(
        Reason.WITHHELD if reason.is_about_constituent else reason
        for one in found
        for reason in one.reasons
    )


def _epochs(agreements: Iterable[Agreement]) -> tuple[tuple[str, int], ...]:
    """The newest epoch of each agreement by its id."""
    newest: dict[str, int] = {}
    for one in agreements:
        newest[one.id] = max(one.epoch, newest.get(one.id, one.epoch))
    return tuple(sorted(newest.items()))
