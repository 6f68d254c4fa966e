"""`hub events`, `hub profile history` and `hub pin` as an operator or steward meets them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest

from hub.domain.events import EventKind
from hub.journeys.context import Hub
from hub.store import database, outbox
from hub.store.outbox import OutgoingEvent
from hub.vault import keyring
from tests.conftest import Server, open_hub
from tests.hub.cli.test_commands import Line, line_for
from tests.journeys.partitions import Partitions
from tests.worlds import BIRK, MARIA

#: Before any moment the command line takes for now.
BEFORE = datetime.now(UTC) - timedelta(hours=1)


@contextmanager
def opened(line: Line) -> Iterator[Hub]:
    """The hub behind the commands."""
    hub = open_hub(line.urls, keyring.load(line.folder / "hub" / "root.key"), BEFORE)
    yield hub
    hub.engine.dispose()


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """Two drivers, each a constituent."""
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    made("load", made.write_drivers(MARIA, BIRK)).answered("drivers")
    with opened(made) as hub:
        world = Partitions(hub, count(1))
        world.change([[record] for record in world.loaded("drivers:D1", "drivers:D2")])
    return made


def test_events_are_listed_acknowledged_and_replayed(line: Line) -> None:
    told = [OutgoingEvent(EventKind.CREATED, uuid4()), OutgoingEvent(EventKind.UPDATED, uuid4())]
    with opened(line) as hub, database.transaction(hub.engine) as connection:
        outbox.put(connection, told, BEFORE)

    line("events", "list", "portal").answered("constituent.created", str(told[0].constituent))
    events = line("events", "list", "portal", "--json").json
    assert [(event["position"], event["constituent"]) for event in events] == [
        (1, str(told[0].constituent)),
        (2, str(told[1].constituent)),
    ]
    line("events", "acknowledge", "portal", "2").answered("portal goes on after 2")
    assert line("events", "list", "portal", "--json").json == []
    assert len(line("events", "list", "ledger", "--limit", "1", "--json").json) == 1
    line("events", "replay", "portal", "--from", "1").answered("portal goes on after 1")
    assert [event["position"] for event in line("events", "list", "portal", "--json").json] == [2]
    line("events", "replay", "portal").answered("portal goes on after 0")


def test_what_a_consumer_may_not_do_is_told(line: Line) -> None:
    line("events", "list", "The Portal").refused("a consumer's name is a small letter")
    line("events", "acknowledge", "portal", "7").refused("position 7: the feed ends at 0")


def test_history_tells_when_a_record_joined_and_says_that_values_have_none(line: Line) -> None:
    shown = line("profile", "history", "drivers:D1")
    shown.answered("issued", "record joined", "drivers:D1", "versions of values are not kept")
    entries = line("profile", "history", "drivers:D1", "--json").json
    assert [entry["kind"] for entry in entries] == ["issued", "record joined"]
    assert entries[1]["record"] == {"number": 1, "source": "drivers", "local_id": "D1"}


def test_history_at_a_moment_tells_who_was_who(line: Line) -> None:
    id_ = line("profile", "show", "drivers:D1", "--json").json["id"]
    moment = (BEFORE + timedelta(minutes=1)).isoformat()
    shown = line("profile", "history", id_, "--as-of", moment)
    shown.answered(f"person {id_}", "as of", "drivers:D1", "versions of values are not kept")
    naive = (BEFORE + timedelta(minutes=1)).replace(tzinfo=None).isoformat()
    found = line("profile", "history", "drivers:D1", "--as-of", naive, "--json").json
    assert (found["id"], found["aliases"]) == (id_, [])
    assert datetime.fromisoformat(found["at"]) == datetime.fromisoformat(moment)


def test_a_moment_that_cannot_be_answered_is_told(line: Line) -> None:
    ask = ("profile", "history", "drivers:D1", "--as-of")
    line(*ask, "2999-01-01").refused("lies in the future")
    line(*ask, "2001-01-01").refused("under no constituent then")
    id_ = line("profile", "show", "drivers:D1", "--json").json["id"]
    line("profile", "history", id_, "--as-of", "2001-01-01").refused("issued on")
    wrong = line(*ask, "yesterday")
    assert wrong.code == 2
    assert "2026-11-22T09:00:00Z" in wrong.err


def test_a_pin_is_made_shown_listed_and_withdrawn(line: Line) -> None:
    pin = ("pin", "add", "drivers:D1", "name", "--by", "ines", "--reason", "seen her passport")
    line(*pin).answered("pinned: name")
    line("profile", "show", "drivers:D1").answered("Maria Okafor (pinned)")
    line("pin", "list", "drivers:D1").answered("Maria Okafor", "ines", "seen her passport")
    line("pin", "withdraw", "drivers:D1", "name", "--by", "tomas").answered("withdrawn: name")
    assert "(pinned)" not in line("profile", "show", "drivers:D1").out
    [kept] = line("pin", "list", "drivers:D1", "--json").json
    assert (kept["author"], kept["withdrawn_by"]) == ("ines", "tomas")


def test_a_pin_that_cannot_be_is_told_without_anybodys_value(line: Line) -> None:
    said = ("--by", "ines", "--reason", "Maria Okafor says so")
    line("pin", "add", "drivers:D1", "occupation", *said).refused("states no occupation")
    line("pin", "add", "drivers:D9", "name", *said).refused("no record under that key")
    line("pin", "withdraw", "drivers:D1", "name", "--by", "ines").refused("no pin stands on name")
    assert line("pin", "add", "drivers:D1", "name", "--by", "ines").code == 2
