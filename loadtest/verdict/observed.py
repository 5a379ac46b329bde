"""A service whose event loops are held, as it was observed, and as it would be on busy cores."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from loadtest.contenders.target import Pool
from loadtest.results.stalls import BLOCKING, COMPUTING, Kind

MOSTLY = 0.5
"""Share of the time that a request holds the loop in which it waits, from which on cores count as idle."""


class Cold(NamedTuple):
    """The difference between cores that idled before a request and busy ones (see measure/cold.py).

    `factor`: how many times the CPU time a small request costs. `most`: seconds that it costs more at most; it is the
    first milliseconds that are slow, so a long computation is hardly slower. `least`: seconds that a small request
    costs on a busy core; others cost no less.
    """

    factor: float
    most: float
    least: float

    def warm(self, cpu: float) -> float:
        """Return the CPU time of a request on a busy core, by that on a core that idled before."""
        return max(cpu / self.factor, cpu - self.most, min(cpu, self.least))


NO_DIFFERENCE = Cold(1.0, 0.0, 0.0)


@dataclass(frozen=True)
class Fault:
    """A finding, in seconds for each request of the window.

    `held`: it holds the loop. `computed`: CPU time of that. `calls`: how often a request makes the call, on average.
    """

    kind: Kind
    held: float
    computed: float
    releases_lock: bool = False
    calls: float = 1.0

    @property
    def call(self) -> float:
        """Seconds of one call."""
        return self.held / self.calls

    @property
    def unlocked(self) -> float:
        """CPU seconds that need no interpreter's lock."""
        return self.computed if self.kind == COMPUTING and self.releases_lock else 0.0

    @property
    def waited(self) -> float:
        """Seconds in which it holds the loop and computes nothing."""
        return self.held - self.computed if self.kind == BLOCKING else 0.0

    def busy(self, cold: Cold) -> "Fault":
        """Return a copy for a core that was busy before: a blocking call then computes for less time."""
        if self.kind != BLOCKING:
            return self
        computed = cold.warm(self.computed)
        return replace(self, held=self.held - self.computed + computed, computed=computed)


@dataclass(frozen=True)
class Observed:
    """A service, in seconds for each request of the window, whichever route it took.

    `loop`: the loop of its process is held or computes. `cpu`: CPU time of all processes of the service. `cores`: those
    that the service may use, a part of one if a quota says so. `threads`: of the pool of one process that calls would
    move to. `pools`: those of the whole service. `faults`: in the order of the findings. `cold`: how much more its
    requests cost because cores idled.
    """

    loop: float
    cpu: float
    processes: int = 1
    cores: float = 1.0
    threads: int = 32
    pools: tuple[Pool, ...] = ()
    faults: tuple[Fault, ...] = ()
    cold: Cold = NO_DIFFERENCE

    @property
    def share(self) -> float:
        """The cores of each process, if all have the same load."""
        return self.cores / self.processes

    @property
    def unlocked(self) -> float:
        """CPU seconds that need no interpreter's lock."""
        return sum(fault.unlocked for fault in self.faults)

    def busy(self, repaired: Fault) -> "Observed":
        """Return the same service on cores that are busy: what it computes between waits takes less CPU time there.

        It is the service itself unless its loop mostly waits, and no longer does without the fault that is repaired.
        """
        waited = sum(fault.waited for fault in self.faults)
        if waited < MOSTLY * self.loop or waited - repaired.waited > MOSTLY * self.rest(repaired):
            return self
        faults = tuple(fault.busy(self.cold) for fault in self.faults)
        held, computed = (sum(getattr(fault, name) for fault in self.faults) for name in ("held", "computed"))
        kept = sum(fault.computed for fault in self.faults if fault.kind != BLOCKING)
        return replace(
            self,
            loop=sum(fault.held for fault in faults) + self.cold.warm(max(0.0, self.loop - held)),
            cpu=kept + self.cold.warm(max(self.cpu - kept, computed - kept)),
            faults=faults,
        )

    def joined(self, which: Sequence[int]) -> Fault:
        """Return the faults with these numbers, all of one kind, as one."""
        first, *others = (self.faults[number] for number in which)
        for each in others:
            first = replace(
                first,
                held=first.held + each.held,
                computed=first.computed + each.computed,
                calls=first.calls + each.calls,
            )
        return first

    def rest(self, fault: Fault) -> float:
        """Return the seconds for which a request holds the loop without a fault."""
        return max(0.0, self.loop - fault.held)
