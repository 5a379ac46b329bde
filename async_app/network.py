"""Waiting for the network."""

from contract.parameters import Calls

from .plumbing.upstream import Upstream
from .several import several


async def fetch(asked: Calls, upstream: Upstream) -> list[float]:
    """Ask the upstream n times; the seconds that it says it waited."""

    async def once(_number: int) -> float:
        return await upstream.wait(asked.delay)  # holds a coroutine

    return await several(asked, once)
