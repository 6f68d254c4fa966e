"""Callers who stay connected are shared out among those who listen on one socket."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from fastapi import FastAPI

from api import server
from tests.api.running import plain


def named(name: str) -> FastAPI:
    app = FastAPI()

    @app.get("/")
    async def answer() -> str:
        return name

    return app


@pytest.fixture
def two() -> Iterator[str]:
    """Two servers on one socket, each with an event loop of its own."""
    listening = server.listen("127.0.0.1", 0)
    with (
        server.answering(named("one"), listening),
        server.answering(named("other"), listening.dup()) as url,
    ):
        yield url


def connected(stack: ExitStack, url: str, callers: int) -> list[httpx.Client]:
    made = [stack.enter_context(plain(url)) for _ in range(callers)]
    for caller in made:
        caller.get("/")
    return made


def shares(callers: list[httpx.Client]) -> Counter[str]:
    return Counter(caller.get("/").json() for caller in callers)


def test_callers_who_stay_are_shared_out(two: str) -> None:
    with ExitStack() as stack:
        found = shares(connected(stack, two, 8))
    assert sum(found.values()) == 8
    assert max(found.values()) <= 5, "as many here as there, or nearly"


def test_who_comes_after_others_left_finds_the_one_with_room(two: str) -> None:
    with ExitStack() as stack:
        callers = connected(stack, two, 8)
        staying = callers[0].get("/").json()
        for caller in callers:
            if caller.get("/").json() != staying:
                caller.close()
        others = shares(connected(stack, two, 3))
    assert others[staying] <= 1, "at most before it was heard that they left"
