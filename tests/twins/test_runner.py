import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import closing

import pytest
from aiohttp import web

from serving.runner import proceed, runner

Talk = Callable[[bytes], Coroutine[None, None, bytes]]

CLOSE = b"Host: x\r\nConnection: close\r\n"


async def root(_request: web.Request) -> web.Response:
    return web.Response(text="root")


async def unknown(request: web.Request) -> web.Response:
    return web.Response(status=404, text=f"unknown: {request.raw_path}")


async def echo(request: web.Request) -> web.Response:
    return web.Response(body=await request.read())


async def fail(_request: web.Request) -> web.Response:
    raise RuntimeError("a fault")


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    """Return a function that sends bytes to a server and returns all that it answers."""
    app = web.Application()
    for path, handler in {"/": root, "/echo": echo, "/fail": fail, "/{path:.*}": unknown}.items():
        app.router.add_route("*", path, handler, expect_handler=proceed)
    served = runner(app, drain=0)
    await served.setup()
    site = web.TCPSite(served, "127.0.0.1", 0)
    await site.start()
    host, port = served.addresses[0]

    async def talk(sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        with closing(writer):
            writer.write(sent)
            async with asyncio.timeout(10):
                received = await reader.read()
        await writer.wait_closed()
        return received

    yield talk
    await served.cleanup()


async def test_a_body_reaches_the_handler_as_it_was_sent(talk: Talk) -> None:
    for encoding in (b"gzip", b"deflate", b"br", b"zstd"):
        sent = (
            b"POST /echo HTTP/1.1\r\n" + CLOSE + b"Content-Encoding: " + encoding + b"\r\nContent-Length: 4\r\n\r\nsoup"
        )
        assert (await talk(sent)).endswith(b"\r\n\r\nsoup")


@pytest.mark.parametrize(
    ("line", "body"),
    [
        (b"GET http://host HTTP/1.1", b"root"),
        (b"GET https://host?x=1 HTTP/1.1", b"root"),
        (b"GET / HTTP/1.1", b"root"),
        (b"GET /other HTTP/1.1", b"unknown: /other"),
        (b"OPTIONS * HTTP/1.1", b"unknown: *"),
        (b"CONNECT host:1 HTTP/1.1", b"unknown: host:1"),
    ],
)
async def test_a_target_without_a_path_has_a_handler_too(talk: Talk, line: bytes, body: bytes) -> None:
    assert (await talk(line + b"\r\n" + CLOSE + b"\r\n")).endswith(b"\r\n\r\n" + body)


async def test_what_is_not_http_is_one_line_in_the_log(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    assert (await talk(b"GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n")).startswith(b"HTTP/1.0 400 ")
    (record,) = caplog.records
    assert (record.levelname, record.getMessage()) == ("WARNING", "Invalid HTTP request received.")
    assert "Traceback" not in caplog.text


async def test_a_fault_keeps_its_traceback_in_the_log(talk: Talk, caplog: pytest.LogCaptureFixture) -> None:
    assert (await talk(b"GET /fail HTTP/1.1\r\n" + CLOSE + b"\r\n")).startswith(b"HTTP/1.1 500 ")
    assert "RuntimeError: a fault" in caplog.text


@pytest.mark.parametrize("expected", [b"x", b"\xff", b"100-continue, x"])
async def test_what_else_a_client_expects_is_refused_without_a_word_in_the_log(
    talk: Talk, caplog: pytest.LogCaptureFixture, expected: bytes
) -> None:
    received = await talk(b"GET / HTTP/1.1\r\n" + CLOSE + b"Expect: " + expected + b"\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 417 ")
    assert caplog.records == []


async def test_a_client_that_waits_for_it_is_told_to_continue(talk: Talk) -> None:
    received = await talk(b"GET / HTTP/1.1\r\n" + CLOSE + b"Expect: 100-Continue\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(("count", "status"), [(100, b"200"), (101, b"400")])
async def test_a_request_has_at_most_a_hundred_headers(talk: Talk, count: int, status: bytes) -> None:
    received = await talk(b"GET / HTTP/1.1\r\n" + CLOSE + b"X: y\r\n" * (count - 2) + b"\r\n")
    assert received.split()[1] == status
