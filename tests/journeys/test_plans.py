"""What is read of one constituent goes by her keys, though the planner last looked before much was ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from hub.journeys.context import Hub
from hub.store import lookups, subjects
from hub.store.database import Statement
from hub.store.surroundings import PLANNING
from tests.conftest import Server
from tests.journeys.counters import Counter
from tests.journeys.stewards import BIRK, MARIA

ENDED = 20_000


@pytest.fixture
def grown(hub: Hub, server: Server) -> Hub:
    """A hub that was looked at when no link had ended, and in which many have since."""
    counter = Counter(hub)
    counter.desk.push("parks:P1", MARIA)
    counter.desk.push("vehicles:D1", MARIA)
    counter.desk.push("vehicles:D2", BIRK)
    owner = server.urls(str(hub.engine.url.database)).owner.replace("+psycopg", "")
    with psycopg.connect(owner) as connection:
        connection.execute("ANALYZE")
        connection.execute(
            "INSERT INTO links (record_id, constituent_id, recorded_from, recorded_until) "
            "SELECT record_id, constituent_id, recorded_from - n * interval '2 s', "
            "recorded_from - n * interval '2 s' + interval '1 s' "
            "FROM (SELECT * FROM links LIMIT 1) AS one, generate_series(1, %s) AS n",
            (ENDED,),
        )
    return hub


@pytest.mark.parametrize("statement", [lookups._HANGING, subjects._IDS])
def test_what_others_left_is_not_gone_through(grown: Hub, statement: Statement) -> None:
    with grown.engine.connect() as connection:
        connection.execute(text(f"SELECT {PLANNING}"))
        explained = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {numbered(statement)}"
        [found] = connection.exec_driver_sql(explained).scalar_one()
    links = [one for one in nodes(found["Plan"]) if one.get("Relation Name") == "links"]
    assert len(links) == 2
    for node in links:
        assert "Index Cond" in node, node


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes(one)


def numbered(statement: Statement) -> str:
    """The statement with its parameters as the server takes them."""
    names: list[str] = []

    def number(found: re.Match[str]) -> str:
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return re.sub(r"%\((\w+)\)[sb]", number, statement._sql.decode())
