"""Measure by how much more CPU time a request costs on a core that idled before it, on this machine and just now.

A core that wakes up finds other code in its caches, and a virtual one may have to be woken by its host. While a loop is
held by a call that waits, every request meets such a core; once the call is repaired, none does. How much that is
differs from hour to hour on a shared machine, so it is measured on a service whose requests cost little.
"""

import time

from loadtest.contenders.service import ASYNC, UVLOOP_WORKER, Service
from loadtest.generator.driver import Driver
from loadtest.generator.orders import Order
from loadtest.processes.service import Server
from loadtest.results.schema import Measured
from loadtest.verdict.observed import NO_DIFFERENCE, Cold
from loadtest.workload.closed import Closed

from .clocks import Clocks, measure

TWIN = Service("aiohttp for cold cores", ASYNC, UVLOOP_WORKER, workers=1, threads=1)
SCENARIO = "healthz"

BUSY = 32
"""Users who keep a core busy."""

SELDOM, TOGETHER = (0.5, 2.5), (0.3, 0.7)
"""Seconds of warm-up and window, of one user who comes seldom and of all of them."""

IDLE = 0.5
PATIENCE = 5.0

FOOTPRINTS = 3.0
"""The most CPU time that a cold core costs a request, in that of this service, which runs less code than others."""

SECONDS = IDLE + sum(SELDOM) + sum(TOGETHER)


def cold(driver: Driver, clocks: Clocks, server: Server, gap: float) -> Cold:
    """Return the difference, for requests that come every `gap` seconds. The driver must have begun with SCENARIO."""
    before, moment = server.cpu_time(), time.perf_counter()
    time.sleep(IDLE)
    idle = server.cpu_time().since(before) / (time.perf_counter() - moment)
    seldom = _each(measure(driver, clocks, Order(Closed(1, gap), *SELDOM, PATIENCE)), idle)
    busy = _each(measure(driver, clocks, Order(Closed(BUSY), *TOGETHER, PATIENCE)), idle)
    if busy <= 0 or seldom <= busy:
        return NO_DIFFERENCE
    return Cold(seldom / busy, FOOTPRINTS * (seldom - busy), busy)


def _each(measured: Measured, idle: float) -> float:
    """Return the CPU seconds of one request beyond what the service uses when `idle`, in cores."""
    if not measured.requests:
        return 0.0
    return ((measured.server_cpu or 0.0) - idle) * measured.seconds / measured.requests
