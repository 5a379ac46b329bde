"""Benchmark: the line-up under wrk. Throughput of each service over its ceiling, and CPU time per request."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders.cores import usable_cores
from loadtest.contenders.service import Service, lineup
from loadtest.processes.clocks import core_time
from loadtest.processes.service import Running, running

from .overhead import cpu_per_request
from .wrk import wrk

USERS = 400
WAIT = 0.1
SECONDS = 5
BLOCKING_AIM, NON_BLOCKING_AIM = 0.95, 0.9

ROUNDS = 10
OURS = "aiohttp"
OTHERS = {"sanic": 1.2, "fastapi": 1.0, "tornado": 1.0, "django-async": 1.0}
"""The largest ratio of CPU time per request, OURS over each other service."""


def report() -> Iterator[Finding]:
    """Yield one finding for each service, then one for each service in OTHERS."""
    for service in lineup(usable_cores()).values():
        with running(service) as server:
            yield under_its_ceiling(service, server)
    yield from costs()


def under_its_ceiling(service: Service, server: Running) -> Finding:
    """Compare throughput with its ceiling: slots, or else the lower one of users and available CPU."""
    used_before, before = server.cpu_time(), core_time()
    seen = wrk(f"{server.url}/delay/{WAIT:g}", USERS, SECONDS)
    used, spent = server.cpu_time().since(used_before), core_time().since(before)
    each = used / seen.requests
    if service.slots is not None:
        ceiling, what, aim = service.slots / WAIT, f"{service.slots} slots", BLOCKING_AIM
    else:
        ceilings = (USERS / WAIT, "users"), ((used + spent.idle) / SECONDS / each, "CPU not used by wrk")
        (ceiling, what), aim = min(ceilings), NON_BLOCKING_AIM
    ratio = seen.throughput / ceiling
    return Finding(
        f"{service.name}, {USERS} users, {WAIT * 1000:.0f} ms wait: {seen.throughput:.0f} requests/s, {ratio:.2f} of "
        f"its ceiling, {ceiling:.0f}/s by {what} (aim: at least {aim}); {each * 1e6:.0f} µs of CPU per request, "
        f"machine {spent.busy / (spent.busy + spent.idle):.0%} busy",
        met=ratio >= aim,
    )


def costs() -> Iterator[Finding]:
    """Compare CPU time per request, one worker each, in turns of one second: a disturbance affects all services."""
    known = lineup(usable_cores())
    names = (OURS, *OTHERS)
    with ExitStack() as stack:
        servers = [stack.enter_context(running(replace(known[name], workers=1))) for name in names]
        rounds = [[cpu_per_request(server) for server in servers] for _ in range(ROUNDS + 1)][1:]
    ours, *others = zip(*rounds, strict=True)
    for (name, aim), theirs in zip(OTHERS.items(), others, strict=True):
        ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
        yield Finding(
            f"{OURS}: {median(ours):.0f} µs of CPU per request to /delay/0, {name}: {median(theirs):.0f} µs; "
            f"median ratio of {ROUNDS} rounds: {ratio:.2f} (aim: at most {aim:g})",
            met=ratio <= aim,
        )
