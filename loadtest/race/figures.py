"""The figures of a racer: throughput, latency and the prediction."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt

from loadtest.results.histogram import percentile
from loadtest.verdict.bounds import KEEPS_UP
from loadtest.workload import Load
from loadtest.workload.demand import Demand, Prediction
from loadtest.workload.open import CHANCE, Open

WINDOW = 5.0
"""Seconds that throughput and percentiles cover."""

SHORTEST = 1.0
"""Seconds below which a window gives no throughput."""


@dataclass(frozen=True)
class Reading:
    """A racer's statistics at one moment."""

    clock: float
    """The time of the reading, in seconds."""
    counted_since: float
    """Time at which counting began, by any clock; a new value means that the counts were reset."""
    requests: int
    failures: int
    latency: Mapping[float, int]
    """The number of requests by response time in milliseconds."""
    failed_latency: Mapping[float, int]
    """The number of failed requests by response time in milliseconds."""
    users: int
    in_flight: int
    due: int = 0
    """In an open model, the arrivals that were due until then."""


@dataclass(frozen=True)
class Figures:
    """The figures that the page shows of a racer. None means unknown, or not known yet."""

    users: int
    in_flight: int
    requests: int
    failures: int
    seconds: float
    """Length of the window that the figures below cover."""
    answered: int
    failed: int
    good: int
    """Successful answers; in an open model those that came within the deadline."""
    settled: bool
    """True if all users are there, and the window does not reach back to before the run had settled."""
    throughput: float | None
    """Successful answers per second."""
    p50: float | None
    p99: float | None
    """Percentiles of response time, in milliseconds. In an open model requests that failed count as slower than all
    others, inf, and there are no percentiles while the backlog grows."""
    predicted: Prediction | None
    ratio: float | None
    """Measured / predicted throughput; None while the window reaches back to before the run had settled, and in an open
    model if it was predicted that the backlog grows."""
    due: int
    """In an open model, the arrivals that were due."""
    arriving: float | None
    """Arrivals per second, in an open model."""
    growth: float | None
    """Requests per second by which the backlog grows, in an open model: those that are due and have not ended."""
    behind: bool
    """True if in an open model fewer requests ended than predicted, by more than chance: the backlog grows."""
    old: int = 0
    """In a closed model, the requests in flight that began before the last change."""
    held: float = 0.0
    """Share of the marks of the last pictures that show held requests."""


class History:
    """The readings of one racer within a window."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque()

    def add(self, reading: Reading, changed: float) -> None:
        """Add `reading`; drop those from before the run `changed` (seconds) or before its counts were reset."""
        kept = self._readings
        if kept and kept[-1].counted_since != reading.counted_since:
            kept.clear()
        kept.append(reading)
        while kept[0].clock < max(changed, reading.clock - WINDOW) and len(kept) > 1:
            kept.popleft()

    def figures(self, load: Load, demand: Demand | None, settled: float, deadline: float = inf) -> Figures:
        """Return the figures at the last reading, for a run under `load` that settled at `settled` (seconds).

        `deadline`: the seconds within which an answer of an open load is good.
        """
        first, last = self._readings[0], self._readings[-1]
        seconds = last.clock - first.clock
        answered, failed = last.requests - first.requests, last.failures - first.failures
        due = last.due - first.due
        rated = seconds >= SHORTEST
        predicted = None if demand is None or not load.amount else load.predict(demand)
        throughput = (answered - failed) / seconds if rated else None
        diverges = isinstance(load, Open) and demand is not None and load.diverges(demand)
        behind = rated and falls_behind(load, demand, due, answered, seconds)
        is_settled = rated and first.clock >= settled and last.users == load.most_in_flight
        ratio = None
        if throughput is not None and is_settled and not diverges:
            ratio = throughput / predicted.throughput if predicted is not None and predicted.throughput else None
        latency, lost, good = Counter(last.latency) - Counter(first.latency), 0, answered - failed
        if isinstance(load, Open):
            latency -= Counter(last.failed_latency) - Counter(first.failed_latency)
            lost = sum((Counter(last.failed_latency) - Counter(first.failed_latency)).values())
            good = sum(number for milliseconds, number in latency.items() if milliseconds <= deadline * 1000)
        return Figures(
            users=last.users,
            in_flight=last.in_flight,
            requests=last.requests,
            failures=last.failures,
            seconds=seconds,
            answered=answered,
            failed=failed,
            good=good,
            settled=is_settled,
            throughput=throughput,
            p50=None if diverges or behind else percentile(latency, 0.5, lost),
            p99=None if diverges or behind else percentile(latency, 0.99, lost),
            predicted=predicted,
            ratio=ratio,
            due=due,
            arriving=due / seconds if rated and isinstance(load, Open) else None,
            growth=(due - answered) / seconds if rated and isinstance(load, Open) else None,
            behind=behind,
        )


def falls_behind(load: Load, demand: Demand | None, due: int, ended: int, seconds: float) -> bool:
    """Return True if an open load's `due` arrivals should have led to more than `ended` ends in a window."""
    if not isinstance(load, Open) or demand is None:
        return False
    possible = min(due, seconds * load.most(demand))
    return ended < KEEPS_UP * possible - by_chance(load, demand)


def by_chance(load: Open, demand: Demand) -> float:
    """Return by how many requests the numbers in flight at two moments differ by chance, if none queues.

    The variance of their difference is twice their mean; one more request may be cut.
    """
    return CHANCE * sqrt(2 * load.rate * demand.alone) + 1
