"""Waiting for timers."""

import asyncio
import time

from contract.parameters import Duration, Fanout

TICK = 0.001
"""Seconds that uvloop's timers count in: they round to it and start from the last whole one, so they may fire early."""


async def _sleep(seconds: float) -> None:
    """asyncio.sleep, but never short of `seconds`."""
    end = time.monotonic() + seconds
    await asyncio.sleep(seconds)
    while time.monotonic() < end:  # noqa: ASYNC110 - it is the clock that is waited for
        await asyncio.sleep(TICK)


async def delay(asked: Duration) -> None:
    """Wait once."""
    await _sleep(asked.duration)  # holds a coroutine


async def fanout(asked: Fanout) -> None:
    """Wait n times: idiomatically, one after the other, or at once."""
    if asked.mode != "sequential":
        async with asyncio.TaskGroup() as group:
            for _ in range(asked.n):
                group.create_task(_sleep(asked.delay))  # holds n coroutines, and this one
    else:
        for _ in range(asked.n):
            await _sleep(asked.delay)  # holds a coroutine, n times as long
