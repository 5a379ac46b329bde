"""A sleep on an event loop that never ends early."""

import asyncio
import time

TICK = 0.001
"""The resolution of uvloop's timers in seconds. They round to it and start at the last tick, so they may fire early."""


async def sleep(seconds: float) -> None:
    """Sleep like asyncio.sleep, but never for less than `seconds`."""
    end = time.monotonic() + seconds
    await asyncio.sleep(seconds)
    while time.monotonic() < end:  # noqa: ASYNC110 - no event signals the clock
        await asyncio.sleep(TICK)
