"""The watch of a loop: its callbacks that last too long, and its clocks."""

from __future__ import annotations

import gc
import os
import time
from _thread import get_ident, get_native_id
from asyncio import BaseEventLoop, events
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from itertools import count
from time import perf_counter
from typing import Any, NamedTuple

from .callbacks import TIMED, soon, time_handles, timer
from .stacks import Stack

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


class Sample(NamedTuple):
    """A stack of a loop's thread at a moment, with its CPU clock and the seconds by which it was late."""

    stack: Stack
    moment: float
    cpu: float
    late: float


class LoopWatch:
    """The watch of one loop, whenever it runs.

    `least`: seconds of a callback, `burst` of a row of callbacks, that are too long. `beaten`: called at each beat.
    Nothing here may raise an error: it would be raised in a callback of the service.
    """

    _numbers = count(1)

    def __init__(self, kind: str, least: float, burst: float, beaten: Callable[[], None]) -> None:
        self.number = next(self._numbers)
        self.kind = kind
        self.burst = burst
        self._beaten = beaten
        self.process = os.getpid()
        self.told = False
        """True once the loop is in the report."""
        self.running, self.busy, self._timed = timer(least, self.too_long, self._failed)
        """`running` tells the beginning (perf_counter) of the callback that runs, 0 between callbacks; `busy` tells the
        seconds in callbacks so far."""
        self.loop: Any = None
        """The loop while it runs, None otherwise."""
        self.due = 0.0
        """The moment when the next beat is due."""
        self.ended: deque[Ended] = deque(maxlen=10_000)
        self.looks: deque[Look] = deque(maxlen=64)
        self.thread = 0
        self._clock: int | None = None
        self._schedule = ""
        self._garbage = 0.0
        self._collected = 0.0
        """Seconds of garbage collection since the last beat."""
        self._long = 0.0
        """Seconds of long callbacks since the last beat."""
        self._excused = 0.0
        """The beginning of a callback that the watcher itself prolongs."""
        self._context = Context()  # without the service's variables, which would live as long as the loop
        self._timers: dict[Callable[[], None], Any] = {}
        self._call_soon: Any = None
        """The watcher's function in the place of the loop's; None for a loop written in Python."""
        self._replaced: Any = None

    def begin(self, loop: Any) -> None:
        """Time the callbacks of the loop, which must be that of this thread."""
        self.loop = loop
        self.thread = get_ident()
        self._clock = time.pthread_getcpuclockid(self.thread) if hasattr(time, "pthread_getcpuclockid") else None
        self._schedule = f"/proc/self/task/{get_native_id()}/schedstat"
        self.looks.append(self.look())
        gc.callbacks.append(self._collect)
        if isinstance(loop, BaseEventLoop):
            time_handles()
            TIMED[loop] = self._timed
        elif self._call_soon is None:  # written in C, as uvloop's: tasks take their steps by call_soon
            self._replaced = vars(loop).get("call_soon")
            self._call_soon = loop.call_soon = soon(loop.call_soon, self._timed)
        self._beat_later()

    def end(self, *, forked: bool) -> None:
        """Stop timing the loop. `forked`: the loop is a copy of one that runs in another process."""
        loop, self.loop = self.loop, None
        self.due = 0.0
        if not forked:  # what the other process was about to change in the loop may be half changed
            for timer in self._timers.values():
                timer.cancel()
        self._timers.clear()
        with suppress(ValueError):
            gc.callbacks.remove(self._collect)
        TIMED.pop(loop, None)
        # Where the service has replaced the function in turn, what it put there calls the watcher's, which stays.
        if self._call_soon is not None and vars(loop).get("call_soon") is self._call_soon:
            if self._replaced is None:
                del loop.call_soon
            else:
                loop.call_soon = self._replaced
            self._call_soon = self._replaced = None

    def later(self, seconds: float, function: Callable[[], None]) -> None:
        """Call a function of the watcher in the loop's thread, while it runs. One call of each is due at a time."""
        if self.loop is not None:
            self._timers[function] = self.loop.call_later(seconds, function, context=self._context)

    def excuse(self, seconds: float) -> None:
        """Take the callback that runs for the watcher's own, which has taken this long."""
        self._excused = self.running()
        self._long += seconds

    def cpu(self) -> float:
        """Read the CPU clock of the loop's thread, from any thread; 0 where there is none."""
        return 0.0 if self._clock is None else time.clock_gettime(self._clock)

    def look(self) -> Look:
        """Read the clocks of the loop's thread, from any thread."""
        return Look(perf_counter(), self.cpu(), _delay(self._schedule))

    def too_long(self, began: float, took: float, *, row: bool = False) -> None:
        """Note a callback, or a row of callbacks, that took too long, right after it."""
        if self.loop is None or began == self._excused:
            return
        with suppress(Exception):
            if not row:
                self._long += took
            now = self.look()
            garbage, self._collected = self._collected, 0.0
            self.ended.append(Ended(began, took, self._before(began), now, garbage, row))
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
        self.later(BEAT, self._beat)

    def _beat(self) -> None:
        """Note how late the loop is by callbacks none of which was long."""
        with suppress(Exception):
            late = perf_counter() - self.due
            if late - self._long >= self.burst:
                self.too_long(self.due + self._long, late - self._long, row=True)
            self._beat_later()
            self._beaten()

    def _collect(self, phase: str, _about: Any) -> None:
        if get_ident() != self.thread:
            return
        if phase == "start":
            self._garbage = perf_counter()
        else:
            self._collected += perf_counter() - self._garbage

    def _failed(self, callback: Any, error: BaseException) -> None:
        """Hand an error of a callback to the loop as the loop itself does, without the frames of the watcher."""
        known = error.__traceback__
        error.__traceback__ = None if known is None else known.tb_next
        loop = self.loop or events.get_running_loop()
        handle = events.Handle(callback, (), loop)  # whose text would show the arguments, as no loop in C does
        loop.call_exception_handler(
            {"message": f"Exception in callback {callback}", "exception": error, "handle": handle}
        )


def _delay(path: str) -> float | None:
    """Return the seconds for which a thread could have run while the machine ran something else, None if unknown.

    The file is opened each time: what closes the service's files, as daemons do, would leave its number to another one.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # not Linux, or without these statistics
        return None
    try:
        return int(os.read(file, 100).split()[1]) / 1e9
    except (OSError, ValueError, IndexError):  # the thread has ended
        return None
    finally:
        os.close(file)
