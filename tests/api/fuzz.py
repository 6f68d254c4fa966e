"""Every operation of the schema, with whatever the schema allows and what it does not, as each kind of caller.

`python -m tests.api.fuzz --examples 30` runs the long form on a hub of its own; tests/api/test_schema.py a short one.
Which operations there are is the schema's to say: nothing here names one.
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import structlog
from joserfc.jwk import ECKey

from hub.access.issuers import CitizenIssuer, Trusted
from hub.access.scopes import CITIZENS, StaffRole
from hub.client import Identity
from hub.domain.records import ConstituentKind
from hub.journeys.access.clients import NewClient
from hub.journeys.context import Hub
from hub.journeys.models import publish_model
from hub.wiring import throwaway_hub
from tests.api.running import AGENCY_SCOPES, Served, served
from tests.conftest import LIMITS
from tests.hub.access.forging import forged, public_of
from tests.journeys.counters import Counter
from tests.journeys.stewards import BIRK, MARIA
from tests.matching.models import prior_model

PROVIDER: Final = "https://sign-in.example"
PURPOSE: Final = "licensing"


@dataclass(frozen=True, slots=True)
class Role:
    """A kind of caller. sign_in: a constituent's token, for a portal."""

    name: str
    identity: Identity
    purpose: str = ""
    sign_in: str | None = field(default=None, repr=False)


@contextmanager
def world(hub: Hub) -> Iterator[tuple[Served, list[Role]]]:
    """That hub with two people in it and a policy, served, and every kind of caller of it."""
    counter = Counter(hub)
    counter.desk.push("parks:P1", MARIA)
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    provider = ECKey.generate_key("P-256", private=True)
    citizens = CitizenIssuer(
        PROVIDER,
        "portal",
        {"k1": public_of(provider)},
        "parks",
        {"loa2": "substantial"},
        frozenset({"portal"}),
    )
    trusted = Trusted({}, {PROVIDER: citizens})
    with served(hub, calls_per_second=100_000, trusted=trusted) as running:
        yield running, _roles(running, provider)


def _roles(running: Served, provider: ECKey) -> list[Role]:
    scopes = AGENCY_SCOPES | {scope.value for scope in CITIZENS}
    portal = NewClient("portal", "the portal", "parks", scopes, frozenset({PURPOSE}))
    now_s = int(time.time())
    claims = {"iss": PROVIDER, "aud": "portal", "sub": "P1", "acr": "loa2"}
    sign_in = forged(
        {"alg": "ES256", "typ": "JWT", "kid": "k1"},
        {**claims, "iat": now_s, "exp": now_s + 3_500},
        provider,
    )
    return [
        Role("agency", running.agency("parks", PURPOSE), PURPOSE),
        Role("portal", running.identity(portal), PURPOSE, sign_in),
        *(
            Role(role.value, running.staff(role.value.replace("_", "-"), role))
            for role in StaffRole
        ),
    ]


@dataclass(frozen=True, slots=True)
class Run:
    """What schemathesis found, in its own words."""

    role: str
    is_good: bool
    said: str


def fuzz(url: str, role: Role, folder: Path, *options: str) -> Run:
    """Run all of schemathesis's checks on every operation, as one kind of caller."""
    identity = folder / f"{role.name}.json"
    role.identity.save(identity)
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.api.fuzz_hooks",
        "FUZZ_IDENTITY": str(identity),
        "FUZZ_PURPOSE": role.purpose,
    }
    if role.sign_in is not None:
        environment["FUZZ_SIGN_IN"] = role.sign_in
    program, settings = Path(sys.executable).with_name("schemathesis"), Path(__file__)
    command: list[str | Path] = [program, "--config-file", settings.with_name("fuzz.toml"), "run"]
    limits = ["--checks=all", "--request-timeout=10", "--no-color", "--continue-on-failure"]
    done = subprocess.run(
        [*command, f"{url}/openapi.json", *limits, *options],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(role.name, done.returncode == 0, done.stdout + done.stderr)


def main() -> int:
    reading = argparse.ArgumentParser(prog="python -m tests.api.fuzz", description=__doc__)
    reading.add_argument(
        "--examples",
        type=int,
        default=30,
        help="of each operation, phase and role: 30 are some thousands a role",
    )
    reading.add_argument("--role", help="only this one")
    given = reading.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    is_good = True
    with TemporaryDirectory() as folder, throwaway_hub(replace(LIMITS, workers=0)) as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
        with world(hub) as (running, roles):
            for role in roles:
                if given.role in (None, role.name):
                    run = fuzz(running.url, role, Path(folder), f"--max-examples={given.examples}")
                    sys.stdout.write(f"=== {role.name}\n{run.said}\n")
                    is_good &= run.is_good
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
