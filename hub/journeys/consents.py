"""Consent: what a constituent answers to an agreement, and how a "yes" ends.

Decides which agreement, day and age an answer is held against (consent.checks says what may be recorded), and
that a "no" reaches, in its own transaction, whoever was given data on the strength of a "yes". Anybody may say
no, of anything, at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from consent.checks import check_consent
from consent.log.entry import Account, Permitted
from consent.policy import Agreement, AgreementRef, ConsentEvent, Representation
from consent.rules import PolicyInvalid, Problem, Rule, broken, require
from consent.standing import standing_of
from consent.vocabulary import CollectionMethod, ConsentState, DataCategory
from hub.domain.notices import DELETE_WITHIN, NoticeKind
from hub.domain.records import ConstituentKind
from hub.journeys.context import Hub
from hub.journeys.counter import Counter, Sight
from hub.journeys.facts import gather
from hub.journeys.notices import notify
from hub.journeys.profile import born_on
from hub.journeys.saying import FactChange, Recorded, require_author
from hub.journeys.subjects import HeldSubject, in_subject_change

Categories = frozenset[DataCategory]


@dataclass(frozen=True, slots=True)
class How:
    """How something was said (ISO/IEC TS 27560): the notice shown and the evidence kept, by their hashes.

    language: BCP 47. representation: the id of the one it was said by, None for herself.
    """

    notice: str
    language: str
    method: CollectionMethod
    evidence: str
    representation: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Her answer to one revision of an agreement: what she gives and what she refuses, in one act.

    valid_until: the last day of what is given. is_renewal: it was given before, and is given again.
    """

    agreement: AgreementRef
    given: Categories = frozenset()
    refused: Categories = frozenset()
    valid_until: date | None = None
    is_renewal: bool = False


def record_consent(
    hub: Hub,
    reference: str,
    answer: Answer,
    how: How,
    *,
    author: str,
    at: Counter | None = None,
) -> Recorded:
    """Record her answer: what is given and what is refused become two events of one epoch.

    at: the agency's counter or portal it is said at; None for an officer's desk. Raises PolicyInvalid naming the rule it breaks, CredentialsRefused, and as
    in_subject_change; then nothing is written.
    """
    require_author(author)
    require(
        broken(not (answer.given or answer.refused), "categories", Rule.EMPTY),
        broken(bool(answer.given & answer.refused), "categories", Rule.TWICE),
    )
    yes = ConsentState.RENEWED if answer.is_renewal else ConsentState.GIVEN
    parts = [
        _Part(state, answer.agreement.revision, categories, until)
        for state, categories, until in (
            (yes, answer.given, answer.valid_until),
            (ConsentState.REFUSED, answer.refused, None),
        )
        if categories
    ]

    def work(held: HeldSubject) -> Recorded:
        sight = _seen(hub, held, at, answer.agreement.id, how)
        if at is not None and answer.given:
            at.require_sure(held, answer.agreement)
        return _say(hub, held, answer.agreement.id, parts, how, author, sight)

    return in_subject_change(hub, reference, work)


def withdraw_consent(
    hub: Hub,
    reference: str,
    agreement: str,
    how: How,
    *,
    author: str,
    categories: Categories | None = None,
    at: Counter | None = None,
) -> Recorded:
    """She takes back what she gave: of these categories, or of all. Raises as record_consent."""
    return _end(hub, reference, ConsentState.WITHDRAWN, agreement, how, author, categories, at=at)


def revoke_consent(
    hub: Hub,
    reference: str,
    agreement: str,
    how: How,
    *,
    agency: str,
    author: str,
    categories: Categories | None = None,
    at: Counter | None = None,
) -> Recorded:
    """An agency that is party to the agreement ends her consent. Raises as record_consent."""

    def require_party(held: HeldSubject) -> None:
        parties = {
            party for one in _revisions(held, agreement) for party in (*one.sources, one.recipient)
        }
        require(broken(agency not in parties, "agency", Rule.NOT_A_PARTY))

    revoked = ConsentState.REVOKED
    return _end(hub, reference, revoked, agreement, how, author, categories, require_party, at)


def invalidate_consent(
    hub: Hub,
    reference: str,
    agreement: str,
    how: How,
    *,
    author: str,
    categories: Categories | None = None,
) -> Recorded:
    """Her consent was found to be none: given under pressure, or by somebody else. Raises as record_consent."""
    return _end(hub, reference, ConsentState.INVALIDATED, agreement, how, author, categories)


# --- saying --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Part:
    """What becomes one event: a state of some categories of one revision."""

    state: ConsentState
    revision: int
    categories: Categories
    valid_until: date | None = None


#: Recorded by an agency or a court, not by her or for her.
_OFFICIAL: Final = frozenset({ConsentState.REVOKED, ConsentState.INVALIDATED})


def _end(
    hub: Hub,
    reference: str,
    state: ConsentState,
    agreement: str,
    how: How,
    author: str,
    categories: Categories | None,
    check: Callable[[HeldSubject], None] | None = None,
    at: Counter | None = None,
) -> Recorded:
    require_author(author)
    require(
        broken(categories == frozenset(), "categories", Rule.EMPTY),
        broken(
            state in _OFFICIAL and how.representation is not None,
            "representation",
            Rule.REPRESENTATION_BEYOND_SCOPE,
        ),
    )

    def work(held: HeldSubject) -> Recorded:
        sight = _seen(hub, held, at, agreement, how)
        if check is not None:
            check(held)
        if sight is not None and sight.counter.account is None and categories is not None:
            # Whether she ever gave what only an older revision names is not the agency's to find out.
            newest = max(_revisions(held, agreement), key=lambda one: one.revision)
            is_beyond = not categories <= newest.categories
            require(broken(is_beyond, "categories", Rule.CONSENT_BEYOND_AGREEMENT))
        parts = [
            _Part(state, revision, ended)
            for revision, ended in _ended(hub, held, agreement, categories)
        ]
        return _say(hub, held, agreement, parts, how, author, sight)

    return in_subject_change(hub, reference, work)


def _seen(
    hub: Hub, held: HeldSubject, at: Counter | None, agreement: str, how: How
) -> Sight | None:
    """How much of her is seen where it is said; None at an officer's desk. Raises ConstituentUnknown, PolicyInvalid."""
    if at is None:
        return None
    sight = at.sight(hub, held)
    at.require_party(held, agreement)
    # Who represents her is an officer's to know.
    is_through = how.representation is not None
    require(broken(is_through, "representation", Rule.REPRESENTATION_UNKNOWN))
    return sight


def _ended(
    hub: Hub, held: HeldSubject, agreement: str, categories: Categories | None
) -> list[tuple[int, Categories]]:
    """The categories that a "no" ends, by the revision they were given under.

    What was never given is refused under the newest revision: a "no" needs no "yes" before it.
    """
    newest = max(_revisions(held, agreement), key=lambda one: one.revision, default=None)
    if newest is None:
        raise PolicyInvalid([Problem("agreement", Rule.UNKNOWN_AGREEMENT)])
    given: dict[int, Categories] = {}
    for event in _known(hub, held)[0]:
        if event.agreement.id == agreement and event.state.is_valid:
            revision = event.agreement.revision
            given[revision] = given.get(revision, frozenset()) | event.categories
    if categories is None:
        return sorted(given.items()) or [(newest.revision, newest.categories)]
    ended = {revision: said & categories for revision, said in given.items()}
    left = categories.difference(*ended.values())
    if left:
        ended[newest.revision] = ended.get(newest.revision, frozenset()) | left
    return sorted((revision, said) for revision, said in ended.items() if said)


def _say(
    hub: Hub,
    held: HeldSubject,
    agreement: str,
    parts: Sequence[_Part],
    how: How,
    author: str,
    sight: Sight | None,
) -> Recorded:
    at = hub.now()
    change = FactChange.of(hub, held.connection, held.ids.current, author=author, at=at)
    _, representations = _known(hub, held)
    # Whoever represents her under one of her ids represents her.
    hers = [replace(one, subject=change.subject) for one in representations]
    age_min = hub.limits.consent_age_min if held.kind is ConstituentKind.PERSON else None
    birthday = _birthday(hub, held, parts, how, sight) if age_min is not None else None
    written = []
    for part in parts:
        number = change.number()
        event = _event(f"c{number}", change, held, agreement, part, how, hub.day_of(at))
        check_consent(
            event, held.in_force.policy.agreements, hers, born_on=birthday, age_min=age_min
        )
        change.add_consent(number, event)
        written.append(event)
    told = _tell(hub, held, written, at)
    # Who was told is who holds data of hers: at a counter, hers alone to know, where she is not hidden.
    is_told = sight is None or (sight.is_whole and sight.counter.account is not None)
    return Recorded(
        tuple(event.id for event in written),
        told if is_told else (),
        _overruled_by(hub, held, written),
    )


def _birthday(
    hub: Hub, held: HeldSubject, parts: Iterable[_Part], how: How, sight: Sight | None
) -> date | None:
    """Her date of birth, where her age is asked: of who says yes herself. A clerk's agency knows its own alone."""
    if how.representation is None and any(part.state.is_valid for part in parts):
        of_sources = None if sight is None else sight.birth_from
        return born_on(hub, held.connection, held.ids.current, of_sources)
    return None


def _event(
    id_: str,
    change: FactChange,
    held: HeldSubject,
    agreement: str,
    part: _Part,
    how: How,
    on: date,
) -> ConsentEvent:
    ref = AgreementRef(agreement, part.revision)
    known = next((one for one in held.in_force.policy.agreements if one.ref == ref), None)
    if known is None:
        raise PolicyInvalid([Problem("agreement", Rule.UNKNOWN_AGREEMENT)])
    return ConsentEvent(
        id=id_,
        subject=change.subject,
        agreement=ref,
        purpose=known.purpose,
        state=part.state,
        categories=part.categories,
        notice=how.notice,
        language=how.language,
        method=how.method,
        evidence=how.evidence,
        at=change.at,
        given_on=on,
        epoch=change.epoch,
        valid_until=part.valid_until,
        representation=how.representation,
    )


def _overruled_by(hub: Hub, held: HeldSubject, written: Sequence[ConsentEvent]) -> tuple[str, ...]:
    """Which events keep a "yes" from counting: epochs of two ids are not compared, and any "no" wins."""
    agreements = {one.ref: one for one in held.in_force.policy.agreements}
    events, representations = _known(hub, held)
    found: set[str] = set()
    for event in written:
        for category in event.categories if event.state.is_valid else ():
            standing = standing_of(
                agreements[event.agreement], category, events, representations, event.given_on
            )
            if not standing.state.is_valid:
                found.update(standing.events)
    return tuple(sorted(found))


def _tell(
    hub: Hub, held: HeldSubject, written: Sequence[ConsentEvent], at: datetime
) -> tuple[str, ...]:
    """Have recipients told of every "no", whichever revision they received data under."""
    refused = frozenset[DataCategory]().union(
        *(event.categories for event in written if not event.state.is_valid)
    )
    if not refused:
        return ()
    agreement = written[0].agreement.id

    def bites(_: Account, item: Permitted) -> bool:
        # Without existence nothing of it may be kept.
        is_refused = DataCategory.EXISTENCE in refused or DataCategory(item.category) in refused
        return item.agreement == agreement and is_refused

    return notify(
        hub,
        held.connection,
        held.ids,
        NoticeKind.CONSENT_ENDED,
        bites,
        at,
        hub.day_of(at) + DELETE_WITHIN,
    )


def _known(
    hub: Hub, held: HeldSubject
) -> tuple[tuple[ConsentEvent, ...], tuple[Representation, ...]]:
    """What counts of consent and representations now."""
    policy = held.in_force.policy
    facts = gather(hub, held.connection, held.ids, policy, frozenset()).facts
    return facts.consents, facts.representations


def _revisions(held: HeldSubject, agreement: str) -> list[Agreement]:
    return [one for one in held.in_force.policy.agreements if one.id == agreement]
