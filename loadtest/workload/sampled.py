"""Replay requests whose times differ, as those of a user's own service do: each takes a time that one user saw.

Like replay.py, first come, first served: a request takes the slot that is free first, computes on a processor that is
free first, waits, and gives the slot back. Slots are unlimited for coroutines.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from heapq import heapify, heappop, heappush, heapreplace
from math import ceil, inf, isinf
from random import Random
from statistics import fmean

from .need import Need

REQUESTS = 40_000
"""Requests that are replayed at least."""

TURNS = 10
"""Requests that are replayed at least for each one that is in flight: half of them, while the queues fill, are left
out."""

DIVERGES = 0.02
"""Share by which fewer requests may end than are sent in the second half before the backlog counts as growing."""

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
    alone = fmean(times)
    number = max(REQUESTS, ceil(TURNS * (need.users or need.rate * alone)))
    passages = list(_passages(need, times, shape, users_begin_within=alone, number=number))
    kept = passages[number // 2 :]
    (begin, _), (last, _) = kept[0], kept[-1]
    ended = sum(begin < end <= last for _, end in passages)
    latencies = sorted(end - sent for sent, end in kept)
    p99 = latencies[int(0.99 * len(latencies))]
    if need.users:
        return Outcome(ended / (last - begin), p99)
    if ended < (1 - DIVERGES) * len(kept):
        return Outcome(ended / (last - begin), inf)
    return Outcome(need.rate, p99)


def _passages(
    need: Need, times: Sequence[float], shape: Shape, *, users_begin_within: float, number: int
) -> Iterator[tuple[float, float]]:
    """Yield when each of `number` requests is sent and ends, in seconds, in the order of sending."""
    chance = Random(SEED)  # noqa: S311 - the same arrivals each time, not a secret
    slots = None if isinf(shape.slots) else [0.0] * int(shape.slots)
    processors = [0.0] * shape.processors
    users = [chance.uniform(0, users_begin_within) for _ in range(need.users)]
    heapify(users)
    arrival = 0.0
    for _ in range(number):
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
    busy = need.rate * fmean(times)  # fewer slots than that cannot carry a rate

    @cache
    def without_limit(shape: Shape) -> float:
        return outcome(need, times, shape).p99

    def enough(number: int) -> bool:
        shape = shaped(number)
        if shape.slots < busy:
            return False
        allowed = longer * without_limit(replace(shape, slots=inf))
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
