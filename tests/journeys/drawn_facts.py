"""Policies, constituents and facts about them, drawn by chance and written to a hub through its store.

Days and moments are drawn close about those that decide, so that each rule is met from both sides. Nothing
is linked by a model: records lie under the ids they are drawn to be under, now and before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from random import Random
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Connection, text

from consent.decision import Request
from consent.policy import (
    Agency,
    Agreement,
    Clearance,
    ConsentEvent,
    DeclaredPurpose,
    Policy,
    Representation,
    Restriction,
)
from consent.stored import digest_of, to_document
from consent.vocabulary import (
    Assurance,
    ConsentState,
    DataCategory,
    LegalBasis,
    Purpose,
    RepresentationKind,
    RestrictionKind,
)
from hub.journeys import facts
from hub.journeys.context import Hub
from hub.store import constituents, policies, sources, subjects
from hub.store.constituents import AliasOf, PlacementRows
from hub.store.policies import PolicyVersion
from hub.store.sources import SourceFacts
from hub.store.subjects import SealedKind, StoredConsent, StoredFact
from hub.vault.sealing import SubjectSealer
from hub.vault.tags import Pseudonyms
from tests.consent.values import ASKED, GIVEN, GUARDIAN, NOW, TODAY, restricted

Some = TypeVar("Some")

PERSON = "person"
DAY = timedelta(days=1)
SPLIT_AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
PROMPTING = Purpose.COMMUNICATION_MANAGEMENT
AGENCIES = ("parks", "wildlife", "vehicles", "benefits")
CATEGORIES = (
    DataCategory.EXISTENCE,
    DataCategory.SOURCE,
    DataCategory.NAME,
    DataCategory.HOLDING,
)
EVENT_STATES = (
    *[ConsentState.GIVEN] * 6,
    *[ConsentState.RENEWED] * 3,
    ConsentState.REFUSED,
    ConsentState.WITHDRAWN,
    ConsentState.REVOKED,
    ConsentState.INVALIDATED,
)
SELDOM_SHUTTING = (
    RestrictionKind.OBJECTION,
    RestrictionKind.OBJECTION_TO_LINKAGE,
    RestrictionKind.DECEASED,
)


@dataclass
class Drawn:
    """What chance says: policies, requests, and what is said of a constituent."""

    random: Random

    def one(self, options: Sequence[Some]) -> Some:
        return self.random.choice(options)

    def some(self, options: Sequence[Some]) -> frozenset[Some]:
        return frozenset(option for option in options if self.is_so(0.7))

    def is_so(self, share: float = 0.5) -> bool:
        return self.random.random() < share

    def amount(self, most: int) -> int:
        return self.random.randint(0, most)

    def day(self) -> date:
        """Mostly long ago, else about today."""
        days = -400 if self.is_so(0.75) else self.one((-1, 0, 1))
        return TODAY + DAY * days

    def last_day(self, first: date) -> date:
        days = 400 if self.is_so(0.75) else self.one((1, 0, -1))
        return max(first, TODAY + DAY * days)

    def categories(self) -> frozenset[DataCategory]:
        return self.some((*CATEGORIES, *CATEGORIES)) | {DataCategory.EXISTENCE}

    def policy(self) -> Policy:
        agencies = [Agency(id_, is_suspended=self.is_so(0.05)) for id_ in AGENCIES]
        purposes = [
            DeclaredPurpose(
                "licensing", self.one((Purpose.REQUESTED_SERVICE_PROVISION, PROMPTING))
            ),
            DeclaredPurpose("prompts", PROMPTING),
        ]
        named = (("fee_waiver", 1), ("fee_waiver", 2), ("fee_waiver", 3), ("notices", 1))
        return Policy(
            tuple(agencies),
            tuple(one for one in purposes if self.is_so(0.98)),
            tuple(self.agreement(*name) for name in named if self.is_so(0.6)),
        )

    def agreement(self, id_: str, revision: int) -> Agreement:
        recipient = "parks" if self.is_so(0.9) else "wildlife"
        starts_on = self.day()
        return replace(
            ASKED,
            id=id_,
            revision=revision,
            sources=self.some([one for one in AGENCIES if one != recipient])
            or frozenset({"benefits"}),
            recipient=recipient,
            purpose=self.purpose(),
            categories=self.categories(),
            legal_basis=LegalBasis.CONSENT if self.is_so(0.7) else self.one(list(LegalBasis)),
            starts_on=starts_on,
            ends_on=self.last_day(starts_on),
            assurance_min=self.one((*[Assurance.LOW] * 3, Assurance.SUBSTANTIAL)),
            compatible_revisions=self.some((1, 2, 3)),
            ended_at=NOW - DAY if self.is_so(0.1) else None,
        )

    def purpose(self) -> str:
        return "licensing" if self.is_so(0.85) else "prompts"

    def request(self) -> Request:
        return Request(
            caller=self.one((*["parks"] * 18, "wildlife", "nobody")),
            purpose=self.one((*["licensing"] * 12, "prompts", "prompts", "undeclared")),
            requested=self.some(CATEGORIES),
            scope=frozenset(CATEGORIES) if self.is_so(0.8) else self.some(CATEGORIES),
            at=NOW,
            on=TODAY,
            agreement=self.one((*[None] * 8, "fee_waiver", "notices")),
            assurance=self.one((Assurance.LOW, Assurance.SUBSTANTIAL, Assurance.HIGH)),
        )

    def said_at(self) -> datetime:
        """When it was recorded: about the moment at which a record may have left the id."""
        seconds = (-3_600, 0, 59, 60, 61)
        return SPLIT_AT + timedelta(seconds=self.one(seconds))

    def restriction(self) -> Restriction:
        offered = (
            Clearance(agency="parks"),
            Clearance(purpose="licensing"),
            Clearance(agency="parks", purpose="prompts"),
            Clearance(agency="wildlife", purpose="licensing"),
        )
        about_now = (None, None, NOW - DAY, NOW, NOW + DAY)
        starts_at, ends_at = self.one(about_now), self.one(about_now)
        if starts_at is not None and ends_at is not None:
            starts_at, ends_at = sorted((starts_at, ends_at))
        return restricted(
            self.one((*RestrictionKind, *SELDOM_SHUTTING, *SELDOM_SHUTTING)),
            *(one for one in offered if self.is_so(0.15)),
            starts_at=starts_at,
            ends_at=ends_at,
        )

    def representation(self) -> Representation:
        starts_on = self.day()
        return replace(
            GUARDIAN,
            kind=self.one((*RepresentationKind, RepresentationKind.GUARDIAN)),
            starts_on=starts_on,
            ends_on=max(starts_on, TODAY + DAY * self.one((400, 1, 0, -1, -1))),
            purposes=self.one((*[None] * 4, frozenset({"licensing"}), frozenset({"prompts"}))),
        )

    def event(self) -> ConsentEvent:
        state = self.one(EVENT_STATES)
        categories = self.categories() if state.is_valid else self.some(CATEGORIES)
        agreement = "fee_waiver" if self.is_so(0.9) else "notices"
        given_on = self.one((TODAY - 30 * DAY, TODAY - DAY, TODAY))
        until = self.one((*[None] * 5, TODAY - DAY, TODAY, TODAY + DAY))
        return replace(
            GIVEN,
            agreement=replace(GIVEN.agreement, id=agreement, revision=self.one((1, 1, 2, 3))),
            purpose="licensing" if self.is_so(0.95) else "prompts",
            state=state,
            categories=categories or frozenset({DataCategory.NAME}),
            given_on=given_on,
            valid_until=None if until is None else max(until, given_on),
        )


@dataclass
class Town:
    """Constituents in a hub's tables, and facts about them. issued: every id. held_by: of current ids."""

    hub: Hub
    issued: list[int] = field(default_factory=list, repr=False)
    held_by: dict[int, frozenset[str]] = field(default_factory=dict, repr=False)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _sources: dict[str, list[int]] = field(default_factory=dict)
    _unstored: list[dict[str, object]] = field(default_factory=list)

    def open_offices(self, connection: Connection) -> None:
        """Two sources of each agency: of an agency, one record counts as two."""
        for agency in AGENCIES:
            registered = [
                sources.register(connection, _source(f"{agency}_{which}", agency))
                for which in ("old", "new")
            ]
            self._sources[agency] = [one.id for one in registered]

    def state(self, connection: Connection, policy: Policy) -> None:
        """Put a policy in force."""
        document = to_document(policy)
        version = policies.newest_version(connection) + 1
        policies.add(
            connection, PolicyVersion(version, digest_of(document), document, "a", "drawn", NOW)
        )

    def settle(self, connection: Connection, drawn: Drawn) -> list[int]:
        """A constituent with records, aliases, and ids that records of hers were under before: all ids."""
        current, *others = [next(self._numbers) for _ in range(1 + drawn.amount(2))]
        self.issued += [current, *others]
        self.held_by |= dict.fromkeys((current, *others), frozenset())
        placed = [(self._record(drawn, current), current) for _ in range(drawn.amount(3))]
        moved: dict[datetime, list[int]] = {}
        aliases: dict[int, AliasOf] = {}
        for other in others:
            for step in range(drawn.amount(2)):
                record = self._record(drawn, current)
                placed.append((record, other))
                moved.setdefault(SPLIT_AT + DAY * step, []).append(record)
            if drawn.is_so():
                aliases[other] = AliasOf(current, None)
            elif drawn.is_so():
                placed.append((self._record(drawn, other), other))
        self._store(connection)
        issued = [(number, self.hub.new_public_id()) for number in (current, *others)]
        _write(connection, SPLIT_AT - DAY, issued=issued, links_begun=placed)
        for at, those in moved.items():
            arrived = [(record, current) for record in those]
            _write(connection, at, links_ended=those, links_begun=arrived)
        _write(connection, SPLIT_AT, aliases_begun=aliases)
        return [current, *others]

    def _record(self, drawn: Drawn, holder: int) -> int:
        """A record of some agency, mostly present; it is to be under the holder's id in the end."""
        number = next(self._numbers)
        agency = drawn.one(AGENCIES)
        is_removed = drawn.is_so(0.1)
        self._unstored.append(
            {
                "id": number,
                "source": self._sources[agency][drawn.amount(1)],
                "key": number.to_bytes(16, "big"),
                "at": NOW,
                "removed_at": NOW if is_removed else None,
            }
        )
        if not is_removed:
            self.held_by[holder] |= {agency}
        return number

    def _store(self, connection: Connection) -> None:
        if self._unstored:
            connection.execute(_RECORD, self._unstored)
        self._unstored = []

    def tell(self, connection: Connection, drawn: Drawn, ids: Sequence[int]) -> None:
        """One more fact about the constituent of some of those ids; seldom, that she is erased."""
        teller = self._teller(connection, drawn.one(ids))
        what = drawn.one((*["consent"] * 5, *["restriction"] * 2, *["representation"] * 2))
        if drawn.is_so(0.02):
            hers = {"subject": teller.subject, "at": NOW}
            connection.execute(_ERASE, hers)
            connection.execute(_FORGET, hers)
        elif what == "restriction":
            id_ = teller.restriction(drawn.restriction(), drawn.said_at())
            if drawn.is_so(0.2):
                teller.end(SealedKind.RESTRICTION, id_, NOW)
        elif what == "representation":
            id_ = teller.representation(drawn.representation(), drawn.said_at())
            other = self._teller(connection, drawn.one(ids))
            other.consent(drawn.event(), id_, drawn.said_at())
            if drawn.is_so(0.3):
                teller.end(SealedKind.REPRESENTATION, id_, NOW - DAY * drawn.amount(2))
        else:
            unheard_of = 10**9
            for _ in range(drawn.one((1, 1, 2))):
                by = unheard_of if drawn.is_so(0.05) else None
                teller.consent(drawn.event(), by, drawn.said_at())

    def restrict(
        self, connection: Connection, number: int, one: Restriction, at: datetime = NOW
    ) -> None:
        """One restriction on the constituent of an id."""
        self._teller(connection, number).restriction(one, at)

    def _teller(self, connection: Connection, number: int) -> _Teller:
        subject = Pseudonyms(self.hub.keys).subject(number)
        offered = SubjectSealer.new_key(self.hub.keys, subject)
        wrapped = subjects.ensure_key(connection, subject, offered)
        sealer = SubjectSealer(self.hub.keys, subject, wrapped)
        return _Teller(connection, subject, subjects.raise_epoch(connection, subject), sealer)


@dataclass
class _Teller:
    """Writes the facts of one change of one subject."""

    connection: Connection
    subject: bytes
    epoch: int
    sealer: SubjectSealer

    def consent(self, event: ConsentEvent, representation: int | None, at: datetime) -> None:
        id_ = subjects.take_number(self.connection)
        sealed = self.sealer.seal(facts.consent_context(id_), facts.sealed_consent(event, "a"))
        stored = StoredConsent(
            id=id_,
            subject_hash=self.subject,
            epoch=self.epoch,
            agreement=event.agreement.id,
            revision=event.agreement.revision,
            purpose=event.purpose,
            state=event.state.value,
            categories=tuple(sorted(event.categories)),
            given_on=event.given_on,
            valid_until=event.valid_until,
            representation_id=representation,
            sealed=sealed,
            recorded_at=at,
        )
        subjects.add_consent(self.connection, stored)

    def restriction(self, one: Restriction, at: datetime) -> int:
        return self._add(SealedKind.RESTRICTION, facts.sealed_restriction(one, "a"), at)

    def representation(self, one: Representation, at: datetime) -> int:
        return self._add(SealedKind.REPRESENTATION, facts.sealed_representation(one, "a"), at)

    def _add(self, kind: SealedKind, content: bytes, at: datetime) -> int:
        id_ = subjects.take_number(self.connection, kind)
        sealed = self.sealer.seal(facts.fact_context(kind, id_), content)
        stored = StoredFact(id_, kind, self.subject, self.epoch, sealed, at, None, None, None)
        subjects.add_fact(self.connection, stored)
        return id_

    def end(self, kind: SealedKind, id_: int, at: datetime) -> None:
        epoch = subjects.raise_epoch(self.connection, self.subject)
        sealed = self.sealer.seal(facts.fact_context(kind, id_), b"by whom")
        subjects.end_fact(self.connection, kind, id_, epoch=epoch, sealed=sealed, at=at)


def _source(name: str, agency: str) -> SourceFacts:
    return SourceFacts(name, agency, name, PERSON, False, False, {}, {}, True, b"")


def _write(
    connection: Connection,
    at: datetime,
    *,
    issued: Sequence[tuple[int, UUID]] = (),
    links_ended: Sequence[int] = (),
    links_begun: Sequence[tuple[int, int]] = (),
    aliases_begun: dict[int, AliasOf] | None = None,
) -> None:
    rows = PlacementRows(issued, links_ended, links_begun, (), (), (), aliases_begun or {})
    constituents.write_few(connection, rows, (), (), PERSON, at)


_RECORD = text(
    "INSERT INTO records (id, source_id, version, run_id, is_poor, key_hash, content_hash, core, "
    "match, loaded_at, removed_at) "
    "VALUES (:id, :source, 1, 1, false, :key, '', '', '', :at, :removed_at)"
)
_ERASE = text("UPDATE subjects SET erased_at = :at WHERE subject_hash = :subject")
_FORGET = text("DELETE FROM subject_keys WHERE subject_hash = :subject")
