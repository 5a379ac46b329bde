"""Prometheus metrics of a service, combined over all its processes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from time import perf_counter

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    values,
)

from . import shared_numbers
from .sleep import sleep

LEFT = 499
"""The status counted for a client that disconnects before the response, as nginx does."""

LAG_EVERY = 0.1
"""Seconds between two measurements of the event-loop lag. An event loop's counts reach other processes at the same
interval."""

values.ValueClass = shared_numbers.SharedNumber  # where prometheus_client looks it up
# the `_created` time of a metric would be that of whichever process answers the request for the metrics
disable_created_metrics()  # type: ignore[no-untyped-call] # untyped in the library

_own = CollectorRegistry()
_requests = Counter("http_requests", "Requests, by operation and status.", ["operation", "status"], registry=_own)
_total = Counter("http_request_seconds", "Seconds until the response starts.", ["operation"], registry=_own)
_waited = Counter("http_wait_seconds", "Seconds spent waiting.", ["operation"], registry=_own)
_in_flight = Gauge("http_requests_in_flight", "Requests waiting now.", multiprocess_mode="livesum", registry=_own)
_peak = Gauge(
    "http_requests_in_flight_peak",
    "Largest number of requests that waited at once in one process.",
    multiprocess_mode="max",
    registry=_own,
)
_in_use = Gauge("pool_in_use", "Connections in use now.", ["pool"], multiprocess_mode="livesum", registry=_own)
_waiting = Gauge("pool_waiting", "Requests in the pool queue.", ["pool"], multiprocess_mode="livesum", registry=_own)
_lag = Histogram(
    "event_loop_lag_seconds",
    "Delay of an event-loop timer after its due time.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
    registry=_own,
)

_labelled = {
    "http_requests": _requests,
    "http_request_seconds": _total,
    "http_wait_seconds": _waited,
    "pool_in_use": _in_use,
    "pool_waiting": _waiting,
}
"""The metrics with labels, by name."""

_late: list[Callable[[], None]] = []
"""Functions to call every LAG_EVERY seconds, and before this process exposes its metrics."""


def write_late() -> None:
    """Write what this process's event loop has counted since the last write.

    Also write the number of requests that wait now, and the most that have waited at once since the process started.
    """
    for write in _late:
        write()


class Tally:
    """The counts of one operation. Thread-safe.

    Each request is written at once (4 µs) where the other processes can read it.
    """

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self._statuses: dict[int, Counter] = {}
        self._total = _total.labels(operation)
        self._waited = _waited.labels(operation)

    def count(self, status: int, total: float, waited: float | None) -> None:
        """Count one request: its status, its total seconds, and its seconds of waiting (None if it did not wait)."""
        self.add({status: 1}, total, waited or 0.0)

    def add(self, statuses: Mapping[int, int], total: float, waited: float) -> None:
        """Add several requests: their number by status, and their sums of total seconds and seconds of waiting."""
        for status, number in statuses.items():
            if status not in self._statuses:
                self._statuses[status] = _requests.labels(self._operation, status)
            self._statuses[status].inc(number)
        self._total.inc(total)
        self._waited.inc(waited)


class LoopTally:
    """The counts of one operation on an event loop, written every LAG_EVERY seconds to keep requests cheap."""

    def __init__(self, operation: str) -> None:
        self._tally = Tally(operation)
        self._clear()
        _late.append(self.write)

    def count(self, status: int, total: float, waited: float | None) -> None:
        """Count one request: its status, its total seconds, and its seconds of waiting (None if it did not wait)."""
        self._statuses[status] = self._statuses.get(status, 0) + 1
        self._total += total
        if waited is not None:
            self._waited += waited

    def write(self) -> None:
        """Write the counts since the last write."""
        if self._statuses:
            self._tally.add(self._statuses, self._total, self._waited)
            self._clear()

    def _clear(self) -> None:
        self._statuses: dict[int, int] = {}
        self._total = 0.0
        self._waited = 0.0


class InFlightGauge:
    """The number of waiting requests in this process, current and peak."""

    def __init__(self) -> None:
        self._most = 0

    def show(self, taken: int) -> None:
        """Record that `taken` requests wait."""
        _in_flight.set(taken)
        if taken > self._most:
            self._most = taken
            _peak.set(taken)


class LoopInFlightGauge:
    """The number of waiting requests on an event loop, current and peak, written every LAG_EVERY seconds."""

    def __init__(self) -> None:
        self._taken = self._most = 0
        _late.append(self.write)

    def show(self, taken: int) -> None:
        """Record that `taken` requests wait."""
        self._taken = taken
        if taken > self._most:  # noqa: PLR1730 - max would add a call to every request
            self._most = taken

    def write(self) -> None:
        """Write the current number and the peak."""
        _in_flight.set(self._taken)
        _peak.set(self._most)


class PoolGauge:
    """The connections of a pool that this process uses, and the requests that wait for one."""

    def __init__(self, pool: str) -> None:
        self.in_use = _in_use.labels(pool).track_inprogress
        """Call it for a context manager that counts one connection as in use until the context exits."""
        self.waiting = _waiting.labels(pool).track_inprogress


@asynccontextmanager
async def timed_loop() -> AsyncIterator[None]:
    """Measure the running event loop's lag, and write the loop's counts, until the context exits."""

    async def watch() -> None:
        while True:
            due = perf_counter() + LAG_EVERY
            await sleep(LAG_EVERY)
            late = perf_counter() - due
            # a long stall also delays the measurements that should have followed; count each with its own lag
            while late >= 0:
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
    """Return the metrics of all processes of the service, in Prometheus' text format."""
    write_late()
    for metric, labels in shared_numbers.labels():
        if metric in _labelled:
            _labelled[metric].labels(*labels)  # makes it known here, if only another process has counted it
    return generate_latest(_own)
