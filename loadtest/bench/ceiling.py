"""aiohttp under many users: the twin's throughput over the bare handler's."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders.service import UVLOOP_WORKER, Service, cores
from loadtest.processes.service import running

from .wrk import wrk

ROUNDS = 4
USERS = 400
SECONDS = 4
AIM = 0.97


def report() -> Iterator[Finding]:
    """One line, of turns that twin and baseline take."""
    twin = Service("async_app", "async_app", UVLOOP_WORKER, workers=cores(), threads=32)
    bare = Service("bare aiohttp", "loadtest.bench.bare_aiohttp", UVLOOP_WORKER, workers=cores(), threads=32)
    with ExitStack() as stack:
        servers = [stack.enter_context(running(service)) for service in (twin, bare)]
        rounds = [[wrk(f"{each.url}/delay/0.1", USERS, SECONDS).throughput for each in servers] for _ in range(ROUNDS)]
    ratio = median(ours / theirs for ours, theirs in rounds)
    ours, theirs = (median(column) for column in zip(*rounds, strict=True))
    yield Finding(
        f"aiohttp, {USERS} users, 100 ms: {ours:.0f} requests a second over {theirs:.0f} bare, "
        f"median ratio {ratio:.3f} of {ROUNDS} rounds (aim: at least {AIM})",
        met=ratio >= AIM,
    )
