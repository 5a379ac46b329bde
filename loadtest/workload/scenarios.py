"""The scenarios: what users request, what a request holds while it waits, and a mixed day of several scenarios."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil

from backing.environment import Need
from contract.settings import Settings
from loadtest.contenders.service import SYNC, Service

from .demand import ADMISSION, CPU, LOOPS, SLOTS, Calibration, Demand, Limit

POOL = " pool"
"""The end of the name of a pool."""

DATABASE_POOL = f"database{POOL}"
UPSTREAM_POOL = f"upstream{POOL}"
POOLS = (DATABASE_POOL, UPSTREAM_POOL)
THREADS = "threads"

ASK = "ask"
"""The scenario of long polls: each request waits for another request, its answer."""

SLOW_CLIENTS = "slow-clients"
"""The scenario in which other clients hold half-sent requests."""

SLOW = 20
"""Default number of slow clients."""

HEALTHZ = "healthz"
"""The second control, beside cpu."""

OWN = "own"
"""The scenario of a run of targets alone, whose requests are the user's own."""

TIMES = 5
"""Number of waits of a fanout."""

PIECES = 5
"""Number of pieces of a stream."""

PATIENCE = 10.0
"""Timeout of a long poll, as a multiple of the time that the person takes to answer."""

LEAST_PATIENCE = 1.0
"""Shortest timeout of a long poll in seconds."""


@dataclass(frozen=True)
class Scenario:
    """One kind of request. `target` is the request target, with the placeholder {delay}."""

    name: str
    about: str
    target: str
    needs: tuple[Need, ...] = ()
    holds: tuple[str, ...] = ()
    """Resources that a request holds for its whole wait, beside a slot of a blocking service."""
    async_holds: tuple[str, ...] = ()
    """Resources that a request also holds if it is a coroutine on an event loop."""
    blocking_waits: int = 1
    """Number of delays that a blocking function waits, one after the other."""
    foretold: bool = True
    """True if the wait of a request is known."""
    waits_for_requests: bool = False
    """True if a request waits for another request."""
    computes: bool = False
    """True if a request computes for the delay instead of waiting."""
    waits: bool = True
    """False if a request does nothing for the delay, so that only its CPU time predicts its throughput."""

    @property
    def endpoint(self) -> str:
        """The name of the operation that is requested."""
        return self.target.partition("?")[0].split("/")[1]


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("delay", "a timer", "/delay/{delay}"),
        Scenario("fanout", f"{TIMES} timers", f"/fanout?n={TIMES}&delay={{delay}}", blocking_waits=TIMES),
        Scenario(
            "fetch",
            "a slow HTTP service, through a connection pool",
            "/fetch?delay={delay}",
            needs=("upstream",),
            holds=(UPSTREAM_POOL,),
        ),
        Scenario(
            "query",
            "a database, through a connection pool",
            "/query?delay={delay}",
            needs=("database",),
            holds=(DATABASE_POOL,),
        ),
        Scenario("file", "a disk, to write and read 64 KiB", "/file?size=64KiB", foretold=False),
        Scenario(
            ASK,
            "a person, who answers with a request to the same service",
            "/ask/{question}?timeout={patience}s",
            needs=("database",),
            waits_for_requests=True,
        ),
        Scenario("drip", f"{PIECES} bytes, sent one at a time", f"/drip?duration={{delay}}&numbytes={PIECES}"),
        Scenario("sse", f"{PIECES} server-sent events", f"/sse?duration={{delay}}&count={PIECES}"),
        Scenario("blocking", "a blocking call (pitfall: on an event loop)", "/blocking/{delay}", async_holds=(LOOPS,)),
        Scenario("offload", "a blocking call (fix: in a thread)", "/offload/{delay}", async_holds=(THREADS,)),
        Scenario(SLOW_CLIENTS, "a timer, while slow clients hold half-sent requests", "/delay/{delay}"),
        Scenario(
            "cpu",
            "no wait, it computes (a control)",
            "/cpu/{delay}",
            computes=True,
        ),
        Scenario(HEALTHZ, "no wait, it shows the framework's cost (a control)", "/healthz", waits=False),
    )
}
"""All scenarios except the mixed day, by name."""

MAPPED = [
    scenario.name
    for scenario in SCENARIOS.values()
    if scenario.foretold and scenario.waits and not scenario.computes and not scenario.waits_for_requests
    if scenario.name not in (SLOW_CLIENTS, "fanout")
]
"""The scenarios of a map: every request waits for the delay, known and the same for every service."""

MIXED = "mixed"

DAY: Mapping[str, int] = {"query": 30, "fetch": 25, "delay": 20, "file": 10, "ask": 5, "drip": 5, "sse": 5}
"""The weights of a mixed day: every kind of waiting, without the pitfall, its fix and the controls."""

ABOUT: Mapping[str, str] = {
    **{scenario.name: scenario.about for scenario in SCENARIOS.values()},
    MIXED: f"a mix; of every {sum(DAY.values())} requests, "
    + ", ".join(f"{name} {weight}" for name, weight in DAY.items()),
}
"""Scenarios that can be chosen, with what their requests wait for."""

RACED: Mapping[str, str] = {name: about for name, about in ABOUT.items() if name != SLOW_CLIENTS}
"""The scenarios of a race, which has no slow clients."""


def sentence(name: str, delay: str) -> str:
    """Return a clause that says what every request of a scenario waits for, and how long; `delay` as typed."""
    if name in (OWN, MIXED):
        return "every request is one of the user's own" if name == OWN else f"{ABOUT[name]}; delay {delay}"
    scenario = SCENARIOS[name]
    if scenario.computes:
        return f"every request computes for {delay} (a control)"
    if not scenario.waits:
        return "requests do not wait; they show the framework's cost (a control)"
    if not scenario.foretold:
        return f"every request waits for {scenario.about}"
    if scenario.blocking_waits > 1:
        return f"every request waits for {scenario.about}, {delay} each"
    return f"every request waits {delay} for {scenario.about}"


def waits_for(name: str) -> str:
    """Return what the requests of a scenario wait for, in a few words."""
    return "slow I/O" if name in (OWN, MIXED) else re.split(r",| \(", ABOUT[name])[0]


def title(name: str, delay: str) -> str:
    """Return a scenario and its delay for a heading."""
    return "own requests" if name == OWN else f"{name}, {delay}"


def day() -> Iterator[str]:
    """Yield the requests of a mixed day: each scenario as often as its weight, spread as evenly as possible."""
    return spread(DAY)


def spread(weights: Mapping[str, int]) -> Iterator[str]:
    """Yield each name as often as its weight, spread as evenly as possible.

    Source: smooth weighted round robin, as nginx selects upstreams: the name furthest behind is next.
    """
    total = sum(weights.values())
    behind = dict.fromkeys(weights, 0)
    for _ in range(total):
        for name, weight in weights.items():
            behind[name] += weight
        first = max(behind, key=lambda name: behind[name])
        behind[first] -= total
        yield first


def holds_a_connection(name: str) -> bool:
    """Return True if every request of a scenario holds a connection of a pool while it waits."""
    return name != OWN and all(set(scenario.holds) & set(POOLS) for scenario, _ in _parts(name))


def needs(name: str) -> set[Need]:
    """Return the backing services that a scenario needs."""
    return {need for scenario, _ in _parts(name) for need in scenario.needs}


def computes(name: str) -> bool:
    """Return True if the requests of a scenario compute instead of waiting."""
    return name != OWN and all(scenario.computes for scenario, _ in _parts(name))


def names(name: str) -> list[str]:
    """Return the names of the scenarios that a scenario consists of."""
    return [scenario.name for scenario, _ in _parts(name)]


def patience_needed(name: str) -> bool:
    """Return True if every request of a scenario waits for another request."""
    return name != OWN and all(scenario.waits_for_requests for scenario, _ in _parts(name))


def patience(delay: float) -> float:
    """Return the timeout in seconds of a long poll for an answer after `delay` seconds, within the contract's limit."""
    return min(Settings().max_duration, max(LEAST_PATIENCE, PATIENCE * delay))


def longest(name: str) -> float:
    """Return the longest delay in seconds: all waits of one request, in sequence, share the contract's limit."""
    return Settings().max_duration / max((scenario.blocking_waits for scenario, _ in _parts(name)), default=1)


def demand(
    name: str, service: Service, delay: float, slow_clients: int = 0, calibration: Calibration | None = None
) -> Demand | None:
    """Return the demand of a scenario's request on `service`, or None if it is unknown.

    It is known if the request waits or computes for a known time, or if its CPU time was calibrated. Each slow client
    holds a slot: a blocking service reads a request in the thread that serves it.
    """
    parts = _parts(name)
    if not any(scenario.foretold for scenario, _ in parts):
        return None
    wait = work = 0.0
    held: dict[str, float] = {}
    for scenario, share in parts:
        waits = scenario.blocking_waits if service.twin == SYNC else 1
        # a wait of 0 makes a mixed day's prediction a maximum
        seconds = share * (delay * waits) if scenario.foretold and scenario.waits else 0.0
        if scenario.computes:
            work += seconds
            continue
        wait += seconds
        for what in (*(scenario.async_holds if service.on_a_loop else (SLOTS,)), *scenario.holds):
            held[what] = held.get(what, 0.0) + seconds
    has = _has(service)
    if (slots := has[SLOTS]) is not None:
        if slots <= slow_clients:
            return Demand(wait, blocked=True)
        has[SLOTS] = slots - slow_clients
    limits = [Limit(what, capacity, held[what]) for what in held if held[what] and (capacity := has[what]) is not None]
    processors = ceil(service.processors)
    if work:  # a part of a core is one core that computes for longer
        limits.append(Limit(CPU, processors, work * processors / service.processors))
    most = service.max_in_flight
    admission = Limit(ADMISSION, service.workers * most, wait) if most and wait else None
    known = Demand(wait, tuple(limits), patience(delay) if patience_needed(name) else None, admission=admission)
    if calibration is not None:
        return known.calibrated_by(calibration, processors)
    return known if known.alone else None


def calibrates(name: str, service: Service, slow_clients: int = 0) -> bool:
    """Return True if a calibration predicts more of a scenario: not if its wait is unknown, or if it stands still."""
    known = all(scenario.foretold for scenario, _ in _parts(name)) or name == MIXED
    return known and not (slow_clients and service.slots is not None)


def replayable(name: str, demand: Demand) -> bool:
    """Return True if the passage of every request through a service can be predicted.

    It cannot if requests differ, or if one that holds a slot waits for another request that needs one.
    """
    return name != MIXED and not demand.blocked and not demand.needs_another


def asked_for(name: str, service: Service, delay: float) -> float:
    """Return the seconds that a request waits on `service`, or computes, by the contract."""
    known = demand(name, service, delay)
    return known.alone if known else 0.0


def _parts(name: str) -> list[tuple[Scenario, float]]:
    """Return the scenarios that a scenario consists of, with their shares of the requests."""
    if name == OWN:
        return []
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
    }
