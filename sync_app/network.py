"""Waiting for the network."""

from contract.parameters import Calls

from .plumbing.upstream import Upstream
from .several import several


def fetch(asked: Calls, upstream: Upstream) -> list[float]:
    """Ask the upstream n times; the seconds that it says it waited."""

    def once(_number: int) -> float:
        return upstream.wait(asked.delay)  # holds a thread

    return several(asked, once)
