"""The application: every route there is, each guarded or named as open, behind one set of middleware.

Decides which routes there are and in which order what comes in is bounded, told of and answered. What a route does is
its module's.
"""

from __future__ import annotations

from typing import Final

from anyio import CapacityLimiter
from fastapi import FastAPI

from api import errors, health, oauth, openapi, pages
from api.guard import BRIEF_AT_ONCE
from api.observing import Observing
from api.receiving import BODY_TIMEOUT_S, Receiving
from api.throttle import Throttle
from api.v1 import (
    agreements,
    alarms,
    clients,
    consents,
    constituents,
    corrections,
    disclosures,
    events,
    judgements,
    log,
    me,
    notices,
    pins,
    profiles,
    records,
    representations,
    requests,
    restrictions,
    reviews,
    sources,
    verifications,
    why,
)
from hub.journeys.context import Hub

TITLE: Final = "Constituent Hub"
VERSION: Final = "1.0.0"

#: Paths that take a batch in.
BATCH_SUFFIX: Final = "/record-batches"

_V1: Final = (
    profiles.router,
    verifications.router,
    records.router,
    events.router,
    why.router,
    constituents.router,
    reviews.router,
    judgements.router,
    pins.router,
    clients.router,
    sources.router,
    alarms.router,
    log.router,
    consents.router,
    representations.router,
    restrictions.router,
    agreements.router,
    disclosures.router,
    requests.router,
    corrections.router,
    notices.router,
    me.router,
)
_OPEN: Final = (oauth.router, health.router, pages.router)


def create_app(hub: Hub, *, processes: int = 1, body_timeout_s: float = BODY_TIMEOUT_S) -> FastAPI:
    """The hub over HTTP. processes: among how many of them calls are spread, for the rates."""
    app = described_app()
    app.state.hub = hub
    app.state.throttle = Throttle(hub.access.calls_per_second, processes)
    app.state.brief = CapacityLimiter(BRIEF_AT_ONCE)
    errors.install(app)
    app.add_middleware(Receiving, batch_suffix=BATCH_SUFFIX, timeout_s=body_timeout_s)
    app.add_middleware(Observing)
    return app


def described_app() -> FastAPI:
    """Every route and its description, with no hub behind them that could answer."""
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url=None,
        generate_unique_id_function=openapi.operation_id,
    )
    for router in (*_V1, *_OPEN):
        app.include_router(router)
    openapi.install(app)
    return app
