"""Divide the response time of a request into three parts, from the times that its user and its service measured."""

from collections.abc import Mapping
from typing import NamedTuple

from loadtest.results.exchange import Exchange
from loadtest.results.schema import Contender, Options
from loadtest.workload.demand import CPU, LOOPS, SLOTS
from loadtest.workload.scenarios import MIXED, computes, holds_a_connection, waits_for

OUTSIDE = (SLOTS, LOOPS, CPU)
"""The limits for which a request queues before the service receives it, or while it computes."""


def taken(scenario: str) -> str:
    """Return what a request must have before it waits for what the scenario is about, in words."""
    return "a worker or a connection" if holds_a_connection(scenario) else "a worker"


def names(scenario: str) -> Mapping[str, str]:
    """Return the names of the parts of a response time for readers, by their names in Parts."""
    return {
        "worker": f"waiting for {taken(scenario)}",
        "wait": f"waiting for {waits_for(scenario)}",
        "work": "working",
    }


class Times(NamedTuple):
    """The measured times of one request, or the means of many, in seconds; see Exchange."""

    response: float
    waited: float
    served: float
    received: float


class Parts(NamedTuple):
    """The parts of a response time in seconds, in chronological order."""

    worker: float
    """Waiting for a worker (a process, a thread or an event loop) that takes the request, in transit too; then for a
    connection of a pool, or for a thread of one."""
    wait: float
    """Waiting for what the scenario is about."""
    work: float
    """Other time that the service spent on the request."""

    @property
    def total(self) -> float:
        """The response time that the user measured."""
        return sum(self)

    @property
    def queued(self) -> float:
        """The share of the response time spent waiting for a worker or a connection, from 0 to 1."""
        return self.worker / self.total if self.total else 0.0


class Divider:
    """A divider of the response times of one service in one scenario."""

    def __init__(self, contender: Contender, options: Options) -> None:
        demand = contender.demand
        pools = demand is not None and any(limit.name not in OUTSIDE for limit in demand.limits)
        self._computes = computes(options.scenario)
        self._wait = (
            demand.wait + demand.late + demand.inside
            if demand is not None and pools and options.scenario != MIXED
            else None
        )

    def parts(self, times: Times) -> Parts:
        """Divide the times.

        A wait beyond the scenario's was for a connection if the service has a pool, or for a thread of a pool.
        """
        outside = max(0.0, times.response - times.served - times.received)
        if self._computes:
            return Parts(outside, 0.0, times.served + times.received)
        waited = times.waited + times.received
        pool = 0.0 if self._wait is None else max(0.0, waited - self._wait)
        return Parts(outside + pool, waited - pool, max(0.0, times.served - times.waited))

    def of(self, exchange: Exchange) -> Parts | None:
        """Return the parts of one request, or None if it is not over or the service reported no times."""
        if not exchange.timed or exchange.ended is None:
            return None
        times = Times(exchange.ended - exchange.sent, exchange.waited, exchange.served, exchange.received)
        return self.parts(times)
