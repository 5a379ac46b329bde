"""The queue of requests that wait for a connection of a pool."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from contract.problems import no_free_connection
from contract.settings import Settings
from serving.metrics import PoolGauge
from serving.sleep import TICK

# The pools' own queues do not fit: see sync_app/plumbing/pools.py.


class PoolQueue:
    """The queue for one process's pool of POOL_SIZE connections. A request waits up to POOL_TIMEOUT seconds in it."""

    def __init__(self, pool: str, settings: Settings) -> None:
        self._pool = pool
        self._size = settings.pool_size
        self._timeout = settings.pool_timeout
        self._free = asyncio.BoundedSemaphore(settings.pool_size)
        self._gauge = PoolGauge(pool)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it until the context exits. Raises Problem (503) if no turn comes in time."""
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
