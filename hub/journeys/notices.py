"""Notices: what an agency is to do with data it was given, found in the log of what it received.

Decides who received data that a fact now bites on, and that each is told once an agreement, under the id it
knows her by; and who is told that an agreement ended. Which facts call for a notice is the calling journey's. Nothing is ever told of a constituent at
risk: that alone would tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection

from consent.log.entry import Account, Outcome, Permitted
from consent.policy import Agreement
from hub.domain.errors import HubError
from hub.domain.notices import NoticeKind
from hub.journeys.context import Hub
from hub.journeys.facts import CLOCKS_DIFFER_MAX, hashes_of
from hub.store import database, disclosures, notices, pairwise, subjects
from hub.store.notices import StoredNotice
from hub.store.subjects import SubjectIds
from hub.vault.keyring import Purpose
from hub.vault.sealing import ValueSealer

#: Whether a fact bites on what an account says was let through.
Bites = Callable[[Account, Permitted], bool]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class NoticeUnknown(HubError):
    """No notice of that number waits for that agency."""


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice as its agency reads it.

    pairwise_id: the id the agency knows her by, None where it was never shown one or the notice is of nobody.
    agreement: what the data was given under. delete_by: the last day to delete it, None where it is to be kept and not used.
    """

    number: int
    kind: NoticeKind
    pairwise_id: UUID | None
    agreement: str
    delete_by: date | None
    made_at: datetime
    taken_at: datetime | None


def list_notices(hub: Hub, agency: str, *, is_all: bool = False) -> list[NoticeView]:
    """The notices that wait for an agency, the oldest first; is_all: those it took too. Raises SealBroken."""
    sealer = _sealer(hub)
    with database.transaction(hub.engine) as connection:
        stored = notices.of_agency(connection, agency, is_all=is_all)
    return [_view(sealer, one) for one in stored]


def take_notice(hub: Hub, agency: str, number: int) -> None:
    """Note that the agency took a notice in. Raises NoticeUnknown."""
    with database.transaction(hub.engine) as connection:
        if not notices.take(connection, agency, number, hub.now()):
            raise NoticeUnknown(f"no notice {number} waits for {agency}")


def notify(
    hub: Hub,
    connection: Connection,
    ids: SubjectIds,
    kind: NoticeKind,
    bites: Bites,
    at: datetime,
    delete_by: date | None = None,
) -> tuple[str, ...]:
    """Write a notice for each agency and agreement under which it received what `bites`; those agencies.

    Under her lock, held alone: what was released before is in the log, and nothing is released meanwhile.
    """
    found = sorted(
        {
            (account.agency, item.agreement, number)
            for number, account in _released(hub, connection, ids)
            for item in account.permitted
            if item.agreement is not None and bites(account, item)
        },
        key=lambda one: (one[0], one[1], ids.all.index(one[2])),
    )
    # An agency that received her data under several ids knows her by the first.
    told: dict[tuple[str, str], int] = {}
    for agency, agreement, number in found:
        told.setdefault((agency, agreement), number)
    _write(
        hub,
        connection,
        [
            _Said(
                agency,
                kind,
                agreement,
                pairwise.oldest_shown(connection, agency, number),
                delete_by,
            )
            for (agency, agreement), number in told.items()
        ],
        at,
    )
    return tuple(dict.fromkeys(agency for agency, _ in told))


def notify_of_end(
    hub: Hub, connection: Connection, ended: Iterable[Agreement], at: datetime
) -> None:
    """Tell each recipient once that an agreement of these revisions ended. Under the policy, held alone."""
    told = dict.fromkeys((one.recipient, one.id) for one in ended)
    _write(
        hub,
        connection,
        [_Said(agency, NoticeKind.AGREEMENT_ENDED, agreement) for agency, agreement in told],
        at,
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What a notice says, as in NoticeView, and to which agency."""

    agency: str
    kind: NoticeKind
    agreement: str
    pairwise_id: UUID | None = None
    delete_by: date | None = None


def _write(hub: Hub, connection: Connection, said: Sequence[_Said], at: datetime) -> None:
    sealer = _sealer(hub)
    numbers = notices.take_numbers(connection, len(said))
    notices.add(
        connection,
        [
            StoredNotice(number, one.agency, sealer.seal(_context(number), _encode(one)), at)
            for number, one in zip(numbers, said, strict=True)
        ],
    )


def _released(hub: Hub, connection: Connection, ids: SubjectIds) -> Iterable[tuple[int, Account]]:
    """What was released of her, each with the id it was released under.

    Of an id her records were under before, only what was released while they were.
    """
    numbers = {hashed: number for number, hashed in hashes_of(hub.keys, ids.all).items()}
    spells = subjects.spells_of(connection, ids.current) if ids.former else {}
    for row in disclosures.of_subjects(connection, list(numbers)):
        assert row.subject_hash is not None
        number = numbers[row.subject_hash]
        account = Account.from_bytes(row.account)
        if account.outcome is not Outcome.RELEASED:
            continue
        spell = spells.get(number)
        if spell is None or (
            spell[0] - CLOCKS_DIFFER_MAX <= row.recorded_at <= spell[1] + CLOCKS_DIFFER_MAX
        ):
            yield number, account


def _view(sealer: ValueSealer, one: StoredNotice) -> NoticeView:
    said = _decode(sealer.open(_context(one.id), one.sealed))
    pairwise_id, delete_by = said["pairwise_id"], said["delete_by"]
    return NoticeView(
        number=one.id,
        kind=NoticeKind(said["kind"]),
        pairwise_id=None if pairwise_id is None else UUID(pairwise_id),
        agreement=said["agreement"],
        delete_by=None if delete_by is None else date.fromisoformat(delete_by),
        made_at=one.made_at,
        taken_at=one.taken_at,
    )


def _sealer(hub: Hub) -> ValueSealer:
    return ValueSealer(hub.keys, Purpose.NOTICE)


_NOTICE: Final = b"notice"
_NUMBER_BYTES: Final = 8


def _context(number: int) -> bytes:
    """What a sealed notice is bound to."""
    return _NOTICE + number.to_bytes(_NUMBER_BYTES, "big")
