"""The figures of a racer: how much it answered, how fast, and beside that what the model says."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass

from loadtest.results.histogram import percentile
from loadtest.workload import Load
from loadtest.workload.demand import Demand, Prediction

WINDOW = 5.0
"""Seconds that throughput and percentiles look back."""

SHORTEST = 1.0
"""Seconds of a window that is worth a figure."""


@dataclass(frozen=True)
class Reading:
    """A racer's statistics at one moment."""

    clock: float
    """Seconds."""
    counted_since: float
    """When counting began, by whatever clock: it differs where the counts began anew."""
    requests: int
    failures: int
    latency: Mapping[float, int]
    """Requests by bucket of response time, in milliseconds."""
    users: int
    in_flight: int


@dataclass(frozen=True)
class Figures:
    """What there is to show of a racer. None: not known, or not yet."""

    users: int
    in_flight: int
    requests: int
    failures: int
    seconds: float
    """How far the figures below look back."""
    answered: int
    failed: int
    throughput: float | None
    """Answers per second, failures left out."""
    p50: float | None
    p99: float | None
    """Milliseconds."""
    predicted: Prediction | None
    ratio: float | None
    """Measured over predicted throughput, once nothing in the window comes from before the run had settled."""


class History:
    """Readings of one racer, as far back as a window reaches."""

    def __init__(self) -> None:
        self._readings: deque[Reading] = deque()

    def add(self, reading: Reading, changed: float) -> None:
        """Remember `reading`, and nothing from before the run `changed` or its counts began anew."""
        kept = self._readings
        if kept and kept[-1].counted_since != reading.counted_since:
            kept.clear()
        kept.append(reading)
        while kept[0].clock < max(changed, reading.clock - WINDOW) and len(kept) > 1:
            kept.popleft()

    def figures(self, load: Load, demand: Demand | None, settled: float) -> Figures:
        """The figures at the last reading, for a run under `load`, which had settled at the clock `settled`."""
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
