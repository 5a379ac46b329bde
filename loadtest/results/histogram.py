"""Percentiles of latency histograms."""

from collections import Counter
from collections.abc import Mapping

BEYOND = 5
"""Samples that must lie above a percentile before it is shown."""


def percentile(histogram: Mapping[float, int], rank: float) -> float | None:
    """Return the nearest-rank percentile in the histogram's unit, or None if too few samples lie above it.

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
    """Merge histograms into one by summing their counts; percentiles must not be averaged."""
    sums: Counter[float] = Counter()
    for histogram in histograms:
        sums.update(histogram)
    return dict(sums)
