"""Replay requests whose times differ, as those of a user's own service do: each takes a time that one user saw.

Like replay.py, first come, first served: a request takes the slot that is free first, computes on a processor that is
free first, waits, and gives the slot back. Slots are unlimited for coroutines.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush, heapreplace
from math import inf, isinf
from random import Random
from statistics import fmean

from .need import Need

REQUESTS = 20_000
"""Requests that are replayed."""

BEGIN = 0.1
"""Share of them that is left out at the beginning, while the queues fill."""

DIVERGES = 0.02
"""Share by which fewer requests may end than arrive in the second half before the backlog counts as growing."""

SEED = 1

MOST = 4096
"""The largest number of threads or processes that is tried."""


@dataclass(frozen=True)
class Shape:
    """The resources of a service: slots (inf: without limit), processors, and the seconds that a request computes."""

    slots: float
    processors: int
    cpu: float


@dataclass(frozen=True)
class Outcome:
    """The throughput in requests per second, and the 99th percentile of latency in seconds (inf: it grows)."""

    throughput: float
    p99: float


def outcome(need: Need, times: Sequence[float], shape: Shape) -> Outcome:
    """Return what users would see of a service of this shape. `times`: seconds that requests took of one user."""
    passages = list(_passages(need, times, shape))[int(REQUESTS * BEGIN) :]
    ended = sorted(end for _, end in passages)
    middle = len(ended) // 2
    throughput = (len(ended) - 1 - middle) / (ended[-1] - ended[middle])
    latencies = sorted(end - begin for begin, end in passages)
    p99 = latencies[int(0.99 * len(latencies))]
    grows = not need.users and throughput < (1 - DIVERGES) * need.rate
    return Outcome(throughput, inf if grows else p99)


def _passages(need: Need, times: Sequence[float], shape: Shape) -> Iterator[tuple[float, float]]:
    """Yield when each request is sent and ends, in seconds, in the order of sending."""
    chance = Random(SEED)  # noqa: S311 - the same arrivals each time, not a secret
    slots = None if isinf(shape.slots) else [0.0] * int(shape.slots)
    processors = [0.0] * shape.processors
    users = [chance.uniform(0, fmean(times)) for _ in range(need.users)]
    heapify(users)
    arrival = 0.0
    for _ in range(REQUESTS):
        if users:
            arrival = heappop(users)
        else:
            arrival += chance.expovariate(need.rate)
        begins = arrival if slots is None else max(arrival, slots[0])
        took = chance.choice(times)
        computed = max(begins, processors[0]) + min(shape.cpu, took)
        heapreplace(processors, computed)
        ends = computed + max(0.0, took - shape.cpu)
        if slots is not None:
            heapreplace(slots, ends)
        if need.users:
            heappush(users, ends)
        yield arrival, ends


def fewest(need: Need, times: Sequence[float], shaped: Callable[[int], Shape], longer: float) -> int | None:
    """Return the smallest number, up to MOST, of which a service shaped so has hardly a queue, or None.

    Hardly: its 99th percentile is at most `longer` times that of the same service without a limit of its slots.
    """

    def enough(number: int) -> bool:
        shape = shaped(number)
        allowed = longer * outcome(need, times, replace(shape, slots=inf)).p99
        return outcome(need, times, shape).p99 <= allowed < inf

    doubled = (2**power for power in range(MOST.bit_length()))
    high: int | None = next((each for each in doubled if enough(each)), None)
    if high is None:
        return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
