"""`/v1/restrictions`: what narrows the use of one constituent's data, as officers put it and lift it.

Decides the shape at the wire, and that a second officer's approval comes from that officer. What a restriction does is
consent's; which of them two officers lift is hub.journeys.restrictions'.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.v1.named import FactId, RecordedOut, recorded
from api.v1.references import ConstituentIn
from api.v1.words import Moment, PolicyName, Strict, Text
from consent.policy import Clearance
from consent.vocabulary import RestrictionKind
from hub.access.scopes import Scope
from hub.journeys import restrictions as journey
from hub.journeys.lift_approvals import approve_lift, officer_in

router = guarded_router(tags=["Restrictions"])


_YEARS: Final = range(1900, 2201)


def _in_utc(moment: datetime) -> datetime:
    # At the ends of the calendar there is no UTC to go to.
    if moment.year not in _YEARS:
        raise ValueError(f"a year from {_YEARS[0]} to {_YEARS[-1]}")
    return moment.astimezone(UTC)


InUtc: TypeAlias = Annotated[Moment, AfterValidator(_in_utc)]


class ClearanceIn(Strict):
    """Whom a restriction does not bind: an agency, a purpose, or an agency for a purpose."""

    agency: PolicyName | None = None
    purpose: PolicyName | None = None


class RestrictionIn(Strict):
    """A restriction. authority: the decision or request it rests on; it rests sealed.

    starts_at: null for at once, ends_at: null for until it is lifted. An objection to linkage has neither of these, and
    no clearances.
    """

    whom: ConstituentIn
    kind: RestrictionKind
    authority: Text
    starts_at: InUtc | None = None
    ends_at: InUtc | None = None
    clearances: Annotated[tuple[ClearanceIn, ...], Field(max_length=50)] = ()


class LiftApprovalIn(Strict):
    """Which of her restrictions another officer may lift."""

    whom: ConstituentIn
    restriction: FactId


class LiftIn(LiftApprovalIn):
    """Which of her restrictions is lifted. approval: a second officer's, for `at_risk` and `legal_hold`."""

    approval: (
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_=-]+$", max_length=1_000)] | None
    ) = None


class RestrictionQueryIn(Strict):
    """Whose restrictions are asked for."""

    whom: ConstituentIn


class ApprovalOut(BaseModel):
    """An approval, to be handed to the officer who lifts; it holds a day."""

    approval: str


class RestrictionOut(BaseModel):
    """A restriction; lifted ones too. is_former: put on an id her records left since, and lifted there."""

    id: str
    kind: RestrictionKind
    authority: str
    starts_at: datetime | None
    ends_at: datetime | None
    clearances: list[ClearanceIn]
    author: str
    recorded_at: datetime
    lifted_at: datetime | None
    lifted_by: list[str]
    is_former: bool


@router.post("/restrictions", status_code=201)
@changes
@needs(Scope.RESTRICTION_WRITE)
def restrict(hub: HubOf, caller: CallerOf, said: RestrictionIn) -> RecordedOut:
    """Put a restriction on a constituent. It counts at once, and nothing is released beside it."""
    done = journey.restrict(
        hub,
        said.whom.text(),
        said.kind,
        authority=said.authority,
        author=caller.signature,
        starts_at=said.starts_at,
        ends_at=said.ends_at,
        clearances=[Clearance(one.agency, one.purpose) for one in said.clearances],
    )
    return recorded(done, caller)


@router.post("/restriction-lift-approvals", status_code=201)
@changes
@needs(Scope.RESTRICTION_WRITE)
def approve(hub: HubOf, caller: CallerOf, said: LiftApprovalIn) -> ApprovalOut:
    """Approve, as the second officer, that another lifts a restriction."""
    approval = approve_lift(hub, said.whom.text(), said.restriction, officer=caller.signature)
    return ApprovalOut(approval=approval)


@router.post("/restriction-lifts", status_code=201)
@changes
@needs(Scope.RESTRICTION_WRITE)
def lift(hub: HubOf, caller: CallerOf, said: LiftIn) -> RecordedOut:
    """Lift a restriction; an objection to linkage lets the records be linked again."""
    second = None if said.approval is None else officer_in(hub, said.approval, said.restriction)
    done = journey.lift(
        hub,
        said.whom.text(),
        said.restriction,
        author=caller.signature,
        approved_by=second,
    )
    return recorded(done, caller)


@router.post("/restriction-queries")
@needs(Scope.RESTRICTION_READ)
def query(
    hub: HubOf,
    caller: CallerOf,
    wanted: RestrictionQueryIn,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[RestrictionOut]:
    """Her restrictions, the oldest first."""
    found = journey.list_restrictions(hub, wanted.whom.text())
    said = [
        RestrictionOut(
            id=one.id,
            kind=one.kind,
            authority=one.authority,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            clearances=[ClearanceIn(agency=a, purpose=p) for a, p in one.clearances],
            author=one.author,
            recorded_at=one.recorded_at,
            lifted_at=one.lifted_at,
            lifted_by=list(one.lifted_by),
            is_former=one.is_former,
        )
        for one in found
    ]
    return Cursors(hub, caller, "restrictions").sliced(said, cursor, limit)
