"""Sleeping on an event loop, for those who must not wake early."""

import asyncio
import time

TICK = 0.001
"""Seconds that uvloop's timers count in: they round to it and start from the last whole one, so they may fire early."""


async def sleep(seconds: float) -> None:
    """asyncio.sleep, but never short of `seconds`."""
    end = time.monotonic() + seconds
    await asyncio.sleep(seconds)
    while time.monotonic() < end:  # noqa: ASYNC110 - it is the clock that is waited for
        await asyncio.sleep(TICK)
