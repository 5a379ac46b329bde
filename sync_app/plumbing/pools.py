"""The queue in front of a pool: whoever wants a connection waits for one."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from contract.problems import no_free_connection
from contract.settings import Settings
from serving.metrics import PoolGauge

# Why not the pools' own queues: urllib3's is not first come, first served. Those of psycopg_pool and aiohttp are, but
# raise the same error for connections that are all taken and for a server that does not answer, which here are two
# answers. psycopg_pool has one timeout for both (not POOL_TIMEOUT and CONNECT_WITHIN); aiohttp's total runs meanwhile.


class PoolQueue:
    """The queue in front of one process's pool of POOL_SIZE connections, each waited for within POOL_TIMEOUT."""

    def __init__(self, pool: str, settings: Settings) -> None:
        self._pool = pool
        self._size = settings.pool_size
        self._timeout = settings.pool_timeout
        self._free = settings.pool_size
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()  # another thread may run between any two steps
        self._gauge = PoolGauge(pool)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Use a connection until the context is left, in one's turn; a Problem (503) where none gets free in time."""
        with self._gauge.waiting():
            if not self._taken():
                raise no_free_connection(self._pool, self._size, self._timeout)
        try:
            with self._gauge.in_use():
                yield
        finally:
            self._leave()

    def _taken(self) -> bool:
        """First come, first served, as asyncio's semaphore does and threading's does not: there, some starve."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._queue.append(turn)
        try:
            if turn.wait(self._timeout):  # holds a thread
                return True
        except BaseException:  # as a greenlet that is killed
            if not self._stepped_out(turn):
                self._leave()
            raise
        return not self._stepped_out(turn)

    def _stepped_out(self, turn: threading.Event) -> bool:
        """Whether one could leave the queue: not if it is one's turn just now."""
        with self._lock:
            if not turn.is_set():
                self._queue.remove(turn)
            return not turn.is_set()

    def _leave(self) -> None:
        with self._lock:
            if self._queue:
                self._queue.popleft().set()
            else:
                self._free += 1
