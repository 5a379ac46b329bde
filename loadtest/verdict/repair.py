"""Predict what held event loops cost, and what each repair would bring, in requests per second of one process.

A request holds resources: the event loop of its process, the interpreter's lock, cores, a thread, a connection. No
process serves more than the tightest of them allows (see workload/demand.py). A repair moves a call from one resource
to another, and the hand-over costs CPU time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from loadtest.results.stalls import BLOCKING, BURST, GARBAGE, OTHER_THREAD, Kind, Repair, Way
from loadtest.workload.demand import CPU, Demand, Limit
from loadtest.workload.scenarios import POOL, THREADS

from .assumptions import as_it_was, awaited, floor, least, processes, threads
from .handover import PROCESS_HANDOFF, THREAD_HANDOFF, workers
from .observed import Fault, Observed

AS_IS: Way = "as it is"
THREAD: Way = "in a thread"
AWAITED: Way = "awaited"
PROCESSES: Way = "in processes"

LOOP = "event loop"
LOCK = "interpreter's lock"
OTHERS = "processes of the pool"

UNPREDICTED: Mapping[Kind, str] = {
    BURST: "Split the work, or limit with a semaphore how many tasks begin at once; what that brings is not predicted.",
    OTHER_THREAD: "Move what that thread computes to another process, or to smaller pieces; what that brings is not "
    "predicted.",
    GARBAGE: "Keep fewer objects alive, or call gc.freeze() after the start; what that brings is not predicted.",
}
"""Advice for the kinds of findings whose repair no model predicts."""


def repairs(observed: Observed) -> list[Repair]:
    """Return the rates of one process: as it is, with each finding repaired alone, and with all blocking calls.

    Raises ValueError if a request neither holds the loop nor costs CPU time.
    """
    found = [_repair(None, AS_IS, _limits(observed, observed.loop), as_it_was(observed))]
    for number in range(len(observed.faults)):
        found += _of(observed, number, (number,))
    blocking = [number for number, fault in enumerate(observed.faults) if fault.kind == BLOCKING]
    if len(blocking) > 1:
        found += _of(observed, None, blocking)
    return found


def _of(observed: Observed, number: int | None, which: Sequence[int]) -> Iterator[Repair]:
    """Yield the repairs of faults of one kind, all at once. `number`: that of the finding, None for several."""
    fault = observed.joined(which)
    if fault.kind in UNPREDICTED:
        return
    busy = observed.busy(fault)
    for way in (THREAD, AWAITED if fault.kind == BLOCKING else PROCESSES):
        limits, assumption = WAYS[way]
        cold = _repair(number, way, limits(observed, fault), "")
        warm = _repair(number, way, limits(busy, busy.joined(which)), "")
        found, told = warm, assumption(observed, which)
        if cold.predicted < (1 - CLOSE) * warm.predicted:
            sure = warm.bound not in COMPUTED
            found = warm if sure else cold
            told += floor(observed, cold.predicted) if sure else least(observed, warm.predicted)
        yield found.model_copy(update={"assumes": f"{told}."})


COMPUTED = tuple(f"the {name}" for name in (LOOP, CPU, LOCK))
"""Limits that follow from the CPU time of a request. What that is on busy cores is uncertain where cores idled: then
the rate is the one that is sure, with the CPU time of the window."""

CLOSE = 0.05
"""Share by which a rate must be lower to be told beside another one."""


def _threaded(observed: Observed, fault: Fault) -> list[Limit]:
    more = THREAD_HANDOFF * fault.calls
    held = Limit(THREADS, observed.threads, fault.held + more)
    return [held, *_limits(observed, observed.rest(fault) + more, more)]


def _awaited(observed: Observed, fault: Fault) -> list[Limit]:
    pools = [Limit(f"{each.name}{POOL}", each.size, each.held * observed.processes) for each in observed.pools]
    return [*pools, *_limits(observed, observed.rest(fault) + fault.computed)]


def _elsewhere(observed: Observed, fault: Fault) -> list[Limit]:
    more = PROCESS_HANDOFF * fault.calls
    held = Limit(OTHERS, workers(observed), fault.held + more)
    own = fault.computed - fault.unlocked  # another process has a lock of its own
    return [held, *_limits(observed, observed.rest(fault) + more, more, own)]


def _limits(observed: Observed, loop: float, more: float = 0.0, unlocked: float = 0.0) -> list[Limit]:
    """Return the limits of one process whose loop a request holds for `loop` seconds.

    A request costs `more` CPU seconds than observed, and `unlocked` fewer need the interpreter's lock.
    """
    cpu = observed.cpu + more
    return [
        Limit(LOOP, 1, loop),
        Limit(CPU, 1, cpu / observed.share),
        Limit(LOCK, 1, cpu - observed.unlocked - unlocked),
    ]


WAYS: Mapping[Way, tuple[Callable[[Observed, Fault], list[Limit]], Callable[[Observed, Sequence[int]], str]]] = {
    THREAD: (_threaded, threads),
    AWAITED: (_awaited, awaited),
    PROCESSES: (_elsewhere, processes),
}
"""The limits of one process with a fault repaired, and the assumption in words, by the way of the repair."""


def _tightest(limits: Sequence[Limit]) -> Limit:
    found = Demand(0.0, tuple(limit for limit in limits if limit.held > 0)).tightest
    if found is None:
        raise ValueError("A request neither holds the event loop nor costs CPU time.")
    return found


def _repair(finding: int | None, way: Way, limits: Sequence[Limit], assumes: str) -> Repair:
    limit = _tightest(limits)
    return Repair(finding=finding, way=way, predicted=limit.throughput, bound=f"the {limit.name}", assumes=assumes)


def measured_beside(predicted: Sequence[Repair], way: Way, rate: float) -> list[Repair]:
    """Return predictions with the rate of a repaired variant beside the one that it is held against.

    `way`: how the variant is repaired. Of several findings it is taken to repair all that can be repaired at once, or
    else the one that held the loops the longest.
    """
    possible = [number for number, each in enumerate(predicted) if each.way == way]
    together = [number for number in possible if predicted[number].finding is None]
    against = next(iter([*together, *possible]), None)
    return [
        each.model_copy(update={"measured": rate}) if number == against else each
        for number, each in enumerate(predicted)
    ]
