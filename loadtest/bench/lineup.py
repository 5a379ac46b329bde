"""The line-up under wrk: each service against the ceiling of its slots or its CPU, and what a request costs."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from loadtest.bench import Finding
from loadtest.contenders.service import Service, cores, lineup
from loadtest.processes.clocks import machine_time
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
"""How many times the CPU time of each of them a request to ours may take."""


def report() -> Iterator[Finding]:
    """A line for each service, then one for each of those that ours is compared with."""
    for service in lineup(cores()).values():
        with running(service) as server:
            yield under_its_ceiling(service, server)
    yield from costs()


def under_its_ceiling(service: Service, server: Running) -> Finding:
    """Throughput over what the slots allow, or the users and the CPU that nobody else took."""
    used_before, before = sum(server.usage().cpu.values()), machine_time()
    seen = wrk(f"{server.url}/delay/{WAIT:g}", USERS, SECONDS)
    used, spent = sum(server.usage().cpu.values()) - used_before, machine_time().since(before)
    each = used / seen.requests
    if service.slots is not None:
        ceiling, what, aim = service.slots / WAIT, f"its {service.slots} slots", BLOCKING_AIM
    else:
        ceilings = (USERS / WAIT, "its users"), ((used + spent.idle) / SECONDS / each, "the CPU that wrk leaves it")
        (ceiling, what), aim = min(ceilings), NON_BLOCKING_AIM
    ratio = seen.throughput / ceiling
    return Finding(
        f"{service.name}, {USERS} users, {WAIT * 1000:.0f} ms: {seen.throughput:.0f} requests a second, {ratio:.2f} of "
        f"the {ceiling:.0f} that {what} allow (aim: at least {aim}); {each * 1e6:.0f} µs of CPU each, "
        f"the machine {spent.busy / (spent.busy + spent.idle):.0%} busy",
        met=ratio >= aim,
    )


def costs() -> Iterator[Finding]:
    """CPU time per request of one process each, in turns of one second, so that a disturbance meets all."""
    known = lineup(cores())
    names = (OURS, *OTHERS)
    with ExitStack() as stack:
        servers = [stack.enter_context(running(replace(known[name], workers=1))) for name in names]
        rounds = [[cpu_per_request(server) for server in servers] for _ in range(ROUNDS + 1)][1:]
    ours, *others = zip(*rounds, strict=True)
    for (name, aim), theirs in zip(OTHERS.items(), others, strict=True):
        ratio = median(one / other for one, other in zip(ours, theirs, strict=True))
        yield Finding(
            f"{OURS}: {median(ours):.0f} µs of CPU per request of /delay/0 over {median(theirs):.0f} of {name}, "
            f"median ratio {ratio:.2f} of {ROUNDS} rounds (aim: at most {aim:g})",
            met=ratio <= aim,
        )
