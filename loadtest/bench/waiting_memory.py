"""Benchmark: memory per waiting request, with 10000 requests on one event loop."""

import asyncio
import time
from collections.abc import Iterator

from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import Running, memory_of, running
from serving.serve import raise_descriptors

REQUESTS = 10_000
WAIT = 10
AIM = 14_000
"""The maximum memory per waiting request, in bytes."""


def report() -> Iterator[Finding]:
    """Yield one finding."""
    raise_descriptors()
    service = Service("async_app", "async_app", UVLOOP_WORKER, workers=1, threads=32)
    with running(service) as server:
        answered, seconds, each = asyncio.run(hold(server))
    yield Finding(
        f"One aiohttp worker, {REQUESTS} requests, {'all' if seconds < WAIT else 'NOT all'} waiting at once "
        f"(sent within {seconds:.1f} s, each waits {WAIT} s), {answered} answered; "
        f"memory per waiting request {each / 1000:.1f} kB (aim: at most {AIM / 1000:.0f} kB)",
        met=each <= AIM and answered == REQUESTS and seconds < WAIT,
    )


async def hold(server: Running) -> tuple[int, float, float]:
    """Send REQUESTS requests and read all responses; return the 200s, the seconds to send, and bytes per request."""
    before = memory_of(server.processes())
    host, port = server.url.removeprefix("http://").split(":")
    began = time.monotonic()
    sent = [await _ask(host, int(port), f"/delay/{WAIT}") for _ in range(REQUESTS)]
    reader, writer = await _ask(host, int(port), "/healthz")  # the server answers this one after it has read all others
    await _status(reader)
    writer.close()
    each = (memory_of(server.processes()) - before) / REQUESTS
    seconds = time.monotonic() - began
    statuses = await asyncio.gather(*(_status(reader) for reader, _ in sent))
    for _, writer in sent:
        writer.close()
    return statuses.count(200), seconds, each


async def _ask(host: str, port: int, target: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return reader, writer


async def _status(reader: asyncio.StreamReader) -> int:
    return int((await reader.readline()).split()[1])
