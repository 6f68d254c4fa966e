"""What was said on consent, listed: for officers all of it, at a counter what may be known there.

Decides who is listed what. What may be said, and what it does, is consents.py's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from consent.policy import AgreementRef
from consent.vocabulary import CollectionMethod, ConsentState, DataCategory
from hub.journeys.context import Hub
from hub.journeys.counter import Counter
from hub.journeys.rights.requests import RECIPIENT, log_facts_read
from hub.journeys.saying import Listed, read_facts
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.store import database


@dataclass(frozen=True, slots=True)
class ConsentView:
    """A consent event as an officer, or she, reads it. is_former: a "no" said of
    an id that her records were under."""

    id: str
    agreement: AgreementRef
    purpose: str
    state: ConsentState
    categories: tuple[DataCategory, ...]
    given_on: date
    valid_until: date | None
    representation: str | None
    notice: str
    language: str
    method: CollectionMethod
    evidence: str
    author: str
    recorded_at: datetime
    is_former: bool


def list_consents(hub: Hub, reference: str) -> list[ConsentView]:
    """Everything said on consent, the oldest first. Raises ConstituentUnknown, RecordUnknown, SealBroken."""
    with database.transaction(hub.engine) as connection:
        return _views(read_facts(hub, connection, reference))


def list_consents_at(hub: Hub, reference: str, at: Counter, *, system: str) -> list[ConsentView]:
    """What a counter sees of it: of the agency's own agreements; to her, all. Said there alone, where she is hidden.

    system: through which of them it was asked; the log says that it was. Raises as in_subject_change, SealBroken,
    DisclosureLogBehind.
    """

    def work(held: HeldSubject) -> list[ConsentView]:
        sight = at.sight(hub, held)
        log_facts_read(hub, held, RECIPIENT if at.account else at.agency, system)
        of_agreements = {
            one.id
            for one in held.in_force.policy.agreements
            if at.account is not None or at.agency in (*one.sources, one.recipient)
        }
        return [
            one
            for one in _views(read_facts(hub, held.connection, reference))
            if one.agreement.id in of_agreements
            and (sight.is_whole or at.is_signed_here(one.author))
        ]

    return in_subject_change(hub, reference, work)


def _views(told: Listed) -> list[ConsentView]:
    found = []
    for row in told.consents:
        event = told.opener.consent(row)
        found.append(
            ConsentView(
                id=event.id,
                agreement=event.agreement,
                purpose=event.purpose,
                state=event.state,
                categories=tuple(sorted(event.categories)),
                given_on=event.given_on,
                valid_until=event.valid_until,
                representation=event.representation,
                notice=event.notice,
                language=event.language,
                method=event.method,
                evidence=event.evidence,
                author=told.opener.author_of(row),
                recorded_at=event.at,
                is_former=row.subject_hash in told.former,
            )
        )
    return found
