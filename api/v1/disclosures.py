"""`/v1/disclosure-queries` and `-proofs`: who looked at a constituent, as an officer answers her, and the proof of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.v1.held_shapes import Telling, UseOut, use_out
from api.v1.named import Case
from api.v1.references import ConstituentIn
from api.v1.words import Strict
from hub.access.scopes import Scope
from hub.journeys.rights.entry_proofs import proof_of
from hub.journeys.rights.requests import RightsRequest
from hub.journeys.rights.who_looked import who_looked

router = guarded_router(tags=["Disclosures"])


class DisclosureQueryIn(Strict):
    """At whom somebody looked. case: the request an officer meets with it."""

    whom: ConstituentIn
    case: Case


class ProofQueryIn(Strict):
    """Which use of hers is to be proven."""

    whom: ConstituentIn
    disclosure: Annotated[
        str,
        Field(
            pattern=r"^[0-9]{1,18}$",
            description="As the list of uses names it.",
            examples=["4117"],
        ),
    ]


@router.post("/disclosure-queries")
@needs(Scope.DISCLOSURE_READ)
def query(
    hub: HubOf,
    caller: CallerOf,
    wanted: DisclosureQueryIn,
    cursor: CursorIn = None,
    limit: LimitIn = 100,
) -> Page[UseOut]:
    """Who looked at her, the newest first; refused attempts too. This look is the newest of them."""
    cursors = Cursors(hub, caller, "disclosures")
    found = who_looked(
        hub,
        wanted.whom.text(),
        RightsRequest(wanted.case, caller.signature, caller.client),
        limit=limit,
        after=cursors.position(cursor) or None,
    )
    telling = Telling(hub, caller)
    return cursors.page([use_out(one, telling) for one in found.uses], found.next)


@router.post(
    "/disclosure-proofs",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@needs(Scope.DISCLOSURE_READ)
def prove(hub: HubOf, wanted: ProofQueryIn) -> Response:
    """The proof that an entry about her is in the disclosure log, a C2SP tlog-proof, for her to keep."""
    proof = proof_of(hub, wanted.whom.text(), int(wanted.disclosure))
    return Response(str(proof), media_type="text/plain; charset=utf-8")
