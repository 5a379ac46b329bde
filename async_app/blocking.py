"""A blocking call: harmless on a thread, a pitfall on an event loop, and the repair."""

import asyncio
import time
from concurrent.futures import Executor

from contract.parameters import Duration


async def blocking(asked: Duration) -> None:
    """Make the blocking call right here."""
    time.sleep(asked.duration)  # noqa: ASYNC251 - on purpose: holds the whole loop, and every request on it


async def offload(asked: Duration, pool: Executor) -> None:
    """Make the blocking call where it holds up nobody else."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(pool, time.sleep, asked.duration)  # holds a coroutine, and a thread of the pool
