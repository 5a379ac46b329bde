"""Waiting for a disk."""

import asyncio
from concurrent.futures import Executor

from contract.parameters import File
from serving.disk import there_and_back


async def file(asked: File, directory: str | None, pool: Executor) -> str:
    """Have a file written, synced, read back and deleted; the SHA-256 of what was read."""
    loop = asyncio.get_running_loop()  # it has no non-blocking files: there is no such thing on most systems
    return await loop.run_in_executor(pool, there_and_back, asked.size, directory)  # holds a coroutine, and a thread
