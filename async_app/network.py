"""Waiting for the network."""

from contract.bodies import Made
from contract.parameters import Calls

from .plumbing.upstream import Upstream
from .several import several


async def fetch(asked: Calls, upstream: Upstream) -> Made[float]:
    """Request n waits of `delay` seconds from the upstream, and return the seconds that it reports for each."""

    async def once(_number: int) -> float:
        return await upstream.wait(asked.delay)  # holds a coroutine

    return await several(asked, once)
