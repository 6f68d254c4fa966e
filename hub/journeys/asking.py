"""What every question of an agency about one constituent has in common: reach her, hold her, decide, log, commit.

Decides whom the agency may learn of, that nothing leaves before it is written down, refusals and empty answers
too, and the one moment at which answers leave that tell nothing. What is given of one who may be known is
look_up.py's or verify.py's; who may have what is consent.decide's; how a description finds somebody is
describing.py's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeAlias, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from consent.decision import Decision, Facts, Reason, Request, Told, decide
from consent.log.entry import Outcome
from consent.vocabulary import Assurance, DataCategory
from hub.domain.errors import HubError
from hub.domain.records import RecordKey
from hub.journeys import disclosing
from hub.journeys.context import Hub
from hub.journeys.describing import Description, Several, TooLittle, find
from hub.journeys.disclosing import About, Asker
from hub.journeys.facts import gather
from hub.journeys.log_lag import require_keeping_up
from hub.journeys.policies import InForce, policy_at
from hub.store import database, lookups, pairwise
from hub.store.lookups import Held, Reached
from hub.vault.tags import Hasher, Pseudonyms

#: After so long from its receipt an answer leaves that releases nothing, or after a multiple of it.
SILENCE_S: Final = 0.025

#: Changes of who somebody is that a question gives way to before it is given up.
RESTARTS_MAX: Final = 20

#: Reasons that are the caller's own, whoever is asked about: they are told, and nobody is looked for.
_CALLERS_OWN: Final = frozenset(
    {Reason.CALLER_INACTIVE, Reason.PURPOSE_UNKNOWN, Reason.NOTHING_REQUESTED}
)


Given = TypeVar("Given")

#: Makes what is given of her, from what is held, the decision on it and the id she is shown under.
Give: TypeAlias = Callable[[Hub, Held, Decision, UUID], Given]


class LookUpInvalid(HubError):
    """A look-up does not say what it must: names the field and the rule."""

    def __init__(self, field: str, rule: str) -> None:
        self.field = field
        super().__init__(f"look-up: {field}: {rule}")


class LookUpContended(HubError):
    """Who the constituent is kept changing while she was looked up."""


@dataclass(frozen=True, slots=True)
class ByShown:
    """The id under which the agency was shown a constituent before."""

    pairwise_id: UUID


Whom: TypeAlias = RecordKey | ByShown | Description
"""A record's key, an id shown before, or a description by attributes."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """What an agency asks about. requested: the categories it wants this time; scope: those its token reaches.

    Raises LookUpInvalid.
    """

    asker: Asker
    whom: Whom
    purpose: str
    requested: frozenset[DataCategory]
    scope: frozenset[DataCategory]
    agreement: str | None = None
    assurance: Assurance = Assurance.LOW

    def __post_init__(self) -> None:
        for field, value in (
            ("agency", self.asker.agency),
            ("system", self.asker.system),
            ("case", self.asker.case),
            ("purpose", self.purpose),
        ):
            if not value.strip():
                raise LookUpInvalid(field, "must be stated")


@dataclass(frozen=True, slots=True)
class Reply(Generic[Given]):
    """What came of a question. disclosure: the entry of the log that says so.

    outcome is as it is told: a constituent of whom the agency may learn nothing is not found. given: None where
    nothing is. told: of what is withheld. reasons: why nobody was looked for, all of them the caller's own;
    is_too_little: the description could find anybody.
    """

    outcome: Outcome
    disclosure: int
    given: Given | None = None
    told: tuple[Told, ...] = ()
    reasons: tuple[Reason, ...] = ()
    is_too_little: bool = False


def ask(hub: Hub, asked: LookUp, action: str, give: Give[Given]) -> Reply[Given]:
    """Answer a question, logged as that action and committed.

    give: is called under her lock, once for each time that who she is had changed, and writes nothing.
    Raises LookUpContended, SealBroken, and DisclosureLogBehind while the log lags: then nothing was released.
    """
    for _ in range(RESTARTS_MAX):
        with database.open_transaction(hub.engine) as connection:
            reply = _Case(hub, connection, asked, action, give).reply()
        if reply is not None:
            return reply
    raise LookUpContended("who this constituent is keeps changing: try again")


def keep_silence(received_s: float, pause: Callable[[float], None]) -> None:
    """Wait until the moment at which an answer leaves that tells nothing. received_s: of time.monotonic."""
    spent_s = time.monotonic() - received_s
    pause(SILENCE_S - spent_s % SILENCE_S)


class _Case(Generic[Given]):
    """One question in one transaction."""

    def __init__(
        self, hub: Hub, connection: Connection, asked: LookUp, action: str, give: Give[Given]
    ) -> None:
        self._hub, self._connection, self._asked = hub, connection, asked
        self._action, self._give = action, give
        at = hub.now()
        self._request = Request(
            caller=asked.asker.agency,
            purpose=asked.purpose,
            requested=asked.requested,
            scope=asked.scope,
            at=at,
            on=hub.day_of(at),
            agreement=asked.agreement,
            assurance=asked.assurance,
        )

    def reply(self) -> Reply[Given] | None:
        """The reply, written; None where the constituent changed on the way: then nothing was."""
        require_keeping_up(self._hub, self._connection)
        reached = self._reach()
        in_force = policy_at(self._hub, self._connection, reached.policy_version)
        nobody = decide(self._request, Facts(in_force.policy, frozenset()))
        refusals = _callers_own(nobody)
        if refusals:
            return Reply(
                Outcome.REFUSED, self._write(Outcome.REFUSED, nobody, in_force), reasons=refusals
            )
        found = self._found(reached, in_force)
        if isinstance(found, TooLittle):
            entry = self._write(Outcome.REFUSED, nobody, in_force)
            return Reply(Outcome.REFUSED, entry, is_too_little=True)
        if isinstance(found, Several):
            return Reply(Outcome.AMBIGUOUS, self._write(Outcome.AMBIGUOUS, nobody, in_force))
        if found is None:
            return Reply(Outcome.NO_MATCH, self._write(Outcome.NO_MATCH, nobody, in_force))
        held = lookups.hold(
            self._connection,
            self._request.caller,
            found,
            Pseudonyms(self._hub.keys).subject(found),
        )
        if not self._is_still(held, reached, in_force):
            return None
        return self._decided(held, reached, in_force)

    def _reach(self) -> Reached:
        whom = self._asked.whom
        if isinstance(whom, RecordKey):
            return lookups.reach_by_key(self._connection, Hasher(self._hub.keys).key(str(whom)))
        if isinstance(whom, ByShown):
            return lookups.reach_by_shown(self._connection, self._request.caller, whom.pairwise_id)
        return lookups.reach_nobody(self._connection)

    def _found(self, reached: Reached, in_force: InForce) -> int | TooLittle | Several | None:
        if isinstance(self._asked.whom, Description):
            return find(
                self._hub, self._connection, in_force.policy, self._request, self._asked.whom
            )
        return reached.number

    def _is_still(self, held: Held, reached: Reached, in_force: InForce) -> bool:
        """Whether what was asked for leads to whom is locked now."""
        whom = self._asked.whom
        if isinstance(whom, RecordKey):
            key_hash = Hasher(self._hub.keys).key(str(whom))
            return any(one.key_hash == key_hash for one in held.records)
        if isinstance(whom, ByShown):
            return held.is_current and reached.shown in held.ids.standing
        return self._found(reached, in_force) == held.ids.current

    def _decided(self, held: Held, reached: Reached, in_force: InForce) -> Reply[Given]:
        held_by = frozenset(one.agency for one in held.records)
        known = gather(self._hub, self._connection, held.ids, in_force.policy, held_by, held.facts)
        decision = decide(self._request, known.facts)
        if not (decision.is_release and self._may_name(reached.agency, known.facts)):
            about = About(known.points, known.wrapped_key)
            entry = self._write(Outcome.REFUSED, decision, in_force, about, held_by)
            return Reply(Outcome.NO_MATCH, entry)
        shown = held.shown or pairwise.show(
            self._connection,
            self._request.caller,
            held.ids.current,
            self._hub.new_public_id(),
            self._request.at,
        )
        given = self._give(self._hub, held, decision, shown)
        about = About(known.points, known.wrapped_key, shown)
        entry = self._write(Outcome.RELEASED, decision, in_force, about, held_by)
        return Reply(Outcome.RELEASED, entry, given, decision.told())

    def _may_name(self, agency: str | None, facts: Facts) -> bool:
        """Whether the caller may ask by the key of a record of that agency; it may by its own."""
        if agency is None or agency == self._request.caller:
            return True
        wider = replace(self._request, requested=frozenset({DataCategory.SOURCE}))
        return decide(wider, facts).permits(agency, DataCategory.SOURCE)

    def _write(
        self,
        outcome: Outcome,
        decision: Decision,
        in_force: InForce,
        about: About | None = None,
        held_by: frozenset[str] = frozenset(),
    ) -> int:
        return disclosing.record(
            self._hub,
            self._connection,
            action=self._action,
            outcome=outcome,
            asker=self._asked.asker,
            decision=decision,
            in_force=in_force,
            about=about,
            held_by=held_by,
            is_last=True,
        )


def _callers_own(nobody: Decision) -> tuple[Reason, ...]:
    """Why the caller gets nothing, whoever is asked about."""
    if DataCategory.EXISTENCE not in nobody.request.scope:
        return (*(one for one in nobody.reasons if one in _CALLERS_OWN), Reason.NOT_IN_SCOPE)
    return tuple(one for one in nobody.reasons if one in _CALLERS_OWN)
