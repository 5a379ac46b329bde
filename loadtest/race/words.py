"""The captions of all loads: their type, and the words that they share."""

from typing import NamedTuple

from loadtest.contenders.service import Service
from loadtest.english import count
from loadtest.workload.demand import ADMISSION, CPU, LOOPS, SLOTS, Limit
from loadtest.workload.scenarios import MIXED, POOLS, SCENARIOS, THREADS, waits_for

ERRORS = 0.01
"""Share of failed requests above which the caption reports failures."""


class Caption(NamedTuple):
    """A sentence and its kind; the kind stays the same if only the figures change."""

    kind: str
    sentence: str


def why(error: str | None) -> str:
    """Return the end of a sentence about failures, with the most frequent error so far."""
    return f"; most frequent error so far: {error}" if error else ""


class Marks(NamedTuple):
    """The meanings of the marks of a scenario's requests, in words."""

    held: str
    waits: str


def marks(scenario: str | None) -> Marks:
    """Return what marks stand for; `scenario`: None if users request several."""
    if scenario is None or scenario == MIXED:
        return Marks("waiting for a worker", "waiting for slow I/O, or for a connection")
    asked = SCENARIOS[scenario]
    held = "waiting for a worker or a connection" if {*asked.holds} & {*POOLS} else "waiting for a worker"
    return Marks(held, f"waiting for {waits_for(scenario)}" if asked.waits and not asked.computes else "working")


def named(limit: Limit, service: Service) -> str:
    """Return a limit with its capacity, such as "64 threads"."""
    if limit.name in POOLS:
        return f"{count(limit.capacity, 'connection')} of the {limit.name}"
    if limit.name == ADMISSION:
        return f"an {ADMISSION} of {limit.capacity}"
    slot = "thread" if service.worker_class == "gthread" else "process"
    one = {SLOTS: slot, THREADS: "thread", LOOPS: "event loop", CPU: "core"}.get(limit.name, limit.name)
    return count(limit.capacity, one, "processes" if one == "process" else "")


def places(service: Service) -> str:
    """Return the event loops or greenlets that requests wait on if no limit holds them."""
    if service.worker_class == "gevent":
        return f"the greenlets of {count(service.workers, 'process', 'processes')}"
    return count(service.workers, "event loop")
