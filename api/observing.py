"""What operators are told of each request: a line of the log, a measure, an id; nothing of whom it was about.

Decides what is told: the route's own pattern and never the path, the client, the status, the time. Middleware in plain
ASGI, outermost of all, so that what fails is told too.
"""

from __future__ import annotations

import secrets
import time
from typing import Final

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SECONDS: Final = (0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0, 5.0)
_REQUEST_ID_BYTES: Final = 12
_QUIET: Final = frozenset({"/health/live", "/health/ready"})
NO_ROUTE: Final = "none"

REQUEST_SECONDS: Final = Histogram(
    "hub_http_request_seconds",
    "From a request's head to the end of its answer",
    ("route", "method", "status"),
    buckets=_SECONDS,
)
REFUSALS: Final = Counter(
    "hub_http_credentials_refused", "Requests without good credentials", ("route",)
)
_log = structlog.get_logger("hub.access")


class Observing:
    """Wraps an application: gives each request its id, and tells of it when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        # Of our own making: one that a caller chose could say anything in our log.
        request_id = scope["hub.request_id"] = secrets.token_hex(_REQUEST_ID_BYTES)
        status = 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"request-id", request_id.encode()),
                    (b"cache-control", b"no-store"),
                    (b"x-content-type-options", b"nosniff"),
                ]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            _tell(scope, status, time.perf_counter() - started)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    route = scope.get("hub.route", NO_ROUTE)
    method = scope["method"] if route != NO_ROUTE else NO_ROUTE
    REQUEST_SECONDS.labels(route, method, str(status)).observe(seconds)
    if status == 401:
        REFUSALS.labels(route).inc()
    if route in _QUIET:
        return
    caller = scope.get("hub.caller")
    _log.info(
        "request",
        id=scope["hub.request_id"],
        method=method,
        route=route,
        status=status,
        ms=round(seconds * 1_000, 2),
        client=None if caller is None else caller.client,
    )
