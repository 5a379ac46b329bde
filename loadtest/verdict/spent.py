"""The clocks of a loop's thread in a window."""

from collections.abc import Sequence
from typing import NamedTuple

from loadtest.watch.readings import LoopReading


class Spent(NamedTuple):
    """Seconds of a loop's thread in a window.

    `cpu`: it computed. `delay`: it could have run, but the machine ran something else. `busy`: it was in callbacks.
    """

    cpu: float
    delay: float
    busy: float


def spent(loop: LoopReading, window: tuple[float, float]) -> Spent:
    """Return what the thread of a loop spent in a window, by the looks that are nearest to its edges."""
    clocks = loop.clocks
    if len(clocks) < 2:
        return Spent(0.0, 0.0, 0.0)
    first, last = (min(range(len(clocks)), key=lambda at: abs(clocks[at].moment - edge)) for edge in window)
    if last <= first:
        return Spent(0.0, 0.0, 0.0)
    begin, end = clocks[first], clocks[last]
    factor = (window[1] - window[0]) / (end.moment - begin.moment)
    known = begin.delay is not None and end.delay is not None
    delay = (end.delay or 0.0) - (begin.delay or 0.0) if known else 0.0
    busy = loop.busy[last][1] - loop.busy[first][1]
    return Spent((end.cpu - begin.cpu) * factor, delay * factor, busy * factor)


def computed(loops: Sequence[LoopReading], window: tuple[float, float]) -> float:
    """Return the CPU seconds of the threads of all loops in a window."""
    return sum(spent(loop, window).cpu for loop in loops)
