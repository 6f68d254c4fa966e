"""The application: every route there is, each guarded or named as open, behind one set of middleware.

Decides which routes there are and in which order what comes in is bounded, told of and answered. What a route does is
its module's.
"""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI

from api import documented, errors, health, oauth
from api.observing import Observing
from api.receiving import BODY_TIMEOUT_S, Receiving
from api.throttle import Throttle
from api.v1 import profiles
from hub.journeys.context import Hub

TITLE: Final = "Constituent Hub"
VERSION: Final = "1.0.0"

#: Paths that take a batch in.
BATCH_SUFFIX: Final = "/record-batches"

_V1: Final = (profiles.router,)
_OPEN: Final = (oauth.router, health.router)


def create_app(hub: Hub, *, processes: int = 1, body_timeout_s: float = BODY_TIMEOUT_S) -> FastAPI:
    """The hub over HTTP. processes: among how many of them calls are spread, for the rates."""
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=None,
    )
    app.state.hub = hub
    app.state.throttle = Throttle(hub.access.calls_per_second, processes)
    for router in _V1:
        app.include_router(router)
    for router in _OPEN:
        app.include_router(router)
    errors.install(app)
    documented.install(app, oauth.TOKEN_PATH)
    app.add_middleware(Receiving, batch_suffix=BATCH_SUFFIX, timeout_s=body_timeout_s)
    app.add_middleware(Observing)
    return app
