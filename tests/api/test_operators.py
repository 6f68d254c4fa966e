"""Operators over HTTP: sources, runs and the quarantine, by place and rule; and what others are told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.access.scopes import StaffRole
from hub.client import HubClient, ProblemTold
from hub.journeys.context import Hub
from hub.journeys.load import load_sources
from tests.api.running import Served, served
from tests.worlds import BIRK, DRIVERS_YAML, MARIA, NOOR, write_drivers

BAD = NOOR.replace("1999-07-21", "31 Feb")


@pytest.fixture
def running(hub: Hub, tmp_path: Path) -> Iterator[Served]:
    """Drivers of vehicles twice over, then with bad rows; boats of parks once."""
    for name, rows in (
        ("drivers", [MARIA, BIRK]),
        ("drivers", [MARIA, BIRK, BAD, BAD.replace("D3", "D4")]),
        ("boats", [BIRK]),
    ):
        agency = "parks" if name == "boats" else "vehicles"
        yaml = DRIVERS_YAML.replace("id: drivers", f"id: {name}")
        yaml = yaml.replace("agency: vehicles", f"agency: {agency}")
        load_sources(hub, [write_drivers(tmp_path, rows, yaml=yaml)])
    with served(hub) as found:
        yield found


@contextmanager
def staff(running: Served, role: StaffRole) -> Iterator[HubClient]:
    with running.client(running.staff(role.value, role)) as client:
        yield client


def refused(ask: Callable[[], object]) -> bool:
    with pytest.raises(ProblemTold) as caught:
        ask()
    return (caught.value.status, caught.value.name) == (403, "not-in-scope")


def test_an_operator_is_told_what_each_source_holds_what_ran_and_what_was_set_aside(
    running: Served,
) -> None:
    with staff(running, StaffRole.OPERATOR) as olu:
        boats, drivers = olu.sources.every(limit=1)
        assert (boats.id, boats.agency, boats.records) == ("boats", "parks", 1)
        assert (drivers.records, drivers.pending, drivers.quarantined) == (2, 2, 2)
        assert drivers.last_run is not None
        assert (drivers.last_run.state, drivers.last_run.counts["rejected"]) == ("finished", 2)

        runs = list(olu.sources.runs(limit=2))
        assert [one.source for one in runs] == ["boats", "drivers", "drivers"]
        assert runs == list(olu.sources.runs())
        assert [one.number for one in olu.sources.runs(source="boats")] == [runs[0].number]
        assert not list(olu.sources.runs(kind="link person"))

        rows = list(olu.sources.quarantine(limit=1))
        assert [(one.source, one.row_number, one.field) for one in rows] == [
            ("drivers", 4, "born"),
            ("drivers", 3, "born"),
        ]
        assert rows == list(olu.sources.quarantine(source="drivers"))
        assert not list(olu.sources.quarantine(source="boats"))
        assert all(one.sentence for one in rows)
        said = repr((boats, drivers, runs, rows)).lower()
        assert not [value for value in ("okafor", "lindqvist", "haddad", "31 feb") if value in said]


def test_an_agencys_system_is_told_of_its_own_sources_alone_and_of_no_run(running: Served) -> None:
    with running.client(running.agency("parks", "licensing")) as parks:
        [own] = parks.sources.every()
        assert (own.id, own.records) == ("boats", 1)
        answer = parks._transport.send("GET", "/v1/sources").content
        assert b'"number"' not in answer
        assert refused(lambda: list(parks.sources.runs()))
        assert refused(lambda: list(parks.sources.quarantine()))


@pytest.mark.parametrize(
    ("role", "reads"),
    [
        (StaffRole.STEWARD, "sources"),
        (StaffRole.PRIVACY_OFFICER, "sources"),
        (StaffRole.AUDITOR, "sources runs"),
        (StaffRole.CLEARED, ""),
    ],
)
def test_others_are_told_what_their_role_needs(
    running: Served, role: StaffRole, reads: str
) -> None:
    with staff(running, role) as other:
        for what, ask in (
            ("sources", lambda: list(other.sources.every())),
            ("runs", lambda: list(other.sources.runs())),
            ("quarantine", lambda: list(other.sources.quarantine())),
        ):
            assert ask() if what in reads.split() else refused(ask)
