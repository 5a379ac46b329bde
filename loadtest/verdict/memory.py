"""The memory of a service by its requests in flight."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from statistics import linear_regression

from .aggregate import Row

LEAST_GROWTH = 2**20
"""Bytes of growth below which memory per request is unknown: memory is counted in pages, and varies."""


@dataclass(frozen=True)
class Growth:
    """The memory of a service in bytes: with no request in flight, and for each one more."""

    empty: float
    each: float

    def full(self, memory: int) -> float:
        """Return the number of requests in flight that fill `memory` bytes."""
        return (memory - self.empty) / self.each


def growth(rows: Iterable[Row], slots: int | None) -> Growth | None:
    """Return the memory of one service (least squares), or None if too little was measured, or if it hardly grew.

    A request of a blocking service takes memory once it has one of its `slots`.
    """
    known = [row for row in rows if row.memory is not None]
    used = [min(in_flight(row), slots or inf) for row in known]
    sizes = [row.memory or 0 for row in known]
    if len({round(each) for each in used}) < 2 or max(sizes) - min(sizes) < LEAST_GROWTH:
        return None
    slope, empty = linear_regression(used, sizes)
    return Growth(empty, slope) if slope > 0 else None


def in_flight(row: Row) -> float:
    """Return the mean number of requests in flight: throughput times response time (Little's law)."""
    return sum(each.response_ms for each in row.windows) / sum(each.seconds for each in row.windows) / 1000
