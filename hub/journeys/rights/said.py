"""What was said and decided of a constituent, as far as it is hers to be told.

Decides which facts those are: hers by hers.py's rule, no legal hold, and of a representation not the representative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from consent.vocabulary import ConsentState, RepresentationKind, RestrictionKind
from hub.journeys.context import Hub
from hub.journeys.facts import Opener
from hub.journeys.rights.hers import Hers
from hub.journeys.subjects import HeldSubject
from hub.store import subjects
from hub.store.subjects import SealedKind, StoredConsent, StoredFact

#: Kinds of restriction that she is not told of here.
NOT_TOLD: Final = frozenset({RestrictionKind.LEGAL_HOLD})


@dataclass(frozen=True, slots=True)
class HeldConsent:
    """What she said of an agreement, once."""

    id: str
    agreement: str
    revision: int
    purpose: str
    state: ConsentState
    categories: tuple[str, ...]
    given_on: date
    valid_until: date | None
    notice: str
    language: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class HeldRestriction:
    """A restriction in force or announced."""

    id: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldRepresentation:
    """By what right somebody acts or acted for her."""

    id: str
    kind: RepresentationKind
    starts_on: date
    ends_on: date
    purposes: tuple[str, ...] | None
    ended_at: datetime | None


class Said:
    """What was said and decided of her, as far as it is hers; by those whose signature counts, else by all."""

    def __init__(
        self, hub: Hub, subject: HeldSubject, counts: Callable[[str], bool] | None = None
    ) -> None:
        self._counts = counts
        self._hers = Hers(hub, subject.connection, subject.ids)
        self._stored = subjects.read(subject.connection, self._hers.subject_hashes)
        self._opener = Opener(hub.keys, self._stored)

    def consents(self) -> Iterator[HeldConsent]:
        for row in self._stored.consents:
            if self._hers.are(row.subject_hash, row.recorded_at) and self._is_counted(row):
                event = self._opener.consent(row)
                yield HeldConsent(
                    event.id,
                    event.agreement.id,
                    event.agreement.revision,
                    event.purpose,
                    event.state,
                    tuple(sorted(event.categories)),
                    event.given_on,
                    event.valid_until,
                    event.notice,
                    event.language,
                    event.at,
                )

    def restrictions(self) -> Iterator[HeldRestriction]:
        for row in self._facts(SealedKind.RESTRICTION):
            one = self._opener.restriction(row)
            if row.ended_epoch is None and one.kind not in NOT_TOLD:
                yield HeldRestriction(one.id, one.kind, one.authority, one.starts_at, one.ends_at)

    def representations(self) -> Iterator[HeldRepresentation]:
        for row in self._facts(SealedKind.REPRESENTATION):
            one = self._opener.representation(row, is_ended=row.ended_epoch is not None)
            purposes = None if one.purposes is None else tuple(sorted(one.purposes))
            yield HeldRepresentation(
                one.id, one.kind, one.starts_on, one.ends_on, purposes, one.ended_at
            )

    def _facts(self, kind: SealedKind) -> Iterator[StoredFact]:
        for row in self._stored.facts:
            is_hers = self._hers.are(row.subject_hash, row.recorded_at)
            if row.kind is kind and is_hers and self._opener.can(row) and self._is_counted(row):
                yield row

    def _is_counted(self, row: StoredConsent | StoredFact) -> bool:
        return self._counts is None or self._counts(self._opener.author_of(row))
