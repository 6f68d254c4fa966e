"""`/v1/clients`: who may call the hub, as operators make them known and end them, and auditors read them.

Decides the shapes. What a client may be given, and by whom, is hub.journeys.access.clients'. Names of clients stand in
bodies: a member of staff may be called by her own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field, StringConstraints

from api.guard import CallerOf, HubOf, guarded_router, needs
from api.repeating import changes
from api.v1.references import Out
from api.v1.words import EACH_ONCE, PolicyName, Strict, Text
from hub.access.scopes import Scope, StaffRole
from hub.documents import A_NUMBER
from hub.journeys.access import clients as journey
from hub.journeys.access.clients import ENROLMENT_LASTS, ClientView, NewClient

router = guarded_router(tags=["Operators"])

ClientId = Annotated[str, StringConstraints(min_length=2, max_length=63)]
ScopeName = Annotated[str, StringConstraints(max_length=64, pattern=r"^[a-z_.]+:[a-z]+$")]

_DISTINCT_MAX = 2**31 - 1


class ClientIn(Strict):
    """A system of an agency, with its scopes and purposes; or a member of staff, with roles.

    distinct_per_day: how many different constituents it may ask about in a day, null for the usual.
    """

    id: Annotated[ClientId, Field(examples=["parks-desk"])]
    name: Text
    agency: PolicyName | None = None
    scopes: Annotated[frozenset[ScopeName], Field(max_length=100), EACH_ONCE] = frozenset()
    purposes: Annotated[frozenset[PolicyName], Field(max_length=100), EACH_ONCE] = frozenset()
    roles: Annotated[frozenset[StaffRole], Field(max_length=len(StaffRole)), EACH_ONCE] = (
        frozenset()
    )
    distinct_per_day: Annotated[int, Field(ge=1, le=_DISTINCT_MAX), A_NUMBER] | None = None


class OneClientIn(Strict):
    """A client by its id."""

    client: ClientId


class KeyIn(OneClientIn):
    """A key of a client, by what its assertions name it by."""

    kid: Annotated[str, StringConstraints(max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class InvitedOut(Out):
    """The code by which a client enrols one key: told this once, and good once."""

    client: str
    code: str
    lasts_s: int


class KeyOut(Out):
    """A key of a client. revoked_at: null while it is good."""

    kid: str
    enrolled_at: datetime
    revoked_at: datetime | None


class ClientOut(Out):
    """A client, and the keys it enrolled. ended_at: null while it is admitted."""

    id: str
    name: str
    agency: str | None
    scopes: list[str]
    purposes: list[str]
    roles: list[StaffRole]
    distinct_per_day: int | None
    made_by: str
    made_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    keys: list[KeyOut]


class ClientsOut(Out):
    """Every client there is or was: as many as there are systems and staff."""

    items: list[ClientOut]


@router.get("/clients")
@needs(Scope.CLIENT_READ)
def clients(hub: HubOf, _: CallerOf) -> ClientsOut:
    """List all clients by id, ended ones too, with their keys."""
    return ClientsOut(items=[_client(one) for one in journey.list_clients(hub)])


@router.post("/clients", status_code=201)
@changes
@needs(Scope.CLIENT_WRITE)
def add(hub: HubOf, caller: CallerOf, said: ClientIn) -> InvitedOut:
    """Make a client known. Staff of roles that the caller does not hold are made on the command line alone."""
    new = NewClient(**said.model_dump())
    code = journey.add_client(hub, new, author=caller.signature, held=caller.roles)
    return _invited(said.id, code)


@router.post("/clients/invite", status_code=201)
@changes
@needs(Scope.CLIENT_WRITE)
def invite(hub: HubOf, caller: CallerOf, said: OneClientIn) -> InvitedOut:
    """Let a client enrol one more key; a code before, if it was not used, holds no more."""
    code = journey.invite(hub, said.client, author=caller.signature, held=caller.roles)
    return _invited(said.client, code)


@router.post("/clients/end", status_code=204)
@changes
@needs(Scope.CLIENT_WRITE)
def end(hub: HubOf, caller: CallerOf, said: OneClientIn) -> Response:
    """No longer admit a client, of whatever role: its next call is refused, whatever token it holds."""
    journey.end_client(hub, said.client, author=caller.signature)
    return Response(status_code=204)


@router.post("/clients/revoke-key", status_code=204)
@changes
@needs(Scope.CLIENT_WRITE)
def revoke_key(hub: HubOf, caller: CallerOf, said: KeyIn) -> Response:
    """Take a key from a client: no token is issued for it any more; tokens it has last minutes."""
    journey.revoke_key(hub, said.client, said.kid, author=caller.signature)
    return Response(status_code=204)


def _invited(client: str, code: str) -> InvitedOut:
    return InvitedOut(client=client, code=code, lasts_s=int(ENROLMENT_LASTS.total_seconds()))


def _client(view: ClientView) -> ClientOut:
    one = view.client
    return ClientOut(
        id=one.id,
        name=one.name,
        agency=one.agency,
        scopes=sorted(one.scopes),
        purposes=sorted(one.purposes),
        roles=sorted(map(StaffRole, one.roles)),
        distinct_per_day=one.distinct_per_day,
        made_by=one.made_by,
        made_at=one.made_at,
        ended_by=one.ended_by,
        ended_at=one.ended_at,
        keys=[
            KeyOut(kid=key.thumbprint, enrolled_at=key.enrolled_at, revoked_at=key.revoked_at)
            for key in view.keys
        ],
    )
