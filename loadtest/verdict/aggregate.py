"""Steps of all repeats brought together: one row for each service and load."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from loadtest.results.exchange import Exchange
from loadtest.results.histogram import merged, percentile
from loadtest.results.schema import Contender, Measured, Predicted, Results, Step
from loadtest.workload import Load
from loadtest.workload.demand import DEADLOCK

from .judge import throughput

KINDS = ("blocking", "non-blocking", "unknown")
"""Of services, in the order in which tables have them."""

DISAGREE = 0.1
"""Spread between repeats, as a share of their mean, from which on they do not say the same."""

LEAST_CPU = 0.2
"""Seconds of CPU time below which it is not divided by requests: the system counts it in ticks of 0.01 s."""


@dataclass(frozen=True)
class Row:
    """One service under one load. Rates per second, latencies in milliseconds, CPU in cores."""

    service: str
    load: Load
    predicted: Predicted | None
    windows: list[Measured]
    """One for each repeat; none where it was not run."""
    bound: str
    doubts: list[str]

    @property
    def holds(self) -> bool:
        """Whether it was measured and can be trusted."""
        return bool(self.windows) and not self.doubts

    @property
    def throughput(self) -> float:
        """Answers per second over all windows."""
        return (self.requests - self.failures) / self._seconds

    @property
    def spread(self) -> float:
        """Half the distance between the slowest and the fastest repeat, in answers per second."""
        rates = [throughput(each) for each in self.windows]
        return (max(rates) - min(rates)) / 2

    @property
    def ratio(self) -> float | None:
        """Measured over predicted throughput."""
        return self.throughput / self.predicted.throughput if self.predicted and self.predicted.throughput else None

    def percentile(self, rank: float) -> float | None:
        """Latency; None where too few samples lie beyond it."""
        return percentile(self.latency, rank)

    @cached_property
    def latency(self) -> dict[float, int]:
        """Milliseconds to how many requests took so long, in all windows."""
        return merged([each.latency for each in self.windows])

    @property
    def first(self) -> list[Exchange]:
        """The first requests of the first repeat."""
        return self.windows[0].first if self.windows else []

    @property
    def mean(self) -> float:
        """The mean response time in milliseconds; 0 where nothing was answered."""
        return sum(each.response_ms for each in self.windows) / self.requests if self.requests else 0.0

    @property
    def requests(self) -> int:
        """Requests that were answered, or failed."""
        return sum(each.requests for each in self.windows)

    @property
    def failures(self) -> int:
        """Requests that failed."""
        return sum(each.failures for each in self.windows)

    @property
    def errors(self) -> dict[str, int]:
        """Failures by kind."""
        kinds = Counter[str]()
        for each in self.windows:
            kinds.update(each.errors)
        return kinds

    @property
    def unfinished(self) -> int:
        """Requests that hung for a whole window."""
        return sum(each.unfinished for each in self.windows)

    @property
    def server_cpu(self) -> float | None:
        """Cores that the service used."""
        return self._mean([each.server_cpu for each in self.windows])

    @property
    def cpu_per_request(self) -> float | None:
        """Microseconds of the service's CPU time per request; None where the clock is too coarse to say."""
        spent = (self.server_cpu or 0.0) * self._seconds
        return spent / self.requests * 1e6 if self.requests and spent >= LEAST_CPU else None

    @property
    def memory(self) -> int | None:
        """Bytes, the most of all repeats."""
        return max((each.memory for each in self.windows if each.memory is not None), default=None)

    @property
    def generator_cpu(self) -> float:
        """Cores that the load generator used."""
        return self._mean([each.generator_cpu for each in self.windows]) or 0.0

    @property
    def _seconds(self) -> float:
        return sum(each.seconds for each in self.windows)

    def _mean(self, values: list[float | None]) -> float | None:
        """The mean over the windows, each weighed by its length."""
        known = [(value, each.seconds) for value, each in zip(values, self.windows, strict=True) if value is not None]
        return sum(value * seconds for value, seconds in known) / self._seconds if known else None


def rows(results: Results) -> list[Row]:
    """The rows of a run, in the order of its services, those of one kind together, and of its loads."""
    order = {contender.name: place for place, contender in enumerate(grouped(results.contenders))}
    groups: dict[tuple[str, Load], list[Step]] = {}
    for step in results.steps:
        groups.setdefault((step.service, step.load), []).append(step)
    table = [_row(group) for group in groups.values()]
    return sorted(table, key=lambda row: (order[row.service], row.load.amount))


def grouped(contenders: Iterable[Contender]) -> list[Contender]:
    """The services by their kind, in the order in which they were asked for."""
    return sorted(contenders, key=lambda contender: KINDS.index(contender.kind))


def _row(steps: list[Step]) -> Row:
    run = [step for step in steps if step.measured is not None]
    bounds = {step.bound.partition(" (")[0]: step.bound for step in reversed(run or steps)}
    row = Row(
        service=steps[0].service,
        load=steps[0].load,
        predicted=next((step.predicted for step in steps if step.predicted), None),
        windows=[step.measured for step in steps if step.measured is not None],
        bound=", ".join(bounds.values()),
        doubts=list(dict.fromkeys(doubt for step in run for doubt in step.doubts)),
    )
    if not row.holds or row.bound == DEADLOCK or row.spread <= DISAGREE / 2 * row.throughput:
        return row
    rates = [throughput(each) for each in row.windows]
    return replace(row, doubts=[f"the repeats disagree ({min(rates):.1f} to {max(rates):.1f} a second)"])
