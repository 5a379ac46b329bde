import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp import AiohttpClient
from yarl import URL

import async_app.app
import async_app.plumbing.steps
from async_app.plumbing.waits import Wait
from contract.parameters import Drip, Duration
from contract.problems import timed_out
from contract.settings import Settings

Make = Callable[[Wait], Awaitable[TestClient[web.Request, web.Application]]]


@pytest.fixture
def client_of(monkeypatch: pytest.MonkeyPatch, aiohttp_client: AiohttpClient) -> Make:
    """Return a function that makes a client of the service, with one place in flight and `wait` behind /delay."""

    async def make(wait: Wait) -> TestClient[web.Request, web.Application]:
        @asynccontextmanager
        async def open_waits(_settings: Settings) -> AsyncIterator[Mapping[str, Wait]]:
            yield {"delay": wait}

        monkeypatch.setattr(async_app.plumbing.steps, "open_waits", open_waits)
        app = async_app.app.create_app(Settings(max_in_flight=1))
        return await aiohttp_client(app, server_kwargs={"handler_cancellation": True})

    return make


async def fail(_asked: Duration) -> None:
    raise RuntimeError("the password is 1234")


async def test_a_handler_that_fails_logs_its_traceback_and_leaks_nothing(
    client_of: Make, caplog: pytest.LogCaptureFixture
) -> None:
    response = await (await client_of(fail)).get("/delay/1")
    assert response.status == 500
    assert response.headers["Content-Type"] == "application/problem+json"
    assert json.loads(await response.read()) == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "The service failed; its log has the traceback.",
    }
    assert response.headers["Served-By"].startswith("async_app; pid=")
    assert response.headers["Server-Timing"].startswith("total;dur=")
    assert "1234" not in str(response.headers)
    assert "Exception on /delay/1 [GET]" in caplog.text
    assert "RuntimeError: the password is 1234" in caplog.text
    assert 'in fail\n    raise RuntimeError("the password is 1234")' in caplog.text


async def test_a_handler_that_fails_gives_its_place_back(client_of: Make) -> None:
    client = await client_of(fail)
    assert [(await client.get("/delay/1")).status for _ in range(3)] == [500, 500, 500]


async def test_a_request_too_many_is_refused_until_a_place_is_given_back(client_of: Make) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()

    async def wait(_asked: Duration) -> None:
        entered.set()
        async with asyncio.timeout(10):
            await leave.wait()

    client = await client_of(wait)
    first = asyncio.create_task(client.get("/delay/1"))
    async with asyncio.timeout(10):
        await entered.wait()
    refused = await client.get("/delay/1")
    unaffected = await client.get("/healthz")
    leave.set()
    assert (await first).status == 200
    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert unaffected.status == 200
    assert (await client.get("/delay/1")).status == 200


async def test_a_client_that_leaves_gives_its_place_back(client_of: Make) -> None:
    entered, left = asyncio.Event(), asyncio.Event()

    async def wait(_asked: Duration) -> None:
        if not entered.is_set():
            entered.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()

    client = await client_of(wait)
    first = asyncio.create_task(client.get("/delay/1"))
    async with asyncio.timeout(10):
        await entered.wait()
        first.cancel()
        await left.wait()
    assert (await client.get("/delay/1")).status == 200


async def test_what_is_refused_never_reaches_the_wait(client_of: Make) -> None:
    reached: list[Duration] = []

    async def wait(asked: Duration) -> None:
        reached.append(asked)

    client = await client_of(wait)
    for target in ("/delay/nan", "/delay/", "/delay/11", "/delay/%00", "/delay/1?x=1", "/delay/1/", "/delay/a%2Fb"):
        assert (await client.get(URL(target, encoded=True))).status in (400, 404)
    assert (await client.get("/delay/1", data=b"x" * 4097)).status == 413
    assert (await client.post("/delay/1")).status == 405
    assert (await client.options("/delay/1")).status == 200
    assert reached == []
    assert (await client.head("/delay/1")).status == 200
    assert reached == [Duration.model_construct(duration=1.0)]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_stream_that_fails_as_it_is_closed_is_followed_by_no_second_response(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    class Stream:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            raise StopAsyncIteration

        async def aclose(self) -> None:
            raise timed_out("It was not to be closed.")

    async def wait(_asked: Drip) -> Stream:
        return Stream()

    @asynccontextmanager
    async def open_waits(_settings: Settings) -> AsyncIterator[Mapping[str, Wait]]:
        yield {"drip": wait}

    monkeypatch.setattr(async_app.plumbing.steps, "open_waits", open_waits)
    async with TestServer(async_app.app.create_app(Settings())) as server, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(server.host, server.port)
        with closing(writer):
            writer.write(f"{method} /drip HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            received = await reader.read()  # to the end of the connection
        await writer.wait_closed()
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.count(b"HTTP/") == 1
    assert f"Exception while streaming /drip [{method}]" in caplog.text
