"""The clocks of a loop's thread in a window."""

from collections.abc import Sequence
from typing import NamedTuple

from loadtest.watch.inside.loops import Look
from loadtest.watch.readings import LoopReading


class Spent(NamedTuple):
    """Seconds in which a thread computed, and for which it could have run while the machine ran something else."""

    cpu: float
    delay: float


def spent(clocks: Sequence[Look], window: tuple[float, float]) -> Spent:
    """Return what a thread spent in a window, by the looks that are nearest to its edges."""
    if len(clocks) < 2:
        return Spent(0.0, 0.0)
    first, last = (min(clocks, key=lambda look: abs(look.moment - edge)) for edge in window)
    if last.moment <= first.moment:
        return Spent(0.0, 0.0)
    factor = (window[1] - window[0]) / (last.moment - first.moment)
    known = first.delay is not None and last.delay is not None
    delay = (last.delay or 0.0) - (first.delay or 0.0) if known else 0.0
    return Spent((last.cpu - first.cpu) * factor, delay * factor)


def computed(loops: Sequence[LoopReading], window: tuple[float, float]) -> float:
    """Return the CPU seconds of the threads of all loops in a window."""
    return sum(spent(loop.clocks, window).cpu for loop in loops)
