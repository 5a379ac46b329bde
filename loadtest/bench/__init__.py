"""Benchmarks of the twins and the load generator, most as a ratio to a baseline measured in the same run."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One result as a sentence, and True if its aim was met."""

    sentence: str
    met: bool
