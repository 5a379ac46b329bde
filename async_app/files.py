"""Waiting for a disk."""

import asyncio
from concurrent.futures import Executor

from contract.parameters import File
from serving.disk import there_and_back


async def file(asked: File, directory: str | None, pool: Executor) -> str:
    """Write a file of `size` bytes, sync, read back and delete it; return the SHA-256 of the bytes read, in hex."""
    loop = asyncio.get_running_loop()  # without non-blocking file I/O, which most systems lack
    return await loop.run_in_executor(pool, there_and_back, asked.size, directory)  # holds a coroutine, and a thread
