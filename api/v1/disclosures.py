"""`/v1/disclosure-queries` and `-proofs`: who looked at a constituent, as an officer answers her, and the proof of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Response
from pydantic import Field

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.paging import CursorIn, Cursors, LimitIn, Page
from api.v1.held_shapes import Telling, UseOut, use_out
from api.v1.named import Case, ConstituentIn
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
        str, Field(pattern=r"^[0-9]{1,18}$", description="As the list of uses names it.")
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
    before = cursors.position(cursor)
    found = who_looked(
        hub,
        str(wanted.whom.named()),
        RightsRequest(wanted.case, caller.signature, caller.client),
        limit=limit,
        before=before or None,
    )
    telling = Telling(hub, caller)
    is_full = len(found.uses) == limit
    page = [use_out(one, telling) for one in found.uses]
    return cursors.page(page, found.uses[-1].entry if is_full else None)


@router.post(
    "/disclosure-proofs",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
@needs(Scope.DISCLOSURE_READ)
def prove(hub: HubOf, wanted: ProofQueryIn) -> Response:
    """The proof that an entry about her is in the disclosure log, a C2SP tlog-proof, for her to keep."""
    proof = proof_of(hub, str(wanted.whom.named()), int(wanted.disclosure))
    return Response(str(proof), media_type="text/plain; charset=utf-8")
