"""`hub alarms list` as an officer meets it."""

from __future__ import annotations

import json
from pathlib import Path

from hub.journeys.budgets import spend
from tests.conftest import Server
from tests.hub.cli.test_commands import line_for
from tests.hub.cli.test_stewardship_reads import opened
from tests.journeys.test_budgets import at_once, of_key


def test_alarms_are_listed_with_their_figures(server: Server, tmp_path: Path) -> None:
    line = line_for(tmp_path, server.fresh())
    line("init").answered("hub ready")
    with opened(line) as hub:
        for client in ("parks booking", "vehicles desk"):
            spend(hub, client, of_key(1), distinct_max=1, beside=at_once)
    line("alarms", "list").answered("parks booking")
    page = json.loads(line("alarms", "list", "--json", "--limit", "1").out)
    [alarm] = page["rows"]
    assert (alarm["client"], alarm["rule"], alarm["asked"]) == (
        "vehicles desk",
        "budget_nearly_spent",
        1,
    )
    rest = json.loads(line("alarms", "list", "--json", "--after", str(page["next"])).out)
    assert [one["client"] for one in rest["rows"]] == ["parks booking"]
    assert json.loads(line("alarms", "list", "--client", "nobody", "--json").out)["rows"] == []
