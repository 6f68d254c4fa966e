"""Who looked at a constituent, when, why and under which law; refused attempts and her own views too.

Decides how an entry of the log is told; which are hers is hers.py's. Built on accounts alone: nothing is opened. The
form is a superset of what Estonia's data tracker asks of a system (findUsage): at is its logtime, agency receiverCode,
agency_label receiverName, system receiverSystem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from consent.log.entry import Account, Outcome, Permitted, Withheld
from consent.policy import Policy
from hub.journeys.context import Hub
from hub.journeys.counter import Counter
from hub.journeys.paging import LIMIT_MAX, PageInvalid
from hub.journeys.rights.hers import Hers
from hub.journeys.rights.requests import RECIPIENT, RightsAction, RightsRequest, log_own
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.store import disclosures
from hub.store.disclosures import StoredDisclosure

__all__ = [
    "LIMIT_MAX",
    "Labels",
    "PageInvalid",
    "Released",
    "Use",
    "Uses",
    "entries_of",
    "use_of",
    "who_looked",
]


@dataclass(frozen=True, slots=True)
class Released:
    """Fields of one agency's records that were let through. citation: the law or instrument, as then in force."""

    source: str
    source_label: str
    category: str
    fields: tuple[str, ...]
    agreement: str | None
    revision: int | None
    legal_basis: str | None
    citation: str | None


@dataclass(frozen=True, slots=True)
class Use:
    """One entry of the log. leaf: its place in the tree, None while it is pending. user: a pseudonym.

    released: empty unless the outcome is `released`. agreement: the one that was invoked, if any.
    """

    entry: int
    leaf: int | None
    at: datetime
    action: str
    outcome: Outcome
    agency: str
    agency_label: str
    system: str
    user: str | None
    purpose: str
    purpose_label: str
    agreement: str | None
    released: tuple[Released, ...]
    withheld: tuple[Withheld, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Uses:
    """A page of uses, the newest first; total: how many there are of her. next: the entry to ask on after."""

    total: int
    offset: int
    uses: tuple[Use, ...]
    next: int | None = None


def who_looked(
    hub: Hub,
    reference: str,
    request: RightsRequest,
    *,
    after: int | None = None,
    offset: int = 0,
    limit: int = 100,
    at: Counter | None = None,
) -> Uses:
    """A page of who looked at the constituent a reference stands for; this look is the newest of them.

    after: a page's `next`. Each page asked for is a look itself, by which offsets shift and entries do not.
    at: the portal she reads it at. Raises PageInvalid, and as in_subject_change.
    """
    if offset < 0 or not 1 <= limit <= LIMIT_MAX:
        raise PageInvalid(f"an offset is not below 0, a limit 1 to {LIMIT_MAX}")

    def work(subject: HeldSubject) -> Uses:
        sight = None if at is None else at.sight(hub, subject)
        log_own(hub, subject, RightsAction.OWN_LOG, request)
        labels = Labels(subject.in_force.policy)
        rows = entries_of(hub, subject)
        if sight is None or sight.is_whole:
            found = [use_of(one, labels) for one in rows]
        else:
            found = list(_seen_at(sight.counter, (use_of(one, labels) for one in rows)))
        behind = [one for one in found if after is None or one.entry < after]
        page = behind[offset : offset + limit]
        is_more = len(behind) > offset + limit
        return Uses(len(found), offset, tuple(page), page[-1].entry if is_more else None)

    return in_subject_change(hub, reference, work)


def entries_of(hub: Hub, subject: HeldSubject) -> list[StoredDisclosure]:
    """Every entry that is hers, the newest first."""
    hers = Hers(hub, subject.connection, subject.ids)
    found = disclosures.of_subjects(subject.connection, hers.subject_hashes)
    return [one for one in reversed(found) if hers.are(one.subject_hash, one.recorded_at)]


def _seen_at(counter: Counter, uses: Iterable[Use]) -> Iterator[Use]:
    """What there would be to tell, were there no records but the agency's own: its own looks at them, and hers there."""
    for use in uses:
        own = tuple(one for one in use.released if one.source == counter.agency)
        if use.agency == RECIPIENT and counter.is_signed_here(use.system):
            yield replace(use, released=own)
        elif use.agency == counter.agency and (own or use.outcome is Outcome.DONE):
            yield replace(use, released=own, withheld=(), reasons=())


class Labels:
    """What agencies and purposes are called in the policy of today; one it does not know keeps its id."""

    def __init__(self, policy: Policy) -> None:
        self._agencies = {one.id: one.label for one in policy.agencies} | {
            RECIPIENT: "the constituent"
        }
        self._purposes = {one.id: one.label for one in policy.purposes}

    def agency(self, id_: str) -> str:
        return self._agencies.get(id_) or id_

    def purpose(self, id_: str) -> str:
        return self._purposes.get(id_) or id_.replace("_", " ")


def use_of(one: StoredDisclosure, labels: Labels) -> Use:
    """An entry as she reads it."""
    account = Account.from_bytes(one.account)
    is_released = account.outcome is Outcome.RELEASED
    return Use(
        entry=one.id,
        leaf=one.number,
        at=account.decided_at,
        action=account.action,
        outcome=account.outcome,
        agency=account.agency,
        agency_label=labels.agency(account.agency),
        system=account.system,
        user=account.user,
        purpose=account.purpose,
        purpose_label=labels.purpose(account.purpose),
        agreement=account.agreement,
        released=tuple(_released(item, labels) for item in account.permitted if is_released),
        withheld=account.withheld,
        reasons=account.reasons,
    )


def _released(item: Permitted, labels: Labels) -> Released:
    basis, _, citation = (item.legal_basis or "").partition(" ")
    return Released(
        item.source,
        labels.agency(item.source),
        item.category,
        item.fields,
        item.agreement,
        item.revision,
        basis or None,
        citation or None,
    )
