"""Percentiles out of a histogram of latencies."""

from collections import Counter
from collections.abc import Mapping

BEYOND = 5
"""Samples that must lie beyond a percentile before it is worth printing."""


def percentile(histogram: Mapping[float, int], rank: float) -> float | None:
    """The nearest-rank percentile, in the histogram's own unit; None where too few samples lie beyond it.

    `rank` is from 0 to 1: 0.99 needs 500 samples.
    """
    total = sum(histogram.values())
    if total - rank * total < BEYOND:
        return None
    seen = 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= rank * total:
            return value
    return None


def merged(histograms: list[Mapping[float, int]]) -> dict[float, int]:
    """One histogram of all samples: counts are summed, percentiles are never averaged."""
    sums: Counter[float] = Counter()
    for histogram in histograms:
        sums.update(histogram)
    return dict(sums)
