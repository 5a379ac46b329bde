"""Run a comparison: one service at a time, step by step, repeat by repeat."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from math import inf
from typing import Protocol

from backing.environment import Backing, Need
from loadtest.contenders.cores import SHARED, Cores
from loadtest.contenders.secrets import NO_SECRETS, Secrets
from loadtest.contenders.service import Service
from loadtest.contenders.target import Target
from loadtest.generator.crew import ALONE, Crew
from loadtest.generator.driver import Driver, generator
from loadtest.generator.orders import Job, Order
from loadtest.generator.starting import Lend, command, generators, introduction
from loadtest.processes.affinity import bound, confined
from loadtest.processes.listening import Unseen, listening
from loadtest.processes.logs import Logs
from loadtest.processes.own import started
from loadtest.processes.service import Server, running
from loadtest.results.advice import Costs
from loadtest.results.histogram import merged
from loadtest.results.schema import SCHEMA, Measured, Options, Part, Predicted, Results, Step
from loadtest.verdict.bounds import OWN_LIMIT, UNEXPLAINED, mean_response, throughput
from loadtest.verdict.forecast import forecast
from loadtest.verdict.judge import Judgement, judge
from loadtest.verdict.pairs import lacks_pairs
from loadtest.verdict.processors import DATABASE, NEIGHBOUR, UPSTREAM
from loadtest.verdict.turns import turn
from loadtest.workload import scenarios
from loadtest.workload.demand import ARRIVALS, CPU, GENERATOR, USERS, Calibration, Demand
from loadtest.workload.open import Open

from .calibration import SECONDS, calibrate
from .clocks import Clocks, measure
from .contender import UNHURRIED, contender
from .explained import explained
from .machine import machine
from .plan import PlannedStep, goes_on, plan, spans, to_run

OVERHEAD = 1.4
"""Seconds to start and stop a service and its load generator, for the estimate of the time left."""

CALIBRATION = OVERHEAD + SECONDS
"""Seconds of a calibration, for the same estimate."""

ATTEMPTS = 2
"""Number of calibrations, if all of them fail or are disturbed."""

FURTHER_PAIRS = 6
"""Number of pairs that may be added if some cannot be trusted."""

NOTHING = Backing({}, {})

LIMITS = (CPU, GENERATOR, DATABASE, UPSTREAM, OWN_LIMIT)
"""The values of `bound` that show saturation by something outside the model."""


class Progress(Protocol):
    """A receiver of a run's progress."""

    def begins(self, service: str, what: str, repeat: int, seconds: float) -> None:
        """Report that a calibration or the step `what` begins, which takes about `seconds`."""

    def ended(self, step: Step) -> None:
        """Report that a step has been measured, or will not be run."""

    def found(self, sentence: str) -> None:
        """Report what a step shows, in words."""


class Comparison:
    """A run of all steps. `steps` grows during the run, so an interrupted run keeps its finished steps.

    `calibrated_by`: a comparison of the same services that is run before, and whose calibrations predict this one too.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what is run, how, on what, and what must stay hidden
        self,
        services: list[Service | Target],
        options: Options,
        command: list[str],
        cores: Cores = SHARED,
        calibrated_by: "Comparison | None" = None,
        secrets: Secrets = NO_SECRETS,
        costs: Costs | None = None,
        logs: Logs | None = None,
    ) -> None:
        self.services = services
        self.cores = cores
        self.logs = logs or Logs(secrets)
        """The output of services of the user's own that the run has started."""
        self.steps: list[Step] = []
        self._options = options
        self._command = command
        self._calibrated_by = calibrated_by
        self._secrets = secrets
        self._costs = costs
        self.crew: Crew = ALONE
        """The load generators. They start with the run."""
        self._lend: Lend = generator
        self._started = datetime.now(UTC)
        self._contenders = {service.name: contender(service, options) for service in services}

    def planned(self, service: Service | Target) -> list[PlannedStep]:
        """Plan the steps of one service. If the wait of its requests is unknown, assume that it is the delay."""
        return plan(self._options.loads, self._demand(service), self._options.seconds)

    @property
    def predicted(self) -> list[float]:
        """The predicted throughput of each step, in requests per second, before any calibration; inf if unknown."""
        known = [service for service in self.services if isinstance(service, Target) or self._foretold(service)]
        found = [step.predicted.throughput for service in known for step in to_run(self.planned(service))]
        return found if len(known) == len(self.services) else [*found, inf]

    @property
    def needs(self) -> set[Need]:
        """The backing services that the project's own services need in this scenario."""
        ours = any(isinstance(service, Service) for service in self.services)
        return scenarios.needs(self._options.scenario) if ours else set()

    @property
    def repeats(self) -> int:
        """The number of repeats."""
        return self._options.repeats

    @property
    def seconds(self) -> float:
        """The estimated seconds of the whole run."""
        each = sum(OVERHEAD + sum(step.seconds for step in to_run(self.planned(service))) for service in self.services)
        return each * self._options.repeats + CALIBRATION * sum(map(self._calibrates, self.services))

    @property
    def calibrations(self) -> dict[str, Calibration | None]:
        """The calibration of each service by name, None before the run."""
        return {name: each.calibration for name, each in self._contenders.items()}

    def run(self, progress: Progress, behind: Backing = NOTHING) -> None:
        """Measure all services once per repeat, so that a passing disturbance does not hit every repeat of one service.

        The project's own services inherit this process's environment, overridden by that of `behind`. Raises
        ServiceFailed or GeneratorFailed if a process that the run needs fails.
        """
        self._started = datetime.now(UTC)
        if self._calibrated_by is not None:
            known = self._calibrated_by.calibrations
            for service in self.services:
                self._contenders[service.name] = contender(
                    service, self._options, known[service.name], self.crew.working(self.cores)
                )
        with ExitStack() as bindings:
            bindings.enter_context(confined(self.cores.others))
            for process in behind.processes.values():
                bindings.enter_context(bound(process, self.cores.others))
            self._lend = bindings.enter_context(
                generators(self.crew, lambda member: progress.found(introduction(member, self.crew)))
            )
            for repeat in self._turns():
                for service in self._in_turn(repeat):
                    for step in self._measured(service, repeat, progress, behind):
                        self.steps.append(step)
                        progress.ended(step)

    def _turns(self) -> Iterator[int]:
        """Yield the number of each repeat; of pairs, also of further ones in place of those that were disturbed."""
        planned = self._options.repeats
        yield from range(1, planned + 1)
        for repeat in range(planned + 1, planned + 1 + FURTHER_PAIRS):
            if not lacks_pairs(self.steps, self._options.pairings):
                return
            yield repeat

    def _in_turn(self, repeat: int) -> Sequence[Service | Target]:
        """Return the services in the order of a repeat: of pairs, each goes first as often as last."""
        backwards = bool(self._options.pairings) and repeat % 2 == 0
        return self.services[::-1] if backwards else self.services

    def masked(self, text: str) -> str:
        """Return a text about the run without its secrets."""
        told: str = self._secrets.masked(text)
        return told

    def results(self, *, complete: bool, failure: str | None = None) -> Results:
        """Return the record of the run so far."""
        masked = self._secrets.masked
        found = Results(
            schema_version=SCHEMA,
            started=self._started,
            finished=datetime.now(UTC),
            complete=complete,
            failure=masked(failure),
            command=masked(self._command),
            generator_command=command(self.crew),
            cores=self.cores,
            options=self._options,
            machine=machine(),
            contenders=[
                each.model_copy(update={"made_of": masked(each.made_of), "command": masked(each.command)})
                for each in self._contenders.values()
            ],
            steps=self.steps,
            costs=self._costs,
        )
        return explained(found, [each for each in self.services if isinstance(each, Target)])

    def _measured(self, service: Service | Target, repeat: int, progress: Progress, behind: Backing) -> Iterator[Step]:
        if repeat == 1 and isinstance(service, Service) and self._calibrates(service):
            progress.begins(service.name, "calibration", repeat, CALIBRATION)
            self._calibrate(service, behind)
        starting = OVERHEAD
        saturated = 0
        first: Step | None = None
        last: Step | None = None
        with self._fresh(service, behind) as (driver, server):
            driver.begin(self._job(service, server))
            clocks = Clocks(server, behind, self.cores, self.needs, driver.masters)
            for planned in self.planned(service):
                step = planned if self._foretold(service) else self._sized(planned, last, self._wait(service))
                if not goes_on(step.load, saturated):
                    yield self._step(service, repeat, step, None, first)
                    continue
                progress.begins(service.name, step.load.label, repeat, step.seconds + starting)
                starting = 0.0
                last = self._step(service, repeat, step, self._measure(driver, server, clocks, step, repeat), first)
                first = first or last
                while driver.notices:
                    progress.found(self.masked(driver.notices.pop(0)))
                yield last
                saturated += last.bound in LIMITS or (self._foretold(service) and step.saturates)

    def _calibrates(self, service: Service | Target) -> bool:
        """Return True if the demand of a service is calibrated. On shared cores its times would predict nothing."""
        if isinstance(service, Target) or not self.cores.apart or self._calibrated_by is not None:
            return False
        return scenarios.calibrates(self._options.scenario, service, self._options.slow_clients)

    def _calibrate(self, service: Service, behind: Backing) -> None:
        """Calibrate the demand of a service, on a server of its own: steps begin on a fresh one.

        A failed request and other processes that take CPU time spoil a calibration: then it is repeated, and the less
        disturbed one counts.
        """
        found: list[Calibration] = []
        for _ in range(ATTEMPTS):
            with self._fresh(service, behind) as (driver, server):
                driver.begin(self._job(service, server))
                clocks = Clocks(server, behind, self.cores, self.needs, driver.masters)
                measured = calibrate(service, self._options, driver, clocks)
            if measured is not None:
                found.append(measured)
                if measured.neighbours <= NEIGHBOUR:
                    break
        best = min(found, key=lambda each: each.neighbours, default=None)
        self._contenders[service.name] = contender(service, self._options, best, self.crew.working(self.cores))

    @contextmanager
    def _fresh(self, service: Service | Target, behind: Backing) -> Iterator[tuple[Driver, Server | None]]:
        """Run load generators that begin anew and a new server until the context exits, and yield both.

        A target that runs already is found instead; None if its processes cannot be seen.
        """
        with self._lend() as driver:  # first, so that it loads its modules while the server starts
            if isinstance(service, Service):
                environment = {**behind.environment, **UNHURRIED}
                environment |= self._watched_by({**os.environ, **environment})
                host = self.crew.address
                with running(service, environment, cores=self.cores.service, host=host) as server:
                    yield driver, server
            elif service.start:
                own = {**os.environ, **service.start.environment}
                with started(
                    service.name, service.start, self.cores.service, self.logs, self._watched_by(own)
                ) as server:
                    yield driver, server
            else:
                yield driver, _found(service)

    def _watched_by(self, _environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return the variables that bring a watcher into a service with this environment: none in a comparison."""
        return {}

    def _opened(self) -> None:
        """Do nothing when a window opens."""

    def _job(self, service: Service | Target, server: Server | None) -> Job:
        asked = self._options
        if isinstance(service, Target):
            url, wait = server.url if server else service.url, self._wait(service)
            theirs = None if service.locustfile is None else str(service.locustfile)
            return Job(service.name, url, asked.scenario, asked.delay, wait, service.requests, service.tls, theirs)
        assert server is not None
        return Job(service.name, server.url, asked.scenario, asked.delay, asked.wait, slow_clients=asked.slow_clients)

    def _wait(self, service: Service | Target) -> float:
        """Return the seconds that a request waits: by the options, or for a target as it was tried."""
        tried = service.wait if isinstance(service, Target) else None
        return self._options.wait if tried is None else tried

    def _demand(self, service: Service | Target) -> Demand:
        return self._contenders[service.name].demand or Demand(self._wait(service))

    def _foretold(self, service: Service | Target) -> bool:
        return self._contenders[service.name].demand is not None

    def _sized(self, planned: PlannedStep, last: Step | None, wait: float) -> PlannedStep:
        """Return the step of a service without predictions, with a long enough warm-up and window.

        They are long enough even if the previous step already reached the maximum throughput, so that more users only
        lengthen the response time.
        """
        if last is None or last.measured is None or not (rate := throughput(last.measured)):
            return planned
        response = turn(last.measured) or max(mean_response(last.measured), planned.load.response(rate))
        warmup, window = spans(planned.load, response, Demand(wait), self._options.seconds)
        return replace(planned, predicted=replace(planned.predicted, response=response), warmup=warmup, window=window)

    def _measure(
        self, driver: Driver, server: Server | None, clocks: Clocks, step: PlannedStep, repeat: int
    ) -> Measured:
        patience = step.load.edges(step.predicted.response)
        deadlines = tuple(self._options.deadlines)
        order = Order(step.load, step.warmup, step.window, patience, repeat=repeat, deadlines=deadlines)
        measured = measure(driver, clocks, order, self._opened)
        masked = self._secrets.masked
        first = [each._replace(served_by=masked(each.served_by)) for each in measured.first]
        errors, parts = Counter[str](), dict[str, Part]()
        for text, times in measured.errors.items():
            errors[masked(text)] += times
        for name, part in ((masked(name), part) for name, part in measured.parts.items()):
            parts[name] = _both(parts[name], part) if name in parts else part  # names may be the same once masked
        shown = {"errors": dict(errors), "first": first, "parts": parts, "faults": masked(measured.faults)}
        measured = measured.model_copy(update=shown)
        if server:
            server.check()
            return measured.model_copy(update={"memory": server.memory(), "connections": server.connections()})
        return measured

    def _step(
        self, service: Service | Target, repeat: int, step: PlannedStep, measured: Measured | None, first: Step | None
    ) -> Step:
        """Return the record of a step, with its judgement if it was run."""
        predicted = self._predicted(service, repeat, step, measured)
        verdict = Judgement("not run", [])
        if measured is not None:
            held_against = predicted or _as_the_first(first, step)
            verdict = judge(step.load, held_against, measured, self._contenders[service.name], self._options.scenario)
            if first is not None and held_against is None and verdict.bound in (USERS, ARRIVALS):
                verdict = replace(verdict, bound=UNEXPLAINED)  # nothing shows that it is the load
        return Step(
            service=service.name,
            repeat=repeat,
            load=step.load,
            warmup=step.warmup,
            window=step.window,
            predicted=predicted,
            measured=measured,
            bound=verdict.bound,
            doubts=verdict.doubts,
        )

    def _predicted(
        self, service: Service | Target, repeat: int, step: PlannedStep, measured: Measured | None
    ) -> Predicted | None:
        """Return the prediction of a step, for an open load that of its very schedule; None without a model."""
        demand = self._contenders[service.name].demand
        if demand is None or isinstance(service, Target):
            return None
        known = Predicted(**asdict(step.predicted))
        if not isinstance(step.load, Open) or not scenarios.replayable(self._options.scenario, demand):
            return known
        found, served = forecast(
            step.load.schedule(repeat), step.load, demand, (step.warmup, step.window), _shares(service, measured)
        )
        return known.model_copy(update={"throughput": served, "arrivals": found})


def _both(one: Part, other: Part) -> Part:
    """Return the requests of two names as those of one."""
    return Part(
        requests=one.requests + other.requests,
        failures=one.failures + other.failures,
        latency=merged([one.latency, other.latency]),
    )


def _shares(service: Service, measured: Measured | None) -> list[int]:
    """Return the requests that each process got, if a connection ties all of its requests to one process."""
    if measured is None or measured.arrivals is None or service.workers == 1 or service.worker_class == "sync":
        return [1]
    seen = measured.arrivals.shares
    return [*seen, *[0] * (service.workers - len(seen))] if any(seen) else [1]


def _as_the_first(first: Step | None, step: PlannedStep) -> Predicted | None:
    """Predict a step by scaling the first step's throughput with the load.

    None if the first step had no successful request, was not measured, or is inconclusive.
    """
    if first is None or first.measured is None or first.doubts or not (rate := throughput(first.measured)):
        return None
    grown = rate * step.load.amount / first.load.amount
    bound = ARRIVALS if isinstance(step.load, Open) else USERS
    return Predicted(throughput=grown, response=mean_response(first.measured), bound=bound)


def _found(target: Target) -> Server | None:
    try:
        return listening(target)
    except Unseen:
        return None
