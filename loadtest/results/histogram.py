"""Histograms of latency, and their percentiles."""

from collections import Counter
from collections.abc import Iterable, Mapping
from math import floor, inf, log10

BEYOND = 5
"""Samples that must lie above a percentile before it is shown."""


def bucket(milliseconds: float) -> float:
    """Round `milliseconds` to three significant digits, but no finer than a microsecond."""
    if milliseconds < 0.001:
        return 0.0
    return round(milliseconds, min(3, 2 - floor(log10(milliseconds))))


def histogram_of(seconds: Iterable[float]) -> dict[float, int]:
    """Return the histogram, in milliseconds, of times in seconds."""
    return dict(Counter(bucket(each * 1000) for each in seconds))


def percentile(histogram: Mapping[float, int], rank: float, lost: int = 0, beyond: int = BEYOND) -> float | None:
    """Return the nearest-rank percentile in the histogram's unit, or None if too few samples lie above it.

    `rank` is from 0 to 1: 0.99 needs 500 samples. `lost`: further samples that are larger than all others, by an
    unknown amount; a percentile among them is inf. `beyond`: how many samples must lie above.
    """
    total = sum(histogram.values()) + lost
    if total - rank * total < beyond:
        return None
    seen = 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= rank * total:
            return value
    return inf if lost else None


def merged(histograms: list[Mapping[float, int]]) -> dict[float, int]:
    """Merge histograms into one by summing their counts; percentiles must not be averaged."""
    sums: Counter[float] = Counter()
    for histogram in histograms:
        sums.update(histogram)
    return dict(sums)
