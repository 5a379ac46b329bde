"""What users ask for: one scenario for each kind of waiting, what it holds meanwhile, and a mixed day of them all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from backing.environment import Need
from contract.settings import Settings
from loadtest.contenders.service import SYNC, Service, cores

from .demand import SLOTS, Demand, Limit

DATABASE_POOL = "database pool"
UPSTREAM_POOL = "upstream pool"
POOLS = (DATABASE_POOL, UPSTREAM_POOL)
LOOPS = "event loops"
THREADS = "threads"
CORES = "cores"

ASK = "ask"
"""The scenario whose requests wait for other requests."""

HEALTHZ = "healthz"
"""The other control, beside cpu."""

TIMES = 5
"""Waits of a fanout."""

PIECES = 5
"""Of a stream."""

PATIENCE = 10.0
"""How many times longer than a person takes to answer an asker waits for it."""

LEAST_PATIENCE = 1.0
"""Seconds."""


@dataclass(frozen=True)
class Scenario:
    """One kind of request. `target` is what is asked for, with {delay} in it."""

    name: str
    about: str
    target: str
    needs: tuple[Need, ...] = ()
    holds: tuple[str, ...] = ()
    """What a request holds for its whole wait, beside a slot of a blocking service."""
    async_holds: tuple[str, ...] = ()
    """What else it holds where it is a coroutine of a process's event loop."""
    blocking_waits: int = 1
    """How many times the delay a blocking function waits."""
    foretold: bool = True
    """Whether it is known how long a request waits."""
    waits_for_requests: bool = False
    """Whether a request waits for another one."""
    computes: bool = False
    """Whether what looks like a wait is work."""


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("delay", "a timer", "/delay/{delay}"),
        Scenario("fanout", f"{TIMES} timers", f"/fanout?n={TIMES}&delay={{delay}}", blocking_waits=TIMES),
        Scenario(
            "fetch",
            "a slow HTTP service, through a pool of connections",
            "/fetch?delay={delay}",
            needs=("upstream",),
            holds=(UPSTREAM_POOL,),
        ),
        Scenario(
            "query",
            "a database, through a pool of connections",
            "/query?delay={delay}",
            needs=("database",),
            holds=(DATABASE_POOL,),
        ),
        Scenario("file", "a disk, 64 KiB at a time", "/file?size=64KiB", foretold=False),
        Scenario(
            ASK,
            "a person, whose answer comes to the same service",
            "/ask/{question}?timeout={patience}s",
            needs=("database",),
            waits_for_requests=True,
        ),
        Scenario("drip", f"{PIECES} bytes, one at a time", f"/drip?duration={{delay}}&numbytes={PIECES}"),
        Scenario("sse", f"{PIECES} server-sent events", f"/sse?duration={{delay}}&count={PIECES}"),
        Scenario("blocking", "the pitfall: a blocking call", "/blocking/{delay}", async_holds=(LOOPS,)),
        Scenario("offload", "the repair: the same call in a thread", "/offload/{delay}", async_holds=(THREADS,)),
        Scenario(
            "cpu",
            "nothing: the control, which computes instead",
            "/cpu/{delay}",
            holds=(CORES,),
            async_holds=(LOOPS,),
            computes=True,
        ),
        Scenario(HEALTHZ, "nothing at all: what the framework costs", "/healthz", foretold=False),
    )
}
"""Every kind of request, by name."""

MIXED = "mixed"

DAY: Mapping[str, int] = {"query": 30, "fetch": 25, "delay": 20, "file": 10, "ask": 5, "drip": 5, "sse": 5}
"""The weights of a mixed day: every kind of waiting, neither the pitfall and its repair nor the controls."""

ABOUT: Mapping[str, str] = {
    **{scenario.name: scenario.about for scenario in SCENARIOS.values()},
    MIXED: f"a day of all: {', '.join(f'{name} {weight}' for name, weight in DAY.items())} in {sum(DAY.values())}",
}
"""What can be chosen, and what its requests wait for."""


def day() -> Iterator[str]:
    """The requests of a mixed day, as many of each as it has weight, each kind as evenly spread as can be.

    Source: smooth weighted round robin, as nginx chooses upstreams: whoever is furthest behind is next.
    """
    total = sum(DAY.values())
    behind = dict.fromkeys(DAY, 0)
    for _ in range(total):
        for name, weight in DAY.items():
            behind[name] += weight
        first = max(behind, key=lambda name: behind[name])
        behind[first] -= total
        yield first


def needs(name: str) -> set[Need]:
    """What has to be there behind the services."""
    return {need for scenario, _ in _parts(name) for need in scenario.needs}


def computes(name: str) -> bool:
    """Whether a request of the scenario works where others wait."""
    return all(scenario.computes for scenario, _ in _parts(name))


def names(name: str) -> list[str]:
    """The kinds of request that a scenario is made of."""
    return [scenario.name for scenario, _ in _parts(name)]


def patience(delay: float) -> float:
    """Seconds after which an asker gives up on a person who takes `delay` seconds to answer: no more than may be."""
    return min(Settings().max_duration, max(LEAST_PATIENCE, PATIENCE * delay))


def longest(name: str) -> float:
    """The most seconds that the delay may be: all waits of one request, one after the other, have a limit together."""
    return Settings().max_duration / max(scenario.blocking_waits for scenario, _ in _parts(name))


def demand(name: str, service: Service, delay: float) -> Demand | None:
    """What a request of the scenario demands of `service`; None where nobody knows how long it takes."""
    parts = _parts(name)
    if not any(scenario.foretold for scenario, _ in parts):
        return None
    wait = 0.0
    held: dict[str, float] = {}
    for scenario, share in parts:
        waits = scenario.blocking_waits if service.twin == SYNC else 1
        seconds = share * (delay * waits) if scenario.foretold else 0.0  # of a mixed day: it makes this a ceiling
        wait += seconds
        for what in (*(scenario.async_holds if service.on_a_loop else (SLOTS,)), *scenario.holds):
            held[what] = held.get(what, 0.0) + seconds
    has = _has(service)
    limits = [Limit(what, capacity, held[what]) for what in held if (capacity := has[what]) is not None]
    waits_for_requests = name != MIXED and SCENARIOS[name].waits_for_requests
    return Demand(wait, tuple(limits), patience(delay) if waits_for_requests else None)


def _parts(name: str) -> list[tuple[Scenario, float]]:
    """The scenarios of which one is made, with their shares."""
    if name != MIXED:
        return [(SCENARIOS[name], 1.0)]
    return [(SCENARIOS[each], weight / sum(DAY.values())) for each, weight in DAY.items()]


def _has(service: Service) -> dict[str, int | None]:
    return {
        SLOTS: service.slots,
        DATABASE_POOL: service.workers * service.pool_size,
        UPSTREAM_POOL: service.workers * service.pool_size,
        LOOPS: service.workers,
        THREADS: service.workers * service.threads,
        CORES: min(service.workers, cores()),
    }
