"""Restrictions: what narrows whatever agreements allow of one constituent's data, and how it is lifted.

Decides which may be lifted by one officer and which take two, and that recipients are told of those that bite
on what they hold. What a restriction does to a decision is consent's. An objection to linkage sets the records
themselves apart (objection.py), in the same transaction as the restriction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from consent.log.entry import Account, Permitted
from consent.policy import Clearance, Policy, Restriction, are_two
from consent.rules import PolicyInvalid, Problem, Rule, broken, require
from consent.vocabulary import LegalBasis, RestrictionKind
from hub.domain.notices import DELETE_WITHIN, NoticeKind
from hub.journeys.context import Hub
from hub.journeys.notices import notify
from hub.journeys.objection import ObjectionRestricted, ObjectionUnknown, let_go, set_apart
from hub.journeys.profile import resolve
from hub.journeys.saying import (
    FactChange,
    FactUnknown,
    Listed,
    Recorded,
    number_in,
    read_facts,
    require_author,
    standing_fact,
)
from hub.journeys.subjects import HeldSubject, in_subject_change
from hub.store import constituents, database, subjects
from hub.store.subjects import SealedKind, SubjectIds

#: Lifting one of these widens what a single mistake, or a single corrupt officer, must not.
TWO_OFFICERS: Final = frozenset({RestrictionKind.AT_RISK, RestrictionKind.LEGAL_HOLD})

_KIND: Final = SealedKind.RESTRICTION
_OPEN_TO_OBJECTION: Final = frozenset(
    basis.iri for basis in LegalBasis if basis.is_open_to_objection
)


@dataclass(frozen=True, slots=True)
class RestrictionView:
    """A restriction as an officer reads it; lifted ones too.

    is_former: it was put on an id her records left since, and is lifted there.
    """

    id: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None
    clearances: tuple[tuple[str | None, str | None], ...]
    author: str
    recorded_at: datetime
    lifted_at: datetime | None
    lifted_by: tuple[str, ...]
    is_former: bool


def restrict(
    hub: Hub,
    reference: str,
    kind: RestrictionKind,
    *,
    authority: str,
    author: str,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    clearances: Iterable[Clearance] = (),
) -> Recorded:
    """Put a restriction on a constituent; authority: the decision or request it rests on.

    starts_at: None for at once, ends_at: None for until it is lifted. Raises PolicyInvalid naming the rule it
    breaks, as in_subject_change, and for an objection to linkage as object_to_linkage; then nothing is written.
    """
    require_author(author)
    cleared = frozenset(clearances)
    if kind is RestrictionKind.OBJECTION_TO_LINKAGE:
        has_terms = bool(starts_at or ends_at or cleared)
        require(
            broken(not authority.strip(), "authority", Rule.EMPTY),
            broken(has_terms, "clearances", Rule.LINKAGE_TERMS),
        )
        return _object_to_linkage(hub, reference, authority, author)

    def work(held: HeldSubject) -> Recorded:
        _require_declared(cleared, held.in_force.policy)
        at = hub.now()
        change = FactChange.of(hub, held.connection, held.ids.current, author=author, at=at)
        number = change.number(_KIND)
        made = Restriction(
            f"x{number}", change.subject, kind, authority, starts_at, ends_at, cleared
        )
        change.add_restriction(number, made)
        return Recorded((made.id,), _tell(hub, held, made, at))

    return in_subject_change(hub, reference, work)


def lift(
    hub: Hub, reference: str, restriction: str, *, author: str, approved_by: str | None = None
) -> Recorded:
    """End a restriction; TWO_OFFICERS of some kinds. An objection to linkage lets the records be linked again.

    Raises FactUnknown where none stands under an id of hers, PolicyInvalid, and as in_subject_change.
    """
    officers = [author] if approved_by is None else [author, approved_by]
    require_author(*officers)
    number = number_in("x", restriction)
    public_id, kind = _look(hub, reference, number)
    if kind is RestrictionKind.OBJECTION_TO_LINKAGE:
        return _let_go(hub, public_id, number, officers)
    return _lift(hub, str(public_id), number, officers)


def list_restrictions(hub: Hub, reference: str) -> list[RestrictionView]:
    """Every restriction on a constituent, the oldest first, lifted ones too.

    Raises ConstituentUnknown, RecordUnknown, SealBroken.
    """
    with database.transaction(hub.engine) as connection:
        return views(read_facts(hub, connection, reference))


def views(told: Listed) -> list[RestrictionView]:
    """Those that are listed. Raises SealBroken."""
    found = []
    for row in told.facts:
        if row.kind is _KIND and told.opener.can(row):
            one = told.opener.restriction(row)
            found.append(
                RestrictionView(
                    id=one.id,
                    kind=one.kind,
                    authority=one.authority,
                    starts_at=one.starts_at,
                    ends_at=one.ends_at,
                    clearances=tuple((each.agency, each.purpose) for each in one.clearances),
                    author=told.opener.author_of(row),
                    recorded_at=row.recorded_at,
                    lifted_at=row.ended_at,
                    lifted_by=told.opener.ended_by(row),
                    is_former=row.subject_hash in told.former,
                )
            )
    return found


# --- restricting ---------------------------------------------------------------------------------


def _require_declared(clearances: frozenset[Clearance], policy: Policy) -> None:
    agencies = {one.id for one in policy.agencies}
    purposes = {one.id for one in policy.purposes}
    problems = [
        *(
            Problem("clearances", Rule.UNKNOWN_AGENCY, one.agency)
            for one in clearances
            if one.agency is not None and one.agency not in agencies
        ),
        *(
            Problem("clearances", Rule.UNKNOWN_PURPOSE, one.purpose)
            for one in clearances
            if one.purpose is not None and one.purpose not in purposes
        ),
    ]
    if problems:
        raise PolicyInvalid(problems)


def _tell(hub: Hub, held: HeldSubject, made: Restriction, at: datetime) -> tuple[str, ...]:
    """Have those recipients told that the restriction binds; of no other kind is anybody told."""

    def binds(account: Account) -> bool:
        return not made.is_cleared(account.agency, account.purpose)

    def is_objected(account: Account, item: Permitted) -> bool:
        basis = (item.legal_basis or "").partition(" ")[0]
        return binds(account) and basis in _OPEN_TO_OBJECTION

    if made.kind is RestrictionKind.OBJECTION:
        until = hub.day_of(at) + DELETE_WITHIN
        return notify(hub, held.connection, held.ids, NoticeKind.OBJECTED, is_objected, at, until)
    if made.kind is RestrictionKind.RESTRICTED_PROCESSING:
        return notify(
            hub,
            held.connection,
            held.ids,
            NoticeKind.RESTRICTED,
            lambda account, _: binds(account),
            at,
        )
    return ()


def _object_to_linkage(hub: Hub, reference: str, authority: str, author: str) -> Recorded:
    made: list[str] = []

    def write(connection: Connection, concerned: Sequence[SubjectIds]) -> None:
        made.clear()  # another run of the same change
        for ids in concerned:
            change = FactChange.of(hub, connection, ids.current, author=author, at=hub.now())
            number = change.number(_KIND)
            kind = RestrictionKind.OBJECTION_TO_LINKAGE
            one = Restriction(f"x{number}", change.subject, kind, authority)
            change.add_restriction(number, one)
            made.append(one.id)

    set_apart(hub, reference, author=author, reason=authority, besides=write)
    return Recorded(tuple(made))


# --- lifting -------------------------------------------------------------------------------------


def _look(hub: Hub, reference: str, number: int) -> tuple[UUID, RestrictionKind]:
    """The id it is lifted under, and its kind. That never changes, so nothing is held for it.

    What was put on another id while her records were under it is that one's to lift; but not an objection to
    linkage, which is what made them leave.
    """
    with database.transaction(hub.engine) as connection:
        current, _ = resolve(hub, connection, reference)
        ids = subjects.ids_of(connection, current)
        under, row, opener = standing_fact(hub, connection, ids.all, _KIND, number)
        kind = opener.restriction(row).kind
        if under not in ids.standing and kind is not RestrictionKind.OBJECTION_TO_LINKAGE:
            raise FactUnknown("that restriction was put on another constituent: lift it there")
        return constituents.public_ids(connection, [under])[under], kind


def _lift(hub: Hub, reference: str, number: int, officers: Sequence[str]) -> Recorded:
    def work(held: HeldSubject) -> Recorded:
        _end(hub, held.connection, held.ids, number, officers)
        return Recorded((f"x{number}",))

    return in_subject_change(hub, reference, work)


def _let_go(hub: Hub, public_id: UUID, number: int, officers: Sequence[str]) -> Recorded:
    """Lift an objection to linkage with what it set apart; alone where that is gone, or another holds it."""

    def end(connection: Connection, concerned: Sequence[SubjectIds]) -> None:
        current, _ = resolve(hub, connection, str(public_id))
        [hers] = [ids for ids in concerned if ids.current == current]
        _end(hub, connection, hers, number, officers)

    try:
        let_go(hub, str(public_id), author=officers[0], besides=end)
    except (ObjectionUnknown, ObjectionRestricted):
        return _lift(hub, str(public_id), number, officers)
    return Recorded((f"x{number}",))


def _end(
    hub: Hub, connection: Connection, ids: SubjectIds, number: int, officers: Sequence[str]
) -> None:
    under, row, opener = standing_fact(hub, connection, ids.standing, _KIND, number)
    needs_two = opener.restriction(row).kind in TWO_OFFICERS
    require(broken(needs_two and not are_two(officers), "approved_by", Rule.TWO_APPROVERS))
    change = FactChange.of(hub, connection, under, author=officers[0], at=hub.now())
    change.end(_KIND, row.id, officers)
