"""What the contract costs: CPU time per request of each twin over a bare handler of its framework."""

from collections.abc import Iterator
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import Running, running

from .wrk import wrk

ROUNDS = 10
CONNECTIONS = 4
"""Few, so that threads that fight for the interpreter do not drown what is measured."""

PAIRS = (
    ("Flask", 1.10, "gthread", "sync_app", "loadtest.bench.bare_flask"),
    ("aiohttp", 1.25, UVLOOP_WORKER, "async_app", "loadtest.bench.bare_aiohttp"),
)
"""Framework, aim, worker class, and the modules of twin and baseline."""


def report() -> Iterator[Finding]:
    """A line for each twin. Twin and baseline take turns of one second, so that a disturbance meets both."""
    for framework, aim, worker_class, twin, bare in PAIRS:
        with (
            running(Service(twin, twin, worker_class, workers=1, threads=32)) as ours,
            running(Service(f"bare {framework}", bare, worker_class, workers=1, threads=32)) as theirs,
        ):
            rounds = [(cpu_per_request(ours), cpu_per_request(theirs)) for _ in range(ROUNDS + 1)][1:]
        cost, baseline = (median(column) for column in zip(*rounds, strict=True))
        ratio = median(ours_cost / theirs_cost for ours_cost, theirs_cost in rounds)
        yield Finding(
            f"{framework}: {cost:.0f} µs CPU per request of /delay/0 over {baseline:.0f} µs bare, "
            f"median ratio {ratio:.2f} of {ROUNDS} rounds (aim: at most {aim})",
            met=ratio <= aim,
        )


def cpu_per_request(server: Running) -> float:
    """Microseconds of CPU time of all the server's processes per request, over one second."""
    before = sum(server.usage().cpu.values())
    seen = wrk(f"{server.url}/delay/0", CONNECTIONS, 1)
    return (sum(server.usage().cpu.values()) - before) / seen.requests * 1e6
