"""By whose request a right is exercised, and the entry of the log that each leaves.

Decides how the log names a constituent who asks for what is her own: no agency receives it, so RECIPIENT stands
where an agency would, and the purpose is the fulfilment of rights. Who may ask is the edges' to know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection

from consent.log.checkpoint import ERASED
from consent.log.entry import Account, Outcome, Permitted, Subject
from consent.vocabulary import FIELDS, DataCategory, Purpose, category_of_scheme
from hub.domain.errors import HubError
from hub.domain.records import Record
from hub.journeys.context import Hub
from hub.journeys.disclosing import About, pseudonym_of, written
from hub.journeys.facts import hashes_of, points_of
from hub.journeys.log_lag import require_keeping_up
from hub.journeys.policies import InForce
from hub.journeys.subjects import HeldSubject
from hub.store import subjects
from hub.vault.tags import Pseudonyms

#: Where an agency stands in an entry: the constituent herself. No agency may have this id.
RECIPIENT: Final = "constituent"

SYSTEM: Final = "hub"

PURPOSE: Final = Purpose.RIGHTS_FULFILMENT.value


class RightsAction(StrEnum):
    """What was asked of the hub, as the log names it. FACTS: what was said of her, listed at a counter or a portal."""

    FACTS = "read_facts"
    OWN_VIEW = "own_view"
    OWN_LOG = "own_log"
    EXPORT = "export"
    ERASE = "erase"


class RequestUnexplained(HubError):
    """A request does not say what it must."""


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """On which case, through which system, and by which officer on her behalf; `by` None: by herself.

    Raises RequestUnexplained.
    """

    case: str
    by: str | None = None
    system: str = "command line"

    def __post_init__(self) -> None:
        if not self.case.strip() or not self.system.strip():
            raise RequestUnexplained("the case and the system of a request must be stated")
        if self.by is not None and not self.by.strip():
            raise RequestUnexplained("who meets the request must be said")


def log_own(
    hub: Hub,
    held: HeldSubject,
    action: RightsAction,
    request: RightsRequest,
    permitted: Iterable[Permitted] = (),
) -> int:
    """Write that a constituent was given what is her own, in the transaction it is read in; the entry's id.

    permitted: what of records she was given; none where she only read the log. Raises DisclosureLogBehind.
    """
    return _logged(
        hub,
        held,
        RECIPIENT,
        request.system,
        action,
        case_hash=Pseudonyms(hub.keys).case(RECIPIENT, request.case).hex(),
        user=pseudonym_of(hub.keys, RECIPIENT, request.by),
        permitted=tuple(permitted),
    )


def log_facts_read(hub: Hub, held: HeldSubject, agency: str, system: str) -> int:
    """Write that an agency, or RECIPIENT, was listed what was said of her; the entry's id. Raises DisclosureLogBehind."""
    return _logged(hub, held, agency, system, RightsAction.FACTS)


def _logged(
    hub: Hub,
    held: HeldSubject,
    agency: str,
    system: str,
    action: RightsAction,
    *,
    case_hash: str | None = None,
    user: str | None = None,
    permitted: tuple[Permitted, ...] = (),
) -> int:
    require_keeping_up(hub, held.connection)
    # The id she has here is no agency's to be filed with.
    reference = held.public_id if agency == RECIPIENT else None
    hashes = hashes_of(hub.keys, held.ids.all)
    stored = subjects.read(held.connection, list(hashes.values()))
    points = points_of(held.ids, hashes, stored)
    subject = Subject(
        reference=None if reference is None else str(reference),
        case_hash=case_hash,
        epochs={"policy": held.in_force.version, **{point.name: point.epoch for point in points}},
    )
    account = Account(
        action=action.value,
        outcome=Outcome.RELEASED if permitted else Outcome.DONE,
        agency=agency,
        system=system,
        purpose=PURPOSE,
        decided_at=hub.now(),
        policy=held.in_force.digest.hex(),
        user=user,
        permitted=permitted,
    )
    wrapped = stored.wrapped_keys.get(points[0].subject_hash)
    about = About(points, wrapped, reference)
    return written(hub, held.connection, account, subject, about)


def log_erasure(
    hub: Hub,
    connection: Connection,
    in_force: InForce,
    *,
    entries: int,
    records: int,
    by: str,
    authority: str,
    at: datetime,
) -> int:
    """Write that of so many entries and records what can be erased was; the entry's id.

    It names no constituent, and no case that leads to one: it would tie together what erasure sets apart. Its
    first reason is `erased N`, as of a checkpoint's line: verification counts by it.
    """
    account = Account(
        action=RightsAction.ERASE.value,
        outcome=Outcome.DONE,
        agency=RECIPIENT,
        system=SYSTEM,
        purpose=PURPOSE,
        decided_at=at,
        policy=in_force.digest.hex(),
        user=pseudonym_of(hub.keys, RECIPIENT, by),
        reasons=(f"{ERASED} {entries}", f"records {records}", f"authority {authority}"),
    )
    subject = Subject(reference=None, case_hash=None, epochs={"policy": in_force.version})
    return written(hub, connection, account, subject, None)


def erased_by(account: Account) -> int:
    """Of how many entries the subject part was erased, as an erasure's account says. Raises ValueError."""
    said = [found for reason in account.reasons if (found := _ERASED_ROWS.fullmatch(reason))]
    if len(said) != 1:
        raise ValueError("an erasure says of how many entries")
    return int(said[0][1])


_ERASED_ROWS: Final = re.compile(rf"{ERASED} (0|[1-9][0-9]{{0,14}})")


def all_of(agency: str, records: Iterable[Record]) -> Iterator[Permitted]:
    """Everything that records of one agency say, as an entry states it."""
    stated: dict[DataCategory, set[str]] = {}
    for record in records:
        for category, fields in FIELDS.items():
            filled = {field for field in fields if _says(record, field, category)}
            if filled:
                stated.setdefault(category, set()).update(filled)
    for category in FIELDS:
        if category in stated:
            yield Permitted(agency, category.value, tuple(sorted(stated[category])))


def _says(record: Record, field: str, category: DataCategory) -> bool:
    if field == "identifiers":
        return any(category_of_scheme(one.scheme) is category for one in record.identifiers)
    return bool(getattr(record, field))
