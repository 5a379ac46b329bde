"""Make the findings of a watched service of its steps, with what they cost and what repairs would bring."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from loadtest.contenders.target import Pool
from loadtest.results.schema import Measured, Step
from loadtest.results.stalls import Finding, Repair, Stalls, WatchedLoop
from loadtest.verdict.bounds import mean_response, throughput
from loadtest.verdict.doubts import together
from loadtest.verdict.observed import Fault, Observed
from loadtest.verdict.repair import AS_IS, repairs
from loadtest.verdict.spent import computed
from loadtest.verdict.stalls import Found, found
from loadtest.verdict.waits import waiting
from loadtest.watch.readings import LoopReading, Readings
from loadtest.workload.open import Open

from .spotted import Checked

QUEUED = 1.5
"""Response time at the limit, in that of one user alone, from which on requests queue: then the limit is reached."""

STARVED = 0.25
"""Share of a window for which a loop could have run but had no core, from which on lengths say little."""

EDGE = 1.0
"""Seconds by which the reports of a loop may begin late, or end early, in a window in which it ran."""


@dataclass(frozen=True)
class Window:
    """A step, and when its window opened (perf_counter)."""

    step: Step
    opened: float

    @property
    def measured(self) -> Measured:
        """The measurements."""
        assert self.step.measured is not None
        return self.step.measured

    @property
    def span(self) -> tuple[float, float]:
        """The moments at which it opened and closed."""
        return self.opened, self.opened + self.measured.seconds

    @property
    def response(self) -> float:
        """The mean response time in seconds."""
        return mean_response(self.measured)

    @property
    def rate(self) -> float:
        """The successful requests per second."""
        return throughput(self.measured)

    def cpu(self, idle: float) -> float | None:
        """Return the CPU seconds of the service for each request, beyond the cores that it uses when `idle`."""
        if not self.measured.requests or self.measured.server_cpu is None:
            return None
        return (self.measured.server_cpu - idle) * self.measured.seconds / self.measured.requests


@dataclass(frozen=True)
class Watched:
    """The windows of one service: idle, with one user, at its limit, and below that.

    `idle`: the moments between which it had no request. `idle_cpu`: the cores that it used then, for the watcher too.
    """

    idle: tuple[float, float]
    idle_cpu: float
    alone: Window
    limit: Window
    below: Window

    @property
    def queued(self) -> bool:
        """True if requests queued at the limit: then it is one."""
        return self.limit.response >= QUEUED * self.alone.response

    @property
    def cpu(self) -> float:
        """The CPU seconds of one request. Those of a service that is seldom busy are more, so the least one counts."""
        every = [window.cpu(self.idle_cpu) for window in (self.alone, self.limit, self.below)]
        return min((each for each in every if each is not None and each > 0), default=0.0)


@dataclass(frozen=True)
class Means:
    """The means of one service for a repair: `threads` of a pool, its `pools`, and the `cores` that it may use."""

    threads: int
    pools: tuple[Pool, ...]
    cores: float


def stalls(
    watched: Watched,
    readings: Readings,
    least: float,
    means: Means,
    check: Callable[[Sequence[Finding]], Checked],
) -> Stalls:
    """Return what held the loops of a service below its limit.

    `least`: seconds of a stall that counts. `check`: asks static checkers, beside these findings.
    """
    window = watched.below
    load = window.step.load
    assert isinstance(load, Open)
    loops = [each for each in readings.loops if _lasts(each, window.span)]
    known = found(loops, window.span, window.measured.requests, least)
    checked = check(known.findings)
    return Stalls(
        service=window.step.service,
        rate=load.rate,
        seconds=window.measured.seconds,
        requests=window.measured.requests,
        least_ms=least * 1000,
        loops=known.loops,
        findings=known.findings,
        rare=known.rare,
        not_scheduled_ms=known.not_scheduled_ms,
        waiting=waiting(loops, watched.limit.span) if watched.queued else [],
        alone_ms=watched.alone.response * 1000,
        response_ms=window.response * 1000,
        repairs=_repairs(watched, loops, known, means),
        spotted=checked.spotted,
        notes=checked.notes,
        doubts=[*together([*window.step.doubts, *watched.limit.step.doubts]), *_doubts(known.loops, readings)],
    )


def _repairs(watched: Watched, loops: Sequence[LoopReading], known: Found, means: Means) -> list[Repair]:
    """Return what repairs would bring, and beside the prediction as it is the limit that was found."""
    requests = watched.below.measured.requests
    if not loops or not requests:
        return []
    begun, ended = watched.idle
    idle = computed(loops, watched.idle) / (ended - begun)
    cpu = watched.cpu
    computing = max(0.0, known.cpu - idle * watched.below.measured.seconds) / requests
    faults = tuple(
        Fault(each.kind, each.request_ms / 1000, spent / requests, each.releases_lock, each.times / requests)
        for each, spent in zip(known.findings, known.computed, strict=True)
    )
    loop = known.waited / requests + min(computing, cpu)
    if not loop:
        return []
    observed = Observed(loop, cpu, len(loops), means.cores, means.threads, means.pools, faults)
    limit = watched.limit.rate / len(loops) if watched.queued else None
    return [each.model_copy(update={"measured": limit}) if each.way == AS_IS else each for each in repairs(observed)]


def _lasts(loop: LoopReading, window: tuple[float, float]) -> bool:
    """Return True if a loop ran for a whole window."""
    begins, ends = window
    return bool(loop.clocks) and loop.clocks[0].moment <= begins + EDGE and loop.clocks[-1].moment >= ends - EDGE


def _doubts(loops: Sequence[WatchedLoop], readings: Readings) -> Iterator[str]:
    if not readings.loops:
        yield (
            "no process reported an event loop: the service has none, its Python ignores PYTHONPATH (python -I or -E), "
            "or its loops are not asyncio's"
        )
    elif not loops:
        yield "no event loop lasted for the whole window"
    if loops and (starved := max(each.delayed for each in loops)) > STARVED:
        yield f"the machine ran something else for {starved:.0%} of a loop's time"
