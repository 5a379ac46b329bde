"""What a service counts and times, over all its processes, for Prometheus."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from .shared_numbers import VARIABLE
from .sleep import sleep

LEFT = 499
"""Counted for a client that left before it had its answer, as nginx does."""

LAG_EVERY = 0.1
"""Seconds between two looks at an event loop's lag, and until the other processes see what it has counted."""

_own = CollectorRegistry()
_requests = Counter("http_requests", "Requests by operation and status.", ["operation", "status"], registry=_own)
_total = Counter("http_request_seconds", "Seconds until the response begins.", ["operation"], registry=_own)
_waited = Counter("http_wait_seconds", "Seconds of these spent waiting.", ["operation"], registry=_own)
_in_flight = Gauge("http_requests_in_flight", "Requests that wait now.", multiprocess_mode="livesum", registry=_own)
_peak = Gauge(
    "http_requests_in_flight_peak",
    "The most that waited at once in one process.",
    multiprocess_mode="max",
    registry=_own,
)
_in_use = Gauge("pool_in_use", "Connections in use now.", ["pool"], multiprocess_mode="livesum", registry=_own)
_waiting = Gauge("pool_waiting", "Requests that wait for one.", ["pool"], multiprocess_mode="livesum", registry=_own)
_lag = Histogram(
    "event_loop_lag_seconds",
    "How much later than due a timer of the event loop fires.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
    registry=_own,
)

_late: list[Callable[[], None]] = []
"""What is to be called every LAG_EVERY seconds, and before this process shows its numbers."""


def write_late() -> None:
    """Write what event loops have counted since the last time."""
    for write in _late:
        write()


class Tally:
    """The counts of one operation. Each request is written where all processes see it: 4 µs, safe among threads."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._statuses: dict[int, Counter] = {}
        self._total = _total.labels(operation)
        self._waited = _waited.labels(operation)

    def count(self, status: int, total: float, waited: float | None) -> None:
        """Add one request: its status, its seconds in all, and those of them that it waited (None: none)."""
        self.add({status: 1}, total, waited or 0.0)

    def add(self, statuses: Mapping[int, int], total: float, waited: float) -> None:
        """Add several."""
        for status, number in statuses.items():
            if status not in self._statuses:
                self._statuses[status] = _requests.labels(self._operation, status)
            self._statuses[status].inc(number)
        self._total.inc(total)
        self._waited.inc(waited)


class LoopTally:
    """The same for one event loop, where a request costs so little that it is written LAG_EVERY seconds later."""

    def __init__(self, operation: str) -> None:
        self._tally = Tally(operation)
        self._clear()
        _late.append(self.write)

    def count(self, status: int, total: float, waited: float | None) -> None:
        """Add one request: its status, its seconds in all, and those of them that it waited (None: none)."""
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._total += total
        if waited is not None:
            self._waited += waited

    def write(self) -> None:
        """Write what has been counted since the last time."""
        if self._statuses:
            self._tally.add(self._statuses, self._total, self._waited)
            self._clear()

    def _clear(self) -> None:
        self._statuses: dict[int, int] = {}
        self._total = 0.0
        self._waited = 0.0


class InFlightGauge:
    """How many requests wait in this process, now and at the most."""

    def __init__(self) -> None:
        self._most = 0

    def show(self, taken: int) -> None:
        """`taken` of them wait."""
        _in_flight.set(taken)
        if taken > self._most:
            self._most = taken
            _peak.set(taken)


class LoopInFlightGauge:
    """The same for one event loop, written LAG_EVERY seconds later."""

    def __init__(self) -> None:
        self._taken = self._most = 0
        _late.append(self.write)

    def show(self, taken: int) -> None:
        """`taken` of them wait."""
        self._taken = taken
        if taken > self._most:  # noqa: PLR1730 - max would be a call, which every request would pay for
            self._most = taken

    def write(self) -> None:
        """Write how many there are."""
        _in_flight.set(self._taken)
        _peak.set(self._most)


class PoolGauge:
    """How many connections of a pool this process uses, and how many requests wait for one."""

    def __init__(self, pool: str) -> None:
        self.in_use = _in_use.labels(pool).track_inprogress
        """Called, it gives a context until whose end there is one more of them."""
        self.waiting = _waiting.labels(pool).track_inprogress


@asynccontextmanager
async def timed_loop() -> AsyncIterator[None]:
    """Time the running event loop's lag, and write what it has counted, until the context is left."""

    async def watch() -> None:
        while True:
            due = perf_counter() + LAG_EVERY
            await sleep(LAG_EVERY)
            late = perf_counter() - due
            while late >= 0:  # the looks that could not be taken were late as well: one long stop is more than one
                _lag.observe(late)
                late -= LAG_EVERY
            write_late()

    watcher = asyncio.create_task(watch())
    try:
        yield
    finally:
        watcher.cancel()
        await asyncio.wait([watcher])
        write_late()


def exposition() -> bytes:
    """Everything counted by all processes of the service, in Prometheus' text format."""
    write_late()
    if VARIABLE not in os.environ:
        return generate_latest(_own)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library types it not
    return generate_latest(registry)
