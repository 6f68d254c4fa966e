"""Decide again what the log says was decided, from the facts of that moment, and name what differs.

Decides which entries are decisions and what of one must hold: the policy of that moment, every fact known
then, and rulings to the letter. Facts are read at the epochs an entry names, never by a clock; but a change
that was recorded well before the decision must be among them. Whether entries stand in the tree is
consent.log.verify's to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from sqlalchemy import Connection

from consent.decision import Decision, Request, decide
from consent.log.entry import Account, Entry, EntryInvalid, Outcome, Permitted, Subject
from consent.policy import Policy
from consent.stored import digest_of, from_document
from hub.domain.errors import HubError
from hub.journeys.disclosing import (
    held_by_in,
    points_in,
    request_of,
    rulings_told,
)
from hub.journeys.facts import Point, facts_at
from hub.journeys.policies import EMPTY, InForce
from hub.journeys.rights.requests import RECIPIENT, RightsAction
from hub.store import policies, subjects
from hub.store.policies import PolicyVersion
from hub.store.subjects import StoredConsent, StoredFact, StoredFacts
from hub.vault.keyring import RootKey

#: So long before a decision a change must have been recorded that the decision is blamed for not counting.
COUNTED_WITHIN: Final = timedelta(minutes=5)

#: What is logged besides decisions: acts, in which nothing of any record is released to anybody.
ACTS: Final = frozenset({RightsAction.ERASE, RightsAction.OWN_LOG, RightsAction.FACTS})

#: What a constituent is given of her own: her right to it is no agreement's to decide.
OWN: Final = frozenset({RightsAction.OWN_VIEW, RightsAction.EXPORT})

FINDINGS_MAX: Final = 1_000

_AGREEMENT: Final = "agreement."


@unique
class Kind(StrEnum):
    """What can be wrong with an entry, whatever the tree says of it."""

    UNREADABLE = "entry_unreadable"
    REPEATED = "entry_repeated"
    DECIDED_AT_ANOTHER_TIME = "decided_at_another_time"
    NO_DECISION = "no_decision"
    NOTHING_PERMITTED = "released_with_nothing_permitted"
    NOT_PERMITTED = "released_but_not_permitted"
    DECIDED_OTHERWISE = "decided_otherwise"
    POLICY_UNKNOWN = "policy_never_stated"
    POLICY_DIFFERS = "policy_differs"
    SUBJECT_NOT_READ = "facts_of_its_subject_not_read"
    EPOCH_UNKNOWN = "epoch_never_reached"
    CHANGE_NOT_COUNTED = "change_not_counted"
    FACTS_UNREADABLE = "facts_unreadable"
    ERASED_NOT_AS_LOGGED = "erased_not_as_logged"


@dataclass(frozen=True, slots=True)
class ReplayFinding:
    """One thing that does not hold, and the number of its entry; never a value of anybody."""

    kind: Kind
    row: int | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Logged:
    """An entry with its number and whose it is; opened, or what erasure left.

    signed_before, signed_after: when a checkpoint was signed last that it is not under, and first that it is.
    """

    number: int | None
    subject_hash: bytes | None
    entry: Entry
    signed_before: datetime | None = None
    signed_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A decision that the log tells of, ready to be made again."""

    number: int | None
    subject_hash: bytes | None
    account: Account
    request: Request
    epochs: dict[str, int]
    points: tuple[Point, ...]
    held_by: frozenset[str]


class Replay:
    """Replays entries a batch at a time, all within one snapshot of the database."""

    def __init__(self, keys: RootKey, connection: Connection) -> None:
        self.replayed = self.not_replayable = 0
        self.findings: list[ReplayFinding] = []
        self.left_out = 0
        self._keys = keys
        self._connection = connection
        self._stated = policies.moments(connection)
        self._versions: dict[int, InForce | None] = {0: EMPTY}

    def found(self, kind: Kind, row: int | None, detail: str = "") -> None:
        """Note a finding; beyond a thousand they are only counted."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(ReplayFinding(kind, row, detail))
        else:
            self.left_out += 1

    def check(self, batch: Iterable[Logged]) -> None:
        """Replay the decisions among these entries."""
        cases = [case for one in batch if (case := self._case(one)) is not None]
        hashes = {point.subject_hash for case in cases for point in case.points}
        known = _Known(subjects.read(self._connection, sorted(hashes)) if hashes else StoredFacts())
        for case in cases:
            self._replay(case, known)

    def _case(self, one: Logged) -> _Case | None:
        """The decision to make again; None where there is none, which is a finding or a plain act."""
        try:
            account = Account.from_bytes(one.entry.account)
            subject = None if one.entry.subject is None else Subject.from_bytes(one.entry.subject)
        except EntryInvalid as invalid:
            self.found(Kind.UNREADABLE, one.number, invalid.rule)
            return None
        if not _is_in_time(one, account.decided_at):
            self.found(Kind.DECIDED_AT_ANOTHER_TIME, one.number)
        if account.outcome is Outcome.RELEASED and not account.permitted:
            self.found(Kind.NOTHING_PERMITTED, one.number)
        if account.action in ACTS or account.agency == RECIPIENT:
            self._check_act(one.number, account)
            return None
        if subject is None:
            self.not_replayable += 1
            return None
        if "held_by" not in subject.inputs:
            self.found(Kind.NO_DECISION, one.number, "nothing to decide it again by")
            return None
        try:
            return _Case(
                one.number,
                one.subject_hash,
                account,
                request_of(account, subject),
                dict(subject.epochs),
                points_in(subject),
                held_by_in(subject),
            )
        except (KeyError, ValueError):
            self.found(Kind.UNREADABLE, one.number, "what a replay needs is missing or malformed")
            return None

    def _check_act(self, number: int | None, account: Account) -> None:
        """An act releases nothing; what a constituent is given of her own, no agreement decides."""
        if account.action in ACTS:
            if account.outcome is not Outcome.DONE or account.permitted:
                self.found(Kind.NO_DECISION, number, "an act that releases")
        elif account.action not in OWN:
            self.found(Kind.NO_DECISION, number, "no right of a constituent")

    def _replay(self, case: _Case, known: _Known) -> None:
        in_force = self._policy_of(case)
        if in_force is None or not self._points_hold(case, known):
            return
        if any(point.subject_hash in known.stored.erased for point in case.points):
            self.not_replayable += 1
            return
        try:
            facts = facts_at(
                self._keys, known.of(case.points), case.points, in_force.policy, case.held_by
            )
        except (HubError, ValueError, KeyError):
            self.found(Kind.FACTS_UNREADABLE, case.number)
            return
        self.replayed += 1
        self._compare(case, decide(case.request, facts), in_force.policy)

    def _compare(self, case: _Case, decision: Decision, policy: Policy) -> None:
        account = case.account
        permitted, withheld = rulings_told(decision.rulings, policy)
        reasons = tuple(reason.value for reason in decision.reasons)
        read = {f"{_AGREEMENT}{id_}": epoch for id_, epoch in decision.agreement_epochs}
        claimed = {
            name: epoch for name, epoch in case.epochs.items() if name.startswith(_AGREEMENT)
        }
        if (permitted, withheld, reasons, read) == (
            account.permitted,
            account.withheld,
            account.reasons,
            claimed,
        ):
            return
        beyond = [one for one in account.permitted if one not in permitted]
        if beyond and account.outcome is Outcome.RELEASED:
            self.found(Kind.NOT_PERMITTED, case.number, _named(beyond))
        else:
            self.found(Kind.DECIDED_OTHERWISE, case.number)

    def _policy_of(self, case: _Case) -> InForce | None:
        """The policy the entry names, if it is the one that was in force then."""
        version = case.epochs.get("policy", -1)
        in_force = self._version(version)
        if in_force is None:
            self.found(Kind.POLICY_UNKNOWN, case.number)
            return None
        if in_force.digest.hex() != case.account.policy:
            self.found(Kind.POLICY_DIFFERS, case.number, f"version {version}")
            return None
        blamed_before = case.account.decided_at - COUNTED_WITHIN
        if any(number > version and at < blamed_before for number, at in self._stated):
            self.found(Kind.CHANGE_NOT_COUNTED, case.number, f"of the policy after {version}")
        return in_force

    def _version(self, version: int) -> InForce | None:
        if version not in self._versions:
            stated = policies.read(self._connection, version)
            self._versions[version] = None if stated is None else _as_stored(stated)
        return self._versions[version]

    def _points_hold(self, case: _Case, known: _Known) -> bool:
        """Whether the entry names epochs that were, of her whom it is filed under; and counted all it must."""
        standing = {point.subject_hash for point in case.points if point.until is None}
        is_nobody = case.subject_hash is None and not standing and not case.held_by
        if not is_nobody and case.subject_hash not in standing:
            self.found(Kind.SUBJECT_NOT_READ, case.number)
            return False
        if any(
            point.epoch > known.stored.epochs.get(point.subject_hash, 0) for point in case.points
        ):
            self.found(Kind.EPOCH_UNKNOWN, case.number)
            return False
        blamed_before = case.account.decided_at - COUNTED_WITHIN
        if any(known.changed_since(point, blamed_before) for point in case.points):
            self.found(Kind.CHANGE_NOT_COUNTED, case.number, "of her facts")
        return True


def _as_stored(stated: PolicyVersion) -> InForce:
    """The version with its digest worked out anew: the one stored beside it may have been altered with it."""
    try:
        policy = from_document(stated.document)
    except (HubError, KeyError, TypeError, ValueError):
        policy = Policy()  # nobody stated it so, and the digest will say as much
    return InForce(stated.version, digest_of(stated.document), policy)


class _Known:
    """The facts about the subjects of one batch, found by subject."""

    def __init__(self, stored: StoredFacts) -> None:
        self.stored = stored
        self._consents: defaultdict[bytes, list[StoredConsent]] = defaultdict(list)
        self._facts: defaultdict[bytes, list[StoredFact]] = defaultdict(list)
        for consent in stored.consents:
            self._consents[consent.subject_hash].append(consent)
        for fact in stored.facts:
            self._facts[fact.subject_hash].append(fact)

    def of(self, points: Sequence[Point]) -> StoredFacts:
        """Those about the subjects of these points."""
        hashes = {point.subject_hash for point in points}
        return StoredFacts(
            self.stored.epochs,
            self.stored.erased,
            self.stored.wrapped_keys,
            [row for one in hashes for row in self._consents.get(one, ())],
            [row for one in hashes for row in self._facts.get(one, ())],
        )

    def changed_since(self, point: Point, before: datetime) -> bool:
        """Whether a change after the point's epoch was recorded before that moment."""
        consents = self._consents.get(point.subject_hash, ())
        facts = self._facts.get(point.subject_hash, ())
        return any(
            row.epoch > point.epoch and row.recorded_at < before for row in (*consents, *facts)
        ) or any(
            row.ended_epoch is not None
            and row.ended_at is not None
            and row.ended_epoch > point.epoch
            and row.ended_at < before
            for row in facts
        )


def _is_in_time(one: Logged, decided_at: datetime) -> bool:
    """Whether it can have been decided then: one told of earlier or later could choose its rules and facts."""
    is_early = one.signed_before is not None and decided_at < one.signed_before - COUNTED_WITHIN
    is_late = one.signed_after is not None and decided_at > one.signed_after + COUNTED_WITHIN
    return not (is_early or is_late)


def _named(beyond: Sequence[Permitted]) -> str:
    """What was let through, by source and category, which are no values of hers."""
    return ", ".join(f"{one.source} {one.category}" for one in beyond)
