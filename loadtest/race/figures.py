"""The figures of a racer: throughput, latency and the prediction."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.results.histogram import percentile
from loadtest.workload import Load
from loadtest.workload.demand import Demand, Prediction

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
    users: int
    in_flight: int


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
    throughput: float | None
    """Successful answers per second."""
    p50: float | None
    p99: float | None
    """Percentiles of response time, in milliseconds."""
    predicted: Prediction | None
    ratio: float | None
    """Measured / predicted throughput; None while the window reaches back to before the run had settled."""


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

    def figures(self, load: Load, demand: Demand | None, settled: float) -> Figures:
        """Return the figures at the last reading, for a run under `load` that settled at `settled` (seconds)."""
        first, last = self._readings[0], self._readings[-1]
        seconds = last.clock - first.clock
        answered, failed = last.requests - first.requests, last.failures - first.failures
        latency = Counter(last.latency) - Counter(first.latency)
        predicted = None if demand is None or not load.amount else load.predict(demand)
        throughput = (answered - failed) / seconds if seconds >= SHORTEST else None
        ratio = None
        if throughput is not None and first.clock >= settled and last.users == load.amount:
            ratio = throughput / predicted.throughput if predicted is not None and predicted.throughput else None
        return Figures(
            users=last.users,
            in_flight=last.in_flight,
            requests=last.requests,
            failures=last.failures,
            seconds=seconds,
            answered=answered,
            failed=failed,
            throughput=throughput,
            p50=percentile(latency, 0.5),
            p99=percentile(latency, 0.99),
            predicted=predicted,
            ratio=ratio,
        )
