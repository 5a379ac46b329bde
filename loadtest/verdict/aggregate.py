"""Aggregate the repeats of each step: one row per service and load."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from statistics import mean

from loadtest.results.arrivals import Arrived, Forecast
from loadtest.results.exchange import Exchange
from loadtest.results.histogram import merged, percentile
from loadtest.results.schema import Contender, Measured, Predicted, Results, Step
from loadtest.workload import Load
from loadtest.workload.demand import GENERATOR, STANDSTILL
from loadtest.workload.open import Open

from .bounds import BURSTS, UNEVEN, throughput
from .doubts import UNLIKE, together
from .processors import NEIGHBOURS, beside_the_others, beside_the_service, unaccounted

KINDS = ("blocking", "non-blocking", "unknown")
"""Kinds of services, in the order of the tables."""

DISAGREE = 0.1
"""Range of the repeats' throughput, as a share of their mean, above which the repeats disagree."""

FEWEST_PAIRS = 6
"""Pairs that a comparison of two services needs: the range of six ratios holds their median with 97 %."""

LEAST_CPU = 0.02
"""Seconds of CPU time needed for a figure per request: less is mostly start-up and chance."""

INTERRUPTS = "interrupts"
"""The name of CPU time that belongs to no process, such as that of the loopback network."""


@dataclass(frozen=True)
class Part:
    """The requests of one name among those of a row: successful ones per second, failures, and the latencies."""

    name: str
    throughput: float
    failures: int
    latency: dict[float, int]
    lost: int = 0
    """Failures that `latency` leaves out, as it does under an open load: they are slower than all others."""

    def percentile(self, rank: float) -> float | None:
        """Return the latency percentile in milliseconds, as that of a row."""
        return percentile(self.latency, rank, self.lost)


@dataclass(frozen=True)
class Row:
    """One service under one load. Rates per second, latencies in milliseconds, CPU in cores."""

    service: str
    load: Load
    predicted: Predicted | None
    """The prediction; of an open load, whose repeats have a schedule each: on average, without the arrivals."""
    windows: list[Measured]
    """One window per repeat; empty if the step was not run."""
    bound: str
    doubts: list[str]
    processes: int | None = None
    """The number of worker processes of the service; None if unknown."""
    forecasts: list[Forecast] = field(default_factory=list)
    """The predictions of an open load's windows; empty for a closed load, and where there are none."""
    left_out: list[str] = field(default_factory=list)
    """The reasons why some windows of a paired run are left out of all figures; empty if none is."""

    @property
    def holds(self) -> bool:
        """True if the step was measured and is not inconclusive."""
        return bool(self.windows) and not self.doubts

    @property
    def repeats(self) -> list["Row"]:
        """A row for each repeat alone."""
        return [replace(self, windows=[each]) for each in self.windows]

    @property
    def throughput(self) -> float:
        """Successful requests per second over all windows."""
        return (self.requests - self.failures) / self._seconds

    @property
    def spread(self) -> float:
        """Half the distance between the slowest and the fastest repeat, in successful requests per second."""
        rates = [throughput(each) for each in self.windows]
        return (max(rates) - min(rates)) / 2

    @property
    def ratio(self) -> float | None:
        """Measured over predicted throughput, or None without a prediction (or with a predicted 0)."""
        return self.throughput / self.predicted.throughput if self.predicted and self.predicted.throughput else None

    def percentile(self, rank: float) -> float | None:
        """Return the latency percentile in milliseconds, or None if too few samples lie above it (`rank`: 0 to 1).

        Arrivals that were not served count as slower than all others: a percentile among them is inf.
        """
        return percentile(self.latency, rank, self.lost)

    @property
    def lost(self) -> int:
        """The number of an open load's arrivals that were not served, or 0."""
        return sum(each.lost for each in self.arrived)

    @property
    def arrived(self) -> list[Arrived]:
        """The arrivals of the windows of an open load, or an empty list."""
        return [each.arrivals for each in self.windows if each.arrivals]

    @property
    def diverges(self) -> bool:
        """True if the backlog grows without end, by the prediction."""
        return any(each.diverges for each in self.forecasts)

    def foretold(self, rank: float) -> float | None:
        """Return the predicted latency percentile of these very arrivals, in milliseconds, as `percentile` does."""
        known = merged([each.latency for each in self.forecasts])
        return percentile(known, rank, sum(each.lost for each in self.forecasts)) if self.forecasts else None

    def served_in(self, rank: float) -> float | None:
        """Return a percentile of the time from the actual send to the answer in milliseconds, as `percentile` does."""
        return percentile(merged([each.service_ms for each in self.arrived]), rank, self.lost) if self.arrived else None

    @property
    def in_flight(self) -> float | None:
        """The mean number of requests in flight under an open load, or None."""
        return _over(self.arrived, [each.in_flight for each in self.arrived])

    @property
    def in_flight_foretold(self) -> float | None:
        """The predicted mean number of requests in flight, or None."""
        return _over(self.arrived, [each.in_flight for each in self.forecasts])

    @property
    def slope(self) -> float | None:
        """The growth of the backlog under an open load in requests per second, or None."""
        return _over(self.arrived, [each.slope for each in self.arrived])

    @property
    def slope_foretold(self) -> float | None:
        """The predicted growth of the backlog in requests per second, or None."""
        return _over(self.arrived, [each.slope for each in self.forecasts])

    @property
    def goodput(self) -> float | None:
        """Requests per second that were served within the first deadline, or None without one."""
        if not self.windows or not all(each.good for each in self.windows):
            return None
        seconds = sum(each.arrivals.seconds if each.arrivals else each.seconds for each in self.windows)
        return sum(each.good[0] for each in self.windows) / seconds

    @cached_property
    def latency(self) -> dict[float, int]:
        """The latency histogram of all windows: milliseconds to number of requests."""
        return merged([each.latency for each in self.windows])

    @cached_property
    def parts(self) -> list[Part]:
        """The requests by name, in the order in which they were described, where users sent several."""
        names = dict.fromkeys(name for each in self.windows for name in each.parts)
        found = []
        for name in names:
            known = [each.parts[name] for each in self.windows if name in each.parts]
            requests, failures = sum(each.requests for each in known), sum(each.failures for each in known)
            latency = merged([each.latency for each in known])
            lost = failures if self.arrived else 0
            found.append(Part(name, (requests - failures) / self._seconds, failures, latency, lost))
        return found

    @property
    def first(self) -> list[Exchange]:
        """The first requests of the first repeat."""
        return self.windows[0].first if self.windows else []

    @property
    def mean(self) -> float:
        """The mean response time in milliseconds, or 0 without requests."""
        return sum(each.response_ms for each in self.windows) / self.requests if self.requests else 0.0

    @property
    def requests(self) -> int:
        """The number of completed requests, successful or failed."""
        return sum(each.requests for each in self.windows)

    @property
    def failures(self) -> int:
        """The number of failed requests."""
        return sum(each.failures for each in self.windows)

    @property
    def errors(self) -> dict[str, int]:
        """The number of failures by kind."""
        kinds = Counter[str]()
        for each in self.windows:
            kinds.update(each.errors)
        return kinds

    @property
    def unfinished(self) -> int:
        """The number of requests that hung for a whole window."""
        return sum(each.unfinished for each in self.windows)

    @property
    def resent(self) -> int | None:
        """The number of requests that were sent again, or None if unknown."""
        return _sum([each.resent for each in self.windows])

    @property
    def reconnected(self) -> int | None:
        """The number of kept connections that were found closed, or None if unknown."""
        return _sum([each.reconnected for each in self.windows])

    @property
    def server_cpu(self) -> float | None:
        """The CPU use of the service in cores, or None if unknown."""
        return self._mean([each.server_cpu for each in self.windows])

    @property
    def cpu_per_request(self) -> float | None:
        """The service's CPU time per request in microseconds, or None if unknown or below the clock's resolution."""
        return self._per_request(self.server_cpu)

    @property
    def costs(self) -> dict[str, float | None]:
        """The CPU time per request, like `cpu_per_request`, of everything but the service, by name.

        Interrupts and other processes are those on all cores of the run; both are left out if the service shares its
        cores, because only their sum is known there.
        """
        names = dict.fromkeys(name for each in self.windows for name in each.others_cpu)
        used = {
            GENERATOR: self.generator_cpu,
            **{name: self._mean([each.others_cpu.get(name) for each in self.windows]) for name in names},
        }
        if self.windows and all(each.service_cores and each.other_cores for each in self.windows):
            used[INTERRUPTS] = self._mean([_interrupts(each) for each in self.windows])
            used[NEIGHBOURS] = self._mean([beside_the_service(each) + beside_the_others(each) for each in self.windows])
        return {name: self._per_request(cores) for name, cores in used.items()}

    @property
    def unaccounted(self) -> float | None:
        """The share of the service's cores that was busy without a measured cause, from -1 to 1; None if unknown.

        The utilization law, U = X D, says that cores are busy for the throughput times the CPU time of a request (P. J.
        Denning and J. P. Buzen, "The Operational Analysis of Queueing Network Models", 1978). What is left are errors
        of the clocks, or other processes.
        """
        return self._mean([unaccounted(each) for each in self.windows])

    @property
    def shares(self) -> tuple[float, float] | None:
        """The smallest and the largest share of one worker process in the service's CPU time, from 0 to 1."""
        found = [share for each in self.windows for share in _shares(each, self.processes)]
        return (min(found), max(found)) if found else None

    @property
    def switches(self) -> tuple[float, float] | None:
        """The voluntary and the involuntary context switches of the service per request, or None if unknown."""
        known = [each.switches for each in self.windows if each.switches is not None]
        if len(known) < len(self.windows) or not self.requests:
            return None
        voluntary, involuntary = sum(each.voluntary for each in known), sum(each.involuntary for each in known)
        return voluntary / self.requests, involuntary / self.requests

    @property
    def memory(self) -> int | None:
        """The memory in bytes, the maximum of all repeats, or None if unknown."""
        return max((each.memory for each in self.windows if each.memory is not None), default=None)

    @property
    def generator_cpu(self) -> float:
        """The CPU use of the load generator in cores."""
        return self._mean([each.generator_cpu for each in self.windows]) or 0.0

    @property
    def _seconds(self) -> float:
        return sum(each.seconds for each in self.windows)

    def _per_request(self, cores: float | None) -> float | None:
        """Return microseconds of CPU time per request, or None if `cores` cores were used too little for a figure."""
        spent = (cores or 0.0) * self._seconds
        return spent / self.requests * 1e6 if self.requests and spent >= LEAST_CPU else None

    def _mean(self, values: list[float | None]) -> float | None:
        """Return the mean over the windows, weighted by their length, or None without values."""
        known = [(value, each.seconds) for value, each in zip(values, self.windows, strict=True) if value is not None]
        return sum(value * seconds for value, seconds in known) / self._seconds if known else None


def _over(arrived: list[Arrived], figures: list[float]) -> float | None:
    """Return the mean of one figure a window, weighted by the windows' lengths, or None without figures."""
    if not figures or len(figures) != len(arrived):
        return None
    lengths = [each.seconds for each in arrived]
    return sum(figure * length for figure, length in zip(figures, lengths, strict=True)) / sum(lengths)


def _sum(counts: list[int | None]) -> int | None:
    known = [each for each in counts if each is not None]
    return sum(known) if known else None


def known_costs(run: list[Row]) -> list[str]:
    """Return the names of the CPU times beside the service's that are known of at least one row."""
    names = dict.fromkeys(name for row in run for name in row.costs)
    return [name for name in names if any(row.costs.get(name) is not None for row in run)]


def _interrupts(measured: Measured) -> float:
    """Return the cores that handled interrupts, of all cores of a run."""
    return sum(use.interrupts for use in (measured.service_cores, measured.other_cores) if use)


def _shares(measured: Measured, processes: int | None) -> list[float]:
    """Return the share of each worker process in the CPU time of all. The master, which serves nothing, is left out."""
    workers = processes or len(measured.connections or []) or None
    busiest = sorted(measured.processes_cpu or [], reverse=True)[:workers]
    return [cores / sum(busiest) for cores in busiest] if sum(busiest) else []


def rows(results: Results) -> list[Row]:
    """Return the rows of a run, sorted by kind of service, then service, then load."""
    order = {contender.name: place for place, contender in enumerate(grouped(results.contenders))}
    processes = {contender.name: contender.processes for contender in results.contenders}
    groups: dict[tuple[str, Load], list[Step]] = {}
    for step in results.steps:
        groups.setdefault((step.service, step.load), []).append(step)
    paired = bool(results.options.pairings)
    table = [(_paired if paired else _row)(group, processes[group[0].service]) for group in groups.values()]
    return sorted(table, key=lambda row: (order[row.service], row.load.amount))


def grouped(contenders: Iterable[Contender]) -> list[Contender]:
    """Sort the services by kind, and keep their given order within a kind."""
    return sorted(contenders, key=lambda contender: KINDS.index(contender.kind))


def _predicted(known: list[Predicted]) -> Predicted | None:
    """Return the prediction of a row from those of its windows, which differ if their schedules do."""
    if not known or known[0].arrivals is None:
        return next(iter(known), None)
    return known[0].model_copy(update={"throughput": mean(each.throughput for each in known), "arrivals": None})


def one(step: Step) -> Row:
    """Return the row of a single repeat."""
    return _row([step], None)


def _paired(steps: list[Step], processes: int | None) -> Row:
    """Return the row of a paired run, whose repeats may disagree: each is a run of its own.

    Further ones take the place of those that cannot be trusted. If enough can, only these count.
    """
    held = [step for step in steps if step.measured is not None and not step.doubts]
    if len(held) < FEWEST_PAIRS:
        return _row(steps, processes, disagree=inf)
    doubts = [doubt for step in steps if step.doubts for doubt in step.doubts]
    return replace(_row(held, processes, disagree=inf), left_out=together(doubts))


def _row(steps: list[Step], processes: int | None, disagree: float = DISAGREE) -> Row:
    run = [step for step in steps if step.measured is not None]
    bounds = {step.bound.partition(" (")[0]: step.bound for step in reversed(run or steps)}
    row = Row(
        service=steps[0].service,
        load=steps[0].load,
        predicted=_predicted([step.predicted for step in run or steps if step.predicted]),
        forecasts=[step.predicted.arrivals for step in run if step.predicted and step.predicted.arrivals],
        windows=[step.measured for step in steps if step.measured is not None],
        bound="; ".join(bounds.values()),
        doubts=together([doubt for step in run for doubt in step.doubts]),
        processes=processes,
    )
    # each repeat distributes its connections at random, users fall into step by chance, and schedules differ
    explained = row.bound in STANDSTILL or UNEVEN in row.bound or BURSTS in row.bound or isinstance(row.load, Open)
    if not row.holds or explained or row.spread <= disagree / 2 * row.throughput:
        return row
    rates = [throughput(each) for each in row.windows]
    return replace(row, doubts=[f"{UNLIKE} ({min(rates):.1f}/s to {max(rates):.1f}/s)"])
