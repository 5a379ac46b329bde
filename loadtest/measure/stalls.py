"""Watch the event loops of a service under an open load below its limit, and say what held them.

Four steps: one user, whose requests find the service idle; some more users, who find its limit; arrivals at a share of
that rate, while its loops are watched; and, with a variant, both in turn, for what its repair brings.
"""

import os
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from math import ceil, inf
from pathlib import Path

import psutil

from backing.environment import Backing
from loadtest.contenders.cores import Cores
from loadtest.contenders.secrets import NO_SECRETS, Secrets
from loadtest.contenders.service import Service
from loadtest.contenders.target import Pool, Target
from loadtest.generator.driver import Driver
from loadtest.generator.orders import Job
from loadtest.processes.logs import Logs
from loadtest.processes.service import Server
from loadtest.results.schema import Options, Results, Step
from loadtest.results.stalls import Finding, Stalls
from loadtest.verdict.judge import FEWEST
from loadtest.verdict.observed import NO_DIFFERENCE, Cold
from loadtest.verdict.repair import AS_IS
from loadtest.watch.injection import LEAST, LINEUP, PROJECT, Watch, watching
from loadtest.watch.readings import Readings
from loadtest.workload import Load
from loadtest.workload.closed import Closed
from loadtest.workload.open import Open

from .clocks import Clocks
from .cold import SCENARIO, SECONDS, TWIN, cold
from .comparison import OVERHEAD, Comparison, Progress
from .contender import contender
from .plan import PlannedStep
from .spotted import Checked, check, libraries_of
from .variants import Made, Turns, beside
from .watched import QUEUED, Idle, Means, Watched, Window, stalls

FEW, MANY, MOST = 8, 64, 512
"""Users who find the limit. Eight for each process are enough for loops that are held, and do not wait long for each
other. A variant that they do not fill gets up to the most."""

BELOW = 0.5
"""Share of the limit at which requests arrive while the loops are watched."""

FASTEST = 500.0
"""The most arrivals per second. More show no other lines, and a load generator may send more of them late."""

ARRIVALS = 50
"""Requests that a window sees at least, if that takes no longer than LONGEST seconds."""

LONGEST = 60.0

SLOWEST = 1.0
"""Arrivals per second if not one request was answered before."""

ALONE = 1.0
"""Seconds of the window of one user."""

SATURATED = 2.0
"""Seconds of a window at the limit."""

FEWEST_USERS, WAITED = 2, 4.0
"""Users for each process at least, and the seconds that they may wait for each other if their loop is held."""

PATIENT = 15.0
"""Seconds of a window of users at most, as long as it sees two requests."""

IDLES, LONGEST_GAP = 0.5, 0.2
"""Share of the cores that a service uses at its limit, under which they idle between its requests; and the longest time
between two requests of the service that shows what that costs."""

IDLE = 1.0
"""Seconds without requests, which show what the watcher itself costs."""


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
        threads: int | None = None,
        secrets: Secrets = NO_SECRETS,
        logs: Logs | None = None,
    ) -> None:
        self._repaired = repaired
        self._least = least
        self._watch: Watch | None = None
        self._moment = 0.0
        self._server: Server | None = None
        self._serving: set[int] = set()
        """The processes with client connections when the last window opened."""
        self._given_threads = threads
        self._stalls: list[Stalls] = []
        self._processes = 1
        """The processes of the service that served."""
        every = [*services, *([repaired.service] if repaired else [])]
        self._turns_of = {each.name: Turns() for each in every}
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
        each = OVERHEAD + OVERHEAD + SECONDS + IDLE + ALONE + 2 * SATURATED + self._options.seconds
        compared = 2 * (OVERHEAD + SATURATED) * self._options.repeats if self._repaired else 0.0
        return each * watched + compared

    def results(self, *, complete: bool, failure: str | None = None) -> Results:
        """Return the record of the run so far."""
        known = super().results(complete=complete, failure=failure)
        return known.model_copy(update={"stalls": [*map(self._beside, self._stalls)]})

    def _beside(self, stalls: Stalls) -> Stalls:
        """Return the findings with what was measured of the variant, if there is one, beside the predictions."""
        if self._repaired is None:
            return stalls
        service, variant = (self._turns_of[each.name] for each in self.services)
        return beside(stalls, service, variant, self._threads(self.services[0]), self._processes)

    def _in_turn(self, repeat: int) -> Sequence[Service | Target]:
        return self.services[::-1] if self._repaired and repeat % 2 == 0 else self.services

    def _measured(self, service: Service | Target, repeat: int, progress: Progress, behind: Backing) -> Iterator[Step]:
        variant = self._repaired is not None and service is self._repaired.service
        if repeat == 1 and not variant:
            yield from self._watched(service, progress, behind)
        if self._repaired is None or not self._stalls:
            return
        turns = self._turns_of[service.name]
        with self._running(service, repeat, progress, behind) as run:
            if turns.users:
                at = run.step(Closed(turns.users), SATURATED, turns.response)
                yield at.step
            else:
                at = yield from self._filled(run, turns, max(MANY, 2 * self._threads(service)))
            turns.response = max(turns.response, at.response)
            turns.windows.append(at)
            turns.made = run.made()

    def _filled(self, run: "_Run", turns: Turns, users: int) -> Generator[Step, None, Window]:
        """Find the users who fill a service, note them, and return the window of its limit."""
        alone = run.step(Closed(1), ALONE)
        yield alone.step
        turns.response = alone.response
        while True:
            turns.users = min(MOST, users)
            slowest = min((each.predicted for each in self._stalls[0].repairs if each.way != AS_IS), default=inf)
            at = run.step(Closed(turns.users), SATURATED, max(turns.response, turns.users / slowest / self._processes))
            yield at.step
            turns.response, turns.filled = at.response, at.response >= QUEUED * alone.response
            if turns.filled or turns.users == MOST:
                return at
            users *= 4

    def _watched(self, service: Service | Target, progress: Progress, behind: Backing) -> Iterator[Step]:
        """Measure the steps of a service that is watched, and note what they show."""
        turns = self._turns_of[service.name]
        with watching(LINEUP if isinstance(service, Service) else (), self._least) as watch:
            self._watch = watch
            readings = Readings(watch.folder, _base(service))
            with self._running(service, 1, progress, behind) as run:
                idle = run.idle()
                readings.update()
                alone = run.step(Closed(1), ALONE)
                yield alone.step
                each = max(FEWEST_USERS, min(FEW, ceil(WAITED / alone.response))) if alone.response else FEW
                turns.users = each * max(1, len({loop.process for loop in readings.loops}))
                limit = run.step(Closed(turns.users), SATURATED, alone.response * each)
                yield limit.step
                if limit.response < QUEUED * alone.response and turns.users < MANY:
                    response, turns.users = limit.response * MANY / turns.users, MANY
                    limit = run.step(Closed(turns.users), SATURATED, response)
                    yield limit.step
                turns.response = limit.response
                rate = float(f"{min(FASTEST, BELOW * limit.rate or SLOWEST):.3g}")
                below = run.step(Open(rate), max(self._options.seconds, min(LONGEST, ARRIVALS / rate)))
                yield below.step
                readings.update()
            self._watch = None
            measure_cold = partial(self._cold, limit, progress, behind)
            means = Means(self._threads(service), _pools(service), self.cores.usable, measure_cold)
            known = Watched(idle, alone, limit, below)
            found, self._processes = stalls(known, readings, self._least, means)
            self._stalls.append(found)
        checked = _checks(service)(found.findings)
        self._stalls[-1] = found.model_copy(update={"spotted": checked.spotted, "notes": checked.notes})

    def _cold(self, limit: Window, progress: Progress, behind: Backing) -> Cold:
        """Return how much more a request costs on cores that idle, as those of a service do whose loop waits."""
        if not limit.rate or (limit.measured.server_cpu or 0.0) >= IDLES * self.cores.usable:
            return NO_DIFFERENCE
        progress.begins(TWIN.name, "calibration", 1, OVERHEAD + SECONDS)
        with self._fresh(TWIN, behind) as (driver, server):
            assert server is not None
            driver.begin(Job(TWIN.name, server.url, SCENARIO, "0", 0.0))
            return cold(driver, Clocks(server, behind, self.cores), server, min(LONGEST_GAP, 1 / limit.rate))

    def _threads(self, service: Service | Target) -> int:
        """Return the threads of a pool to which a service would move its calls."""
        if self._given_threads:
            return self._given_threads
        return service.threads if isinstance(service, Service) else min(32, (os.cpu_count() or 1) + 4)

    def step(self, run: "_Run", load: Load, seconds: float, response: float) -> Window:
        """Measure one step of a service that runs, and return it."""
        demand = self._demand(run.service)
        predicted = load.predict(demand)
        longest = max(predicted.response, response)
        requests = FEWEST + 1
        if isinstance(load, Closed) and longest:  # fewer are inconclusive, but do not last for minutes
            requests = max(2, min(requests, int(PATIENT * load.users / longest)))
        lasts = load.spans(longest, demand, seconds, requests)
        planned = PlannedStep(load, predicted, *lasts, saturates=load.saturates(demand))
        run.progress.begins(run.service.name, load.label, run.repeat, planned.seconds)
        measured = self._measure(run.driver, run.server, run.clocks, planned, run.repeat)
        return Window(self._step(run.service, run.repeat, planned, measured, None), self._moment, self._serving)

    @contextmanager
    def _running(self, service: Service | Target, repeat: int, progress: Progress, behind: Backing) -> Iterator["_Run"]:
        with self._fresh(service, behind) as (driver, server):
            assert server is not None  # a service that runs already is not watched
            self._server = server
            driver.begin(self._job(service, server))
            clocks = Clocks(server, behind, self.cores, self.needs, driver.masters)
            yield _Run(self, service, repeat, progress, driver, server, clocks)
        self._server = None

    def _job(self, service: Service | Target, server: Server | None) -> Job:
        job = super()._job(service, server)
        if self._repaired is not None and service is self._repaired.service and isinstance(service, Service):
            return replace(job, scenario=self._repaired.scenario)
        return job

    def _watched_by(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        return self._watch.environment(environment) if self._watch else {}

    def _opened(self) -> None:
        self._moment = time.perf_counter()
        self._serving = self._server.serving() if self._server else set()


@dataclass(frozen=True)
class _Run:
    """A service that runs, with its load generators."""

    search: StallSearch
    service: Service | Target
    repeat: int
    progress: Progress
    driver: Driver
    server: Server
    clocks: Clocks

    def step(self, load: Load, seconds: float, response: float = 0.0) -> Window:
        """Measure one step. `response`: seconds that a request may take, if the model does not tell."""
        return self.search.step(self, load, seconds, response)

    def idle(self) -> Idle:
        """Wait while there is no request, and return what the service used. A rest of its start counts in one half."""
        began = time.perf_counter()
        halves = []
        for _ in range(2):
            before, moment = self.server.cpu_time(), time.perf_counter()
            time.sleep(IDLE / 2)
            halves.append(self.server.cpu_time().since(before) / (time.perf_counter() - moment))
        return Idle(began, time.perf_counter(), min(halves))

    def made(self) -> Made:
        """Return the processes and threads of the service."""
        threads = []
        for process in self.server.processes():
            with suppress(psutil.NoSuchProcess):
                threads.append(process.num_threads())
        return Made(len(threads), sum(threads))


def _base(service: Service | Target) -> Path:
    return service.start.folder if isinstance(service, Target) and service.start else PROJECT


def _checks(service: Service | Target) -> Callable[[Sequence[Finding]], Checked]:
    """Return a function that asks static checkers about the code of a service."""
    if isinstance(service, Target):
        assert service.start is not None  # a service that runs already is not watched
        return partial(check, service.start.folder, libraries=libraries_of(service.start))
    code = PROJECT / ("peers" if service.extra else service.module)
    return partial(check, code, libraries=Path(sys.prefix), base=PROJECT)


def _pools(service: Service | Target) -> tuple[Pool, ...]:
    return service.pools if isinstance(service, Target) else ()
