"""Waiting for the network."""

from contract.bodies import Made
from contract.parameters import Calls

from .plumbing.upstream import Upstream
from .several import several


def fetch(asked: Calls, upstream: Upstream) -> Made[float]:
    """Request n waits of `delay` seconds from the upstream, and return the seconds that it reports for each."""

    def once(_number: int) -> float:
        return upstream.wait(asked.delay)  # holds a thread

    return several(asked, once)
