"""The equality of two throughputs."""

from .aggregate import Row

ALIKE = 0.05
"""Difference, as a share of the larger figure, up to which two throughputs count as equal."""


def alike(one: Row, other: Row) -> bool:
    """Return True if two rows have the same throughput, up to ALIKE."""
    return abs(one.throughput - other.throughput) <= ALIKE * max(one.throughput, other.throughput)
