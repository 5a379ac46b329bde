"""Where the time of a request went, as far as its user and its service know."""

from typing import NamedTuple

from loadtest.results.exchange import Exchange
from loadtest.results.schema import Contender, Options
from loadtest.workload.demand import SLOTS
from loadtest.workload.scenarios import CORES, LOOPS, MIXED, computes

OUTSIDE = (SLOTS, LOOPS, CORES)
"""What a request queues for before the service sees it, or while it computes."""


class Times(NamedTuple):
    """What is known of one request, or of the mean of many: seconds, as Exchange has them."""

    response: float
    waited: float
    served: float
    received: float


class Parts(NamedTuple):
    """Seconds, in the order in which they went by."""

    queue: float
    """Until the service saw the request: in a queue, or on its way."""
    line: float
    """On the service, in line for a connection of a pool, or for a thread."""
    wait: float
    work: float

    @property
    def total(self) -> float:
        """As its user saw it."""
        return sum(self)

    @property
    def queued(self) -> float:
        """The share of it that went by in the queue and in line."""
        return (self.queue + self.line) / self.total if self.total else 0.0


class Divider:
    """Tells the parts of the requests to one service."""

    def __init__(self, contender: Contender, options: Options) -> None:
        """It knows how long a request of the scenario waits, and whether there is anything to be in line for."""
        demand = contender.demand
        lines = demand is not None and any(limit.name not in OUTSIDE for limit in demand.limits)
        self._computes = computes(options.scenario)
        self._wait = demand.wait if demand is not None and lines and options.scenario != MIXED else None

    def parts(self, times: Times) -> Parts:
        """Whoever waited for longer than the scenario has it was in line before, where there is a line."""
        queue = max(0.0, times.response - times.served - times.received)
        if self._computes:
            return Parts(queue, 0.0, 0.0, times.served + times.received)
        waited = times.waited + times.received
        line = 0.0 if self._wait is None else max(0.0, waited - self._wait)
        return Parts(queue, line, waited - line, max(0.0, times.served - times.waited))

    def of(self, exchange: Exchange) -> Parts | None:
        """The parts of one request; None where it is not over, or where the service told nothing of it."""
        if not exchange.timed or exchange.ended is None:
            return None
        times = Times(exchange.ended - exchange.sent, exchange.waited, exchange.served, exchange.received)
        return self.parts(times)
