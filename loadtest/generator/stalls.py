"""Measure how long a load generator stood still: nothing in it ran, because it was stopped or had no core."""

from time import perf_counter

import gevent

EVERY = 0.05
"""Seconds between two looks at the clock."""


class Stalls:
    """The longest time without a look at the clock, which a greenlet takes every EVERY seconds."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._last = perf_counter()
        gevent.spawn(self._watch)

    def begin(self) -> None:
        """Forget the time before now."""
        self._longest, self._last = 0.0, perf_counter()

    def longest(self) -> float:
        """Return the longest time since `begin`, in seconds, in which nothing ran."""
        return max(self._longest, perf_counter() - self._last - EVERY, 0.0)

    def _watch(self) -> None:
        while True:
            gevent.sleep(EVERY)
            self._longest, self._last = self.longest(), perf_counter()
