"""Find the number of load generators that a run needs: by the predicted throughput, and the cost of a request here."""

from collections.abc import Callable, Iterable
from math import ceil, inf

from loadtest.contenders.cores import Cores, usable_cores
from loadtest.contenders.service import ASYNC, UVLOOP_WORKER, Service
from loadtest.english import count
from loadtest.generator.driver import generator
from loadtest.generator.orders import Job, Order
from loadtest.processes.affinity import confined
from loadtest.processes.service import running
from loadtest.verdict.generators import ROOMY
from loadtest.workload.closed import Closed

Sufficient = Callable[[], tuple[int, str]]
"""A function that returns the number of load generators, and a sentence about it."""

CHEAP = Service("cheap", ASYNC, UVLOOP_WORKER, workers=1, threads=1)
"""The service that costs least, so that the load generator is busy."""

TRIAL = Order(Closed(32), warmup=0.2, window=0.5, patience=5.0)


def sufficient(predicted: Iterable[float], cores: Cores) -> tuple[int, str]:
    """Return how many load generators to start, and why, in a sentence.

    `predicted`: the throughput of each step in requests per second, inf without a limit. Load generators get the cores
    of everything but the services, or half of the cores that all share. Raises GeneratorFailed or ServiceFailed if the
    trial fails.
    """
    most = max(predicted, default=0.0)
    allowed = max(1, len(cores.others) if cores.apart else int(usable_cores()) // 2)
    if most == inf:
        return allowed, f"{count(allowed, 'load generator')}, as many as the cores allow: no limit is known before."
    cost = cost_of_a_request(cores)
    needed = max(1, ceil(most * cost / ROOMY))
    told = f"A request costs a load generator {cost * 1000:.2f} ms of CPU time, so up to {most:,.0f}/s need {needed}"
    if needed > allowed:
        return allowed, f"{told}; the cores allow {allowed}."
    return needed, f"{told}."


def cost_of_a_request(cores: Cores) -> float:
    """Measure the CPU seconds of one request in a load generator."""
    with confined(cores.others), generator() as driver, running(CHEAP, cores=cores.service) as server:
        driver.begin(Job(CHEAP.name, server.url, "healthz", "", 0.0))
        window = driver.measure(TRIAL)
        return float(window["generator_cpu"] * window["seconds"] / max(1, window["requests"]))
