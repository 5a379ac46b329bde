"""Waiting for timers."""

import asyncio
import time

from contract.parameters import Duration, Fanout

TICK = 0.001
"""Seconds by which uvloop's timers may fire early: they count whole milliseconds."""


async def sleep(seconds: float) -> None:
    """asyncio.sleep, but never short of `seconds`."""
    end = time.monotonic() + seconds
    await asyncio.sleep(seconds)
    if time.monotonic() < end:
        await asyncio.sleep(TICK)


async def delay(asked: Duration) -> None:
    """Wait once."""
    await sleep(asked.duration)  # holds a coroutine


async def fanout(asked: Fanout) -> None:
    """Wait n times: idiomatically, one after the other, or at once."""
    if asked.mode != "sequential":
        async with asyncio.TaskGroup() as group:
            for _ in range(asked.n):
                group.create_task(sleep(asked.delay))  # holds n coroutines, and this one
    else:
        for _ in range(asked.n):
            await sleep(asked.delay)  # holds a coroutine, n times as long
