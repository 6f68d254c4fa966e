"""A server to be harmed, started once a test process, and what must hold around whatever is sent to it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.api.target import GOOD, GROWTH_MAX_BYTES, SOON_S, Target, started
from tests.conftest import Server


@pytest.fixture(scope="session")
def target(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with started(server, tmp_path_factory.mktemp("target")) as found:
        yield found


@pytest.fixture
def harmless(target: Target) -> Iterator[None]:
    """Around each: little memory is taken, the server answers afterwards, and has failed at nothing."""
    before = target.forget_peak()
    yield
    assert target.peak_bytes() - before < GROWTH_MAX_BYTES
    began_s = time.monotonic()
    answer = target.post(GOOD.encode())
    assert answer.status_code == 200, answer.text
    assert time.monotonic() - began_s < SOON_S
