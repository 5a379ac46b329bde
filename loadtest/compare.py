"""The comparison: every service on its own, step by step, repeat by repeat."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

import psutil

from .driver import COMMAND, Driver, Job, Order, generator
from .judge import judge, mean_response
from .lineup import Service
from .machine import machine
from .model import Load, Prediction, predict
from .plan import PlannedStep, plan, spans
from .results import Contender, Measured, Options, Predicted, Results, Step
from .services import Running, Usage, running

OVERHEAD = 2.2
"""Seconds that starting and stopping a service and its generator take, for the time left."""

PATIENCE = 5.0
"""Seconds to wait for a completion at the edge of a window, beside twice the predicted response time."""


@dataclass(frozen=True)
class Stranger:
    """A running HTTP service that is not ours."""

    name: str
    url: str
    path: str

    @property
    def made_of(self) -> str:
        """Nothing is known of it but its address."""
        return f"{self.url}{self.path}"


class Progress(Protocol):
    """Who is told how a run goes on."""

    def begins(self, service: str, users: int, repeat: int, seconds: float) -> None:
        """A step begins; it and its start-up will take `seconds`."""

    def ended(self, step: Step) -> None:
        """A step has been measured, or will not be run."""


class _Clocks(NamedTuple):
    """CPU clocks at one moment, in seconds."""

    machine: Any
    usage: Usage | None


class Comparison:
    """One run: `steps` grows as it goes, so that an interrupted run keeps what it has."""

    def __init__(self, services: list[Service | Stranger], options: Options, command: list[str]) -> None:
        """Plan a run; nothing is started yet."""
        self.services = services
        self.steps: list[Step] = []
        self._options = options
        self._load = Load(options.wait, options.think)
        self._command = command
        self._started = datetime.now(UTC)
        self._contenders = {service.name: contender(service) for service in services}

    def planned(self, service: Service | Stranger) -> list[PlannedStep]:
        """The steps of one service; of a stranger as if its wait were ours."""
        slots = service.slots if isinstance(service, Service) else None
        return plan(self._options.users, self._load, slots, self._options.seconds)

    @property
    def repeats(self) -> int:
        """How often everything is measured."""
        return self._options.repeats

    @property
    def seconds(self) -> float:
        """How long the whole run should take."""
        each = sum(OVERHEAD + sum(step.seconds for step in self.planned(service)) for service in self.services)
        return each * self._options.repeats

    def run(self, progress: Progress) -> None:
        """Measure everything: each service once, then all again, so that a passing disturbance spares none.

        Raises:
            ServiceFailed, GeneratorFailed: where a process that the run depends on fails.

        """
        for repeat in range(1, self._options.repeats + 1):
            for service in self.services:
                for step in self._measured(service, repeat, progress):
                    self.steps.append(step)
                    progress.ended(step)

    def results(self, *, complete: bool) -> Results:
        """Everything so far, as it is written down."""
        return Results(
            started=self._started,
            finished=datetime.now(UTC),
            complete=complete,
            command=self._command,
            generator_command=COMMAND,
            options=self._options,
            machine=machine(),
            contenders=list(self._contenders.values()),
            steps=self.steps,
        )

    def _measured(self, service: Service | Stranger, repeat: int, progress: Progress) -> Iterator[Step]:
        starting = OVERHEAD
        saturated = 0
        first: Measured | None = None
        with _fresh(service) as (driver, server):
            self._begin(driver, service, server)
            for planned in self.planned(service):
                step = planned
                predicted: Prediction | None = planned.predicted
                if isinstance(service, Stranger):
                    step, predicted = self._replanned(planned, first)
                if not planned.run or saturated > 1:
                    yield self._not_run(service, repeat, step, predicted)
                    continue
                progress.begins(service.name, step.users, repeat, step.seconds + starting)
                starting = 0.0
                measured = _measure(driver, server, step)
                first = first or measured
                yield (done := self._judged(service, repeat, step, predicted, measured))
                saturated += step.predicted.saturated or done.bound in ("CPU", "generator")

    def _begin(self, driver: Driver, service: Service | Stranger, server: Running | None) -> None:
        url = server.url if server else service.url if isinstance(service, Stranger) else ""
        path = service.path if isinstance(service, Stranger) else None
        driver.begin(Job(service.name, url, self._options.delay, self._load.wait, self._load.think, path))

    def _replanned(self, planned: PlannedStep, first: Measured | None) -> tuple[PlannedStep, Prediction | None]:
        """The step of a stranger, whose wait is known only from its first step."""
        if first is None or not first.requests:
            return planned, None
        load = Load(mean_response(first), self._load.think)
        predicted = predict(planned.users, load, None)
        warmup, window = spans(predicted.response, load, self._options.seconds)
        return PlannedStep(planned.users, predicted, warmup, window, run=True), predicted

    def _not_run(
        self, service: Service | Stranger, repeat: int, step: PlannedStep, predicted: Prediction | None
    ) -> Step:
        return Step(
            service=service.name,
            repeat=repeat,
            users=step.users,
            warmup=step.warmup,
            window=step.window,
            predicted=_recorded(predicted),
            measured=None,
            bound="not run",
            doubts=[],
        )

    def _judged(
        self,
        service: Service | Stranger,
        repeat: int,
        step: PlannedStep,
        predicted: Prediction | None,
        measured: Measured,
    ) -> Step:
        verdict = judge(step.users, _recorded(predicted), measured, self._contenders[service.name], self._options)
        return Step(
            service=service.name,
            repeat=repeat,
            users=step.users,
            warmup=step.warmup,
            window=step.window,
            predicted=_recorded(predicted),
            measured=measured,
            bound=verdict.bound,
            doubts=verdict.doubts,
        )


def contender(service: Service | Stranger) -> Contender:
    """The row of a service in the results."""
    if isinstance(service, Stranger):
        return Contender(
            name=service.name,
            made_of=service.made_of,
            kind="unknown",
            processes=None,
            threads=None,
            slots=None,
            ours=False,
            command=[],
        )
    return Contender(
        name=service.name,
        made_of=service.made_of,
        kind=service.kind,
        processes=service.workers,
        threads=service.threads,
        slots=service.slots,
        ours=True,
        command=service.command(),
    )


@contextmanager
def _fresh(service: Service | Stranger) -> Iterator[tuple[Driver, Running | None]]:
    """A new generator and a new server, or a stranger as it stands; the generator loads while the server starts."""
    with generator() as driver:
        if isinstance(service, Stranger):
            yield driver, None
        else:
            with running(service) as server:
                yield driver, server


def _measure(driver: Driver, server: Running | None, step: PlannedStep) -> Measured:
    patience = PATIENCE + 2 * step.predicted.response
    opened: list[_Clocks] = []
    window = driver.measure(
        Order(step.users, step.warmup, step.window, patience), lambda: opened.append(_clocks(server))
    )
    before, after = opened[0], _clocks(server)
    spent = [end - start for start, end in zip(before.machine, after.machine, strict=True)]
    shares = dict(zip(before.machine._fields, spent, strict=True))
    idle = shares["idle"] + shares.get("iowait", 0.0)
    used = _used(before.usage, after.usage, window["seconds"])
    return Measured(
        **{key: value for key, value in window.items() if key != "event"},
        machine_cpu=1 - idle / sum(spent),
        stolen_cpu=shares.get("steal", 0.0) / sum(spent),
        connections=server.connections() if server else None,
        **used,
    )


def _clocks(server: Running | None) -> _Clocks:
    return _Clocks(psutil.cpu_times(), server.usage() if server else None)


def _used(before: Usage | None, after: Usage | None, seconds: float) -> dict[str, Any]:
    if before is None or after is None:
        return {"server_cpu": None, "busiest_cpu": None, "memory": None}
    each = [spent - before.cpu.get(pid, 0.0) for pid, spent in after.cpu.items()]
    return {
        "server_cpu": sum(each) / seconds,
        "busiest_cpu": max(each) / seconds,
        "memory": sum(after.memory.values()),
    }


def _recorded(predicted: Prediction | None) -> Predicted | None:
    return None if predicted is None else Predicted(**asdict(predicted))
