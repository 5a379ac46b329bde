"""The backlog of an open load: whether it grows without end, how fast, and after how long clients wait how long."""

from collections.abc import Sequence
from math import inf

from loadtest.english import duration, listed
from loadtest.results.schema import Contender
from loadtest.workload.open import Open

from .aggregate import Row
from .bounds import KEEPS_UP
from .format import bracketed, per_second

WAITS = (1.0, 10.0)
"""Seconds that clients wait, for which it is said when they begin to."""


def diverges(row: Row) -> bool:
    """Return True if the backlog of a measured row grows without end, so that it has no percentiles.

    The prediction decides. Without one, a backlog that grew by a part of the arrivals counts, if a service that keeps
    up would have served that part.
    """
    if row.forecasts:
        return row.diverges
    return bool(row.arrived) and (row.slope or 0.0) > (1 - KEEPS_UP) * offered(row)


def offered(row: Row) -> float:
    """Return the arrivals per second of a measured row."""
    return sum(each.offered for each in row.arrived) / sum(each.seconds for each in row.arrived)


def lost(row: Row) -> float:
    """Return the share of the arrivals of a measured row that were not served, from 0 to 1."""
    arrivals = sum(each.offered for each in row.arrived)
    return row.lost / arrivals if arrivals else 0.0


def slopes(row: Row) -> str:
    """Return the growth of a backlog, predicted and measured, such as `+7.5/s predicted, +7.7/s measured`."""
    foretold = [] if row.slope_foretold is None else [f"{_slope(row.slope_foretold)} predicted"]
    return ", ".join([*foretold, f"{bracketed(_slope(row.slope or 0.0), holds=row.holds)} measured"])


def waiting(row: Row, contender: Contender, waits: Sequence[float] = WAITS) -> str:
    """Return after how long clients would wait how long, or "" if that is unknown.

    Whoever arrives after t seconds finds rate - capacity requests more each second, which take t (rate / capacity - 1)
    seconds. The capacity is that of the model, or without one the measured throughput.
    """
    if not isinstance(row.load, Open):
        return ""
    most = row.load.most(contender.demand) if contender.demand else row.throughput
    if most in (0.0, inf) or row.load.rate <= most:
        return ""
    growth = row.load.rate / most - 1
    return listed([f"{wait:g} s after {duration(wait / growth * 1000)}" for wait in waits])


def _slope(slope: float) -> str:
    return f"{'+' if slope >= 0 else ''}{per_second(slope)}/s"
