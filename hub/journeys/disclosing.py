"""A decision and what came of it -> an entry of the disclosure log, written in the transaction it belongs to.

Decides what an entry says of a decision, so that a replay can decide again from it. Whether anything is
released is consent's; that nothing leaves before the commit is the calling journey's.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from consent.decision import Decision, Request, Ruling
from consent.log.entry import (
    NONCE_BYTES,
    Account,
    Entry,
    Outcome,
    Permitted,
    Subject,
    Withheld,
    write,
)
from consent.policy import AgreementRef, Policy
from consent.vocabulary import FIELDS, Assurance, DataCategory
from hub.journeys.context import Hub
from hub.journeys.facts import Point, sealer_for
from hub.journeys.policies import InForce
from hub.store import disclosures
from hub.store.disclosures import NewDisclosure, StoredDisclosure
from hub.vault.keyring import Purpose, RootKey
from hub.vault.sealing import SubjectSealer, ValueSealer
from hub.vault.tags import Pseudonyms

_FIELDS: Final = {category: tuple(sorted(fields)) for category, fields in FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, through which system, on which case. user: a member of staff, logged as a pseudonym."""

    agency: str
    system: str
    case: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Whose data it was: the points her facts were read at, current id first, and her wrapped key.

    reference: the id the asker knows her by, None where it learns none.
    """

    points: tuple[Point, ...]
    wrapped_key: bytes | None
    reference: UUID | None = None


def record(
    hub: Hub,
    connection: Connection,
    *,
    action: str,
    outcome: Outcome,
    asker: Asker,
    decision: Decision,
    in_force: InForce,
    about: About | None,
    held_by: Iterable[str] = (),
    is_last: bool = False,
) -> int:
    """Write the entry of a decision; its id. about: None where nobody was found.

    held_by: the agencies with a record, as the decision saw them. is_last: commit with it (store/disclosures.py).
    """
    account = account_of(hub.keys, action, outcome, asker, decision, in_force)
    subject = Subject(
        reference=None if about is None or about.reference is None else str(about.reference),
        case_hash=Pseudonyms(hub.keys).case(asker.agency, asker.case).hex(),
        epochs=_epochs(in_force, decision, () if about is None else about.points),
        inputs=_inputs(decision.request, held_by, () if about is None else about.points),
    )
    return written(hub, connection, account, subject, about, is_last=is_last)


def written(
    hub: Hub,
    connection: Connection,
    account: Account,
    subject: Subject,
    about: About | None,
    *,
    is_last: bool = False,
) -> int:
    """Write an entry that says so; its id. about: None where it is of nobody. is_last: as above."""
    entry = write(account, subject, os.urandom(NONCE_BYTES))
    new = _sealed(hub, connection, entry, about, account.decided_at)
    return disclosures.write(connection, new, is_last=is_last)


def _sealed(
    hub: Hub, connection: Connection, entry: Entry, about: About | None, at: datetime
) -> NewDisclosure:
    content = (entry.nonce or b"") + (entry.subject or b"")
    if about is None:
        subject_hash = None
        sealed = ValueSealer(hub.keys, Purpose.DISCLOSURE).seal(entry.subject_digest, content)
    else:
        subject_hash = about.points[0].subject_hash
        sealer = sealer_for(hub.keys, connection, subject_hash, about.wrapped_key)
        sealed = sealer.seal(entry.subject_digest, content)
    return NewDisclosure(
        entry.account, entry.subject_digest, sealed, subject_hash, entry.commitment, at
    )


def opened(
    keys: RootKey,
    account: bytes,
    subject_digest: bytes,
    sealed_subject: bytes | None,
    subject_hash: bytes | None,
    wrapped_key: bytes | None,
) -> Entry:
    """An entry as it was written, or what erasure left of it. Raises SealBroken.

    wrapped_key: of its subject. One that is gone with the subject part still there is an erasure too: a
    backup of the entries restored beside the keys of today.
    """
    if sealed_subject is None or (subject_hash is not None and wrapped_key is None):
        return Entry(account, subject_digest, None, None)
    if subject_hash is None or wrapped_key is None:
        content = ValueSealer(keys, Purpose.DISCLOSURE).open(subject_digest, sealed_subject)
    else:
        content = SubjectSealer(keys, subject_hash, wrapped_key).open(
            subject_digest, sealed_subject
        )
    return Entry(account, subject_digest, content[NONCE_BYTES:], content[:NONCE_BYTES])


def entry_of(keys: RootKey, stored: StoredDisclosure) -> Entry:
    """A stored entry, opened. Raises SealBroken."""
    return opened(
        keys,
        stored.account,
        stored.subject_digest,
        stored.sealed_subject,
        stored.subject_hash,
        stored.wrapped_key,
    )


# --- what an entry says ------------------------------------------------------------------------


def account_of(
    keys: RootKey,
    action: str,
    outcome: Outcome,
    asker: Asker,
    decision: Decision,
    in_force: InForce,
) -> Account:
    """The part of an entry that stays."""
    request = decision.request
    permitted, withheld = rulings_told(decision.rulings, in_force.policy)
    return Account(
        action=action,
        outcome=outcome,
        agency=asker.agency,
        system=asker.system,
        purpose=request.purpose,
        decided_at=request.at,
        policy=in_force.digest.hex(),
        user=pseudonym_of(keys, asker.agency, asker.user),
        agreement=request.agreement,
        permitted=permitted,
        withheld=withheld,
        reasons=tuple(reason.value for reason in decision.reasons),
    )


def pseudonym_of(keys: RootKey, agency: str, user: str | None) -> str | None:
    """What the log calls an agency's member of staff; None for nobody."""
    return None if user is None else Pseudonyms(keys).user(agency, user).hex()


def rulings_told(
    rulings: Sequence[Ruling], policy: Policy
) -> tuple[tuple[Permitted, ...], tuple[Withheld, ...]]:
    """A decision's rulings as an account states them."""
    citations = {one.ref: one.citation for one in policy.agreements}
    return (
        tuple(_permitted(one, citations) for one in rulings if one.is_permitted),
        tuple(
            Withheld(
                one.source,
                one.category.value,
                _FIELDS[one.category],
                tuple(reason.value for reason in one.reasons),
            )
            for one in rulings
            if not one.is_permitted
        ),
    )


def _permitted(one: Ruling, citations: dict[AgreementRef, str]) -> Permitted:
    fields = _FIELDS[one.category]
    if one.agreement is None or one.legal_basis is None:
        return Permitted(one.source, one.category.value, fields)
    return Permitted(
        one.source,
        one.category.value,
        fields,
        one.agreement.id,
        one.agreement.revision,
        f"{one.legal_basis.iri} {citations.get(one.agreement, '')}".strip(),
    )


def _epochs(in_force: InForce, decision: Decision, points: Iterable[Point]) -> dict[str, int]:
    return {
        "policy": in_force.version,
        **{f"agreement.{id_}": epoch for id_, epoch in decision.agreement_epochs},
        **{point.name: point.epoch for point in points},
    }


def _inputs(request: Request, held_by: Iterable[str], points: Iterable[Point]) -> dict[str, str]:
    return {
        "requested": _joined(request.requested),
        "scope": _joined(request.scope),
        "on": request.on.isoformat(),
        "assurance": str(int(request.assurance)),
        "held_by": ",".join(sorted(held_by)),
        **{point.name: point.until.isoformat() for point in points if point.until is not None},
    }


def _joined(categories: Iterable[DataCategory]) -> str:
    return ",".join(sorted(category.value for category in categories))


def request_of(account: Account, subject: Subject) -> Request:
    """The request an entry tells of, for a replay. Raises KeyError or ValueError for one it cannot be told from."""
    inputs = subject.inputs
    return Request(
        caller=account.agency,
        purpose=account.purpose,
        requested=_categories(inputs["requested"]),
        scope=_categories(inputs["scope"]),
        at=account.decided_at,
        on=date.fromisoformat(inputs["on"]),
        agreement=account.agreement,
        assurance=Assurance(int(inputs["assurance"])),
    )


def _categories(text: str) -> frozenset[DataCategory]:
    return frozenset(map(DataCategory, text.split(","))) if text else frozenset()


def points_in(subject: Subject) -> tuple[Point, ...]:
    """Where the facts of an entry's decision were read, in no particular order."""
    points = []
    for name, epoch in subject.epochs.items():
        kind, _, hashed = name.partition(".")
        if kind in ("subject", "former"):
            until = subject.inputs.get(name)
            moment = None if until is None else datetime.fromisoformat(until)
            points.append(Point(bytes.fromhex(hashed), epoch, moment))
    return tuple(points)


def held_by_in(subject: Subject) -> frozenset[str]:
    """The agencies that held a record, as an entry's decision saw it."""
    return frozenset(filter(None, subject.inputs["held_by"].split(",")))
