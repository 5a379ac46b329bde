"""The histogram of predictions: a scale that one number far from all others cannot squash, and the bars on it."""

from collections.abc import Sequence
from math import ceil, floor, log10
from statistics import median
from typing import NamedTuple

FAR = 3.0
"""The multiple of the common numbers up to which a number is on the scale."""

MOST_OF = 0.75
"""The share of the numbers that are common, the smallest ones."""

MOST_BARS = 20
"""The most bars from 0 to the end of the scale."""

STEPS = (1, 2, 2.5, 5, 10)
"""The distances between two bars, times a power of ten."""


class Picture(NamedTuple):
    """A histogram whose bars are centred on the multiples of a step, because people predict round numbers."""

    step: float
    bars: Sequence[int]
    """The number of predictions around 0, one step, two steps and so on."""
    beyond: int
    """The number of predictions that are larger than the last bar's."""
    median: float | None


def picture(numbers: Sequence[float], others: Sequence[float | None]) -> Picture:
    """Return the histogram of `numbers`, on a scale that has room for `others`, too."""
    ordered, known = sorted(numbers), [each for each in others if each is not None]
    common = ordered[floor(MOST_OF * (len(ordered) - 1))] if ordered else 0.0
    reach = FAR * max([common, *known])
    largest = max([*known, *(each for each in ordered if each <= reach)], default=0.0)
    step = _step(largest)
    bars = [0] * (ceil(largest / step) + 1)
    places = [floor(each / step + 0.5) for each in ordered]
    for place in places:
        if place < len(bars):
            bars[place] += 1
    beyond = len(ordered) - sum(bars)
    return Picture(step, bars, beyond, median(ordered) if ordered else None)


def _step(largest: float) -> float:
    """Return the smallest step with which MOST_BARS reach the largest number."""
    if largest <= 0:
        return 1.0
    least = largest / MOST_BARS
    power = 10.0 ** floor(log10(least))
    return next(each * power for each in STEPS if each * power >= least)
