"""An experiment with a service that stands still once, as arrivals at a rate see it and as waiting users see it."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from backing.environment import Backing, Need
from loadtest.contenders.cores import halves
from loadtest.generator.driver import Driver, generator
from loadtest.generator.orders import Job, Order
from loadtest.measure.comparison import Progress
from loadtest.processes.affinity import confined
from loadtest.processes.service import Running, running
from loadtest.results.histogram import percentile
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from .lesson import Finding
from .marking import figure
from .model import service

START = 3.0
"""Estimated seconds until the service and both load generators have started."""

WARMUP, PATIENCE = 0.5, 10.0

BEFORE = 0.25
"""Share of the window before the freeze."""


@dataclass(frozen=True)
class Freeze:
    """Arrivals at an even rate and waiting users, both at once, on a service that stands still for `freeze` seconds.

    The answer is the 90th percentile of the arrivals' latency in milliseconds, from the intended start of each.
    """

    service: str
    rate: float
    users: int
    wait: float
    freeze: float
    window: float

    needs: frozenset[Need] = frozenset()

    @property
    def seconds(self) -> float:
        """The estimated seconds of the run."""
        return START + 2 * WARMUP + self.window

    def run(self, progress: Progress, behind: Backing) -> Finding:
        """Put both loads on one service, so that they meet the same freeze."""
        progress.begins(self.service, f"a freeze of {self.freeze:g} s", 1, self.seconds)
        cores, asked = halves(), service(self.service)
        loads: tuple[Load, Load] = (Open(self.rate, arrivals="even"), Closed(self.users))
        with ExitStack() as started:
            started.enter_context(confined(cores.others))
            drivers = [started.enter_context(generator()) for _ in loads]
            server = started.enter_context(running(asked, behind.environment, cores=cores.service))
            delay = f"{self.wait * 1000:g}ms"
            for driver in drivers:
                driver.begin(Job(asked.name, server.url, "delay", delay, self.wait))
            orders = [Order(load, WARMUP, self.window, PATIENCE) for load in loads]
            arrived, waited = self._frozen(server, drivers, orders)
        seen = _latency(arrived, 0.9)
        if arrived["failures"] or seen is None:
            return Finding(None, doubts=("requests failed",))
        theirs = _latency(waited, 0.9) or 0.0
        told = (
            f"The same freeze as {self.users} waiting users see it: 90th percentile {figure(theirs)} ms, because each "
            f"of them sends one request into it and then waits: {self.users} of {waited['requests']} requests."
        )
        return Finding(seen, (told,))

    def _frozen(self, server: Running, drivers: list[Driver], orders: list[Order]) -> tuple[dict[str, Any], ...]:
        """Stop all processes of the service for a while inside both windows, and return what both loads measured."""
        for driver, order in zip(drivers, orders, strict=True):
            driver.open(order)
        time.sleep(BEFORE * self.window)
        server.freeze(self.freeze)
        for driver, order in zip(drivers, orders, strict=True):
            driver.close(order)
        return tuple(driver.result(order) for driver, order in zip(drivers, orders, strict=True))


def _latency(window: dict[str, Any], rank: float) -> float | None:
    """Return a percentile of a window's latency in milliseconds."""
    return percentile({float(key): number for key, number in window["latency"].items()}, rank)
