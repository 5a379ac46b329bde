"""Margins: how much slower a service would have to be for a request of a schedule to miss its deadline.

The margin of an arrival follows from the schedule and the model alone, not from any measurement. It orders arrivals by
the queue that they meet, so it is of use even if the service is some percent slower or faster than the model says.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import islice

from .demand import Demand
from .open import Open, capacity
from .replay import replay

FASTEST, FINENESS = 0.86, 1.02
SLOWDOWNS = tuple(FASTEST * FINENESS**number for number in range(19))
"""Factors by which all times of a service are multiplied. Near its limit a service changes within two percent."""

STRATA = len(SLOWDOWNS) + 1
"""The number of margins that are told apart."""

REPLAYED = 60_000
"""Arrivals of the replay that shows how often each margin occurs in the long run."""

BLOCKS = 20
"""Parts of that replay, which show how exact it is."""

LONG_RUN = -1
"""The repeat whose schedule that replay has; no run has it."""

HALVINGS = 10
"""Halvings of the range in which the capacity lies: to 0.1 % of the limit."""


@dataclass(frozen=True)
class Model:
    """The model of a service under open loads such as `load`, whose rate does not matter.

    `deadline`: seconds, from the intended start, after which an answer misses. `replayed`: arrivals of a long replay.
    """

    demand: Demand
    deadline: float
    load: Open
    replayed: int = REPLAYED

    def margins(self, offsets: Sequence[float]) -> list[int]:
        """Return for each arrival the number of the first slowdown with which it misses; STRATA - 1: with none.

        `offsets`: the intended starts in seconds since the service was empty, ascending.
        """
        found = [len(SLOWDOWNS)] * len(offsets)
        for number in reversed(range(len(SLOWDOWNS))):
            misses = self._misses(offsets, SLOWDOWNS[number])
            if not any(misses):  # nor does any with a smaller slowdown
                break
            for place, missed in enumerate(misses):
                if missed:
                    found[place] = number
        return found

    def shares(self, rate: float) -> tuple[tuple[float, ...], ...]:
        """Return the share of arrivals with each margin, in each block of a long replay at this rate."""
        return _shares(self, rate)

    def missed(self, rate: float) -> float:
        """Return the share of arrivals that miss the deadline in a long replay at this rate."""
        return sum(self._misses([each / rate for each in self._unscaled], 1.0)) / self.replayed

    def capacity(self, allowed: float) -> float | None:
        """Return the highest rate at which at most the share `allowed` misses, or None if nothing limits the rate."""
        limit = capacity(self.demand)
        if limit is None:
            return None
        low, high = 0.0, limit.throughput
        for _ in range(HALVINGS):
            rate = (low + high) / 2
            low, high = (low, rate) if self.missed(rate) > allowed else (rate, high)
        return low

    @cached_property
    def _unscaled(self) -> list[float]:
        """The long schedule at one arrival per second. At another rate the same arrivals follow faster."""
        return list(islice(replace(self.load, rate=1.0).schedule(LONG_RUN), self.replayed))

    def _misses(self, offsets: Sequence[float], slowdown: float) -> list[bool]:
        passages = replay(offsets, _slowed(self.demand, slowdown))
        return [not each.served or each.left - each.arrived >= self.deadline for each in passages]


@lru_cache(maxsize=1024)
def _shares(model: Model, rate: float) -> tuple[tuple[float, ...], ...]:
    margins = model.margins([each / rate for each in model._unscaled])
    size = len(margins) // BLOCKS
    blocks = [margins[number * size : (number + 1) * size] for number in range(BLOCKS)]
    return tuple(tuple(block.count(margin) / size for margin in range(STRATA)) for block in blocks)


def _slowed(demand: Demand, factor: float) -> Demand:
    """Return the demand with all times multiplied by a factor."""
    return replace(
        demand,
        wait=demand.wait * factor,
        late=demand.late * factor,
        inside=demand.inside * factor,
        transit=demand.transit * factor,
        limits=tuple(replace(each, held=each.held * factor) for each in demand.limits),
    )
