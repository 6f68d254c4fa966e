"""Two hubs that differ in what others hold, and one agency's questions to both: the answers must be the same.

At an agency's counter whoever is asked about; at a portal where the constituent is at risk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from consent.vocabulary import RestrictionKind
from hub.client import HubClient, ProblemTold, RecordRef
from hub.client.me import Shown
from hub.client.pages import once
from hub.vault.keyring import RootKey
from tests.api.officers import B1, D1, GIVEN, HOW, P1, WAIVER
from tests.api.portals import ME, Provider
from tests.api.running import AGENCY_SCOPES, served
from tests.conftest import Server, open_hub
from tests.journeys.counters import Counter, restrict
from tests.journeys.stewards import MARIA

#: Random ids, and what the clock says.
_OWN_EACH_TIME: Final = frozenset(
    {"id", "disclosure", "at", "made_at", "shown_at", "recorded_at", "next"}
)
SHOWN: Final = Shown(HOW.notice, HOW.evidence)


@dataclass(frozen=True, slots=True)
class World:
    """A hub in which parks asks, at its counter or through its portal."""

    counter: Counter
    desk: HubClient
    maria: HubClient


@pytest.fixture
def worlds(
    server: Server, modelled_template: tuple[str, RootKey], tmp_path: Path
) -> Iterator[Callable[..., World]]:
    """Makes worlds: Maria at parks, and with the records that are named besides."""
    name, keys = modelled_template
    provider = Provider()
    with ExitStack() as stack:

        def make(*besides: str) -> World:
            hub = open_hub(server.fresh(name), keys)
            stack.callback(hub.engine.dispose)
            counter = Counter(hub)
            for key in (*besides, "parks:P1"):
                counter.desk.push(key, MARIA)
            running = stack.enter_context(served(hub, trusted=provider.trusted(tmp_path)))
            who = running.agency("parks", "licensing", scopes=AGENCY_SCOPES | ME)
            return World(
                counter,
                stack.enter_context(running.client(who)),
                stack.enter_context(running.client(who, sign_in=provider.sign_in("P1"))),
            )

        yield make


def answers(client: HubClient, *asked: tuple[str, str, object]) -> list[Any]:
    """What each question is answered, without what differs each time."""
    return [_answer(client, *one) for one in asked]


def _answer(client: HubClient, method: str, path: str, body: object) -> Any:
    is_change = method != "GET" and not path.endswith("-queries")
    key = once(None) if is_change else None
    try:
        content = client._transport.send(method, path, body=body, repeat_key=key).content
    except ProblemTold as problem:
        return problem.status, dict(problem.members)
    return _same_each_time(json.loads(content))


def _same_each_time(said: Any) -> Any:
    if isinstance(said, dict):
        return {
            name: _same_each_time(value)
            for name, value in said.items()
            if name not in _OWN_EACH_TIME
        }
    return [_same_each_time(one) for one in said] if isinstance(said, list) else said


def _said(whom: RecordRef, **more: object) -> dict[str, object]:
    return {"whom": {"record": whom}, "agreement": WAIVER, "how": HOW} | more


AT_THE_COUNTER: Final = (
    *(("POST", "/v1/consents", _said(one, revision=1, given=GIVEN)) for one in (P1, B1, D1)),
    ("POST", "/v1/consents", _said(P1, revision=2, given=GIVEN)),
    ("POST", "/v1/consents", _said(P1, revision=1, given=["existence", "name"])),
    *(("POST", "/v1/consent-queries", {"whom": {"record": one}}) for one in (P1, B1, D1)),
    *(("POST", "/v1/consent-withdrawals", _said(one)) for one in (P1, B1)),
    ("POST", "/v1/consent-withdrawals", _said(P1, categories=["address"])),
    ("POST", "/v1/consent-revocations", _said(P1)),
    ("POST", "/v1/consent-queries", {"whom": {"record": P1}}),
    ("GET", "/v1/notices", None),
    ("GET", "/v1/corrections", None),
    ("GET", "/v1/policy", None),
)
AT_THE_PORTAL: Final = (
    ("GET", "/v1/me/held", None),
    ("POST", "/v1/me/consents", {"agreement": WAIVER, "revision": 1, "given": GIVEN, "how": SHOWN}),
    ("POST", "/v1/me/consent-withdrawals", {"agreement": WAIVER, "how": SHOWN}),
    ("GET", "/v1/me/consents", None),
    ("POST", "/v1/me/restrictions", {"kind": "objection", "reason": "I object"}),
    ("GET", "/v1/me/restrictions", None),
    *(
        (
            "POST",
            "/v1/me/corrections",
            {"record": one, "field": "names", "proposed": "M", "reason": "r"},
        )
        for one in (P1, B1, D1)
    ),
    ("GET", "/v1/me/disclosures", None),
    ("GET", "/v1/me/held", None),
)


def test_a_counter_is_told_nothing_of_what_others_hold(worlds: Callable[..., World]) -> None:
    alone, among = worlds(), worlds("benefits:B1", "vehicles:D1")
    assert among.counter.desk.together("parks:P1", "benefits:B1", "vehicles:D1")
    found = answers(among.desk, *AT_THE_COUNTER)
    assert found == answers(alone.desk, *AT_THE_COUNTER)
    # Hers were recorded, others' are unknown: not all alike for being refused.
    assert [isinstance(one, dict) for one in found[:3]] == [True, False, False]


def test_a_portal_shows_of_who_is_at_risk_what_there_would_be_were_she_its_agency_s_alone(
    worlds: Callable[..., World],
) -> None:
    alone, among = worlds(), worlds("benefits:B1", "vehicles:D1")
    for world in (alone, among):
        world.desk.look_up(P1, ["name", "address"], purpose="licensing", case="case 7")
        restrict(world.counter.hub, "parks:P1", RestrictionKind.AT_RISK)
        world.desk.look_up(P1, ["name", "address"], purpose="licensing", case="case 7")
    found = answers(among.maria, *AT_THE_PORTAL)
    assert found == answers(alone.maria, *AT_THE_PORTAL)
    assert {one["source"] for one in found[0]["records"]} == {"parks"}
