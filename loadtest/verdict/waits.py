"""Find where requests wait while the loops are free."""

from collections import Counter
from collections.abc import Sequence

from loadtest.results.stalls import Waiting
from loadtest.watch.readings import LoopReading
from loadtest.watch.sites import Site

from .spent import spent

FREE = 0.7
"""Share of a window for which a loop may be held or compute if requests wait for something else."""

MOST_LINES = 5
"""Lines at which requests waited that are told."""


def waiting(loops: Sequence[LoopReading], window: tuple[float, float]) -> list[Waiting]:
    """Return the lines at which requests waited in a window, that of most requests first; none if loops were busy.

    Tasks that serve no request count only if no task does, as with a framework whose requests are not recognized.
    """
    seconds = window[1] - window[0]
    if any(max(spent(each, window).busy, spent(each, window).cpu) > FREE * seconds for each in loops):
        return []
    looks = [
        each for loop in loops for moment, waits in loop.waits if window[0] <= moment <= window[1] for each in waits
    ]
    requests = [each for each in looks if each.route] or looks
    seen: Counter[Site] = Counter()
    for each in requests:
        seen[each.site] += each.tasks
    whole = sum(seen.values())
    return [Waiting(site=site, share=tasks / whole) for site, tasks in seen.most_common(MOST_LINES)]
