"""Waiting for timers."""

from contract.bodies import Made
from contract.parameters import Duration, Fanout
from serving.sleep import sleep

from .several import several


async def delay(asked: Duration) -> None:
    """Wait for `duration` seconds."""
    await sleep(asked.duration)  # holds a coroutine


async def fanout(asked: Fanout) -> Made[None]:
    """Wait n times for `delay` seconds each: as a plain handler does, one after the other, or all at once."""

    async def wait(_number: int) -> None:
        await sleep(asked.delay)  # holds a coroutine

    return await several(asked, wait)
