"""`hub clients` as an operator meets it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for

_CODE = re.compile(r"^[A-Za-z0-9_-]{32}$", re.MULTILINE)


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    made = line_for(tmp_path, server.fresh())
    made("init").answered("hub ready")
    return made


def test_clients_are_made_invited_listed_and_ended(line: Line) -> None:
    made = line(
        *("clients", "add", "parks-desk", "--name", "Parks' desk", "--agency", "parks"),
        *("--scope", "profile:read", "--purpose", "licensing", "--by", "olu"),
    )
    made.answered("enrolment code of parks-desk, good once and for 24 hours")
    [code] = _CODE.findall(made.out)
    again = line("clients", "invite", "parks-desk", "--by", "olu")
    assert _CODE.findall(again.out) not in ([], [code])
    roles = ("--role", "steward", "--role", "cleared")
    line("clients", "add", "ines", "--name", "Ines", *roles, "--by", "olu").answered("ines")
    line("clients", "list").answered("parks-desk", "licensing", "cleared, steward", "by olu")
    line("clients", "end", "ines", "--by", "olu").answered("ended: ines")
    listed = line("clients", "list", "--json").json
    assert [(one["client"]["id"], one["client"]["ended_by"]) for one in listed] == [
        ("ines", "olu"),
        ("parks-desk", None),
    ]
    assert code not in str(listed)


def test_what_a_client_cannot_be_is_told(line: Line) -> None:
    by = ("--by", "olu")
    line("clients", "add", "Ines", "--name", "Ines", "--role", "steward", *by).refused("id")
    line("clients", "add", "ines", "--name", "Ines", *by).refused("agency")
    line("clients", "invite", "ines", *by).refused("no client of that id")
    line("clients", "end", "ines", *by).refused("no client of that id")
    line("clients", "revoke-key", "ines", "any", *by).refused("no client of that id")
