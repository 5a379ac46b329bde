"""Benchmark: the throughput that the watcher of event loops costs."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders import cores
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.affinity import confined
from loadtest.processes.service import running
from loadtest.watch.injection import LINEUP, watching
from serving import aiohttp_workers

from .wrk import wrk

ROUNDS = 8
CONNECTIONS = 128
PATH = "/delay/10ms"
"""So many connections would get 12,800 requests a second if they cost no CPU time: the CPU is what limits them."""

WARM, SECONDS = 1, 3

AIM = 0.95
"""The least throughput on uvloop, in that of the same service without the watcher."""


def report() -> Iterator[Finding]:
    """Yield a finding for each loop. Every turn has a server of its own: one that idles beside it would cost, too."""
    for name, worker_class, aim in (
        ("uvloop", UVLOOP_WORKER, AIM),
        ("asyncio", aiohttp_workers.ASYNCIO, None),
    ):
        service = Service(name, "async_app", worker_class, workers=1, threads=32)
        rounds = []
        for number in range(ROUNDS):
            order = (False, True) if number % 2 else (True, False)
            found = {watched: _throughput(service, watched=watched) for watched in order}
            rounds.append((found[True], found[False]))
        watched, bare = (median(column) for column in zip(*rounds, strict=True))
        ratio = median(one / other for one, other in rounds)
        wanted = f" (aim: at least {aim})" if aim else ""
        yield Finding(
            f"{name}: {watched:.0f} requests/s with the watcher, {bare:.0f} without; median ratio of {ROUNDS} rounds: "
            f"{ratio:.3f}, from {min(a / b for a, b in rounds):.3f} to {max(a / b for a, b in rounds):.3f}{wanted}",
            met=aim is None or ratio >= aim,
        )


def _throughput(service: Service, *, watched: bool) -> float:
    apart = cores.halves()
    with ExitStack() as stack:
        environment = {"MAX_IN_FLIGHT": "1000"}
        if watched:
            environment |= stack.enter_context(watching(LINEUP)).environment({})
        stack.enter_context(confined(apart.others))
        server = stack.enter_context(running(service, environment, cores=apart.service))
        wrk(f"{server.url}{PATH}", CONNECTIONS, WARM)
        return wrk(f"{server.url}{PATH}", CONNECTIONS, SECONDS).throughput
