"""The standstills of a service's event loop, by the lag that the service itself measures."""

import re
import time
from collections import deque
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

import gevent

LATE = 0.2
"""Seconds by which a timer must be late to count: an edge of the histogram, above the lag of a loop that computes."""

SHARE = 0.2
"""Share of a process's timers that are late from which its loop stands still; a pause of the whole machine makes fewer
of them late. The histogram has the timers of all processes."""

EVERY = 1.0
"""Seconds between two readings."""

WINDOW = 3.0
"""Seconds that are looked back on."""

SILENT = 1.5
"""Seconds without an answer to /metrics, which waits for nothing, from which this is said."""

PATIENCE = 60.0
"""Seconds after which an unanswered reading is sent anew."""

BUCKET = re.compile(r'^event_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)$', re.MULTILINE)


def buckets(exposition: str) -> dict[float, float]:
    """Return the lag histogram of a service: timers by the most seconds by which they were late, cumulative."""
    return {float(edge): float(timers) for edge, timers in BUCKET.findall(exposition)}


def standstill(before: Mapping[float, float], after: Mapping[float, float], loops: int = 1) -> float | None:
    """Return seconds for which one of the loops stood still at least once between two readings, or None if all ran."""
    new = {edge: timers - before.get(edge, 0.0) for edge, timers in after.items()}
    timers = max(new.values(), default=0.0)
    if timers <= 0 or timers - new.get(LATE, timers) < SHARE / loops * timers:
        return None
    return max(edge for edge, at_most in new.items() if at_most < timers)


class Lag:
    """The lag of one service, read from its metrics once a second."""

    def __init__(self, url: str, loops: int = 1) -> None:
        self._loops = loops
        self._origin = urlsplit(url).netloc
        self._readings: deque[tuple[float, Mapping[float, float]]] = deque()
        self._asked: float | None = None
        """Time at which a reading that has no answer yet was asked for (perf_counter)."""

    def stands(self, clock: float) -> str | None:
        """Return in words that an event loop stands still at `clock` (perf_counter), as far as known, or None."""
        longest = standstill(self._readings[0][1], self._readings[-1][1], self._loops) if self._readings else None
        if longest is not None:
            which = "event loop" if self._loops == 1 else f"at least one of {self._loops} event loops"
            return f"{which} stands still, over {longest:g} s at a time"
        if self._asked is not None and clock - self._asked >= SILENT:
            return f"/metrics unanswered for {clock - self._asked:.0f} s"
        return None

    def begin_anew(self) -> None:
        """Forget all readings, for another load."""
        self._readings.clear()

    def watch(self) -> None:
        """Read the lag until this greenlet is killed."""
        try:
            while True:
                self._asked = time.perf_counter()
                try:
                    read = self._read()
                    self.add(time.perf_counter(), read)
                except (OSError, HTTPException):  # the service has ended, or answers to nobody
                    self._readings.clear()
                self._asked = None
                gevent.sleep(EVERY)
        finally:
            self._asked = None
            self._readings.clear()

    def _read(self) -> Mapping[float, float]:
        """Return the histogram, over a connection of its own: each may lead to another process of the service."""
        with closing(HTTPConnection(self._origin, timeout=PATIENCE)) as connection:
            connection.request("GET", "/metrics")
            return buckets(connection.getresponse().read().decode())

    def add(self, clock: float, read: Mapping[float, float]) -> None:
        """Add a reading, and drop those from before the window, except for the one before this."""
        self._readings.append((clock, read))
        while len(self._readings) > 2 and self._readings[1][0] <= clock - WINDOW:
            self._readings.popleft()
