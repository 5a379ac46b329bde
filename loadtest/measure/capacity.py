"""Search for the capacity of services: one window after the other, each on a fresh server."""

import time
from collections.abc import Iterator, Sequence
from math import inf

from backing.environment import Backing
from loadtest.contenders.cores import Cores
from loadtest.contenders.secrets import NO_SECRETS, Secrets
from loadtest.contenders.service import Service
from loadtest.contenders.target import Target
from loadtest.results.capacity import INCONCLUSIVE, Capacity, Fate, Probe
from loadtest.results.schema import Options, Results, Step
from loadtest.verdict.bounds import throughput
from loadtest.verdict.objectives import Decision, Evidence, Objective, Outcome, combined
from loadtest.verdict.shares import Interval
from loadtest.workload import scenarios
from loadtest.workload.demand import ARRIVALS, GENERATOR, Demand
from loadtest.workload.margins import REPLAYED, Model
from loadtest.workload.open import Open, capacity

from .clocks import Clocks
from .comparison import CALIBRATION, Comparison, Progress
from .plan import PlannedStep
from .search import Found, Search, window

AROUND = 5.0
"""Seconds that a window takes beside itself: starts, warm-up, drain and replays."""

CEILING = 1500.0
"""The highest rate that is tried with each load generator, in arrivals per second: above, it sends too many late."""

FIRST = 10.0
"""The first rate without a prediction, in arrivals per second. Eight rates, each twice the last, nearly reach the
ceiling."""

OFFERED = 0.8
"""Share of the rate that filled the load generator that it can offer on time."""


class CapacitySearch(Comparison):
    """A run that searches for the capacity of services, within `budget` seconds each."""

    def __init__(  # noqa: PLR0913, PLR0917 - a comparison with two more
        self,
        services: Sequence[Service],
        options: Options,
        command: list[str],
        cores: Cores,
        objectives: Sequence[Objective],
        budget: float,
        secrets: Secrets = NO_SECRETS,
    ) -> None:
        super().__init__([*services], options, command, cores, secrets=secrets)
        self._objectives = objectives
        self._budget = budget
        self._capacities: dict[str, Capacity] = {}

    @property
    def predicted(self) -> list[float]:
        """The most arrivals per second that each service carries by the model, before any calibration."""
        limits = [capacity(self._demand(service)) for service in self.services]
        return [limit.throughput if limit else inf for limit in limits]

    @property
    def seconds(self) -> float:
        """The longest time that the whole run takes."""
        return (self._budget + CALIBRATION) * len(self.services)

    def results(self, *, complete: bool, failure: str | None = None) -> Results:
        """Return the record of the run so far."""
        known = super().results(complete=complete, failure=failure)
        return known.model_copy(update={"capacities": [*self._capacities.values()]})

    def _measured(self, service: Service | Target, repeat: int, progress: Progress, behind: Backing) -> Iterator[Step]:
        assert isinstance(service, Service)
        if self._calibrates(service):
            progress.begins(service.name, "calibration", repeat, CALIBRATION)
            self._calibrate(service, behind)
        demand = self._replayable(service)
        probes = _Probes(self._objectives, self._load, demand)
        predicted = probes.predicted()
        deadline = max((each.deadline or 0.0 for each in self._objectives), default=0.0)
        search = Search(
            predicted, CEILING * self.crew.working(self.cores), FIRST, deadline, overhead=AROUND, budget=self._budget
        )
        while (rate := search.next()) is not None:
            began = time.monotonic()
            progress.begins(service.name, self._load.at(rate).label, repeat, window(rate, deadline) + AROUND)
            step = self._window(service, rate, window(rate, deadline), probes.windows(rate) + 1, behind)
            yield step
            probes.add(step)
            spent = time.monotonic() - began
            search.add(rate, probes.outcomes(), spent)
            probes.spent(rate, spent)
            progress.found(f"{service.name}, {self._load.at(rate).label}: {probes.told(rate)}")
            if step.measured is not None and step.bound == GENERATOR:  # begin again with a rate that it can offer
                ceiling, spent = OFFERED * throughput(step.measured), search.spent
                search = Search(ceiling, ceiling, FIRST, deadline, AROUND, self._budget, spent)
                for known, outcome in probes.outcomes().items():
                    search.add(known, {known: outcome}, 0.0)
            # also after each window, so that an interrupted run keeps what was found
            self._capacities[service.name] = _capacity(service, predicted, search.found, probes, demand)
        self._capacities[service.name] = _capacity(service, predicted, search.found, probes, demand)

    def _window(self, service: Service, rate: float, seconds: float, number: int, behind: Backing) -> Step:
        """Measure one window on a fresh server. `number`: which of this rate's windows it is."""
        load, demand = self._load.at(rate), self._replayable(service) or Demand(self._options.wait)
        warmup, _ = load.spans(0.0, demand, 0.0, 0)
        planned = PlannedStep(load, load.predict(demand), warmup, seconds, saturates=load.saturates(demand))
        with self._fresh(service, behind) as (driver, server):
            driver.begin(self._job(service, server))
            clocks = Clocks(server, behind, self.cores, self.needs, driver.masters)
            measured = self._measure(driver, server, clocks, planned, number)
        return self._step(service, number, planned, measured, None)

    def _replayable(self, service: Service) -> Demand | None:
        """Return the demand by which each request can be replayed, or None."""
        demand = self._contenders[service.name].demand
        return demand if demand and scenarios.replayable(self._options.scenario, demand) else None

    @property
    def _load(self) -> Open:
        load = self._options.loads[0]
        assert isinstance(load, Open)
        return load


def _capacity(
    service: Service, predicted: float | None, found: Found, probes: "_Probes", demand: Demand | None
) -> Capacity:
    """Return the record of what a search has found."""
    bound = probes.bound(found.failed or found.passed)
    if not bound and found.failed and demand and (limit := capacity(demand)):  # it kept up with arrivals that queued
        bound = f"queue for {limit.name}"
    return Capacity(
        service=service.name,
        predicted=predicted,
        passed=found.passed,
        failed=found.failed,
        bound=bound,
        resolved=found.resolved,
        why=found.reason,
        probes=probes.records(),
    )


class _Probes:
    """The windows of one service, and what they say of the rates that were tried."""

    def __init__(self, objectives: Sequence[Objective], load: Open, demand: Demand | None) -> None:
        self._evidence: dict[Objective, Evidence] = {}
        self._models: dict[Objective, Model] = {}
        self._load = load
        self._steps: dict[float, list[Step]] = {}
        self._seconds: dict[float, float] = {}
        for objective in objectives:
            if demand is not None:
                self._models[objective] = Model(demand, objective.deadline or load.patience, load, REPLAYED)
            self._evidence[objective] = Evidence(objective, self._models.get(objective))

    def predicted(self) -> float | None:
        """Return the highest rate that meets all objectives by a long replay, or None if nothing limits it."""
        rates = [model.capacity(objective.allowed) for objective, model in self._models.items()]
        return min((rate for rate in rates if rate), default=None)

    def windows(self, rate: float) -> int:
        """Return the number of windows at a rate."""
        return len(self._steps.get(rate, []))

    def add(self, step: Step) -> None:
        """Add a window. One that is inconclusive says nothing of any rate."""
        assert isinstance(step.load, Open)
        assert step.measured is not None
        self._steps.setdefault(step.load.rate, []).append(step)
        if step.doubts or step.measured.arrivals is None:
            return
        offsets = list(step.load.until(step.warmup + step.window, step.repeat))
        for evidence in self._evidence.values():
            evidence.add(step.load.rate, offsets, step.warmup, step.measured.arrivals.latencies)

    def spent(self, rate: float, seconds: float) -> None:
        """Note the time that a window at a rate took."""
        self._seconds[rate] = self._seconds.get(rate, 0.0) + seconds

    def outcomes(self) -> dict[float, Outcome]:
        """Return what is known of each rate that has a window with trusted figures."""
        return {
            rate: combined(decision.outcome for _, decision in self._decisions(rate))
            for rate in self._steps
            if self._usable(rate)
        }

    def told(self, rate: float) -> str:
        """Return the outcome of a rate in words, with the share that missed, or why it has none."""
        record = self._record(rate)
        if not self._usable(rate):
            return f"{record.outcome}: {self._steps[rate][-1].doubts[0]}"
        long_run = f"{record.low:.2%} to {record.high:.2%} in the long run"
        return f"{record.outcome} ({record.share:.2%} missed {record.objective}, {long_run})"

    def bound(self, rate: float | None) -> str:
        """Return what bound the service at a rate, by the windows that can be trusted; empty if nothing did."""
        trusted = [
            step.bound for step in self._steps.get(rate or 0.0, []) if not step.doubts and step.bound != ARRIVALS
        ]
        return "; ".join(dict.fromkeys(bound.partition(" (")[0] for bound in trusted))

    def records(self) -> list[Probe]:
        """Return the record of each rate, ascending."""
        return [self._record(rate) for rate in sorted(self._steps)]

    def _record(self, rate: float) -> Probe:
        outcome: Fate = INCONCLUSIVE
        hardest, share = next(iter(self._evidence)), Interval(0.0, 0.0, 1.0)
        if self._usable(rate):
            decisions = self._decisions(rate)
            outcome = combined(decision.outcome for _, decision in decisions).value
            hardest, decided = max(decisions, key=lambda each: each[1].interval.share / each[0].allowed)
            share = decided.interval
        return Probe(
            rate=rate,
            windows=self.windows(rate),
            seconds=self._seconds.get(rate, 0.0),
            objective=hardest.text,
            share=share.share,
            low=share.low,
            high=share.high,
            outcome=outcome,
        )

    def _decisions(self, rate: float) -> list[tuple[Objective, Decision]]:
        return [(objective, evidence.decide(rate)) for objective, evidence in self._evidence.items()]

    def _usable(self, rate: float) -> bool:
        return any(not step.doubts for step in self._steps[rate])
