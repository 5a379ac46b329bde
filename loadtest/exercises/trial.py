"""The trial of a learner's file: requests to it, what its upstream sees meanwhile, and observations in sentences."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

import aiohttp

from .sandbox import Sandbox
from .upstream import Upstream

TICK = 0.05
"""Seconds between two looks. A machine that stands still counts as one tick, however long it does."""

PATIENCE = 3.0
"""Seconds without any progress after which nothing is expected any more."""

READY = 15.0
"""Seconds without an answer to /healthz after which a service is not expected to answer."""

QUIET = 1.0
"""Seconds without another request at the upstream after which all that were sent are taken to be there."""


@dataclass(frozen=True)
class Observation:
    """A sentence about what was seen, and True if it is what the task asks for."""

    sentence: str
    passed: bool


@dataclass(frozen=True)
class Answer:
    """The answer of a service. The status is 0 if the connection broke."""

    status: int
    text: str
    headers: dict[str, str]


MOST = 1024 * 1024
"""Bytes of an answer that are read: a service may send without end."""

Sent = asyncio.Task[Answer]


class Trial:
    """A running file, `url` with its address, and its upstream. A context that ends with all requests."""

    def __init__(self, box: Sandbox, url: str, upstream: Upstream, database: str = "") -> None:
        self.box = box
        self.url = url
        self.upstream = upstream
        self.database = database
        self._sent: list[Sent] = []
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        client = aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout())  # the patience decides
        self._client = await self._open.enter_async_context(client)
        return self

    async def __aexit__(self, *_: object) -> None:
        for each in self._sent:
            each.cancel()
        await asyncio.gather(*self._sent, return_exceptions=True)
        await self._open.aclose()

    def send(self, path: str, body: str | None = None) -> Sent:
        """Send a GET, or a POST of `body`, and return the task that ends with the answer."""
        self._sent.append(asyncio.create_task(self._ask(path, body)))
        return self._sent[-1]

    async def _ask(self, path: str, body: str | None) -> Answer:
        method = "GET" if body is None else "POST"
        try:
            async with self._client.request(method, f"{self.url}{path}", data=body) as response:
                received = bytearray()
                while len(received) < MOST and (part := await response.content.readany()):
                    received += part
                text = received.decode(errors="replace")
                headers = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, text, headers)
        except aiohttp.ClientError as error:
            return Answer(0, f"the connection broke: {error}", {})

    async def ready(self) -> bool:
        """Return True once the service answers a request at all. A broken connection is tried again, up to READY."""
        for _ in range(round(READY / TICK)):
            asked = self.send("/healthz")
            if not await all_done([asked], READY):
                return False
            if asked.result().status != 0:
                return True
            await asyncio.sleep(TICK)
            self.box.check()
        return False

    async def healthy(self) -> bool:
        """Return True if GET /healthz is answered with 200 within PATIENCE seconds."""
        asked = self.send("/healthz")
        return await all_done([asked]) and asked.result().status == 200

    async def overlap(self, n: int, sent: Sequence[Sent]) -> Observation:
        """Wait for `n` requests in flight at once at the upstream. Stop if `sent` are answered without."""
        await reaches(lambda: n if all(each.done() for each in sent) else self.upstream.in_flight, n)
        seen = self.upstream.in_flight
        were = f"{_of(seen, n)} in flight at once at the upstream"
        if n == 1:
            were = "The request reached the upstream" if seen else "The request did not reach the upstream"
        if seen >= n:
            return Observation(f"{were}.", True)
        why = f"no other came within {PATIENCE:g} s" if seen else f"none came within {PATIENCE:g} s"
        if wrong := [each.result() for each in sent if each.done()]:
            why = self.told(wrong[0])
        return Observation(f"{were}: {why}.", False)

    async def answered(self, sent: Sequence[Sent], text: str, patience: float = PATIENCE) -> Observation:
        """Wait until `sent` are answered with the text, as they must be."""
        await all_done(sent, patience)
        answers = [each.result() for each in sent if each.done()]
        wrong = [each for each in answers if (each.status, each.text) != (200, text)]
        right = len(answers) - len(wrong)
        why = ""
        if right < len(sent):
            why = f": {self.told(wrong[0])}" if wrong else f", no other within {patience:g} s"
        return Observation(f'{_of(right, len(sent))} answered with "{text}"{why}.', right == len(sent))

    def told(self, answer: Answer) -> str:
        """Return a clause about an answer that was not wanted, with the exception that explains it."""
        if answer.status == 0:
            return answer.text
        if answer.status < 500:
            return f"an answer has status {answer.status} and the text {' '.join(answer.text.split())[:80]!r}"
        failure = self.box.failure()
        return f"an answer has status {answer.status}{f' ({failure})' if failure else ''}"


def _of(some: int, n: int) -> str:
    """Return the subject of a sentence, with its verb: `3 of 5 requests were`."""
    if n == 1:
        return "The request was" if some else "The request was not"
    return f"{some} of {n} requests {'was' if some == 1 else 'were'}"


async def reaches(count: Callable[[], int], most: int, patience: float = PATIENCE) -> int:
    """Wait until a count is at least `most`, or has not grown for `patience` seconds. Return the count."""
    seen, idle = count(), 0.0
    while seen < most and idle < patience:
        await asyncio.sleep(TICK)
        now = count()
        idle = 0.0 if now > seen else idle + TICK
        seen = now
    return seen


async def all_done(sent: Sequence[Sent], patience: float = PATIENCE) -> bool:
    """Wait until all are answered, or none has been for `patience` seconds. Return True if all are."""
    return await reaches(lambda: sum(each.done() for each in sent), len(sent), patience) == len(sent)
