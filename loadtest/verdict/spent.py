"""The clocks of a loop's thread in a window."""

from collections.abc import Sequence
from typing import NamedTuple

from loadtest.watch.inside.loops import Look
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
    delay = delay_between(begin, end)
    busy = loop.busy[last][1] - loop.busy[first][1]
    return Spent((end.cpu - begin.cpu) * factor, delay * factor, busy * factor)


def delay_between(before: Look, after: Look) -> float:
    """Return the seconds between two looks for which a thread could have run; 0 where the system counts none."""
    return 0.0 if before.delay is None or after.delay is None else max(0.0, after.delay - before.delay)


def computed(loops: Sequence[LoopReading], window: tuple[float, float]) -> float:
    """Return the CPU seconds of the threads of all loops in a window."""
    return sum(spent(loop, window).cpu for loop in loops)
