"""What the processes of a served hub write for operators holds nothing of anybody: log, measures, errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest

from hub import wiring
from hub.client import Description, Found, HubClient, ProblemTold, RecordRef, enrol
from hub.domain.records import ConstituentKind
from hub.journeys.access.clients import NewClient, add_client
from hub.journeys.models import publish_model
from hub.settings import Settings
from tests.api.running import AGENCY_SCOPES
from tests.api.serving import serving
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for
from tests.journeys.counters import Counter
from tests.journeys.stewards import BIRK, MARIA
from tests.matching.models import prior_model

KEYS = ("ACCOUNT-55120977", "LICENCE-44012833", "LICENCE-91820011")
CASE, CLERK = "campsite-77120", "clerk-quist"


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    return made


@pytest.fixture
def code(line: Line) -> Iterator[str]:
    """Maria and Birk are known, and a desk of parks that may enrol."""
    settings = Settings(data_dir=line.folder / "hub", database_url=line.urls.application)
    with wiring.open_hub(settings) as hub:
        publish_model(hub, prior_model(ConstituentKind.PERSON))
        desk = Counter(hub).desk
        desk.push(f"parks:{KEYS[0]}", MARIA)
        desk.push(f"vehicles:{KEYS[1]}", MARIA)
        desk.push(f"vehicles:{KEYS[2]}", BIRK)
        yield add_client(
            hub,
            NewClient("parks-desk", "a desk", "parks", AGENCY_SCOPES, frozenset({"licensing"})),
            author="operator",
        )


def test_look_ups_good_and_bad_leave_nothing_of_anybody_in_what_operators_read(
    line: Line, code: str
) -> None:
    personal = {value for row in (MARIA, BIRK) for value in row.values() if len(value) > 5}
    personal |= {"Maria", "Birk", "Heron", "Alder", *KEYS, CASE, CLERK, code}
    with serving(line.folder, line.settings, processes=2) as running:
        running.await_ready()
        identity = enrol(running.url, code)
        with HubClient(identity) as parks:
            personal |= asked(parks)
            token = parks.credentials("GET", "/")["Authorization"].split()[1]
        personal |= {token, identity.kid, *KEYS}
        astray(running.url, token)
        measured = httpx.get(running.metrics_url, timeout=20, trust_env=False).text
        assert running.end() == 0
        told = running.told.read_text()
    assert told.count('"route": "/v1/profile-lookups"') == 9, "each look-up is told of"
    assert 'route="/v1/profile-lookups"' in measured
    for text in (told, measured):
        assert [one for one in personal if re.search(re.escape(one), text, re.IGNORECASE)] == []


def asked(parks: HubClient) -> set[str]:
    """Six look-ups, two refused; what was told of her, and the references of the answers."""
    found = set()
    wanted = ["name", "address"]
    hers = RecordRef("parks", KEYS[0])
    described = Description(
        "person",
        names=[{"given_name": "Maria", "family_name": "Okafor"}],
        birth_date=date.fromisoformat(MARIA["born"]),
    )
    first = parks.look_up(hers, wanted, purpose="licensing", case=CASE, user=CLERK)
    assert first.found is Found.ONE
    assert first.profile is not None
    for whom in (first.profile.id, described, RecordRef("parks", KEYS[1])):
        answer = parks.look_up(whom, wanted, purpose="licensing", case=CASE, user=CLERK)
        found.add(str(answer.disclosure))
    found |= {str(first.profile.id), str(first.disclosure)}
    for categories, purpose in ((wanted, "prompts"), (["Okafor"], "licensing")):
        with pytest.raises(ProblemTold):
            parks.look_up(hers, categories, purpose=purpose, case=CASE)
    return found


def astray(url: str, token: str) -> None:
    """Requests that should not have been made so: she in an address, in a body that is none, in a header."""
    with httpx.Client(base_url=url, timeout=20, trust_env=False) as stranger:
        stranger.get(f"/v1/profile-lookups/{KEYS[0]}")
        stranger.get("/Okafor", params={"name": "Maria"})
        stranger.post("/v1/profile-lookups", params={"key": KEYS[0]}, content=b"Okafor")
        stranger.post("/v1/profile-lookups", headers={"Authorization": f"Bearer {token}"})
        stranger.post(
            "/v1/profile-lookups", headers={"Authorization": f"DPoP {token}", "DPoP": "Okafor"}
        )
