"""Predict what held event loops cost, and what each repair would bring, in requests per second of one process.

A request holds resources: the event loop of its process, the interpreter's lock, cores, a thread, a connection. No
process serves more than the tightest of them allows (see workload/demand.py). A repair moves a call from one resource
to another, and the hand-over costs CPU time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import log

from loadtest.contenders.target import Pool
from loadtest.english import count, duration
from loadtest.results.stalls import BLOCKING, BURST, COMPUTING, GARBAGE, LOCKED, Kind, Repair, Way
from loadtest.workload.demand import Demand, Limit
from loadtest.workload.scenarios import POOL

HANDOFF = 1e-4
"""CPU seconds of a call in a thread beside the call itself, to hand it over and to hand back what it returns.

Measured with `loop.run_in_executor(pool, time.sleep, seconds)` on asyncio and uvloop, Python 3.11, 2 cores, with all
threads taken: 0.04 to 0.18 ms of the process, of which 0.02 to 0.07 ms in the loop's thread.
"""

PROCESS_HANDOFF = 5e-4
"""The same in another process, if what is passed is small.

Measured in the same way, with a ProcessPoolExecutor: 0.15 to 0.34 ms of the service's process, and 0.05 to 0.24 ms of
the other one.
"""

SWITCH = 0.005
"""Seconds after which Python takes the interpreter's lock from code that other threads wait for, by default."""

AS_IS: Way = "as it is"
THREAD: Way = "in a thread"
AWAITED: Way = "awaited"
PROCESSES: Way = "in processes"

LOOP = "event loop"
LOCK = "interpreter's lock"
CORES = "cores"
THREADS = "threads"
OTHERS = "processes of the pool"

UNPREDICTED: dict[Kind, str] = {
    BURST: "Split the work, or limit with a semaphore how many tasks begin at once: what that brings is not predicted.",
    GARBAGE: "Make fewer objects that refer to each other, or call gc.freeze() after the start: what that brings is not "
    "predicted.",
}
"""What to do about kinds of findings whose repair no model predicts."""


@dataclass(frozen=True)
class Fault:
    """One finding, in seconds for each request of the window. `held`: of the loop; `computed`: CPU time of that.

    `calls`: how often a request makes the call, on average.
    """

    kind: Kind
    held: float
    computed: float
    releases_lock: bool = False
    calls: float = 1.0

    @property
    def unlocked(self) -> float:
        """CPU seconds for which it does not need the interpreter's lock."""
        return self.computed if self.kind == COMPUTING and self.releases_lock else 0.0


@dataclass(frozen=True)
class Observed:
    """What was observed of a service, in seconds for each request of the window, whichever route it took.

    `loop`: the loop of its process is held or computes. `cpu`: CPU time of all processes of the service. `cores`: those
    that the service may use, a part of one if a quota says so. `threads`: of the pool of one process that calls would
    move to. `pools`: those of the whole service. `faults`: in the order of the findings.
    """

    loop: float
    cpu: float
    processes: int = 1
    cores: float = 1.0
    threads: int = 32
    pools: tuple[Pool, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def share(self) -> float:
        """The cores that one process has, if all have the same load."""
        return self.cores / self.processes

    @property
    def unlocked(self) -> float:
        """CPU seconds for which a request does not need the interpreter's lock."""
        return sum(fault.unlocked for fault in self.faults)


def repairs(observed: Observed) -> list[Repair]:
    """Return the rates of one process: as it is, with each finding repaired alone, and with all blocking calls."""
    held = f"a request holds the event loop {_ms(observed.loop)} and costs {_ms(observed.cpu)} of CPU time"
    found = [_repair(None, AS_IS, _limits(observed, observed.loop, 0.0), f"As in the window, {held}.")]
    for number, fault in enumerate(observed.faults):
        found += _of(observed, number, fault)
    blocking = [fault for fault in observed.faults if fault.kind == BLOCKING]
    if len(blocking) > 1:
        together = Fault(
            BLOCKING,
            sum(fault.held for fault in blocking),
            sum(fault.computed for fault in blocking),
            calls=sum(fault.calls for fault in blocking),
        )
        every = f"All {len(blocking)} blocking calls are repaired"
        found += [
            each.model_copy(
                update={"finding": None, "assumes": f"{every}: {each.assumes[0].lower()}{each.assumes[1:]}"}
            )
            for each in _of(observed, 0, together)
        ]
    return found


def _of(observed: Observed, number: int, fault: Fault) -> Iterator[Repair]:
    if fault.kind in UNPREDICTED:
        return
    yield _repair(number, THREAD, _threaded(observed, fault), _thread_assumes(observed, fault))
    if fault.kind == BLOCKING:
        limits = _limits(observed, observed.loop - fault.held + fault.computed, 0.0)
        yield _repair(number, AWAITED, limits, _await_assumes(observed, fault))
    else:
        yield _repair(number, PROCESSES, _elsewhere(observed, fault), _process_assumes(observed))


def _threaded(observed: Observed, fault: Fault) -> list[Limit]:
    more = HANDOFF * fault.calls
    threads = Limit(THREADS, observed.threads, fault.held + more)
    return [threads, *_limits(observed, observed.loop - fault.held + more, more)]


def _elsewhere(observed: Observed, fault: Fault) -> list[Limit]:
    more = PROCESS_HANDOFF * fault.calls
    computing = Limit(OTHERS, _each(observed), fault.held + more)
    kept = observed.cpu - fault.computed + more  # the lock of another process is another lock
    rest = replace(observed, faults=tuple(each for each in observed.faults if each is not fault))
    limits = _limits(rest, observed.loop - fault.held + more, more)
    return [computing, *(Limit(LOCK, 1, kept - rest.unlocked) if each.name == LOCK else each for each in limits)]


def _limits(observed: Observed, loop: float, more: float) -> list[Limit]:
    """Return the limits of one process whose loop a request holds for `loop` seconds and costs `more` CPU seconds."""
    cpu = observed.cpu + more
    return [
        Limit(LOOP, 1, loop),
        Limit(LOCK, 1, cpu - observed.unlocked),
        Limit(CORES, 1, cpu / observed.share),
        *(Limit(f"{pool.name}{POOL}", pool.size, pool.held * observed.processes) for pool in observed.pools),
    ]


def _repair(finding: int | None, way: Way, limits: Sequence[Limit], assumes: str) -> Repair:
    tightest = Demand(0.0, tuple(limit for limit in limits if limit.held > 0)).tightest
    if tightest is None:
        raise ValueError("A request must hold the loop or cost CPU time.")
    return Repair(
        finding=finding, way=way, predicted=tightest.throughput, bound=f"the {tightest.name}", assumes=assumes
    )


def _thread_assumes(observed: Observed, fault: Fault) -> str:
    if fault.kind == LOCKED:
        return "A thread brings nothing: the call keeps the interpreter's lock, and the loop waits for the whole call."
    if fault.kind == COMPUTING and not fault.releases_lock:
        return (
            "A thread brings no throughput, because the code needs the interpreter's lock; other requests wait about "
            f"{_ms(SWITCH)} at a time instead of {_ms(fault.held)}."
        )
    if fault.kind == COMPUTING:
        return (
            f"The call releases the interpreter's lock, so the process computes on {count(_tenths(observed.share), 'core')}; "
            f"a hand-over costs {_ms(HANDOFF)}."
        )
    return f"{count(observed.threads, 'thread')}, each held {_ms(fault.held)}; a hand-over costs {_ms(HANDOFF)}."


def _await_assumes(observed: Observed, fault: Fault) -> str:
    pools = [
        f"the {pool.name}{POOL} has {count(pool.size, 'connection')}, each held {_ms(pool.held)}"
        for pool in observed.pools
    ]
    return (
        f"What is awaited computes as long as the blocking call, {_ms(fault.computed)} a request; "
        f"{'; '.join(pools) or 'no pool limits it'}."
    )


def _process_assumes(observed: Observed) -> str:
    return (
        f"Each process of the service has a pool of {count(_each(observed), 'process', 'processes')}; a hand-over costs "
        f"{_ms(PROCESS_HANDOFF)} if what is passed is small."
    )


def _each(observed: Observed) -> int:
    """Return the processes of a pool beside each process of a service: as many as cores in all, but one at least."""
    return max(1, int(observed.share))


def _tenths(cores: float) -> float:
    return int(cores) if cores == int(cores) else round(cores, 1)


def _ms(seconds: float) -> str:
    return duration(seconds * 1000)


@dataclass(frozen=True)
class Verified:
    """A repair whose rate was measured. `ratio`: measured over predicted."""

    repair: Repair
    ratio: float
    sentence: str


def verified(predicted: Sequence[Repair], measured: float, way: Way | None = None) -> Verified | None:
    """Return the prediction that a measured variant is held against, or None if there is none.

    `measured`: requests per second of one process. `way`: how the variant is repaired; None: unknown, and the nearest
    prediction is taken, which the sentence says.
    """
    possible = [each for each in predicted if each.predicted and each.way != AS_IS and way in (None, each.way)]
    if not possible or not measured:
        return None
    nearest = min(possible, key=lambda each: abs(log(measured / each.predicted)))
    ratio = measured / nearest.predicted
    sentence = f"Predicted {nearest.predicted:.4g}/s {nearest.way}, measured {measured:.4g}/s: ratio {ratio:.2f}."
    if len({each.predicted for each in possible}) > 1:
        sentence += f" This is the nearest of {len(possible)} predictions, so it is weaker evidence."
    return Verified(nearest.model_copy(update={"measured": measured}), ratio, sentence)
