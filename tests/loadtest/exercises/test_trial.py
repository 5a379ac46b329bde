"""Trials of services that answer strangely."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from aiohttp import web

from loadtest.exercises.trial import MOST, Trial
from loadtest.exercises.upstream import Upstream


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"a" * MOST)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/", endless)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_an_answer_without_end_is_cut_off(url: str) -> None:
    async with Trial(cast("Any", None), url, Upstream()) as trial:
        answer = await trial.send("/")
    assert answer.status == 200
    assert MOST <= len(answer.text) < 2 * MOST
