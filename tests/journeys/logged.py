"""A hub whose log fills with decisions, a worker that seals it, and the owner of its tables, who may do anything.

Constituents are numbers here: what the log says of them does not hang on their records.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import Connection, text

from consent.decision import Decision, Facts, Request, decide
from consent.log.entry import NONCE_BYTES, Account, Outcome, Subject, write
from consent.policy import Agreement, Restriction
from consent.vocabulary import DataCategory, RestrictionKind
from hub.journeys import disclosing, disclosure_log
from hub.journeys.context import Hub
from hub.journeys.disclosing import About, Asker
from hub.journeys.facts import fact_context, gather, hashes_of, sealed_restriction, sealer_for
from hub.journeys.policies import InForce, shared_policy
from hub.journeys.rights.requests import log_erasure
from hub.journeys.verify_log import LogReport, verify_log
from hub.store import database, disclosures, subjects
from hub.store.disclosures import NewDisclosure
from hub.store.subjects import SealedKind, StoredFact, SubjectIds
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer
from tests.conftest import START, Server
from tests.journeys.counters import BY_LAW, C, policy_of, state

PARKS = Asker("parks", "booking", "case 7", "clerk 12")


@dataclass
class Clock:
    """A clock that stands until it is moved."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class LoggedHub:
    """Vehicles shares with parks by law; parks asks and is logged."""

    hub: Hub
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.hub = replace(self.hub, now=self.clock)
        self.state(BY_LAW)

    def state(self, *agreements: Agreement) -> None:
        """Put a policy with these agreements in force."""
        state(self.hub, policy_of(*agreements))

    def request(self, *requested: DataCategory) -> Request:
        at = self.clock()
        return Request(
            "parks", "licensing", frozenset(requested or (C.NAME,)), frozenset(C), at, at.date()
        )

    def ask(self, number: int = 1, *requested: DataCategory, **forged: Any) -> int:
        """Decide on the constituent of that number and write it down; the entry's id."""
        with database.transaction(self.hub.engine) as connection:
            return self.write(connection, number, *requested, **forged)

    def write(
        self,
        connection: Connection,
        number: int = 1,
        *requested: DataCategory,
        held_by: frozenset[str] = frozenset({"vehicles"}),
        believing: Callable[[Facts], Facts] = lambda facts: facts,
        outcome: Outcome | None = None,
        **changes: Any,
    ) -> int:
        """The same in a transaction of the caller's. believing: what a forger makes of the facts."""
        in_force = shared_policy(self.hub, connection)
        ids = SubjectIds((number,))
        subjects.lock(connection, ids.all, is_shared=True)
        known = gather(self.hub, connection, ids, in_force.policy, held_by)
        decision = decide(self.request(*requested), believing(known.facts))
        said: dict[str, Any] = {
            "action": "look_up",
            "outcome": outcome or _outcome(decision),
            "decision": decision,
            "in_force": in_force,
            "about": About(known.points, known.wrapped_key),
            "held_by": held_by,
        }
        return disclosing.record(self.hub, connection, asker=PARKS, **said | changes)

    def forge(self, account: Account, subject: Subject) -> None:
        """Put any entry about nobody into the log, as who has the keys could."""
        entry = write(account, subject, os.urandom(NONCE_BYTES))
        content = (entry.nonce or b"") + (entry.subject or b"")
        sealed = ValueSealer(self.hub.keys, Purpose.DISCLOSURE).seal(entry.subject_digest, content)
        new = NewDisclosure(
            entry.account, entry.subject_digest, sealed, None, entry.commitment, self.clock()
        )
        with database.transaction(self.hub.engine) as connection:
            disclosures.write(connection, new)

    def in_force(self) -> InForce:
        """The policy in force."""
        with database.transaction(self.hub.engine) as connection:
            return shared_policy(self.hub, connection)

    def repeat(self, times: int) -> None:
        """Write the oldest entry again, so often: quicker than to decide again."""
        with database.transaction(self.hub.engine) as connection:
            connection.execute(
                text(
                    "WITH entry AS (INSERT INTO disclosures "
                    "(account, subject_digest, sealed_subject, subject_hash, recorded_at) "
                    "SELECT account, subject_digest, sealed_subject, subject_hash, recorded_at "
                    "FROM (SELECT * FROM disclosures ORDER BY id LIMIT 1) AS oldest, "
                    "generate_series(1, :times) RETURNING id, recorded_at) "
                    "INSERT INTO log_pending SELECT id, (SELECT leaf FROM "
                    "(SELECT leaf FROM log_pending UNION ALL SELECT leaf FROM log_leaves "
                    "WHERE number = 0) AS its LIMIT 1), "
                    "recorded_at FROM entry"
                ),
                {"times": times},
            )

    def restrict(self, number: int, kind: RestrictionKind = RestrictionKind.AT_RISK) -> None:
        """Restrict the constituent of that number."""
        subject = hashes_of(self.hub.keys, [number])[number]
        with database.transaction(self.hub.engine) as connection:
            subjects.lock(connection, [number], is_shared=False)
            epoch = subjects.raise_epoch(connection, subject)
            row = subjects.take_number(connection, SealedKind.RESTRICTION)
            sealed = sealer_for(self.hub.keys, connection, subject).seal(
                fact_context(SealedKind.RESTRICTION, row),
                sealed_restriction(Restriction(f"x{row}", subject.hex(), kind, "order 12"), "ines"),
            )
            fact = StoredFact(
                row, SealedKind.RESTRICTION, subject, epoch, sealed, self.clock(), None, None, None
            )
            subjects.add_fact(connection, fact)

    def erase(self, number: int) -> None:
        """Erase the subject parts of a constituent's entries, and her key with them."""
        subject = hashes_of(self.hub.keys, [number])[number]
        with database.transaction(self.hub.engine) as connection:
            log_erasure(
                self.hub,
                connection,
                shared_policy(self.hub, connection),
                entries=disclosures.erase(connection, [subject]),
                records=0,
                by="olga",
                authority="GDPR Art. 17",
                at=self.clock(),
            )
            connection.execute(
                text("DELETE FROM subject_keys WHERE subject_hash = :it"), {"it": subject}
            )
            connection.execute(
                text("UPDATE subjects SET erased_at = :at WHERE subject_hash = :it"),
                {"it": subject, "at": self.clock()},
            )

    def seal(self) -> int:
        """Number and sign; how many leaves the last checkpoint is for."""
        sealed = disclosure_log.seal(self.hub, is_forced=True)
        return self.one("SELECT max(size) FROM log_checkpoints") if sealed is None else sealed.size

    def filled(self, entries: int, *, sealed_every: int = 0) -> LoggedHub:
        """The log with so many entries about as many constituents, all sealed."""
        for number in range(1, entries + 1):
            self.ask(number)
            if sealed_every and number % sealed_every == 0:
                self.seal()
        self.seal()
        return self

    def verify(self, held: Iterable[bytes] = ()) -> LogReport:
        return verify_log(self.hub, held)

    def found(self, held: Iterable[bytes] = ()) -> list[tuple[str, int | None]]:
        """What verification names, with the rows."""
        report = self.verify(held)
        assert report.holds == (not report.tree.findings and not report.findings)
        tree = [(one.kind.value, one.row) for one in report.tree.findings]
        return tree + [(one.kind.value, one.row) for one in report.findings]

    def leaves(self) -> list[tuple[int, int]]:
        """Every leaf's number with its entry."""
        with database.transaction(self.hub.engine) as connection:
            rows = connection.execute(
                text("SELECT number, disclosure_id FROM log_leaves ORDER BY number")
            )
            return [(row[0], row[1]) for row in rows.all()]

    def one(self, query: str) -> Any:
        """The one value a query answers with."""
        with database.transaction(self.hub.engine) as connection:
            return connection.execute(text(query)).scalar_one()


def _outcome(decision: Decision) -> Outcome:
    return Outcome.RELEASED if decision.is_release else Outcome.REFUSED


TABLES = ("disclosures", "log_leaves", "log_nodes", "log_checkpoints", "policies")


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of the tables, who can switch off what refuses change, and does."""

    url: str

    @classmethod
    def of(cls, server: Server, hub: Hub) -> Owner:
        name = hub.engine.url.database or ""
        return cls(server.urls(name).owner.replace("+psycopg", ""))

    def __call__(self, statement: str, *values: Any) -> list[Any]:
        """Run a statement with no trigger in its way."""
        with psycopg.connect(self.url) as connection:
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            cursor = connection.execute(statement, values)
            found = cursor.fetchall() if cursor.description else []
            for table in TABLES:
                connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            return found
