"""A blocking call: harmless on a thread, a mistake on an event loop, and the correct way to make it there."""

import asyncio
import time
from concurrent.futures import Executor

from contract.parameters import Duration


async def blocking(asked: Duration) -> None:
    """Block for `duration` seconds, directly in the handler."""
    time.sleep(asked.duration)  # noqa: ASYNC251 - on purpose: holds the whole loop, and every request on it


async def offload(asked: Duration, pool: Executor) -> None:
    """Block for `duration` seconds, on a thread that holds up no other request."""
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(pool, time.sleep, asked.duration)  # holds a coroutine, and a thread of the pool
