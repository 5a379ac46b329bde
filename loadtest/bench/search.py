"""Benchmark: 200 searches for the capacity of simulated services that the model does not describe well."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapreplace
from itertools import count, islice
from math import inf, sqrt
from random import Random

from loadtest.measure.search import BUDGET, PROBES, WIDTH, Found, Search, window
from loadtest.verdict.objectives import Evidence, Outcome, objective
from loadtest.verdict.shares import CONFIDENCE
from loadtest.workload.demand import SLOTS, Demand, Limit
from loadtest.workload.margins import REPLAYED, Model
from loadtest.workload.open import Open

from . import Finding

WAIT = 0.25
OBJECTIVE = objective("p99<500ms")

SLOTS_TRIED = (5, 64)
SPEEDS = (0.9, 0.95, 0.97, 1.0, 1.03, 1.05, 1.1)
"""The service's times, divided by those of the model."""

SEARCHES = 200
"""Searches for each number of slots."""

WARMUP, BETWEEN = 2.0, 2.0
"""Seconds before each window, and those in which a service is drained and the next one is started."""

LONG = 1_000_000
"""Arrivals from which the true capacity of a simulated service is found."""

RIGHT = 0.95
"""Share of searches whose result must contain the true capacity."""

OFF = sqrt(WIDTH) - 1
"""The most by which the middle of a resolved range may be off, as a share."""


def report() -> Iterator[Finding]:
    """Yield a finding for each number of slots."""
    for slots in SLOTS_TRIED:
        known = model(slots, REPLAYED)
        start = known.capacity(OBJECTIVE.allowed)
        true = {speed: Simulated(slots, speed).capacity() for speed in SPEEDS}
        speeds = [SPEEDS[number % len(SPEEDS)] for number in range(SEARCHES)]
        results = [
            (search(Simulated(slots, speed), known, start, seed), true[speed]) for seed, speed in enumerate(speeds)
        ]
        yield _finding(slots, results)


def _finding(slots: int, results: Sequence[tuple["Searched", float]]) -> Finding:
    inside = sum(each.contains(capacity) for each, capacity in results)
    resolved = sum(each.found.resolved for each, _ in results)
    errors = [each.off(capacity) for each, capacity in results if each.found.passed and each.found.failed]
    worst = max((each.off(capacity) for each, capacity in results if each.found.resolved), default=0.0)
    wrong = sum(each.wrong(capacity) for each, capacity in results)
    decided = sum(outcome is not Outcome.UNDECIDED for each, _ in results for outcome in each.outcomes.values())
    rates = max(len(each.outcomes) for each, _ in results)
    seconds = [each.seconds for each, _ in results]
    return Finding(
        f"{slots} slots of 250 ms, {OBJECTIVE.text}: {inside} of {len(results)} ranges contain the capacity (aim: "
        f"{RIGHT:.0%}); {wrong} of {decided} decisions on the wrong side (aim: at most {(1 - CONFIDENCE) / 2:.1%}); at "
        f"most {rates} rates (aim: {PROBES}) and {max(seconds):.0f} s (aim: {BUDGET:.0f} s), on average "
        f"{sum(seconds) / len(seconds):.0f} s; {resolved} resolved, their middle at most {worst:.1%} off (aim: "
        f"{OFF:.1%}); {len(errors)} with two bounds, {sum(each <= OFF for each in errors)} of them as close",
        met=inside >= RIGHT * len(results)
        and wrong <= decided * (1 - CONFIDENCE) / 2
        and rates <= PROBES
        and max(seconds) <= BUDGET
        and worst <= OFF,
    )


@dataclass(frozen=True)
class Simulated:
    """A blocking service with waits that vary, and which stands still now and then.

    `speed`: its times divided by those of the model. `jitter`: mean seconds by which a wait lasts longer. `every`: mean
    seconds between two moments at which everything stands still, for up to `longest` seconds.
    """

    slots: int
    speed: float
    jitter: float = 0.004
    every: float = 30.0
    longest: float = 0.1

    @property
    def limit(self) -> float:
        """The rate that its slots carry."""
        return self.slots / (WAIT * self.speed + self.jitter)

    def latencies(self, offsets: Sequence[float], random: Random) -> list[float]:
        """Return the seconds that each of some arrivals takes on an empty service."""
        moments, lost = self._stops(offsets[-1] + 60, random)
        free, found, stops = [0.0] * self.slots, [], 0
        for arrived in offsets:
            # The service's own time stops while it stands still.
            while stops < len(moments) and moments[stops] + lost[stops + 1] <= arrived:
                stops += 1
            now = arrived - lost[stops]
            if stops < len(moments):
                now = min(now, moments[stops])
            left = max(now, free[0]) + WAIT * self.speed + random.expovariate(1 / self.jitter)
            heapreplace(free, left)
            found.append(left + lost[bisect_right(moments, left, stops)] - arrived)
        return found

    def capacity(self, arrivals: int = LONG) -> float:
        """Return its true capacity, from a long simulation."""
        offsets = list(islice(Open(1.0, seed=99).schedule(0), arrivals))
        low, high = 0.5 * self.limit, self.limit
        while high / low > 1.002:
            rate = sqrt(low * high)
            latencies = self.latencies([each / rate for each in offsets], Random(5))  # noqa: S311 - reproducible
            missed = sum(OBJECTIVE.missed_by(each * 1000) for each in latencies) / arrivals
            low, high = (low, rate) if missed > OBJECTIVE.allowed else (rate, high)
        return sqrt(low * high)

    def _stops(self, until: float, random: Random) -> tuple[list[float], list[float]]:
        """Return when it stands still, by its own time, and the seconds that are lost before each and after all."""
        moments, lost, moment = list[float](), [0.0], random.expovariate(1 / self.every)
        while moment < until:
            moments.append(moment)
            lost.append(lost[-1] + random.uniform(0, self.longest))
            moment += random.expovariate(1 / self.every)
        return moments, lost


@dataclass(frozen=True)
class Searched:
    """The result of one search, with the seconds that it would take and the rates and outcomes that it ends with."""

    found: Found
    seconds: float
    outcomes: dict[float, Outcome]

    def contains(self, capacity: float) -> bool:
        """Return True if the capacity lies in the range that was found."""
        low, high = self.found.passed or 0.0, self.found.failed
        return low <= capacity and (high is None or capacity <= high)

    def off(self, capacity: float) -> float:
        """Return how far off the middle between both bounds is, as a share."""
        low, high = self.found.passed, self.found.failed
        return abs(sqrt(low * high) / capacity - 1) if low and high else inf

    def wrong(self, capacity: float) -> int:
        """Return the number of rates that passed above the capacity or failed below it."""
        passed = sum(each is Outcome.PASSED and rate > capacity for rate, each in self.outcomes.items())
        return passed + sum(each is Outcome.FAILED and rate <= capacity for rate, each in self.outcomes.items())


def model(slots: int, replayed: int) -> Model:
    """Return the model of a service with so many slots."""
    return Model(Demand(WAIT, (Limit(SLOTS, slots, WAIT),)), OBJECTIVE.deadline or 0.0, Open(1.0), replayed)


def search(service: Simulated, known: Model | None, start: float | None, seed: int, first: float = 1.0) -> Searched:
    """Search for the capacity of a simulated service, with arrivals of this seed."""
    deadline = OBJECTIVE.deadline or 0.0
    search, evidence = Search(start, 100_000, first, deadline, WARMUP + BETWEEN), Evidence(OBJECTIVE, known)
    random = Random(f"{service} {seed}")  # noqa: S311 - reproducible, not secret
    outcomes = dict[float, Outcome]()
    for repeat in count():
        rate = search.next()
        if rate is None:
            break
        seconds = WARMUP + window(rate, deadline)
        offsets = list(Open(rate, seed=seed).until(seconds, repeat))
        latencies = [1000 * each for each in service.latencies(offsets, random)]
        inside = [latency for offset, latency in zip(offsets, latencies, strict=True) if offset >= WARMUP]
        evidence.add(rate, offsets, WARMUP, inside)
        outcomes = {each: evidence.decide(each).outcome for each in {*search.rates, rate}}
        search.add(rate, outcomes, seconds + BETWEEN)
    return Searched(search.found, search.spent, outcomes)
