"""Watch the event loops of a service under an open load below its limit, and say what held them.

Four steps: one user, whose requests find the service idle; some more users, who find its limit; arrivals at a share of
that rate, while its loops are watched; and, with a variant, both in turn, for what its repair brings.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from backing.environment import Backing
from loadtest.contenders.cores import Cores
from loadtest.contenders.secrets import NO_SECRETS, Secrets
from loadtest.contenders.service import Service
from loadtest.contenders.target import Target
from loadtest.generator.driver import Driver
from loadtest.generator.orders import Job
from loadtest.processes.logs import Logs
from loadtest.processes.service import Server
from loadtest.results.schema import Options, Results, Step
from loadtest.results.stalls import Stalls, WatchedLoop
from loadtest.verdict.bounds import mean_response, throughput
from loadtest.verdict.judge import FEWEST
from loadtest.verdict.stalls import found, waiting
from loadtest.watch.injection import LEAST, LINEUP, PROJECT, Watch, watching
from loadtest.watch.readings import LoopReading, Readings
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from .clocks import Clocks
from .comparison import OVERHEAD, Comparison, Progress
from .contender import contender
from .plan import PlannedStep

FEW, MANY = 8, 64
"""Users who find the limit. Eight are enough for loops that are held, and do not wait long for each other."""

QUEUED = 1.5
"""Response time of these users, in that of one user alone, from which on they queue: then the limit is reached."""

BELOW = 0.5
"""Share of the limit at which requests arrive while the loops are watched."""

FASTEST = 500.0
"""The most arrivals per second. More show no other lines, and a load generator may send more of them late."""

ARRIVALS = 50
"""Requests that a window sees at least, if that takes no longer than LONGEST seconds."""

LONGEST = 60.0

ALONE = 1.0
"""Seconds of the window of one user."""

SATURATED = 2.0
"""Seconds of a window at the limit."""

STARVED = 0.25
"""Share of a window for which a loop could have run but had no core, from which on lengths say little."""


@dataclass(frozen=True)
class Repaired:
    """A variant of the service whose repair is tried: its service, and its scenario if that is another one."""

    service: Service | Target
    scenario: str


class StallSearch(Comparison):
    """A run that watches services, and compares the first with a variant of it if there is one."""

    def __init__(  # noqa: PLR0913, PLR0917 - a comparison with three more
        self,
        services: Sequence[Service | Target],
        options: Options,
        command: list[str],
        cores: Cores,
        repaired: Repaired | None = None,
        least: float = LEAST,
        secrets: Secrets = NO_SECRETS,
        logs: Logs | None = None,
    ) -> None:
        self._repaired = repaired
        self._least = least
        self._watch: Watch | None = None
        self._moment = 0.0
        self._stalls: list[Stalls] = []
        every = [*services, *([repaired.service] if repaired else [])]
        super().__init__(every, options, command, cores, secrets=secrets, logs=logs)
        if repaired:
            asked = options.model_copy(update={"scenario": repaired.scenario})
            self._contenders[repaired.service.name] = contender(repaired.service, asked)

    @property
    def predicted(self) -> list[float]:
        """The arrivals per second at most, as the load generator must be able to send them."""
        return [FASTEST]

    @property
    def seconds(self) -> float:
        """The estimated seconds of the whole run."""
        watched = len(self.services) - (self._repaired is not None)
        each = OVERHEAD + ALONE + 2 * SATURATED + self._options.seconds
        compared = 2 * (OVERHEAD + SATURATED) * self._options.repeats if self._repaired else 0.0
        return each * watched + compared

    def results(self, *, complete: bool, failure: str | None = None) -> Results:
        """Return the record of the run so far."""
        known = super().results(complete=complete, failure=failure)
        return known.model_copy(update={"stalls": self._stalls})

    def _in_turn(self, repeat: int) -> Sequence[Service | Target]:
        return self.services[::-1] if self._repaired and repeat % 2 == 0 else self.services

    def _measured(self, service: Service | Target, repeat: int, progress: Progress, behind: Backing) -> Iterator[Step]:
        ours = self._repaired is not None and service is self._repaired.service
        if repeat == 1 and not ours:
            yield from self._watched(service, progress, behind)
        if self._repaired:
            with self._running(service, repeat, progress, behind) as run:
                yield run.step(Closed(MANY), SATURATED)

    def _watched(self, service: Service | Target, progress: Progress, behind: Backing) -> Iterator[Step]:
        """Measure the steps of a service that is watched."""
        with watching(LINEUP if isinstance(service, Service) else (), self._least) as self._watch:
            readings = Readings(self._watch.folder, _base(service))
            with self._running(service, 1, progress, behind) as run:
                alone = run.step(Closed(1), ALONE)
                yield alone
                full = run.step(Closed(FEW), SATURATED, _response(alone) * FEW)
                yield full
                if _response(full) < QUEUED * _response(alone):
                    full = run.step(Closed(MANY), SATURATED, _response(full) * MANY / FEW)
                    yield full
                if not (limit := _rate(full)):
                    return
                limited = self._moment
                rate = float(f"{min(FASTEST, BELOW * limit):.3g}")
                window = max(self._options.seconds, min(LONGEST, ARRIVALS / rate))
                step = run.step(Open(rate), window)
                yield step
                readings.update()
                self._stalls.append(self._found(service, readings, alone, (limited, full), step))
        self._watch = None

    def step(self, run: "_Run", load: Load, seconds: float, response: float | None) -> Step:
        """Measure one step of a service that runs, and return its record."""
        demand = self._demand(run.service)
        predicted = load.predict(demand)
        lasts = load.spans(max(predicted.response, response or 0.0), demand, seconds, FEWEST + 1)
        planned = PlannedStep(load, predicted, *lasts, saturates=load.saturates(demand))
        run.progress.begins(run.service.name, load.label, run.repeat, planned.seconds)
        measured = self._measure(run.driver, run.server, run.clocks, planned, run.repeat)
        return self._step(run.service, run.repeat, planned, measured, None)

    @contextmanager
    def _running(self, service: Service | Target, repeat: int, progress: Progress, behind: Backing) -> Iterator["_Run"]:
        with self._fresh(service, behind) as (driver, server):
            driver.begin(self._job(service, server))
            clocks = Clocks(server, behind, self.cores, self.needs, driver.masters)
            yield _Run(self, service, repeat, progress, driver, server, clocks)

    def _found(
        self, service: Service | Target, readings: Readings, alone: Step, limit: tuple[float, Step], step: Step
    ) -> Stalls:
        """Return what the watched window shows. `limit`: the moment and the step at which requests may have queued."""
        assert isinstance(step.load, Open)
        assert step.measured is not None
        window = self._moment, self._moment + step.measured.seconds
        loops = [each for each in readings.loops if _lasts(each, window)]
        known = found(loops, window, step.measured.requests, self._least)
        moment, full = limit
        queued = _response(full) >= QUEUED * _response(alone)
        return Stalls(
            service=service.name,
            rate=step.load.rate,
            seconds=step.measured.seconds,
            requests=step.measured.requests,
            least_ms=self._least * 1000,
            loops=known.loops,
            findings=known.findings,
            rare=known.rare,
            not_scheduled_ms=known.not_scheduled_ms,
            waiting=waiting(loops, (moment, moment + _seconds(full))) if queued else [],
            alone_ms=_response(alone) * 1000,
            response_ms=_response(step) * 1000,
            repairs=[],
            spotted=[],
            doubts=[*step.doubts, *self._doubts(known.loops, readings)],
        )

    def _doubts(self, loops: Sequence[WatchedLoop], readings: Readings) -> Iterator[str]:
        if not readings.loops:
            yield (
                "no process reported an event loop: the service has none, its Python ignores PYTHONPATH (python -I or "
                "-E), or its loops are not asyncio's"
            )
        elif not loops:
            yield "no event loop lasted for the whole window"
        if loops and (starved := max(each.delayed for each in loops)) > STARVED:
            yield f"the machine ran something else for {starved:.0%} of a loop's time"

    def _job(self, service: Service | Target, server: Server | None) -> Job:
        job = super()._job(service, server)
        if self._repaired is not None and service is self._repaired.service and isinstance(service, Service):
            return replace(job, scenario=self._repaired.scenario)
        return job

    def _watched_by(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        return self._watch.environment(environment) if self._watch else {}

    def _opened(self) -> None:
        self._moment = time.perf_counter()


@dataclass(frozen=True)
class _Run:
    """A service that runs, with its load generators."""

    search: StallSearch
    service: Service | Target
    repeat: int
    progress: Progress
    driver: Driver
    server: Server | None
    clocks: Clocks

    def step(self, load: Load, seconds: float, response: float | None = None) -> Step:
        """Measure one step. `response`: seconds that a request may take, if the model does not tell."""
        return self.search.step(self, load, seconds, response)


def _base(service: Service | Target) -> Path:
    return service.start.folder if isinstance(service, Target) and service.start else PROJECT


def _lasts(loop: LoopReading, window: tuple[float, float]) -> bool:
    """Return True if a loop ran for a whole window."""
    return bool(loop.clocks) and loop.clocks[0].moment <= window[0] + 1 and loop.clocks[-1].moment >= window[1] - 1


def _response(step: Step) -> float:
    """Return the mean response time of a step in seconds."""
    assert step.measured is not None
    return mean_response(step.measured)


def _seconds(step: Step) -> float:
    assert step.measured is not None
    return step.measured.seconds


def _rate(step: Step) -> float:
    assert step.measured is not None
    return throughput(step.measured)
