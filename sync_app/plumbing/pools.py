"""The queue of requests that wait for a connection of a pool."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from contract.problems import no_free_connection
from contract.settings import Settings
from serving.metrics import PoolGauge

# The pools' own queues do not fit: urllib3's is not first come, first served. Those of psycopg_pool and aiohttp are,
# but they raise one error both for a full pool and for a silent server, which are two refusals here. psycopg_pool has
# one timeout for both (not POOL_TIMEOUT and CONNECT_WITHIN); aiohttp's total timeout includes the time in its queue.


class PoolQueue:
    """The queue for one process's pool of POOL_SIZE connections. A request waits up to POOL_TIMEOUT seconds in it."""

    def __init__(self, pool: str, settings: Settings) -> None:
        self._pool = pool
        self._size = settings.pool_size
        self._timeout = settings.pool_timeout
        self._free = settings.pool_size
        self._queue: deque[threading.Event] = deque()
        self._lock = threading.Lock()  # another thread can run between any two steps
        self._gauge = PoolGauge(pool)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and hold it until the context exits. Raises Problem (503) if no turn comes in time."""
        with self._gauge.waiting():
            if not self._taken():
                raise no_free_connection(self._pool, self._size, self._timeout)
        try:
            with self._gauge.in_use():
                yield
        finally:
            self._leave()

    def _taken(self) -> bool:
        """Wait for a turn, first come, first served as in asyncio.Semaphore; threading.Semaphore lets some starve."""
        with self._lock:
            if self._free:
                self._free -= 1
                return True
            turn = threading.Event()
            self._queue.append(turn)
        try:
            if turn.wait(self._timeout):  # holds a thread
                return True
        except BaseException:  # for example, a greenlet is killed
            if not self._stepped_out(turn):
                self._leave()
            raise
        return not self._stepped_out(turn)

    def _stepped_out(self, turn: threading.Event) -> bool:
        """Leave the queue and return True, or return False if the turn has just been given."""
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
