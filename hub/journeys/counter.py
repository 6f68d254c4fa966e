"""Whom an agency may name at its counter, or a portal for who signed in, and how much of her is seen from there.

Decides that an agency names only records of its own and ids it was shown; and that where a constituent is at risk, and
the agency not cleared, she is there only by the agency's own records: unknown where it has none. What is said or read
of her is the calling journey's, under her lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from consent.policy import AgreementRef, Policy
from consent.rules import Rule, broken, require
from consent.vocabulary import Assurance, RestrictionKind
from hub.access.flaws import CredentialsRefused, Flaw
from hub.domain.errors import ConstituentUnknown, RecordUnknown
from hub.domain.records import RecordKey
from hub.journeys.access.admission import SIGNED
from hub.journeys.asking import keep_silence
from hub.journeys.context import Hub
from hub.journeys.facts import gather
from hub.journeys.pairwise import PairwiseUnknown, resolve_shown
from hub.journeys.profile import resolve
from hub.journeys.subjects import HeldSubject
from hub.store import constituents, database, records, sources

Named: TypeAlias = RecordKey | UUID
"""The key of a record, or an id."""


@contextmanager
def quietly(pause: Callable[[float], None]) -> Iterator[None]:
    """Tell nobody sooner or later that she is unknown: that leaves after SILENCE_S, or a multiple of it."""
    received_s = time.monotonic()
    try:
        yield
    except (ConstituentUnknown, RecordUnknown, PairwiseUnknown):
        keep_silence(received_s, pause)
        raise


@dataclass(frozen=True, slots=True)
class Counter:
    """From where she is named and seen. purposes: those the agency asks for, which a clearance may be bound to.

    account: of the constituent who signed in at the agency's portal and speaks for herself; None for a clerk.
    assurance: how surely she did.
    """

    agency: str
    purposes: frozenset[str] = frozenset()
    account: RecordKey | None = field(default=None, repr=False)
    assurance: Assurance = Assurance.LOW

    def reference(self, hub: Hub, named: Named | None = None) -> str:
        """The reference of whom the agency names; of who signed in where it names nobody.

        Raises RecordUnknown, PairwiseUnknown.
        """
        if named is None:
            assert self.account is not None
            return str(self.account)
        if isinstance(named, UUID):
            return str(resolve_shown(hub, self.agency, named))
        with database.transaction(hub.engine) as connection:
            source = sources.find(connection, named.source)
        if source is None or source.agency != self.agency:
            raise RecordUnknown("no record of the agency's own under that key")
        return str(named)

    def sight(self, hub: Hub, held: HeldSubject) -> Sight:
        """How much of her is seen. Raises ConstituentUnknown where that is nothing."""
        is_whole = not self._is_hidden(hub, held)
        own = _sources_of(held, self.agency)
        if not is_whole and not own:
            raise ConstituentUnknown("no constituent is known to that agency under that reference")
        return Sight(self, is_whole, own)

    def require_party(self, held: HeldSubject, agreement: str) -> None:
        """Raises PolicyInvalid where a clerk names an agreement that the agency has no part in, or that is none."""
        parties = {
            party
            for one in held.in_force.policy.agreements
            if one.id == agreement
            for party in (*one.sources, one.recipient)
        }
        is_strange = self.account is None and self.agency not in parties
        require(broken(is_strange, "agreement", Rule.NOT_A_PARTY))

    def require_sure(self, held: HeldSubject, agreement: AgreementRef) -> None:
        """Raises CredentialsRefused where she signed in less surely than the agreement asks of who consents to it."""
        if self.account is not None and any(
            one.ref == agreement and one.assurance_min > self.assurance
            for one in held.in_force.policy.agreements
        ):
            raise CredentialsRefused("assurance", Flaw.ASSURANCE)

    def is_signed_here(self, author: str) -> bool:
        """Whether something was said at this agency."""
        return author.startswith(self.agency + SIGNED)

    def _is_hidden(self, hub: Hub, held: HeldSubject) -> bool:
        now = hub.now()
        facts = gather(hub, held.connection, held.ids, Policy(), frozenset()).facts
        return any(
            one.kind is RestrictionKind.AT_RISK
            and one.is_valid_at(now)
            and not any(one.is_cleared(self.agency, purpose) for purpose in (*self.purposes, ""))
            for one in facts.restrictions
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a constituent is seen from a counter. is_whole: all that the counter's right reaches.

    own: the agency's sources that hold a record of hers.
    """

    counter: Counter
    is_whole: bool
    own: frozenset[str]

    @property
    def birth_from(self) -> frozenset[str] | None:
        """The sources by which her age is judged: her own word counts for herself, a clerk has his agency's alone."""
        return None if self.is_whole and self.counter.account is not None else self.own


def require_hers(hub: Hub, held: HeldSubject, record: RecordKey, sight: Sight) -> None:
    """Raises RecordUnknown unless a record is hers, and one that is seen."""
    number, _ = resolve(hub, held.connection, str(record))
    if number != held.ids.current or not (sight.is_whole or record.source in sight.own):
        raise RecordUnknown("no record of hers under that key")


def _sources_of(held: HeldSubject, agency: str) -> frozenset[str]:
    members = constituents.members(held.connection, held.ids.current)
    present = {one.source for one in records.present(held.connection, members)}
    return frozenset(
        one.name
        for one in sources.every(held.connection)
        if one.agency == agency and one.name in present
    )
