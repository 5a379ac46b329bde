"""Replay: what every request of a schedule should take, in first-come-first-served queues.

With equal servers and requests in the order of their arrival, each request takes the server that is free first (J.
Kiefer and J. Wolfowitz, "On the Theory of Queues with Many Servers", Transactions of the American Mathematical Society
78, 1955). All requests of a scenario hold their resources equally long, so they keep their order through one queue
after the other.
"""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from .demand import CPU, HELD_AT_WORK, Demand


class Passage(NamedTuple):
    """A request on its way through a service: when it arrived and left, in seconds, and whether it was served."""

    arrived: float
    left: float
    served: bool = True


class _Servers:
    """Equal servers with one queue."""

    def __init__(self, number: int) -> None:
        self._free = [0.0] * number  # when each is free, as a heap

    def begin(self, arrived: float) -> float:
        """Return the time at which a request that arrives now is served: take the server that is free first."""
        return max(arrived, heappop(self._free))

    def end(self, left: float) -> None:
        """Give the server back at this time."""
        heappush(self._free, left)


def replay(arrivals: Iterable[float], demand: Demand) -> Iterator[Passage]:
    """Yield the passage of each request of a service that was empty at time 0. `arrivals`: seconds, ascending.

    A request takes a slot or an event loop, computes, takes a connection of a pool or a thread, waits, and gives all
    back. Where the service refuses requests, it does so once it has computed.
    """
    at_work = [_Servers(each.capacity) for each in demand.limits if each.name in HELD_AT_WORK]
    processors = [(_Servers(each.capacity), each.held) for each in demand.limits if each.name == CPU]
    pools = [(_Servers(each.capacity), each) for each in demand.limits if each.name not in (CPU, *HELD_AT_WORK)]
    waits, ends = demand.wait + demand.late, list[float]()
    for arrived in arrivals:
        now = arrived
        for servers in at_work:
            now = servers.begin(now)
        for servers, held in processors:
            now = servers.begin(now) + held
            servers.end(now)
        while ends and ends[0] <= now:
            heappop(ends)
        served = demand.admission is None or len(ends) < demand.admission.capacity
        if served:
            for servers, pool in pools:
                now = servers.begin(now)
                servers.end(now + pool.held)
            now += waits
            heappush(ends, now)
        for servers in at_work:
            servers.end(now)
        yield Passage(arrived, now + demand.transit, served)
