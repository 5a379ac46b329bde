"""Compare a service with a variant in which something is repaired: both at their limits, in turn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean

from loadtest.results.stalls import Repair, Stalls, Way
from loadtest.verdict.doubts import together
from loadtest.verdict.repair import AS_IS, AWAITED, PROCESSES, THREAD, measured_beside

from .watched import Window

STARTED = 0.5
"""Share of the threads of a pool by which a variant must have more threads than the service to make calls in threads.
A few more, as of a resolver of names, say nothing."""


@dataclass(frozen=True)
class Made:
    """The processes of a service, and the threads of all of them, at its limit."""

    processes: int
    threads: int


@dataclass
class Turns:
    """The windows of one service at its limit, turn by turn."""

    windows: list[Window] = field(default_factory=list)
    made: Made = Made(0, 0)
    users: int = 0
    """The users with whom it was at its limit; 0: not known yet."""
    response: float = 0.0
    """Seconds that their requests take."""
    filled: bool = True
    """False if requests did not queue even with the most users."""

    @property
    def rate(self) -> float:
        """The mean of the trusted windows in requests per second, of all if none is trusted."""
        return fmean(each.rate for each in self._trusted or self.windows)

    @property
    def doubts(self) -> list[str]:
        """The reasons why the rate is inconclusive."""
        return [] if self._trusted else together([doubt for each in self.windows for doubt in each.step.doubts])

    @property
    def _trusted(self) -> list[Window]:
        return [each for each in self.windows if not each.step.doubts]


def beside(stalls: Stalls, service: Turns, variant: Turns, threads: int, processes: int) -> Stalls:
    """Return findings with both measured limits beside the predictions.

    `threads`: of the pool of one process that the predictions assume; `processes`: those that serve.
    """
    if not service.windows or not variant.windows:
        return stalls
    way = _way(service.made, variant.made, threads * processes)
    doubts = [*service.doubts, *variant.doubts]
    if not variant.filled:
        doubts.append(f"{variant.users} users do not fill the variant: its limit is higher than what was measured")
    found: Sequence[Repair] = measured_beside(stalls.repairs, AS_IS, service.rate / processes)
    if any(each.way == way for each in found):
        found = measured_beside(found, way, variant.rate / processes)
    else:
        told = f"the variant has its calls {way}" if way != AWAITED else "the variant awaits its calls"
        doubts.append(f"{told} ({variant.rate / processes:.4g}/s for each process), which was not predicted")
    return stalls.model_copy(update={"repairs": [*found], "rate_doubts": together([*stalls.rate_doubts, *doubts])})


def _way(service: Made, variant: Made, threads: int) -> Way:
    """Return how a variant is repaired, by what it has more of. `threads`: those that all pools may start."""
    if variant.processes > service.processes:
        return PROCESSES
    return THREAD if variant.threads - service.threads >= STARTED * threads else AWAITED
