"""Benchmark: CPU time per request of each twin, as a ratio to a bare handler of its framework."""

from collections.abc import Iterator
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import Running, running

from .wrk import wrk

ROUNDS = 10
CONNECTIONS = 4
"""The number of connections: few, so that contention of threads for the interpreter stays small."""

PAIRS = (
    ("Flask", 1.10, "gthread", "sync_app", "loadtest.bench.bare_flask"),
    ("aiohttp", 1.25, UVLOOP_WORKER, "async_app", "loadtest.bench.bare_aiohttp"),
)
"""Framework, largest ratio, worker class, and the modules of twin and baseline."""


def report() -> Iterator[Finding]:
    """Yield one finding for each twin. Turns of one second make a disturbance affect twin and baseline alike."""
    for framework, aim, worker_class, twin, bare in PAIRS:
        with (
            running(Service(twin, twin, worker_class, workers=1, threads=32)) as ours,
            running(Service(f"bare {framework}", bare, worker_class, workers=1, threads=32)) as theirs,
        ):
            rounds = [(cpu_per_request(ours), cpu_per_request(theirs)) for _ in range(ROUNDS + 1)][1:]
        cost, baseline = (median(column) for column in zip(*rounds, strict=True))
        ratio = median(ours_cost / theirs_cost for ours_cost, theirs_cost in rounds)
        yield Finding(
            f"{framework} twin: {cost:.0f} µs of CPU per request to /delay/0, bare handler: {baseline:.0f} µs; "
            f"median ratio of {ROUNDS} rounds: {ratio:.2f} (aim: at most {aim})",
            met=ratio <= aim,
        )


def cpu_per_request(server: Running) -> float:
    """Return the CPU time per request, in microseconds, of all processes of a server, measured for one second."""
    before = server.cpu_time()
    seen = wrk(f"{server.url}/delay/0", CONNECTIONS, 1)
    return server.cpu_time().since(before) / seen.requests * 1e6
