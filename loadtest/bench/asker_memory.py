"""Benchmark: memory per long poll on /ask, and delivery of each answer to the right waiting client."""

import asyncio
from collections.abc import Iterator, Mapping

from aiohttp import ClientSession, ClientTimeout, TCPConnector

from backing.environment import backing
from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import Running, memory_of, running
from serving.serve import raise_descriptors

LONGEST = {"MAX_DURATION": "60"}
AT_ONCE = 20
"""The number of answers posted concurrently."""

CASES = (
    (Service("one aiohttp worker", "async_app", UVLOOP_WORKER, workers=1, threads=32), 1000),
    (Service("one gthread worker of 32 threads", "sync_app", "gthread", workers=1, threads=32), 31),
    (Service("one gthread worker of 1001 threads", "sync_app", "gthread", workers=1, threads=1001), 1000),
)
"""Service and number of waiting clients. A threaded service keeps one thread free to receive answers."""


def report() -> Iterator[Finding]:
    """Yield one finding for each service."""
    raise_descriptors()
    with backing({"database"}) as behind:
        for service, askers in CASES:
            with running(service, {**behind.environment, **LONGEST}) as server:
                answered, each = asyncio.run(hold(server, askers))
            yield Finding(
                f"{service.name}: {askers} clients waited at once on /ask, {answered} received their own answer "
                f"(aim: all); memory per waiting client {each / 1000:.1f} kB",
                met=answered == askers,
            )


async def hold(server: Running, askers: int) -> tuple[int, float]:
    """Measure the memory of `askers` waiting clients, then answer them; return right answers and bytes per client."""
    connector = TCPConnector(limit=0)
    async with ClientSession(server.url, connector=connector, timeout=ClientTimeout(total=90)) as session:
        before = memory_of(server.processes())
        asked = [asyncio.create_task(_ask(session, number)) for number in range(askers)]
        while await _in_flight(session) < askers:  # noqa: ASYNC110 - the server is another process
            await asyncio.sleep(0.1)
        each = (memory_of(server.processes()) - before) / askers
        limit = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(_answer(session, number, limit) for number in range(askers)))
        return sum(await asyncio.gather(*asked)), each


async def _ask(session: ClientSession, number: int) -> bool:
    async with session.get(f"/ask/asker-{number}", params={"timeout": "60s"}) as response:
        said: Mapping[str, str] = await response.json(content_type=None)
        return said.get("answer") == f"answer {number}"


async def _answer(session: ClientSession, number: int, limit: asyncio.Semaphore) -> None:
    async with limit, session.post(f"/answer/asker-{number}", data=f"answer {number}") as response:
        response.raise_for_status()


async def _in_flight(session: ClientSession) -> float:
    async with session.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("http_requests_in_flight "))
