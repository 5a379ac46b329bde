"""The throughput and the latency of each service over a run, from Locust's cumulative statistics."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import NamedTuple

WINDOW = 3.0
"""Seconds that each point covers. Locust's workers report this often."""

MOST_POINTS = 600
"""The most points of a service; older ones are dropped."""

ALIKE = 1.1
"""Services whose throughputs have a smaller ratio than this answer alike."""


@dataclass
class Totals:
    """The requests of a service that have ended since the statistics began. `failures` are among the `requests`."""

    requests: int = 0
    failures: int = 0
    response_times: Counter[float] = field(default_factory=Counter)
    """The number of requests by their response time in milliseconds."""


class Point(NamedTuple):
    """The WINDOW before a moment: `at` is in seconds since the run began, latencies are in milliseconds."""

    at: float
    rate: float
    """Answers per second, without failures."""
    failed: float
    """Failures per second."""
    p50: float | None
    p95: float | None
    """Percentiles of the latency, as in Locust's statistics: those of failures too."""


class History:
    """The points of each service in a run. Time is in seconds by any steady clock."""

    def __init__(self) -> None:
        self.points: dict[str, deque[Point]] = {}
        self._began: float | None = None
        self._seen: deque[tuple[float, Mapping[str, Totals]]] = deque()

    def clear(self) -> None:
        """Forget all points, for a new run."""
        self.points.clear()
        self._seen.clear()
        self._began = None

    def note(self, clock: float, totals: Mapping[str, Totals]) -> None:
        """Add a point for each service; `totals` by service. If statistics were reset, points go on from there."""
        if self._seen and any(
            totals.get(name, Totals()).requests < before.requests for name, before in self._seen[-1][1].items()
        ):
            self._seen.clear()
        if self._began is None:
            self._began = clock
        while len(self._seen) > 1 and self._seen[1][0] <= clock - WINDOW:
            self._seen.popleft()
        if self._seen:
            since, before = self._seen[0]
            for name, now in totals.items():
                point = _point(clock - self._began, clock - since, before.get(name, Totals()), now)
                self.points.setdefault(name, deque(maxlen=MOST_POINTS)).append(point)
        self._seen.append((clock, totals))


def lead(points: Mapping[str, Iterable[Point]]) -> str:
    """Return a headline that says who answers how many times as much, from the last point of each service."""
    rates = {name: last.rate for name, series in points.items() if (last := next(reversed([*series]), None))}
    if not rates:
        return ""
    fastest, slowest = max(rates, key=lambda name: rates[name]), min(rates, key=lambda name: rates[name])
    high, low = rates[fastest], rates[slowest]
    if len(rates) == 1:
        return f"{fastest} answers {high:,.0f} requests a second"
    if not low:
        return f"{slowest} answers nothing, {fastest} {high:,.0f} requests a second" if high else "Nothing is answered"
    if high / low < ALIKE:
        return f"All answer alike: {low:,.0f} to {high:,.0f} requests a second"
    return f"{fastest} answers {high / low:.1f} times as much as {slowest}"


def _point(at: float, seconds: float, before: Totals, now: Totals) -> Point:
    failed = now.failures - before.failures
    answered = now.requests - before.requests - failed
    times = now.response_times - before.response_times
    return Point(at, answered / seconds, failed / seconds, _percentile(times, 0.5), _percentile(times, 0.95))


def _percentile(times: Counter[float], share: float) -> float | None:
    """Return the response time that `share` of the requests did not exceed, or None without requests."""
    rank = ceil(share * times.total())
    for time in sorted(times):
        rank -= times[time]
        if rank <= 0:
            return time
    return None
