"""Three agencies at one hub: what wildlife does there, and what parks is told, as far as parks could tell two hubs apart.

Parks may know what vehicles holds, by law; wildlife shares nothing with parks. What cannot be the same in two hubs,
ids drawn at random, is told by the order in which it first came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid5

import httpx

from consent.vocabulary import DataCategory
from hub.journeys.consents import Answer, record_consent
from hub.journeys.context import Hub
from tests.api.running import AGENCY_SCOPES, plain, served
from tests.journeys.counters import BY_LAW, ON_CONSENT, Counter
from tests.journeys.machines import Machine, machine, system
from tests.journeys.offices import HOW
from tests.journeys.stewards import BIRK, MARIA, NOOR, PERHAPS_MARIA

PATH: Final = "/v1/profile-lookups"
EVERYTHING: Final = [
    "existence", "source", "name", "birth_date", "address", "contact", "identifier", "holding", "role",
]  # fmt: skip
PEOPLE: Final = {"maria": MARIA, "birk": BIRK, "noor": NOOR, "perhaps maria": PERHAPS_MARIA}

#: Vehicles shares with wildlife on consent, of which parks knows nothing.
WILDLIFES = replace(ON_CONSENT, id="tags", sources=frozenset({"vehicles"}), recipient="wildlife")
WILDLIFES_BY_LAW = replace(BY_LAW, id="patrol", recipient="wildlife")

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
#: Of each answer alone, whoever is asked and whatever is held: random, or the time.
_OWN: Final = frozenset({"request-id", "date"})


@dataclass
class World:
    """A hub with parks' and vehicles' records in it, served, and a machine of each agency."""

    counter: Counter
    http: httpx.Client
    machines: dict[str, Machine]
    seen: dict[str, str] = field(default_factory=dict)

    def ask(self, agency: str, body: dict[str, Any]) -> httpx.Response:
        desk = self.machines[agency]
        token = desk.token(purpose="licensing")
        proof = desk.proof(desk.address(PATH), token)
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof}
        return self.http.post(PATH, json={"case": "case 7", **body}, headers=headers)

    def told(self, body: dict[str, Any]) -> tuple[object, ...]:
        """All that parks can see of an answer, but for what is random in any."""
        answer = self.ask("parks", body)
        headers = {name: value for name, value in answer.headers.items() if name not in _OWN}
        return answer.status_code, headers, json.loads(_UUID.sub(self._nth, answer.text))

    def _nth(self, found: re.Match[str]) -> str:
        return self.seen.setdefault(found[0], f"id {len(self.seen) + 1}")

    def shown(self, agency: str, key: str) -> UUID:
        """The id that an agency is shown of whose record that is."""
        source, _, local_id = key.partition(":")
        body = by_key(source, local_id)
        return UUID(self.ask(agency, body).json()["profile"]["id"])


def by_key(source: str, key: str, **more: Any) -> dict[str, Any]:
    record = {"source": source, "key": key}
    return {"record": record, "purpose": "licensing", "categories": EVERYTHING, **more}


def by_id(shown: UUID) -> dict[str, Any]:
    return {"id": str(shown), "purpose": "licensing", "categories": EVERYTHING}


def by_description(row: dict[str, str], *parts: str, **changed: str) -> dict[str, Any]:
    """Asked by some of what a row states."""
    stated = {**row, **changed}
    described: dict[str, Any] = {"kind": "person"}
    if "name" in parts:
        described["names"] = [{"given_name": stated["given"], "family_name": stated["family"]}]
    if "born" in parts:
        described["birth_date"] = stated["born"]
    if "email" in parts:
        described["contact_points"] = [{"kind": "email", "value": stated["email"]}]
    if "ssn" in parts:
        described["identifiers"] = [{"scheme": "ssn", "value": stated["ssn"]}]
    if "address" in parts:
        line = {
            "delivery_line": stated["street"],
            "city": "Port Tamarack",
            "post_code": stated["zip"],
        }
        described["addresses"] = [line]
    return {"description": described, "purpose": "licensing", "categories": EVERYTHING}


#: What only wildlife may come to hold.
WILD_EMAIL: Final = "heron@wild.example"
QUESTIONS: Final[tuple[dict[str, Any], ...]] = (
    by_key("parks", "P1"),
    by_key("parks", "P1", categories=["existence"]),
    by_key("parks", "P2"),
    by_key("vehicles", "D1"),
    by_key("vehicles", "D2"),
    by_key("wildlife", "W1"),
    by_key("wildlife", "W2"),
    by_key("benefits", "B1"),
    by_key("nowhere", "N1"),
    by_id(uuid5(UUID(int=0), "never shown")),
    by_description(MARIA, "name", "born"),
    by_description(MARIA, "name", "address", "ssn"),
    by_description(MARIA, "name", "email", email=WILD_EMAIL),
    by_description(PERHAPS_MARIA, "name", "born", "address"),
    by_description(BIRK, "name", "born", "email"),
    by_description(NOOR, "name", "born", "ssn"),
    by_description(NOOR, "name", "born", "address", "email"),
    by_description(NOOR, "name"),
    by_key("parks", "P1", purpose="prompts"),
    by_key("parks", "P1", purpose="never declared"),
    by_key("parks", "P1", agreement="tags"),
    by_key("parks", "P1", categories=["shoe_size"]),
)

# --- what wildlife does --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pushed:
    """A record that wildlife has of somebody, in its own words."""

    key: str
    person: str
    changed: tuple[tuple[str, str], ...] = ()

    def do(self, world: World) -> None:
        world.counter.desk.push(
            f"wildlife:{self.key}", {**PEOPLE[self.person], **dict(self.changed)}
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A look-up by wildlife."""

    whom: str

    def do(self, world: World) -> None:
        source, _, key = self.whom.partition(":")
        assert world.ask("wildlife", by_key(source, key)).status_code == 200


@dataclass(frozen=True, slots=True)
class Described:
    """A look-up by wildlife of somebody it describes."""

    person: str

    def do(self, world: World) -> None:
        body = by_description(PEOPLE[self.person], "name", "born", "address")
        assert world.ask("wildlife", body).status_code == 200


@dataclass(frozen=True, slots=True)
class Consented:
    """Somebody agrees, or not, that vehicles tells wildlife."""

    whom: str
    is_given: bool

    def do(self, world: World) -> None:
        none, every = frozenset[DataCategory](), WILDLIFES.categories
        given, refused = (every, none) if self.is_given else (none, every)
        answer = Answer(WILDLIFES.ref, given, refused)
        record_consent(world.counter.hub, self.whom, answer, HOW, author="ines")


Act = Pushed | Asked | Described | Consented


@contextmanager
def world(hub: Hub) -> Iterator[World]:
    """Parks' and vehicles' records of Maria and Birk, and nothing of wildlife's yet."""
    counter = Counter(hub, (BY_LAW, ON_CONSENT, WILDLIFES, WILDLIFES_BY_LAW))
    counter.desk.push("parks:P1", MARIA)
    counter.desk.push("parks:P2", BIRK, email="birk@parks.example")
    counter.desk.push("vehicles:D1", MARIA, street="9 Quay St", zip="69433")
    counter.desk.push("vehicles:D2", BIRK)
    with served(hub, calls_per_second=100_000) as running, plain(running.url) as http:
        machines = {
            agency: machine(
                running.hub, system(running.hub, f"{agency}-desk", AGENCY_SCOPES, agency=agency)
            )
            for agency in ("parks", "wildlife", "vehicles")
        }
        yield World(counter, http, machines)
