"""The door of every route: credentials first, then the body, then the journey.

A route of a guarded router states the scope it needs, by `@needs`; one that states none cannot be made. The caller is
admitted before a byte of the body is parsed. What an admitted caller may have is the journeys' to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from api import repeating, silence
from api.bodies import StrictRequest
from api.documented import CHANGE_PROBLEMS, GUARDED_PROBLEMS, OPEN_PROBLEMS, SECURITY
from api.throttle import Throttle
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.scopes import Scope
from hub.journeys.access.admission import Caller, Presented, admit
from hub.journeys.context import Hub

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

PREFIX: Final = "/v1"

_NEEDS: Final = "needs_scope"
_SCHEME: Final = "DPoP "


def needs(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Say which scope an endpoint needs."""

    def stated(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _NEEDS, scope)
        return endpoint

    return stated


def needed_by(endpoint: Callable[..., Any]) -> Scope | None:
    """The scope an endpoint needs; None where it is open to all."""
    return getattr(endpoint, _NEEDS, None)


class StrictRoute(APIRoute):
    """A route whose body is read strictly (bodies.py)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            request.scope["hub.route"] = self.path_format
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


class GuardedRoute(APIRoute):
    """A route that only admitted callers come through."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        scope = needed_by(endpoint)
        if scope is None:
            raise TypeError(f"{path}: the route states no scope: give its endpoint @needs")
        self._scope = scope
        self._is_change = repeating.is_change(endpoint)
        extra = dict(options.pop("openapi_extra", None) or {})
        extra["security"] = [{SECURITY: [scope.value]}]
        if self._is_change:
            extra["parameters"] = [*extra.get("parameters", ()), repeating.PARAMETER]
        problems = GUARDED_PROBLEMS | (CHANGE_PROBLEMS if self._is_change else {})
        options["responses"] = problems | (options.get("responses") or {})
        super().__init__(path, endpoint, openapi_extra=extra, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        needed, is_change = self._scope, self._is_change

        async def guarded(request: Request) -> Response:
            request.scope["hub.route"] = self.path_format
            hub, throttle = hub_of(request), throttle_of(request)
            presented = _presented(request, hub)
            caller = await run_in_threadpool(admit, hub, presented, needed)
            request.scope["hub.caller"] = caller
            throttle.require_room(caller.client)
            strict = StrictRequest(request.scope, request.receive)
            if is_change:
                return await repeating.once(hub, caller.client, strict, handle)
            answer = await handle(strict)
            await silence.keep(request)
            return answer

        return guarded


def guarded_router(**options: Any) -> APIRouter:
    """A router all of whose routes are guarded, below `/v1`."""
    # Here and not where the router is included: what operators are told of a request names the whole pattern.
    return APIRouter(prefix=PREFIX, route_class=GuardedRoute, **options)


def open_router(**options: Any) -> APIRouter:
    """A router for what anybody may ask: discovery, tokens, health, documents."""
    return APIRouter(route_class=StrictRoute, responses=OPEN_PROBLEMS, **options)


def hub_of(request: Request) -> Hub:
    """The hub this process serves."""
    hub: Hub = request.app.state.hub
    return hub


def throttle_of(request: Request) -> Throttle:
    """The rates this process counts."""
    throttle: Throttle = request.app.state.throttle
    return throttle


def address_of(request: Request, hub: Hub) -> str:
    """The request's address as its caller knows it, without the query: what a proof must name.

    Made of the public URL and never of the Host header, which a caller chooses.
    """
    path: str = request.scope["path"]
    return hub.access.public_url + path


def _presented(request: Request, hub: Hub) -> Presented:
    headers = request.headers
    stated = headers.getlist("authorization")
    proofs = headers.getlist("dpop")
    if len(stated) > 1 or len(proofs) > 1:
        raise CredentialsRefused("token", Flaw.MALFORMED)
    text = stated[0] if stated else ""
    if text and not text.lower().startswith(_SCHEME.lower()):
        raise CredentialsRefused("token", Flaw.MALFORMED)
    return Presented(
        text[len(_SCHEME) :].strip(),
        proofs[0] if proofs else "",
        request.method,
        address_of(request, hub),
    )


# Async, though they wait for nothing: a plain function would cost a hop to another thread each.
async def _the_hub(request: Request) -> Hub:
    return hub_of(request)


async def _the_caller(request: Request) -> Caller:
    caller: Caller = request.scope["hub.caller"]
    return caller


HubOf = Annotated[Hub, Depends(_the_hub)]
CallerOf = Annotated[Caller, Depends(_the_caller)]
