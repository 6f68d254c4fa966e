"""The schema says what is so: schemathesis, as every kind of caller, in short; `python -m tests.api.fuzz` is the long form."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from consent.vocabulary import DataCategory
from hub.access.scopes import Scope, StaffRole, category_scope
from hub.vault.keyring import RootKey
from tests.api.fuzz import Role, fuzz, world
from tests.api.routes import routes
from tests.api.running import Served, plain
from tests.conftest import Server, open_hub

#: Routes that are no part of the API.
PAGES = {"/openapi.json", "/docs", "/problems", "/problems/{name}", "/static/{name}"}
ROLES = ["agency", "portal", *(role.value for role in StaffRole)]
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "8"))
#: The same examples each time where a run decides about a change (tests/conftest.py).
SEED = ["--seed=7"] if "CI" in os.environ else []


@dataclass(frozen=True, slots=True)
class World:
    running: Served
    roles: dict[str, Role]


@pytest.fixture(scope="module")
def made(server: Server, modelled_template: tuple[str, RootKey]) -> Iterator[World]:
    name, keys = modelled_template
    hub = open_hub(server.fresh(name), keys)
    with world(hub) as (running, roles):
        yield World(running, {role.name: role for role in roles})
    hub.engine.dispose()


@pytest.mark.parametrize("name", ROLES)
def test_every_operation_keeps_to_the_schema(made: World, name: str, tmp_path: Path) -> None:
    short = ["--phases=examples,fuzzing", f"--max-examples={EXAMPLES}", *SEED]
    run = fuzz(made.running.url, made.roles[name], tmp_path, *short)
    assert run.is_good, run.said
    assert re.search(r"\b0 generated", run.said) is None


@pytest.fixture(scope="module")
def schema(made: World) -> dict[str, Any]:
    with plain(made.running.url) as http:
        found: dict[str, Any] = http.get("/openapi.json").json()
    return found


def test_every_route_is_in_the_schema_with_its_scope(made: World, schema: dict[str, Any]) -> None:
    app_routes = [one for one in routes(made.running.app) if one.path not in PAGES]
    stated = {
        f"{method.upper()} {path}": operation.get("security")
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }
    assert stated == {
        str(one): None if one.scope is None else [{"token": [one.scope.value], "proof": []}]
        for one in app_routes
    }
    flows = schema["components"]["securitySchemes"]["token"]["flows"]
    categories = {category_scope(one.value) for one in DataCategory}
    assert flows["clientCredentials"]["scopes"].keys() == {*map(str, Scope), *categories}
