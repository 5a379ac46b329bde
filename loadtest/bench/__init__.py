"""What the twins and the load generator cost, each as a ratio to a baseline that is measured in the same run."""

from typing import NamedTuple


class Finding(NamedTuple):
    """A sentence about one ratio, and whether its aim was met."""

    sentence: str
    met: bool
