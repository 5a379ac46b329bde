"""Make the findings of a watched service of its steps, with what they cost and what repairs would bring."""

from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

from loadtest.contenders.target import Pool
from loadtest.results.schema import Measured, Step
from loadtest.results.stalls import BLOCKING, Finding, Repair, Stalls, WatchedLoop
from loadtest.verdict.bounds import mean_response, throughput
from loadtest.verdict.doubts import together
from loadtest.verdict.observed import NO_DIFFERENCE, Cold, Fault, Observed
from loadtest.verdict.repair import AS_IS, repairs
from loadtest.verdict.spent import computed
from loadtest.verdict.stalls import Found, found
from loadtest.verdict.waits import waiting
from loadtest.watch.readings import LoopReading, Readings
from loadtest.workload.open import Open

QUEUED = 1.5
"""Response time at the limit, in that of one user alone, from which on requests queue: then the limit is reached."""

STARVED = 0.25
"""Share of a window for which a loop could have run but had no core, from which on lengths say little."""

EDGE = 1.0
"""Seconds by which the reports of a loop may begin late, or end early, in a window in which it ran."""


@dataclass(frozen=True)
class Window:
    """A step, when its window opened (perf_counter), and the processes that had client connections then."""

    step: Step
    opened: float
    serving: Set[int] = frozenset()

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


class Idle(NamedTuple):
    """The moments between which a service had no request, and the cores that it used then, for the watcher too."""

    began: float
    ended: float
    cores: float


@dataclass(frozen=True)
class Watched:
    """The windows of one service: idle, with one user, at its limit, and below that."""

    idle: Idle
    alone: Window
    limit: Window
    below: Window

    @property
    def queued(self) -> bool:
        """True if requests queued at the limit: then it is one."""
        return self.limit.response >= QUEUED * self.alone.response

    @property
    def cpu(self) -> float:
        """The CPU seconds of one request; 0 if unknown. A service that is seldom busy needs more: the least counts."""
        every = [window.cpu(self.idle.cores) for window in (self.alone, self.limit, self.below)]
        return min((each for each in every if each is not None and each > 0), default=0.0)


@dataclass(frozen=True)
class Means:
    """The means of one service for a repair: `threads` of a pool, its `pools`, the `cores` that it may use.

    `cold`: measures how much more a request costs on cores that idle. It is called only if a blocking call was found.
    """

    threads: int
    pools: tuple[Pool, ...]
    cores: float
    cold: Callable[[], Cold]


def stalls(watched: Watched, readings: Readings, least: float, means: Means) -> tuple[Stalls, int]:
    """Return what held the loops of a service below its limit, and how many of its processes served.

    `least`: seconds of a stall that counts.
    """
    window = watched.below
    load = window.step.load
    assert isinstance(load, Open)
    lasting = [each for each in readings.loops if _lasts(each, window.span)]
    loops = [each for each in lasting if each.process in window.serving or not window.serving]
    known = found(loops, window.span, window.measured.requests, least)
    processes = max(1, len({each.process for each in loops}))
    told = Stalls(
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
        repairs=_repairs(watched, loops, known, means, processes),
        spotted=[],
        doubts=[*window.step.doubts, *_doubts(lasting, known.loops, readings, window)],
        rate_doubts=together(watched.limit.step.doubts),
    )
    return told, processes


def _repairs(
    watched: Watched, loops: Sequence[LoopReading], known: Found, means: Means, processes: int
) -> list[Repair]:
    """Return what repairs would bring, and beside the prediction as it is the limit that was found.

    There is none without a finding: then something else is the limit. What no request caused, such as a task in the
    background, takes its share of the time however many requests there are, and no repair of it is predicted.
    """
    requests, cpu = watched.below.measured.requests, watched.cpu
    if not loops or not requests or not known.findings:
        return []
    others = {number for number, each in enumerate(known.findings) if _of_no_request(each, known)}
    held = [0.0 if number in others else each.request_ms / 1000 for number, each in enumerate(known.findings)]
    spent = [0.0 if number in others else seconds / requests for number, seconds in enumerate(known.computed)]
    faults = tuple(
        Fault(each.kind, held[number], spent[number], each.releases_lock, each.times / requests)
        for number, each in enumerate(known.findings)
    )
    apart = sum(known.findings[number].request_ms / 1000 * requests - known.computed[number] for number in others)
    idle = watched.idle
    resting = computed(loops, (idle.began, idle.ended)) / (idle.ended - idle.began)
    computing = max(0.0, known.cpu - resting * watched.below.measured.seconds) / requests
    loop = max(0.0, known.waited - apart) / requests + (min(computing, cpu) if cpu else computing)
    if not loop:
        return []
    left = 1 - min(1.0, sum(known.findings[number].share for number in others))
    limit = watched.limit.rate / processes if watched.queued else None
    cold = means.cold() if any(each.kind == BLOCKING for each in faults) else NO_DIFFERENCE
    try:
        every = repairs(Observed(loop, cpu, processes, means.cores, means.threads, means.pools, faults, cold))
    except ValueError:  # nothing would be left of a request
        return []
    return [
        each.model_copy(update={"predicted": each.predicted * left, "measured": limit if each.way == AS_IS else None})
        for each in every
        if each.finding not in others and (cpu or each.way == AS_IS)  # without CPU time others have no bound
    ]


def _of_no_request(finding: Finding, known: Found) -> bool:
    """Return True if a line ran in no request, where the requests of others were recognized."""
    return not finding.routes and any(each.routes for each in (*known.findings, *known.rare))


def _lasts(loop: LoopReading, window: tuple[float, float]) -> bool:
    """Return True if a loop ran for a whole window, or is held at its end."""
    begins, ends = window
    if not loop.clocks or loop.clocks[0].moment > begins + EDGE:
        return False
    return loop.holds is not None or loop.clocks[-1].moment >= ends - EDGE


def _doubts(
    lasting: Sequence[LoopReading], watched: Sequence[WatchedLoop], readings: Readings, window: Window
) -> Iterator[str]:
    if not readings.loops:
        yield (
            "no process reported an event loop: the service has none, its Python ignores PYTHONPATH (python -I or -E), "
            "its loops are not asyncio's, or it may not write to the folder for temporary files"
        )
    elif not lasting:
        yield "no event loop lasted for the whole window"
    elif not watched:
        yield "its requests are served by processes without an event loop"
    processes = {each.process for each in lasting}
    if watched and any(_ran(each, window.span) for each in readings.loops if each.process not in processes):
        yield "a process of the service began or ended while it was watched"
    if watched and (starved := max(each.delayed for each in watched)) > STARVED:
        yield f"the machine ran something else for {starved:.0%} of a loop's time"
    yield from readings.faults


def _ran(loop: LoopReading, window: tuple[float, float]) -> bool:
    return any(window[0] <= look.moment <= window[1] for look in loop.clocks)
