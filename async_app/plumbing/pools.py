"""The queue in front of a pool: whoever wants a connection waits for one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contract.problems import no_free_connection
from contract.settings import Settings
from serving.metrics import PoolGauge
from serving.sleep import TICK

# Why not the pools' own queues: see sync_app/plumbing/pools.py.


class PoolQueue:
    """The queue in front of one process's pool of POOL_SIZE connections, each waited for within POOL_TIMEOUT."""

    def __init__(self, pool: str, settings: Settings) -> None:
        self._pool = pool
        self._size = settings.pool_size
        self._timeout = settings.pool_timeout
        self._free = asyncio.BoundedSemaphore(settings.pool_size)
        self._gauge = PoolGauge(pool)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Use a connection until the context is left, in one's turn; a Problem (503) where none gets free in time."""
        with self._gauge.waiting():
            try:
                async with asyncio.timeout(self._timeout + 2 * TICK):
                    await self._free.acquire()  # holds a coroutine
            except TimeoutError:
                raise no_free_connection(self._pool, self._size, self._timeout) from None
        try:
            with self._gauge.in_use():
                yield
        finally:
            self._free.release()
