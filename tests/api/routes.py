"""Every route the application has, told by walking it, and not by what its schema says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from api.guard import needed_by
from hub.access.scopes import Scope


@dataclass(frozen=True, slots=True)
class Route:
    """A method of an address. scope: None where it is open to all."""

    method: str
    path: str
    scope: Scope | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def address(self) -> str:
        """One that leads to it; whatever it is to be about stands for nothing."""
        return re.sub(r"\{[^}]*\}", "1", self.path)


def routes(app: FastAPI) -> list[Route]:
    """All routes, those that the schema leaves out too."""
    found: list[Route] = []
    for one in iter_route_contexts(app.routes):
        assert one.endpoint is not None, "something is mounted: walk it too"
        assert one.path is not None
        scope = needed_by(one.endpoint)
        found += [
            Route(method, one.path, scope) for method in one.methods or () if method != "HEAD"
        ]
    return found
