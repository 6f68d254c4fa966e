"""`hub client` and `hub demo seed` as an engineer meets them: what they make, and how each refusal reads."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import httpx
import pytest

from hub.journeys.access.clients import NewClient, add_client
from hub.journeys.context import Hub
from tests.api.running import served
from tests.api.serving import free_port
from tests.conftest import Server
from tests.hub.cli.test_commands import Line, line_for


@pytest.fixture
def line(server: Server, tmp_path: Path) -> Line:
    """A shell; what it calls is another's hub."""
    return line_for(tmp_path, server.fresh())


def test_a_key_is_enrolled_kept_and_makes_headers_that_are_taken(hub: Hub, line: Line) -> None:
    desk = NewClient("parks-desk", "a desk", "parks", frozenset({"profile:read"}))
    with served(hub) as running:
        code = add_client(running.hub, desk, author="operator")
        enrolled = ("client", "enrol", "--at", running.url, "--code", code)
        # What the server tells of itself comes to the same standard error here.
        assert line(*enrolled, "--out", "parks.json").out.startswith("parks-desk is enrolled")
        assert stat.S_IMODE((line.folder / "parks.json").stat().st_mode) == 0o600
        assert "refused: not enrolled: code:" in line(*enrolled, "--out", "again.json").err
        assert not (line.folder / "again.json").exists()

        path = "/v1/profile-lookups"
        printed = line("client", "headers", "post", path, "--as", "parks.json").out
        assert re.fullmatch(r"Authorization: DPoP [\w.-]+\nDPoP: [\w.-]+\n", printed)
        headers = dict(one.split(": ") for one in printed.splitlines())
        answer = httpx.post(running.url + path, json={}, headers=headers, trust_env=False)
        assert answer.json()["type"] == "/problems/request-invalid", "the caller is admitted"
        again = httpx.post(running.url + path, json={}, headers=headers, trust_env=False)
        assert again.json()["flaw"] == "replayed"
        assert line("client", "token", "--as", "parks.json").out.count(".") == 2
        beyond = line("client", "token", "--as", "parks.json", "--scope", "log:read")
        assert (beyond.code, beyond.out) == (1, "")
        assert "refused: no token: invalid_scope" in beyond.err


def test_a_file_that_is_there_is_not_written_over_and_the_code_not_used(line: Line) -> None:
    (line.folder / "parks.json").write_text("mine")
    line("client", "enrol", "--code", "x" * 32, "--out", "parks.json").refused(
        "it is there already"
    )
    assert (line.folder / "parks.json").read_text() == "mine"


def test_what_cannot_be_called_with_is_told(line: Line) -> None:
    line("client", "token", "--as", "absent.json").refused("no identity of a client")
    nobody = f"http://127.0.0.1:{free_port()}"
    line("client", "enrol", "--at", nobody, "--code", "x" * 32, "--out", "p.json").refused(
        "does not answer"
    )


def test_the_demo_is_put_into_no_database_of_an_operators(line: Line) -> None:
    line("demo", "seed", "--dir", "serve").refused("HUB_DATABASE_URL")
    assert not (line.folder / "serve").exists()
