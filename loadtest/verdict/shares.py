"""Intervals for a share of arrivals that is estimated from a sample, as a whole or in strata.

One stratum has Wilson's score interval (E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical
Inference", Journal of the American Statistical Association 22, 1927). Several strata have its extension: every share is
inside the interval that the estimate does not differ from significantly, if each stratum is as likely as that share
allows (O. Miettinen and M. Nurminen, "Comparative Analysis of Two Rates", Statistics in Medicine 4, 1985). Strata
without a miss then widen the interval together, as one sample, and not each by itself.

Both take arrivals for independent. Neighbours in a queue are not, so the size of a sample is divided by its design
effect (L. Kish, "Survey Sampling", 1965).
"""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
"""Confidence of an interval, two-sided: each end is wrong in 2.5 % of all samples."""

STEPS = 60
"""Halvings that locate an end of an interval."""

STEEPEST = 1e12
"""The largest multiplier that is tried: beyond it an end is that of the possible shares."""


class Interval(NamedTuple):
    """A share as estimated, and the ends of its interval."""

    share: float
    low: float
    high: float


class Stratum(NamedTuple):
    """A part of all arrivals: its `weight` among them in the long run, the size of its sample, and what missed in it.

    Sizes are effective ones, so they need not be whole.
    """

    weight: float
    size: float
    missed: float


def deviations(confidence: float) -> float:
    """Return the standard deviations on both sides of a mean that have this confidence."""
    return NormalDist().inv_cdf((1 + confidence) / 2)


def design_effect(batches: Sequence[tuple[int, int]]) -> float:
    """Return by how much the variance exceeds that of independent arrivals, at least 1. `batches`: (arrivals, missed).

    A sample in which all or none missed shows no variance, so nothing is known of it.
    """
    filled = [batch for batch in batches if batch[0]]
    size, missed = (sum(column) for column in zip(*filled, strict=True)) if filled else (0, 0)
    if len(filled) < 2 or missed in (0, size):
        return 1.0
    share = missed / size
    between = sum((bad - share * arrivals) ** 2 for arrivals, bad in filled)
    return max(1.0, between * len(filled) / (len(filled) - 1) / (size * share * (1 - share)))


def interval(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the weighted share. A stratum without a sample may have any share."""
    seen = [each for each in strata if each.size]
    unknown = sum(each.weight for each in strata if not each.size)
    share = sum(each.weight * each.missed / each.size for each in seen)
    z = deviations(confidence)
    return Interval(share + unknown / 2, _end(seen, share, z, 1), min(1.0, _end(seen, share, z, -1) + unknown))


def _end(strata: Sequence[Stratum], share: float, z: float, sign: int) -> float:
    """Return the end of the interval below (sign 1) or above (sign -1) the share.

    The multiplier is Lagrange's: the larger it is, the further is the weighted share from its estimate.
    """

    def within(multiplier: float) -> bool:
        likeliest = [_likeliest(each, sign * multiplier) for each in strata]
        return abs(share - _weighted(strata, likeliest)) <= z * sqrt(
            sum(each.weight**2 * p * (1 - p) / each.size for each, p in zip(strata, likeliest, strict=True))
        )

    low, high = 0.0, 1.0
    while high < STEEPEST and within(high):
        low, high = high, high * 4
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if within(middle) else (low, middle)
    return _weighted(strata, [_likeliest(each, sign * high) for each in strata])


def _weighted(strata: Sequence[Stratum], shares: Sequence[float]) -> float:
    return sum(each.weight * share for each, share in zip(strata, shares, strict=True))


def _likeliest(stratum: Stratum, multiplier: float) -> float:
    """Return the share p at which m log p + (n - m) log(1 - p) - multiplier * weight * p is largest."""
    pull, size, missed = multiplier * stratum.weight, stratum.size, stratum.missed
    total = pull + size
    # Two forms of the same root and of its discriminant, each where it does not subtract two nearly equal numbers.
    root = sqrt((pull - size) ** 2 + 4 * pull * (size - missed) if pull > 0 else total**2 - 4 * pull * missed)
    found = 2 * missed / (total + root) if total > 0 else (total - root) / (2 * pull)
    return min(1.0, max(0.0, found))
