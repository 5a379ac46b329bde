"""The times of a loop's callbacks. Code here runs for each callback of the service, so it does as little as it can."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

BEAT = 0.02
"""Seconds between two beats of a loop, timers that show how late it is."""


class Look(NamedTuple):
    """The clocks of a loop's thread at one moment (perf_counter), in seconds.

    `delay`: the time for which it could have run while the machine ran something else; None where that is unknown.
    """

    moment: float
    cpu: float
    delay: float | None


class Ended(NamedTuple):
    """A callback, or a row of callbacks, that lasted too long.

    `before`: the last look before it began. `after`: one at its end. `garbage`: seconds of garbage collection in it.
    `row`: True for a row of callbacks, none of which was long.
    """

    began: float
    took: float
    before: Look
    after: Look
    garbage: float
    row: bool


class LoopWatch:
    """The watch of one loop. `least`: seconds of a callback, `burst` of a row of callbacks, that are too long."""

    def __init__(self, loop: Any, least: float, burst: float) -> None:
        self.loop = loop
        self.burst = burst
        self.running, self._timed = _timer(least, self.too_long)
        """Return the beginning (perf_counter) of the callback that runs; 0 between callbacks."""
        self.due = 0.0
        """When the next beat is due."""
        self.ended: deque[Ended] = deque(maxlen=10_000)
        self.looks: deque[Look] = deque(maxlen=64)
        self.later: Any = loop.call_later
        self.thread = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self.thread) if hasattr(time, "pthread_getcpuclockid") else None
        self._schedule = _open(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._garbage = 0.0
        self._collected = 0.0
        """Seconds of garbage collection since the last beat."""
        self._long = 0.0
        """Seconds of long callbacks since the last beat."""
        self._beats: Any = None

    def begin(self, events: Any) -> None:
        """Time the callbacks of the loop, which must be that of this thread."""
        self.looks.append(self.look())
        gc.callbacks.append(self._collect)
        if isinstance(self.loop, _base_loop()):
            _time_handles(events)
            TIMED[self.loop] = self._timed
        else:  # written in C, as uvloop's: tasks take their steps by call_soon
            self.loop.call_soon = partial(self.loop.call_soon, self._timed)
        self._beat_later()

    def end(self) -> None:
        """Let go of the loop."""
        TIMED.pop(self.loop, None)
        getattr(self.loop, "__dict__", {}).pop("call_soon", None)
        if self._beats is not None:
            self._beats.cancel()
        if self._collect in gc.callbacks:
            gc.callbacks.remove(self._collect)
        if self._schedule is not None:
            os.close(self._schedule)
            self._schedule = None

    def look(self) -> Look:
        """Read the clocks of the loop's thread, from any thread."""
        cpu = 0.0 if self._clock is None else time.clock_gettime(self._clock)
        delay = None
        if self._schedule is not None:
            delay = int(os.pread(self._schedule, 100, 0).split()[1]) / 1e9
        return Look(perf_counter(), cpu, delay)

    def too_long(self, began: float, took: float, *, row: bool = False) -> None:
        """Note a callback, or a row of callbacks, that took too long, right after it."""
        if not row:
            self._long += took
        now = self.look()
        before = self._before(began)
        garbage, self._collected = self._collected, 0.0
        self.ended.append(Ended(began, took, before, now, garbage, row))
        self.looks.append(now)

    def so_far(self, began: float) -> Ended:
        """Return a callback that still runs as if it ended now, from any thread."""
        now = self.look()
        return Ended(began, now.moment - began, self._before(began), now, self._collected, row=False)

    def _before(self, began: float) -> Look:
        return next((look for look in reversed(list(self.looks)) if look.moment <= began), self.looks[0])

    def _beat_later(self) -> None:
        self._long = self._collected = 0.0
        self.due = perf_counter() + BEAT
        self._beats = self.later(BEAT, self._beat)

    def _beat(self) -> None:
        """Note how late the loop is by callbacks none of which was long."""
        late = perf_counter() - self.due
        if late - self._long >= self.burst:
            self.too_long(self.due, late, row=True)
        self._beat_later()

    def _collect(self, phase: str, _about: Any) -> None:
        if threading.get_ident() != self.thread:
            return
        if phase == "start":
            self._garbage = perf_counter()
        else:
            self._collected += perf_counter() - self._garbage


TIMED: dict[Any, Callable[..., None]] = {}
"""The functions that time the callbacks of loops written in Python, by loop."""


def _timer(least: float, too_long: Callable[[float, float], None]) -> tuple[Callable[[], float], Callable[..., None]]:
    """Return a function that tells when the callback that runs began, and one that runs a callback and times it.

    Variables of a function cost less than attributes, and this is the code that runs for every callback.
    """
    began = 0.0

    def running() -> float:
        return began

    def timed(callback: Any, *args: Any) -> None:
        nonlocal began
        began = start = perf_counter()
        try:
            callback(*args)
        finally:
            took = perf_counter() - start
            began = 0.0
            if took >= least:
                too_long(start, took)

    return running, timed


def _base_loop() -> Any:
    from asyncio.base_events import BaseEventLoop  # noqa: PLC0415 - this runs while asyncio is imported

    return BaseEventLoop


def _time_handles(events: Any) -> None:
    """Time the callbacks of all loops that are written in Python, once for each process."""
    if hasattr(events.Handle, "_sync_vs_async_run"):
        return
    run = events.Handle._sync_vs_async_run = events.Handle._run
    find = TIMED.get

    def timed(self: Any) -> None:
        timer = find(self._loop)
        if timer is None:
            run(self)
        else:
            timer(run, self)

    events.Handle._run = timed


def _open(path: str) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # not Linux, or without these statistics
        return None
