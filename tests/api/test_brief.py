"""Look-ups are answered while calls that take long have all the threads they may have."""

from __future__ import annotations

import anyio
import anyio.to_thread
import httpx
import pytest

from api.app import create_app
from hub.journeys.context import Hub


@pytest.mark.parametrize(
    ("path", "is_answered"),
    [("/v1/profile-lookups", True), ("/v1/verifications", True), ("/v1/exports", False)],
)
def test_brief_calls_have_threads_of_their_own(hub: Hub, path: str, is_answered: bool) -> None:
    async def asked() -> int | None:
        others = anyio.to_thread.current_default_thread_limiter()
        others.total_tokens = 1
        others.acquire_on_behalf_of_nowait(object())
        async with _caller(hub) as caller:
            with anyio.move_on_after(10 if is_answered else 0.5):
                return (await caller.post(path, json={})).status_code
        return None

    assert anyio.run(asked) == (401 if is_answered else None)


def _caller(hub: Hub) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_app(hub))
    return httpx.AsyncClient(transport=transport, base_url="http://hub", trust_env=False)
