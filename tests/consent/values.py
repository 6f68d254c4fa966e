"""A small world for the tests of this package: parks and wildlife ask, vehicles and benefits hold.

Each builder gives a sound value; a test changes the one thing it is about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from consent.decision import Facts, Request
from consent.policy import (
    Agency,
    Agreement,
    AgreementRef,
    Clearance,
    ConsentEvent,
    DeclaredPurpose,
    Policy,
    Representation,
    Restriction,
)
from consent.vocabulary import (
    CollectionMethod,
    ConsentState,
    DataCategory,
    LegalBasis,
    Purpose,
    RepresentationKind,
    RestrictionKind,
)

C = DataCategory
TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
OPEN = frozenset({C.EXISTENCE, C.SOURCE, C.NAME, C.ADDRESS})
NAME = frozenset({C.EXISTENCE, C.NAME})

LAW = Agreement(
    id="licensing_act",
    revision=1,
    sources=frozenset({"vehicles"}),
    recipient="parks",
    purpose="licensing",
    categories=OPEN,
    legal_basis=LegalBasis.OFFICIAL_AUTHORITY,
    citation="Licensing Act s. 4",
    starts_on=date(2026, 1, 1),
    ends_on=date(2026, 12, 31),
    approved_by=("officer_a", "officer_b"),
    epoch=3,
)
ASKED = replace(
    LAW,
    id="fee_waiver",
    sources=frozenset({"benefits"}),
    categories=frozenset({C.EXISTENCE, C.HOLDING}),
    legal_basis=LegalBasis.CONSENT,
    epoch=5,
)
GIVEN = ConsentEvent(
    id="c1",
    subject="s1",
    agreement=AgreementRef("fee_waiver", 1),
    purpose="licensing",
    state=ConsentState.GIVEN,
    categories=frozenset({C.EXISTENCE, C.HOLDING}),
    notice="sha256:notice",
    language="en",
    method=CollectionMethod.PORTAL,
    evidence="sha256:evidence",
    at=datetime(2026, 3, 1, 9, tzinfo=UTC),
    given_on=date(2026, 3, 1),
    epoch=1,
)
GUARDIAN = Representation(
    id="r1",
    subject="s1",
    representative="s2",
    kind=RepresentationKind.GUARDIAN,
    starts_on=date(2020, 1, 1),
    ends_on=date(2030, 1, 1),
    evidence="sha256:birth_certificate",
)
POLICY = Policy(
    agencies=tuple(Agency(id_) for id_ in ("parks", "wildlife", "vehicles", "benefits")),
    purposes=(
        DeclaredPurpose("licensing", Purpose.REQUESTED_SERVICE_PROVISION),
        DeclaredPurpose("prompts", Purpose.COMMUNICATION_MANAGEMENT),
    ),
    agreements=(LAW, ASKED),
)


def request(**changes: Any) -> Request:
    """Parks asks for the name, for licensing, with a scope that reaches everything."""
    base = Request(
        caller="parks",
        purpose="licensing",
        requested=frozenset({C.NAME}),
        scope=frozenset(C),
        at=NOW,
        on=TODAY,
    )
    return replace(base, **changes)


def facts(*agreements: Agreement, **changes: Any) -> Facts:
    """Vehicles holds a record, under the two agreements or those given; nothing was said or restricted."""
    policy = replace(POLICY, agreements=agreements) if agreements else POLICY
    base = Facts(policy=policy, held_by=frozenset({"vehicles"}), subject_epoch=7)
    return replace(base, **changes)


def said(state: ConsentState, epoch: int = 2, **changes: Any) -> ConsentEvent:
    """A later event on the fee waiver."""
    return replace(GIVEN, **{"id": f"c{epoch}", "state": state, "epoch": epoch, **changes})


def restricted(kind: RestrictionKind, *clearances: Clearance, **changes: Any) -> Restriction:
    """A restriction in force at once and without end."""
    base = Restriction(f"x_{kind}", "s1", kind, "court order 12", clearances=frozenset(clearances))
    return replace(base, **changes)
