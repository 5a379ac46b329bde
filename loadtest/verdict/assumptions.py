"""The assumption of each repair in words, with its figures."""

from collections.abc import Sequence

from loadtest.english import count, duration, plural_of
from loadtest.results.stalls import BLOCKING, LOCKED
from loadtest.workload.scenarios import POOL

from .format import per_second
from .handover import PROCESS_HANDOFF, THREAD_HANDOFF, workers
from .observed import Observed

SWITCH = 5
"""Milliseconds after which Python takes the interpreter's lock from Python code that others wait for, by default."""

NO_POOL = "no pool limits it"


def as_it_was(observed: Observed) -> str:
    """Return the assumption of the rate without a repair."""
    return f"As in the window, a request holds the event loop {_ms(observed.loop)}."


def threads(observed: Observed, which: Sequence[int]) -> str:
    """Return the assumption if faults, by their numbers, move to threads."""
    fault = observed.joined(which)
    cost = f"a hand-over costs {_ms(THREAD_HANDOFF)}"
    if fault.kind == BLOCKING:
        return f"{_all(which)}{count(observed.threads, 'thread')}, each held {_ms(fault.call)}; {cost}"
    if fault.kind == LOCKED:
        return f"In a thread, too, the call keeps the interpreter's lock, and other requests wait for all of it; {cost}"
    if fault.releases_lock:
        share = f"{observed.share:.2g} {plural_of(observed.share, 'core')}"
        return (
            f"The call releases the interpreter's lock, and computes: each process has {share}; calls at once take as "
            f"much CPU time as one after another (memory-hard hashing a fifth more); {cost}"
        )
    turns = f", and other requests wait for turns of {SWITCH} ms instead of {_ms(fault.call)}"
    gained = turns if fault.call * 1000 > SWITCH else ""
    return f"In a thread, too, the code computes under the interpreter's lock{gained}; {cost}"


def awaited(observed: Observed, which: Sequence[int]) -> str:
    """Return the assumption if blocking calls, by their numbers, are awaited."""
    computed = _ms(observed.busy(observed.joined(which)).joined(which).computed)
    pools = [
        f"the {each.name}{POOL} has {count(each.size, 'connection')}, each held {_ms(each.held)}"
        for each in observed.pools
    ]
    what = f"What is awaited computes {computed} a request"
    return f"{_all(which)}{what[0].lower() if len(which) > 1 else what[0]}{what[1:]}; {'; '.join(pools) or NO_POOL}"


def processes(observed: Observed, which: Sequence[int]) -> str:  # noqa: ARG001 - other ways depend on the faults
    """Return the assumption if computing moves to a pool of processes."""
    pool = count(workers(observed), "process", "processes")
    return (
        f"A pool of {pool} for each process of the service; a hand-over costs {_ms(PROCESS_HANDOFF)} if what is passed "
        "is small"
    )


def floor(observed: Observed, rate: float) -> str:
    """Return what a rate would be if a request cost as much CPU time as in the window, whose cores mostly idled."""
    warm = observed.cold.warm(observed.cpu)
    return (
        f"; a request computes {_ms(warm)} once the cores are busy, instead of {_ms(observed.cpu)} (otherwise "
        f"{per_second(rate)}/s)"
    )


def least(observed: Observed, rate: float) -> str:
    """Return what a rate may be if a request costs less CPU time than in the window, whose cores mostly idled."""
    warm = observed.cold.warm(observed.cpu)
    return (
        f"; that is the least, with the {_ms(observed.cpu)} that a request computed on cores that idled: on busy cores "
        f"it computes for less, perhaps {_ms(warm)} ({per_second(rate)}/s)"
    )


def _all(which: Sequence[int]) -> str:
    return f"All {len(which)} blocking calls are repaired: " if len(which) > 1 else ""


def _ms(seconds: float) -> str:
    return duration(seconds * 1000)
