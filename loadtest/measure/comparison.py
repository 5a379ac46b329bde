"""Run a comparison: one service at a time, step by step, repeat by repeat."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Protocol

from backing.environment import Need
from loadtest.contenders.adapter import adapter_lines
from loadtest.contenders.service import Service
from loadtest.contenders.target import Target
from loadtest.generator.driver import COMMAND, Driver, Job, Order, generator
from loadtest.processes.clocks import MachineTime, machine_time
from loadtest.processes.service import Running, Usage, running
from loadtest.results.schema import SCHEMA, Contender, Measured, Options, Predicted, Results, Step
from loadtest.verdict.judge import OWN_LIMIT, UNEXPLAINED, Judgement, judge, mean_response, throughput
from loadtest.workload import Load, scenarios
from loadtest.workload.demand import USERS, Demand

from .machine import machine
from .plan import PlannedStep, goes_on, plan, spans, to_run

OVERHEAD = 2.2
"""Seconds to start and stop a service and its load generator, for the estimate of the time left."""

PATIENCE = 5.0
"""Seconds to wait for a completed request at the edge of a window, in addition to twice the predicted response time."""

UNHURRIED: Mapping[str, str] = MappingProxyType({"POOL_TIMEOUT": "60"})
"""Environment in which a request may wait for a pool connection as long as a user waits for its response (60 s):
requests in that queue are measured, not refused."""

NOTHING: Mapping[str, str] = MappingProxyType({})

LIMITS = ("CPU", "generator", OWN_LIMIT)
"""The values of `bound` that show saturation by something outside the model."""


class Progress(Protocol):
    """A receiver of a run's progress."""

    def begins(self, service: str, load: Load, repeat: int, seconds: float) -> None:
        """Report that a step begins; the step and its start-up take about `seconds`."""

    def ended(self, step: Step) -> None:
        """Report that a step has been measured, or will not be run."""


class Comparison:
    """A run of all steps. `steps` grows during the run, so an interrupted run keeps its finished steps."""

    def __init__(self, services: list[Service | Target], options: Options, command: list[str]) -> None:
        self.services = services
        self.steps: list[Step] = []
        self._options = options
        self._command = command
        self._started = datetime.now(UTC)
        self._contenders = {service.name: contender(service, options) for service in services}

    def planned(self, service: Service | Target) -> list[PlannedStep]:
        """Plan the steps of one service. If the wait of its requests is unknown, assume that it is the delay."""
        return plan(self._options.loads, self._demand(service), self._options.seconds)

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
        return each * self._options.repeats

    def run(self, progress: Progress, environment: Mapping[str, str] = NOTHING) -> None:
        """Measure all services once per repeat, so that a passing disturbance does not hit every repeat of one service.

        The project's own services inherit this process's environment, overridden by `environment`. Raises ServiceFailed
        or GeneratorFailed if a process that the run needs fails.
        """
        self._started = datetime.now(UTC)
        for repeat in range(1, self._options.repeats + 1):
            for service in self.services:
                for step in self._measured(service, repeat, progress, environment):
                    self.steps.append(step)
                    progress.ended(step)

    def results(self, *, complete: bool, failure: str | None = None) -> Results:
        """Return the record of the run so far."""
        return Results(
            schema_version=SCHEMA,
            started=self._started,
            finished=datetime.now(UTC),
            complete=complete,
            failure=failure,
            command=self._command,
            generator_command=COMMAND,
            options=self._options,
            machine=machine(),
            contenders=list(self._contenders.values()),
            steps=self.steps,
        )

    def _measured(
        self, service: Service | Target, repeat: int, progress: Progress, environment: Mapping[str, str]
    ) -> Iterator[Step]:
        starting = OVERHEAD
        saturated = 0
        first: Step | None = None
        last: Step | None = None
        with _fresh(service, environment) as (driver, server):
            driver.begin(self._job(service, server))
            for planned in self.planned(service):
                step = planned if self._foretold(service) else self._sized(planned, last)
                if not goes_on(saturated):
                    yield self._step(service, repeat, step, None, first)
                    continue
                progress.begins(service.name, step.load, repeat, step.seconds + starting)
                starting = 0.0
                last = self._step(service, repeat, step, _measure(driver, server, step), first)
                first = first or last
                yield last
                saturated += last.bound in LIMITS or (self._foretold(service) and step.predicted.saturated)

    def _job(self, service: Service | Target, server: Running | None) -> Job:
        path = service.path if isinstance(service, Target) else None
        url = server.url if server else service.url if isinstance(service, Target) else ""
        return Job(
            service.name,
            url,
            self._options.scenario,
            self._options.delay,
            self._options.wait,
            path,
            self._options.slow_clients,
        )

    def _demand(self, service: Service | Target) -> Demand:
        return self._contenders[service.name].demand or Demand(self._options.wait)

    def _foretold(self, service: Service | Target) -> bool:
        return self._contenders[service.name].demand is not None

    def _sized(self, planned: PlannedStep, last: Step | None) -> PlannedStep:
        """Return the step of a service without predictions, with a long enough warm-up and window.

        They are long enough even if the previous step already reached the maximum throughput, so that more users only
        lengthen the response time.
        """
        if last is None or last.measured is None or not (rate := throughput(last.measured)):
            return planned
        response = max(mean_response(last.measured), planned.load.response(rate))
        warmup, window = spans(planned.load, response, Demand(self._options.wait), self._options.seconds)
        return replace(planned, predicted=replace(planned.predicted, response=response), warmup=warmup, window=window)

    def _step(
        self, service: Service | Target, repeat: int, step: PlannedStep, measured: Measured | None, first: Step | None
    ) -> Step:
        """Return the record of a step, with its judgement if it was run."""
        predicted = Predicted(**asdict(step.predicted)) if self._foretold(service) else None
        verdict = Judgement("not run", [])
        if measured is not None:
            held_against = predicted or _as_the_first(first, step)
            verdict = judge(step.load, held_against, measured, self._contenders[service.name], self._options.scenario)
            if first is not None and held_against is None and verdict.bound == USERS:
                verdict = replace(verdict, bound=UNEXPLAINED)  # nothing shows that it is the users
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


def contender(service: Service | Target, options: Options) -> Contender:
    """Return the record of a service in the results."""
    if isinstance(service, Target):
        return Contender(
            name=service.name,
            made_of=service.made_of,
            software={},
            kind="unknown",
            ours=False,
            command=[],
            environment={},
            **dict.fromkeys(("adapter_lines", "processes", "threads", "slots", "demand")),
        )
    return Contender(
        name=service.name,
        made_of=service.made_of,
        software=service.software,
        adapter_lines=adapter_lines(service.module),
        kind=service.kind,
        processes=service.workers,
        threads=service.threads,
        slots=service.slots,
        demand=scenarios.demand(options.scenario, service, options.wait, options.slow_clients),
        ours=True,
        command=service.command(),
        environment={**service.environment, **UNHURRIED},
    )


def _as_the_first(first: Step | None, step: PlannedStep) -> Predicted | None:
    """Predict a step by scaling the first step's throughput with the load.

    None if the first step had no successful request, was not measured, or is inconclusive.
    """
    if first is None or first.measured is None or first.doubts or not (rate := throughput(first.measured)):
        return None
    grown = rate * step.load.amount / first.load.amount
    return Predicted(throughput=grown, response=mean_response(first.measured), bound=USERS)


@contextmanager
def _fresh(service: Service | Target, environment: Mapping[str, str]) -> Iterator[tuple[Driver, Running | None]]:
    """Run a new load generator and a new server (none for a target) until the context exits, and yield both."""
    with generator() as driver:  # first, so that it loads its modules while the server starts
        if isinstance(service, Target):
            yield driver, None
        else:
            with running(service, {**environment, **UNHURRIED}) as server:
                yield driver, server


def _measure(driver: Driver, server: Running | None, step: PlannedStep) -> Measured:
    order = Order(step.load, step.warmup, step.window, PATIENCE + 2 * step.predicted.response)
    driver.open(order)
    began, before = _clocks(server)
    window = driver.close(order)
    ended, after = _clocks(server)
    if server:
        server.check()
    spent = ended.since(began)
    used = _used(before, after, window["seconds"])
    return Measured(
        **{key: value for key, value in window.items() if key != "event"},
        machine_cpu=spent.busy_share(window["generator_cpu"] + (used["server_cpu"] or 0.0)),
        stolen_cpu=spent.stolen / (spent.busy + spent.idle),
        throttled=spent.throttled,
        connections=server.connections() if server else None,
        **used,
    )


def _clocks(server: Running | None) -> tuple[MachineTime, Usage | None]:
    return machine_time(), server.usage() if server else None


def _used(before: Usage | None, after: Usage | None, seconds: float) -> dict[str, Any]:
    if before is None or after is None:
        return {"server_cpu": None, "busiest_cpu": None, "memory": None, "died": 0}
    each = [spent - before.cpu.get(pid, 0.0) for pid, spent in after.cpu.items()]
    return {
        "server_cpu": sum(each) / seconds,
        "busiest_cpu": max(each) / seconds,
        "memory": sum(after.memory.values()),
        "died": len(before.cpu.keys() - after.cpu.keys()),
    }
