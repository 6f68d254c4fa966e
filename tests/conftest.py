"""One throw-away PostgreSQL server and one migrated template a test process; a database of its own a test.

With xdist every worker starts a server of its own: it costs a second, and nothing is shared.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from demo.generate import generate
from hub import provision
from hub.domain.records import ConstituentKind
from hub.embedded import ServerAddress, throwaway
from hub.journeys.context import Hub, Limits
from hub.journeys.models import publish_model
from hub.store import database
from hub.vault import keyring
from hub.vault.keyring import RootKey
from tests.matching.models import prior_model
from tests.worlds import link_all, load_world

# The same examples each time where a run decides about a change; new ones wherever people work.
settings.register_profile(
    "hub",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("hub")

PASSWORDS = {provision.OWNER: "owner-of-tests", provision.APPLICATION: "application-of-tests"}
TEMPLATE = "template_hub"
START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LIMITS = Limits(
    workers=0,
    chunk_rows=1_000,
    matching_memory_mb=2_000,
    tag_records_max=400,
    training_pairs_max=200_000,
    log_lag_max_s=86_400,  # clocks of tests run on by a second each time they are asked
    consent_age_min=16,
)


@dataclass(frozen=True, slots=True)
class Server:
    """The test server, with a migrated template database on it."""

    address: ServerAddress
    numbers: Iterator[int]

    def urls(self, name: str) -> provision.Urls:
        return provision.urls(self.address, PASSWORDS, name)

    def fresh(self, template: str | None = TEMPLATE) -> provision.Urls:
        """A new database: migrated and empty, a copy of another, or empty of everything."""
        return self.urls(self.create(template))

    def create(self, template: str | None = TEMPLATE) -> str:
        """The same, told by its name."""
        name = f"t{next(self.numbers)}"
        provision.create_database(self.address, name, template=template)
        return name


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with throwaway(shared_buffers_mb=64) as address:
        provision.create_roles(address, PASSWORDS)
        provision.create_database(address, TEMPLATE)
        made = Server(address, count(1))
        provision.migrate(made.urls(TEMPLATE).owner)
        yield made


def clock(start: datetime = START) -> Callable[[], datetime]:
    """A clock that goes on by a second each time it is asked."""
    ticks = count()
    return lambda: start + timedelta(seconds=next(ticks))


def open_hub(urls: provision.Urls, keys: RootKey, start: datetime = START) -> Hub:
    """A hub on that database; its times begin at `start`."""
    engine = database.connect(urls.application, pool_size=2)
    return Hub(engine, urls.application, keys, clock(start), uuid4, LIMITS)


def tied_hub(urls: provision.Urls, keys: RootKey) -> Hub:
    """A hub on an empty, migrated database, which is tied to the key."""
    hub = open_hub(urls, keys)
    with database.transaction(hub.engine) as connection:
        database.install(connection, keys.fingerprint(), START)
    return hub


@pytest.fixture
def new_hub(server: Server) -> Iterator[Callable[[], Hub]]:
    """Makes empty hubs, each with a database and a root key of its own."""
    made: list[Hub] = []

    def make() -> Hub:
        made.append(tied_hub(server.fresh(), keyring.generate()))
        return made[-1]

    yield make
    for hub in made:
        hub.engine.dispose()


@pytest.fixture
def hub(new_hub: Callable[[], Hub]) -> Hub:
    return new_hub()


def with_limits(hub: Hub, **changes: Any) -> Hub:
    """The same hub under other limits."""
    return replace(hub, limits=replace(hub.limits, **changes))


@pytest.fixture(scope="session")
def demo_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo world, written once a test process and never changed."""
    folder = tmp_path_factory.mktemp("world") / "out"
    generate(people=600, seed=11, out=folder, today=START.date())
    return folder


@pytest.fixture(scope="session")
def modelled_template(server: Server) -> tuple[str, RootKey]:
    """An empty database in which a model of persons on its priors is active, to be cloned, and its key."""
    name, keys = server.create(), keyring.generate()
    hub = tied_hub(server.urls(name), keys)
    publish_model(hub, prior_model(ConstituentKind.PERSON))
    hub.engine.dispose()
    return name, keys


@pytest.fixture
def modelled_hub(server: Server, modelled_template: tuple[str, RootKey]) -> Iterator[Hub]:
    """An empty hub of its own with a model of persons, in which single records can be resolved."""
    name, keys = modelled_template
    hub = open_hub(server.fresh(name), keys)
    yield hub
    hub.engine.dispose()


@pytest.fixture(scope="session")
def linked_template(server: Server, demo_world: Path) -> tuple[str, RootKey]:
    """A database in which the demo world is loaded and linked, to be cloned, and its key."""
    name, keys = server.create(), keyring.generate()
    hub = tied_hub(server.urls(name), keys)
    load_world(hub, demo_world)
    link_all(hub)
    hub.engine.dispose()
    return name, keys


@pytest.fixture
def linked_hub(server: Server, linked_template: tuple[str, RootKey]) -> Iterator[Hub]:
    """A hub of its own in which the demo world stands linked, a day later."""
    name, keys = linked_template
    hub = open_hub(server.fresh(name), keys, START + timedelta(days=1))
    yield hub
    hub.engine.dispose()
