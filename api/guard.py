"""The door of every route: credentials first, then the body, then the journey.

A route of a guarded router states the scope it needs, by `@needs`; one that states none cannot be made. The caller is
admitted before a byte of the body is parsed. What an admitted caller may have is the journeys' to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Annotated, Any, Final, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute

from api import repeating, silence
from api.bodies import StrictRequest
from api.openapi import SCHEME
from api.throttle import Throttle
from hub.access.flaws import CredentialsRefused, Flaw
from hub.access.scopes import Scope
from hub.journeys.access.admission import Caller, Presented, admit
from hub.journeys.context import Hub

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
Answer = TypeVar("Answer")
Handler = Callable[[Request], Coroutine[Any, Any, Response]]

PREFIX: Final = "/v1"
_NEEDS: Final = "needs_scope"
_BRIEF: Final = "is_brief"
_SCHEME: Final = "DPoP "
_CALLER: Final = "hub.caller"

#: Brief calls that a process works on at once: while one computes, the database works for the others. More would only
#: take the interpreter's lock from each other.
BRIEF_AT_ONCE: Final = 3

#: What a body may hold that is taken in before its sender is known.
SMALL_BYTES: Final = 16 * 1024
_LENGTH_DIGITS_MAX: Final = 8


def needs(scope: Scope) -> Callable[[Endpoint], Endpoint]:
    """Say which scope an endpoint needs."""

    def stated(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _NEEDS, scope)
        return endpoint

    return stated


def needed_by(endpoint: Callable[..., Any]) -> Scope | None:
    """The scope an endpoint needs; None where it is open to all."""
    return getattr(endpoint, _NEEDS, None)


def brief(endpoint: Endpoint) -> Endpoint:
    """Say that an endpoint takes milliseconds and waits for nobody's long work: it has threads of its own.

    So look-ups are answered while batches, exports and whoever waits for a link run take all the others.
    """
    setattr(endpoint, _BRIEF, True)
    return endpoint


class StrictRoute(APIRoute):
    """A route whose body is read strictly (bodies.py)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            request.scope["hub.route"] = self.path_format
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


class GuardedRoute(APIRoute):
    """A route that only admitted callers come through.

    Admission, reading the body, the journey and shaping the answer are one job of a thread: each hop between the event
    loop and a thread costs a look-up a tenth of all its work.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        scope = needed_by(endpoint)
        if scope is None:
            raise TypeError(f"{path}: the route states no scope: give its endpoint @needs")
        self._scope = scope
        self._is_change = repeating.is_change(endpoint)
        self._is_brief: bool = getattr(endpoint, _BRIEF, False)
        extra = dict(options.pop("openapi_extra", None) or {})
        extra["security"] = [{SCHEME: [scope.value]}]
        if self._is_change:
            extra["parameters"] = [*extra.get("parameters", ()), repeating.PARAMETER]
        super().__init__(path, _in_place(endpoint), openapi_extra=extra, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.scope["hub.route"] = self.path_format
            strict = StrictRequest(request.scope, request.receive)
            if not _is_small(request):
                # Of whom nobody knows no more is taken in than comes with the head.
                await self._in_thread(request, lambda: self._admit(strict))
            await strict.take_in()
            try:
                return await self._in_thread(request, lambda: self._answer(strict, handle))
            finally:
                # What is raised becomes an answer too, further out.
                await silence.keep(request)

        return guarded

    async def _in_thread(self, request: Request, work: Callable[[], Answer]) -> Answer:
        lane: CapacityLimiter | None = request.app.state.brief if self._is_brief else None
        return await anyio.to_thread.run_sync(work, limiter=lane)

    def _admit(self, request: Request) -> Caller:
        """The caller, admitted once a request. Raises CredentialsRefused, TooFast."""
        caller: Caller | None = request.scope.get(_CALLER)
        if caller is None:
            hub = hub_of(request)
            caller = admit(hub, _presented(request, hub), self._scope)
            request.scope[_CALLER] = caller
            throttle_of(request).require_room(caller.client)
        return caller

    def _answer(self, request: StrictRequest, handle: Handler) -> Response:
        caller = self._admit(request)
        if self._is_change:
            return repeating.once(
                hub_of(request), caller.client, request, lambda: _finished(handle(request))
            )
        return _finished(handle(request))


def _is_small(request: Request) -> bool:
    """Whether there is no body, or one that is announced as small."""
    headers = request.headers
    length = headers.get("content-length", "0")
    return "transfer-encoding" not in headers and (
        length.isdigit() and len(length) < _LENGTH_DIGITS_MAX and int(length) <= SMALL_BYTES
    )


def _in_place(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint for FastAPI to call where it is, and not to take to a thread: it is in one."""

    @wraps(endpoint)
    async def called(*arguments: Any, **named: Any) -> Any:
        return endpoint(*arguments, **named)

    return called


def _finished(answering: Coroutine[Any, Any, Response]) -> Response:
    """What a coroutine gives that waits for nothing: the body is there, and dependencies only look at the request."""
    try:
        answering.send(None)
    except StopIteration as ended:
        answer: Response = ended.value
        return answer
    answering.close()
    raise RuntimeError("a guarded route waits for something: it must not, in a thread")


def guarded_router(**options: Any) -> APIRouter:
    """A router all of whose routes are guarded, under the version's prefix."""
    # Here and not where it is included: a route knows only its own router's, and is told of by it.
    return APIRouter(prefix=PREFIX, route_class=GuardedRoute, **options)


def open_router(**options: Any) -> APIRouter:
    """A router for what anybody may ask: discovery, tokens, health, documents."""
    return APIRouter(route_class=StrictRoute, **options)


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
    caller: Caller = request.scope[_CALLER]
    return caller


HubOf = Annotated[Hub, Depends(_the_hub)]
CallerOf = Annotated[Caller, Depends(_the_caller)]
