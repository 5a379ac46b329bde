"""Benchmark: throughput of the aiohttp twin at 400 users, as a ratio to a bare aiohttp handler."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import UVLOOP_WORKER, Service
from loadtest.processes.service import running

from .wrk import wrk

ROUNDS = 4
USERS = 400
SECONDS = 4
AIM = 0.97


def report() -> Iterator[Finding]:
    """Yield one finding. Twin and baseline take turns, so that a disturbance affects both."""
    twin = Service("async_app", "async_app", UVLOOP_WORKER, workers=max(1, int(usable_cores())), threads=32)
    bare = Service(
        "bare aiohttp", "loadtest.bench.bare_aiohttp", UVLOOP_WORKER, workers=max(1, int(usable_cores())), threads=32
    )
    with ExitStack() as stack:
        servers = [stack.enter_context(running(service)) for service in (twin, bare)]
        rounds = [[wrk(f"{each.url}/delay/0.1", USERS, SECONDS).throughput for each in servers] for _ in range(ROUNDS)]
    ratio = median(ours / theirs for ours, theirs in rounds)
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    yield Finding(
        f"aiohttp twin, {USERS} users, 100 ms wait: {ours:.0f} requests/s, bare handler {theirs:.0f}/s; "
        f"median ratio of {ROUNDS} rounds: {ratio:.3f} (aim: at least {AIM})",
        met=ratio >= AIM,
    )
