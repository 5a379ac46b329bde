"""Benchmark: responses under load when database or upstream restart, or when a worker is killed."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from socket import create_server
from tempfile import TemporaryDirectory

import psutil
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector

from backing.postgres import Database, database
from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import Running, running

USERS = 20
BEFORE, AWAY, AFTER = 1.5, 1.5, 4.0
"""Seconds of load before, during and after a fault."""

QUESTIONS = 600
"""The number of questions that are asked and answered while a worker is killed."""

UNDER_LOAD = 0.4
"""The share of questions answered before the worker is killed."""

LOST = "no response"

SERVICES = (
    Service("flask", "sync_app", "sync", workers=5, threads=1),
    Service("flask-threads", "sync_app", "gthread", workers=2, threads=32),
    Service("flask-gevent", "sync_app", "gevent", workers=2, threads=1),
    Service("aiohttp", "async_app", UVLOOP_WORKER, workers=2, threads=32),
)
UPSTREAM = Service("upstream", "backing.upstream", UVLOOP_WORKER, workers=1, threads=1)


@dataclass
class Seen:
    """The responses in each phase, and the seconds from the end of the fault to the first 200."""

    phase: str = "before"
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    over: float = 0.0
    back: float | None = None

    def note(self, what: str) -> None:
        """Count a finished request by its status, or as LOST."""
        self.counts.setdefault(self.phase, Counter())[what] += 1
        if what == "200" and self.phase == "after" and self.back is None:
            self.back = time.monotonic() - self.over

    def __str__(self) -> str:
        phases = (f"{phase} the fault: {_counted(counts)}" for phase, counts in self.counts.items())
        back = "no 200 since the fault" if self.back is None else f"first 200 {self.back:.2f} s after it"
        return f"{'; '.join(phases)}; {back}"


def report() -> Iterator[Finding]:
    """Yield three findings for each service."""
    for service in SERVICES:
        yield _database_restarts(service)
        yield _upstream_restarts(service)
        yield _worker_is_killed(service)


def _database_restarts(service: Service) -> Finding:
    with own_database() as own, running(service, {"DATABASE_URL": own.url}) as server:
        workers = _workers(server)
        seen = asyncio.run(_faulty(server, "/query?delay=20ms", own.stop, own.start))
        return _finding(f"{service.name}, database stopped and restarted", seen, server, workers, "503")


def _upstream_restarts(service: Service) -> Finding:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with ExitStack() as now, running(service, {"UPSTREAM_URL": f"http://127.0.0.1:{port}"}) as server:
        start: Callable[[], object] = lambda: now.enter_context(running(UPSTREAM, port=port))  # noqa: E731
        start()
        workers = _workers(server)
        seen = asyncio.run(_faulty(server, "/fetch?delay=20ms", now.close, start))
        return _finding(f"{service.name}, upstream stopped and restarted", seen, server, workers, "502")


def _finding(what: str, seen: Seen, server: Running, workers: set[int], expected: str) -> Finding:
    kinds = {kind for counts in seen.counts.values() for kind in counts}
    same = _workers(server) == workers
    return Finding(
        f"{what}: {seen}; worker processes {'unchanged' if same else 'REPLACED'}",
        met=same and seen.back is not None and kinds <= {"200", expected, "504"},
    )


async def _faulty(server: Running, target: str, away: Callable[[], object], back: Callable[[], object]) -> Seen:
    seen = Seen()
    async with _session(server) as session:
        users = [asyncio.create_task(_user(session, target, seen)) for _ in range(USERS)]
        await asyncio.sleep(BEFORE)
        seen.phase = "during"
        await asyncio.to_thread(away)
        await asyncio.sleep(AWAY)
        await asyncio.to_thread(back)
        seen.phase, seen.over = "after", time.monotonic()
        await asyncio.sleep(AFTER)
        for user in users:
            user.cancel()
        await asyncio.wait(users)
    return seen


async def _user(session: ClientSession, target: str, seen: Seen) -> None:
    while True:
        try:
            async with session.get(target) as response:
                await response.read()
                seen.note(str(response.status))
        except (ClientError, TimeoutError):
            seen.note(LOST)
        await asyncio.sleep(0.01)


def _worker_is_killed(service: Service) -> Finding:
    with own_database() as own, running(service, {"DATABASE_URL": own.url}) as server:
        given, heard, refused = asyncio.run(_killed(server))
    lost = given - heard.keys()
    twice = [question for question, times in heard.items() if times > 1]
    return Finding(
        f"{service.name}, a worker killed (SIGKILL) while {QUESTIONS} questions were asked and answered: "
        f"{_counted(refused)}; answers accepted: {len(given)}, lost: {len(lost)}, delivered twice: {len(twice)}",
        met=not lost and not twice and len(given) > QUESTIONS // 2,
    )


async def _killed(server: Running) -> tuple[set[str], Counter[str], Counter[str]]:
    """Return the questions with an accepted answer, the deliveries of each answer, and the outcomes of requests."""
    given: set[str] = set()
    heard: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    limit = asyncio.Semaphore(USERS)
    async with _session(server) as session:

        async def give(question: str) -> None:
            if await _ends(session.post(f"/answer/{question}", data=question), ended) == 202:
                given.add(question)

        async def ask(question: str, patience: str) -> None:
            heard[question] += await _ends(session.get(f"/ask/{question}?timeout={patience}"), ended) == 200

        async def pair(number: int) -> None:
            question = f"question-{number}"
            async with limit:
                if number % 2:  # the question comes before the answer
                    await asyncio.gather(ask(question, "3s"), give(question))
                else:
                    await give(question)
                    await ask(question, "3s")

        async def ask_again(question: str) -> None:
            async with limit:  # a delivered answer must be gone, any other must still be there
                await ask(question, "0s" if heard[question] else "3s")

        pairs = [asyncio.create_task(pair(number)) for number in range(QUESTIONS)]
        while len(given) < UNDER_LOAD * QUESTIONS:  # noqa: ASYNC110 - the loop waits for a count
            await asyncio.sleep(0.001)
        os.kill(min(_workers(server)), signal.SIGKILL)
        await asyncio.gather(*pairs)
        await asyncio.gather(*(ask_again(question) for question in given))
    return given, +heard, ended


async def _ends(request: AbstractAsyncContextManager[ClientResponse], ended: Counter[str]) -> int:
    """Send a request, count its outcome, and return its status, or 0 if there was no response."""
    try:
        async with request as response:
            await response.read()
            ended[str(response.status)] += 1
            return response.status
    except (ClientError, TimeoutError):
        ended[LOST] += 1
        return 0


def _session(server: Running) -> ClientSession:
    return ClientSession(server.url, connector=TCPConnector(limit=0), timeout=ClientTimeout(total=30))


def _workers(server: Running) -> set[int]:
    return {process.pid for process in psutil.Process(server.process.pid).children()}


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in sorted(counts.items()))


@contextmanager
def own_database() -> Iterator[Database]:
    """Run a private database until the context exits, and yield it. Stopping it disturbs no other service."""
    with TemporaryDirectory(prefix="sync-vs-async-") as folder:
        Path(folder).chmod(0o755)  # if root starts the database, it runs as another user
        with database(Path(folder, "postgres")) as own:
            yield own
