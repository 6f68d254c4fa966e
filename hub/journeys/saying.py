"""What is said of a constituent, sealed under her own key and appended to her facts.

Decides that each change of facts raises her epoch, and is told of in the feed without a word of its kind. What
may be said is consent's and the calling journey's; the locks are subjects.py's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from sqlalchemy import Connection

from consent.policy import ConsentEvent, Representation, Restriction
from consent.rules import Rule, broken, require
from consent.vocabulary import ConsentState
from hub.domain.errors import HubError
from hub.domain.events import EventKind
from hub.journeys.context import Hub
from hub.journeys.facts import (
    CLOCKS_DIFFER_MAX,
    Opener,
    consent_context,
    end_context,
    fact_context,
    hashes_of,
    sealed_consent,
    sealed_end,
    sealed_representation,
    sealed_restriction,
    sealer_for,
)
from hub.journeys.profile import resolve
from hub.store import constituents, outbox, subjects
from hub.store.outbox import OutgoingEvent
from hub.store.subjects import SealedKind, StoredConsent, StoredFact
from hub.vault.sealing import SubjectSealer
from hub.vault.tags import Pseudonyms


class FactUnknown(HubError):
    """No fact of that number stands for this constituent."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was recorded. facts: their ids (c: consent, r: representation, x: restriction).

    told: agencies that were sent a notice. overruled_by: consent events that still say no to what was given,
    said under another of the ids that were merged into hers.
    """

    facts: tuple[str, ...]
    told: tuple[str, ...] = ()
    overruled_by: tuple[str, ...] = ()


def require_author(*authors: str) -> None:
    """Raises PolicyInvalid where it is not said who records something."""
    require(broken(not all(one.strip() for one in authors), "author", Rule.EMPTY))


@dataclass(frozen=True, slots=True)
class FactChange:
    """One change of a constituent's facts, under her lock: what is added and ended shares one new epoch."""

    connection: Connection
    subject_hash: bytes
    epoch: int
    author: str
    at: datetime
    sealer: SubjectSealer

    @classmethod
    def of(
        cls, hub: Hub, connection: Connection, number: int, *, author: str, at: datetime
    ) -> Self:
        """Begin a change of what stands under an id, and tell the feed that there is one."""
        subject_hash = Pseudonyms(hub.keys).subject(number)
        sealer = sealer_for(hub.keys, connection, subject_hash)
        _tell_feed(connection, number, at)
        return cls(
            connection,
            subject_hash,
            subjects.raise_epoch(connection, subject_hash),
            author,
            at,
            sealer,
        )

    @property
    def subject(self) -> str:
        """What consent calls the constituent."""
        return self.subject_hash.hex()

    def number(self, kind: SealedKind | None = None) -> int:
        """The number of the next fact of that kind; of the next consent event where none is given."""
        return subjects.take_number(self.connection, kind)

    def add_consent(self, number: int, event: ConsentEvent) -> None:
        by = event.representation
        subjects.add_consent(
            self.connection,
            StoredConsent(
                id=number,
                subject_hash=self.subject_hash,
                epoch=self.epoch,
                agreement=event.agreement.id,
                revision=event.agreement.revision,
                purpose=event.purpose,
                state=event.state.value,
                categories=tuple(sorted(category.value for category in event.categories)),
                given_on=event.given_on,
                valid_until=event.valid_until,
                representation_id=None if by is None else number_in("r", by),
                sealed=self.sealer.seal(
                    consent_context(number), sealed_consent(event, self.author)
                ),
                recorded_at=self.at,
            ),
        )

    def add_representation(self, number: int, one: Representation) -> None:
        self._add(SealedKind.REPRESENTATION, number, sealed_representation(one, self.author))

    def add_restriction(self, number: int, one: Restriction) -> None:
        self._add(SealedKind.RESTRICTION, number, sealed_restriction(one, self.author))

    def _add(self, kind: SealedKind, number: int, content: bytes) -> None:
        sealed = self.sealer.seal(fact_context(kind, number), content)
        subjects.add_fact(
            self.connection,
            StoredFact(
                number, kind, self.subject_hash, self.epoch, sealed, self.at, None, None, None
            ),
        )

    def end(self, kind: SealedKind, number: int, by: Sequence[str]) -> None:
        """End a fact that stands under this change's id. Raises FactUnknown where none does."""
        sealed = self.sealer.seal(end_context(kind, number), sealed_end(by))
        if not subjects.end_fact(
            self.connection, kind, number, epoch=self.epoch, sealed=sealed, at=self.at
        ):
            raise FactUnknown(_NONE_STANDS.format(kind))


def _tell_feed(connection: Connection, number: int, at: datetime) -> None:
    public_id = constituents.public_ids(connection, [number])[number]
    current = constituents.find(connection, public_id)
    if current is not None:
        outbox.put(connection, [OutgoingEvent(EventKind.UPDATED, current[1])], at)


_NONE_STANDS: Final = "no such {} of this constituent stands"


def standing_fact(
    hub: Hub, connection: Connection, numbers: Sequence[int], kind: SealedKind, number: int
) -> tuple[int, StoredFact, Opener]:
    """A fact that stands under one of those ids, that id, and what opens it. Raises FactUnknown."""
    under = {hashed: number for number, hashed in hashes_of(hub.keys, numbers).items()}
    stored = subjects.read(connection, list(under))
    for row in stored.facts:
        if row.kind is kind and row.id == number and row.ended_epoch is None:
            return under[row.subject_hash], row, Opener(hub.keys, stored)
    raise FactUnknown(_NONE_STANDS.format(kind))


def number_in(letter: str, id_: str) -> int:
    """The number in a fact's id as people write it, `x12` or `12`. Raises FactUnknown."""
    digits = id_.removeprefix(letter)
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS_MAX):
        raise FactUnknown(f"a fact of this kind is named {letter} and a number")
    return int(digits)


#: What fits PostgreSQL's bigint.
_DIGITS_MAX: Final = 18


@dataclass(frozen=True, slots=True)
class Listed:
    """What stands under a constituent's ids, to be listed. former: hashes of the ids that are no longer hers."""

    consents: tuple[StoredConsent, ...]
    facts: tuple[StoredFact, ...]
    opener: Opener
    former: frozenset[bytes]


def read_facts(hub: Hub, connection: Connection, reference: str) -> Listed:
    """What was said of the constituent that a reference stands for now, ended facts too.

    Of an id her records were under before, only what can count for her: it is another's now. Raises
    ConstituentUnknown, RecordUnknown.
    """
    number, _ = resolve(hub, connection, reference)
    ids = subjects.ids_of(connection, number)
    hashes = hashes_of(hub.keys, ids.all)
    left_at = {hashes[number]: until for number, until in ids.former}
    stored = subjects.read(connection, list(hashes.values()))

    def may_count(row: StoredConsent | StoredFact) -> bool:
        until = left_at.get(row.subject_hash)
        if until is None:
            return True
        narrows = (
            not ConsentState(row.state).is_valid
            if isinstance(row, StoredConsent)
            else row.kind is SealedKind.RESTRICTION
        )
        return narrows and row.recorded_at < until + CLOCKS_DIFFER_MAX

    return Listed(
        tuple(filter(may_count, stored.consents)),
        tuple(filter(may_count, stored.facts)),
        Opener(hub.keys, stored),
        frozenset(left_at),
    )
