"""The throughput and the latency of each service over a run, from Locust's cumulative statistics."""

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from loadtest.results.histogram import percentile

from .leading import EARLY, Answers, compared, shown

WINDOW = 3.0
"""Seconds that each point covers. Locust's workers report this often."""

COMPARED = 9.0
"""The most seconds whose answers are compared: some reports of Locust's workers."""

MOST_POINTS = 600
"""The most points of a service; older ones are dropped."""


@dataclass
class Totals:
    """The requests of a service that have ended since the statistics began. `failures` are among the `requests`."""

    requests: int = 0
    failures: int = 0
    response_times: Counter[float] = field(default_factory=Counter)
    """The number of requests by their response time in milliseconds."""

    @property
    def answers(self) -> int:
        """Return the requests without failures."""
        return self.requests - self.failures


class Point(NamedTuple):
    """The WINDOW before a moment: `at` is in seconds since the run began, latencies are in milliseconds."""

    at: float
    rate: float
    """Answers per second, without failures."""
    failed: float
    """Failures per second."""
    p50: float | None
    p95: float | None
    """Percentiles of the latency, as in Locust's statistics: those of failures too, and of however few requests."""


class History:
    """The points of each service in a run. Time is in seconds by any steady clock."""

    def __init__(self) -> None:
        self.points: dict[str, deque[Point]] = {}
        self.answers: dict[str, Answers] = {}
        """The last answers of each service, given while all users were there."""
        self._began: float | None = None
        self._seen: deque[tuple[float, Mapping[str, Totals]]] = deque()

    def clear(self) -> None:
        """Forget all points, for a new run."""
        self.points.clear()
        self.answers.clear()
        self._seen.clear()
        self._began = None

    def interrupt(self) -> None:
        """Drop the totals noted so far, which cannot be compared with the next ones."""
        self._seen.clear()

    def note(self, clock: float, totals: Mapping[str, Totals], there: float | None = 0.0) -> None:
        """Add a point for each service; `totals` by service. If statistics were reset, points go on from there.

        A moment that is not later than the one before adds nothing.

        `there`: the time at which all users had started, or None before; answers from before are not compared.
        """
        if self._seen and clock <= self._seen[-1][0]:
            return
        if self._seen and any(
            totals.get(name, Totals()).requests < before.requests for name, before in self._seen[-1][1].items()
        ):
            self._seen.clear()
        if self._began is None:
            self._began = clock
        while len(self._seen) > 1 and self._seen[1][0] <= clock - COMPARED:
            self._seen.popleft()
        if self._seen:
            since, before = next((each for each in reversed(self._seen) if each[0] <= clock - WINDOW), self._seen[0])
            for name, now in totals.items():
                point = _point(clock - self._began, clock - since, before.get(name, Totals()), now)
                self.points.setdefault(name, deque(maxlen=MOST_POINTS)).append(point)
        self._seen.append((clock, totals))
        self.answers = {} if there is None else self._answers(clock, totals, there)

    def _answers(self, clock: float, totals: Mapping[str, Totals], there: float) -> dict[str, Answers]:
        """Return the answers since all users were `there`, or none if that is too short ago."""
        since, before = next((each for each in self._seen if each[0] >= there), self._seen[-1])
        if clock - since < WINDOW:
            return {}
        return {
            name: Answers(now.answers - before.get(name, Totals()).answers, clock - since)
            for name, now in totals.items()
        }

    @property
    def lead(self) -> str:
        """Return a headline that says who answers how many times as much, or an empty string without points."""
        if not self.points:
            return ""
        if not self.answers:
            return EARLY
        if len(self.answers) == 1:
            ((name, answers),) = self.answers.items()
            return f"{name} answers {shown(answers.rate)} requests a second"
        lead = compared(self.answers)
        return f"{lead.sentence}, {lead.more}" if lead.more else lead.sentence


def _point(at: float, seconds: float, before: Totals, now: Totals) -> Point:
    failed = now.failures - before.failures
    answered = now.answers - before.answers
    times = now.response_times - before.response_times
    p50, p95 = (percentile(times, rank, beyond=0) for rank in (0.5, 0.95))
    return Point(at, answered / seconds, failed / seconds, p50, p95)
