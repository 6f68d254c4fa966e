"""A hub over HTTP on loopback, as its callers meet it: a real server, real tokens, the real client."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from fastapi import FastAPI

from api import server
from api.app import create_app
from consent.vocabulary import DataCategory
from hub.access.scopes import AGENCYS, StaffRole, category_scope
from hub.client import HubClient, Identity, enrol
from hub.journeys.access.clients import NewClient, add_client
from hub.journeys.context import AccessSettings, Hub
from hub.wiring import utc_now

EVERY_CATEGORY = frozenset(category_scope(one.value) for one in DataCategory)
AGENCY_SCOPES = frozenset(scope.value for scope in AGENCYS) | EVERY_CATEGORY


@dataclass(frozen=True, slots=True)
class Served:
    """A hub that answers at `url`."""

    hub: Hub
    url: str
    app: FastAPI

    def identity(self, new: NewClient) -> Identity:
        """A client made known and its key enrolled, as an operator and an engineer would."""
        return enrol(self.url, add_client(self.hub, new, author="operator"))

    def agency(
        self, agency: str, *purposes: str, scopes: frozenset[str] = AGENCY_SCOPES, **more: Any
    ) -> Identity:
        """A system of an agency, with every scope an agency's may have."""
        return self.identity(
            NewClient(
                f"{agency}-desk",
                f"the desk of {agency}",
                agency,
                scopes,
                frozenset(purposes),
                **more,
            )
        )

    def staff(self, name: str, *roles: StaffRole) -> Identity:
        """A member of the hub's staff."""
        return self.identity(NewClient(name, f"{name} of the hub", roles=frozenset(roles)))

    def client(self, identity: Identity, **options: Any) -> HubClient:
        """The typed client of that identity."""
        return HubClient(identity, base_url=self.url, **options)


@contextmanager
def served(hub: Hub, **access: Any) -> Iterator[Served]:
    """Serve a hub by the clock of this machine, which its callers' tokens go by."""
    listening = server.listen("127.0.0.1", 0)
    url = server.address_of(listening)
    live = replace(hub, now=utc_now, access=AccessSettings(public_url=url, **access))
    app = create_app(live)
    with server.answering(app, listening):
        yield Served(live, url, app)


def plain(url: str) -> httpx.Client:
    """A caller without anything."""
    return httpx.Client(base_url=url, timeout=20, trust_env=False)
