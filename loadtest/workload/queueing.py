"""Queueing networks: the throughput of customers that circulate between a delay and stations with queues."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import count, islice
from typing import NamedTuple


class Station(NamedTuple):
    """Equal servers, each with a queue of its own. A customer needs one of them, for `demand` seconds in each turn."""

    demand: float
    servers: int = 1

    @property
    def throughput(self) -> float:
        """The maximum throughput per second."""
        return self.servers / self.demand


def mean_value_analysis(customers: int, delay: float, stations: tuple[Station, ...], waking: float = 0.0) -> float:
    """Return the throughput, per second, of a closed network of `customers` customers.

    In each turn a customer spends `delay` seconds without a queue (waiting, thinking), then visits every station.
    `waking`: seconds that a turn takes longer while the first station is idle: a core that idles takes time to wake up,
    and its caches are cold. The busier it is, the fewer turns begin so.

    Sources: M. Reiser and S. S. Lavenberg, "Mean-Value Analysis of Closed Multichain Queuing Networks" (Journal of the
    ACM 27, 1980), for one class of customers; M. Reiser, "A Queueing Network Analysis of Computer Communication
    Networks with Window Flow Control" (IEEE Transactions on Communications 27, 1979), for service times that do not
    vary: of the customer in service, half of its time is left on average. The CPU times of one kind of request hardly
    vary.
    """
    known, following = _network(delay, stations, waking)
    known.extend(islice(following, max(0, customers + 1 - len(known))))
    return known[min(customers, len(known) - 1)]


@lru_cache(maxsize=128)
def _network(delay: float, stations: tuple[Station, ...], waking: float) -> tuple[list[float], Iterator[float]]:
    """Return the throughputs that are known of a network, by number of customers from 0, and those that follow."""
    return [0.0], _throughputs(delay, stations, waking)


def _throughputs(delay: float, stations: tuple[Station, ...], waking: float) -> Iterator[float]:
    """Yield the throughput of a network with 1, 2, 3... customers; the last one is the maximum, if there is one."""
    most = min((station.throughput for station in stations), default=float("inf"))
    throughput = 0.0
    queued = [0.0] * len(stations)
    for number in count(1):
        # an arriving customer finds the queues that one customer fewer would leave
        waits = [
            station.demand * (1 + (length - throughput * station.demand / 2) / station.servers)
            for station, length in zip(stations, queued, strict=True)
        ]
        idle = 1 - throughput * stations[0].demand / stations[0].servers if stations else 0.0
        throughput = number / (delay + waking * idle + sum(waits))
        if throughput >= most:
            yield most
            return
        yield throughput
        queued = [throughput * wait for wait in waits]
