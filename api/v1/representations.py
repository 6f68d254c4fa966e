"""`/v1/representations`: who acts for a constituent, and until when, as officers record it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.repeating import changes
from api.v1.named import Digest, FactId, RecordedOut, recorded
from api.v1.references import ConstituentIn, Out
from api.v1.words import Day, PolicyName, Strict, Text
from consent.vocabulary import RepresentationKind
from hub.access.scopes import Scope
from hub.journeys import representations as journey

router = guarded_router(tags=["Representations"])


class RepresentationIn(Strict):
    """That somebody acts for a constituent. starts_on: null for today. purposes: null for all.

    representative: a constituent's id or a record's `source:key`, or in words who it is. ends_on: a must, by the rule
    `no_end_date`.
    """

    whom: ConstituentIn
    representative: Text
    kind: RepresentationKind
    evidence: Digest
    ends_on: Day | None = None
    starts_on: Day | None = None
    purposes: Annotated[list[PolicyName], Field(min_length=1, max_length=50)] | None = None


class RepresentationEndIn(Strict):
    """Which of her representations ends."""

    whom: ConstituentIn
    representation: Annotated[FactId, Field(examples=["r12"])]


class RepresentationQueryIn(Strict):
    """Whose representations are asked for."""

    whom: ConstituentIn


class RepresentationOut(Out):
    """A representation; ended ones too."""

    id: str
    representative: str
    kind: RepresentationKind
    starts_on: date
    ends_on: date
    purposes: list[str] | None
    evidence: str
    author: str
    recorded_at: datetime
    ended_at: datetime | None
    ended_by: list[str]


@router.post("/representations", status_code=201)
@changes
@needs(Scope.REPRESENTATION_WRITE)
def add(hub: HubOf, caller: CallerOf, said: RepresentationIn) -> RecordedOut:
    """Record that somebody acts for a constituent."""
    done = journey.add_representation(
        hub,
        said.whom.text(),
        representative=said.representative,
        kind=said.kind,
        ends_on=said.ends_on,
        evidence=said.evidence,
        author=caller.signature,
        starts_on=said.starts_on,
        purposes=said.purposes,
    )
    return recorded(done, caller)


@router.post("/representation-ends", status_code=201)
@changes
@needs(Scope.REPRESENTATION_WRITE)
def end(hub: HubOf, caller: CallerOf, said: RepresentationEndIn) -> RecordedOut:
    """End a representation before its time; what a guardian said for a child ends with it."""
    done = journey.end_representation(
        hub, said.whom.text(), said.representation, author=caller.signature
    )
    return recorded(done, caller)


@router.post("/representation-queries")
@needs(Scope.REPRESENTATION_READ)
def query(
    hub: HubOf,
    caller: CallerOf,
    wanted: RepresentationQueryIn,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[RepresentationOut]:
    """Who acts or acted for her, the oldest first."""
    found = journey.list_representations(hub, wanted.whom.text())
    said = [RepresentationOut.model_validate(one) for one in found]
    return Cursors(hub, caller, "representations").sliced(said, cursor, limit)
