"""Points of a map that were measured: both services under the same load at the same wait."""

from collections.abc import Iterable
from dataclasses import dataclass

from loadtest.english import count
from loadtest.results.schema import Results
from loadtest.workload.closed import Closed

from .aggregate import Row, rows

WITHIN = 0.1
"""Share by which a measured figure may differ from its prediction and still counts as met."""


@dataclass(frozen=True)
class Point:
    """Both services under one load. `predicted` and `measured`: throughput of the second divided by the first's."""

    wait: float
    delay: str
    """The wait as it was typed."""
    first: Row
    second: Row

    @property
    def users(self) -> int:
        """The number of users, each with one request in flight."""
        return self.first.load.most_in_flight

    @property
    def holds(self) -> bool:
        """True if both steps are conclusive."""
        return self.first.holds and self.second.holds

    @property
    def predicted(self) -> float:
        """The predicted number of times, with the load generator's own limits."""
        return _predicted(self.second) / _predicted(self.first)

    @property
    def measured(self) -> float:
        """The measured number of times."""
        return self.second.throughput / self.first.throughput

    @property
    def ratio(self) -> float:
        """The measured number of times, divided by the predicted one."""
        return self.measured / self.predicted

    @property
    def bound(self) -> str:
        """The bound of each service, without details."""
        return "; ".join(f"{row.service}: {row.bound.partition(' (')[0]}" for row in (self.first, self.second))


def points(runs: Iterable[Results], names: list[str]) -> list[Point]:
    """Return the points that were measured, by wait and users. `names`: the two services.

    Users who think have fewer requests in flight than there are users, so their steps are left out.
    """
    found = []
    for results in runs:
        table = {(row.service, row.load): row for row in rows(results) if row.windows and row.ratio}
        for load in results.options.loads:
            first, second = (table.get((name, load)) for name in names)
            if first and second and isinstance(load, Closed) and not load.think:
                found.append(Point(results.options.wait, results.options.delay, first, second))
    return sorted(found, key=lambda point: (point.wait, point.users))


def close(ratio: float) -> bool:
    """Return True if a measured figure is as predicted, but for WITHIN."""
    return abs(ratio - 1) <= WITHIN


def kept(found: list[Point]) -> str:
    """Return how many points, and how many of their steps, are conclusive and as predicted, out of all measured ones.

    Inconclusive points count as not predicted: a prediction that is wrong can make its step inconclusive.
    """
    steps = [row for point in found for row in (point.first, point.second)]
    met = sum(point.holds and close(point.ratio) for point in found)
    right = sum(row.holds and close(row.ratio or 0.0) for row in steps)
    left = sum(not point.holds for point in found)
    return (
        f"At {met} of {count(len(found), 'measured point')} the number of times is within {WITHIN:.0%} of its "
        f"prediction; throughput itself in {right} of {count(len(steps), 'step')}."
        + (f" {count(left, 'point')} {'is' if left == 1 else 'are'} inconclusive, and not among them." if left else "")
    )


def _predicted(row: Row) -> float:
    return row.predicted.throughput if row.predicted else 0.0
