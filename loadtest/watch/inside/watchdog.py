"""The thread that looks at the loops of a process: it takes stacks while a callback lasts too long, and reports."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import suppress
from time import perf_counter
from typing import Any

from .loops import Ended, Look, LoopWatch
from .report import Report
from .stacks import Stack, around, own_paths, stack_of, waiting

EVERY = 0.25
"""Seconds between two reports of a loop's clocks."""

TASKS_EVERY = 1.0
"""Seconds between two looks at the tasks of a loop."""

HOLDS = 0.25
"""Seconds of a callback from which on it is reported while it lasts."""

HOLDS_EVERY = 1.0
"""Seconds between two such reports of a loop."""

MOST_STACKS = 100
"""Stacks that are taken of one callback at even intervals. One that lasts longer is looked at less and less often."""

LOOK_EVERY = 0.02
"""Seconds between two looks at the clocks of a loop that is not held."""


class Watchdog:
    """The watch of all loops of one process.

    `folder`: where the report goes. `least`: seconds of a callback that are too long, `burst` of many short ones.
    """

    def __init__(self, folder: str, least: float, burst: float) -> None:
        self._least, self._burst = least, burst
        self._report = Report(folder)
        self._watches: dict[Any, _Watched] = {}
        self._thread = threading.Thread(target=self._run, name="sync-vs-async-watch", daemon=True)
        self.process = os.getpid()

    def begin(self, loop: Any, events: Any) -> None:
        """Watch a loop that begins to run in this thread."""
        watch = LoopWatch(loop, self._least, self._burst)
        self._report.loop(id(watch), f"{type(loop).__module__.partition('.')[0]}")
        watch.begin(events)
        watched = _Watched(watch)
        self._watches[loop] = watched
        watched.look_at_tasks(TASKS_EVERY)
        if not self._thread.is_alive():
            self._thread.start()

    def end(self, loop: Any) -> None:
        """Let go of a loop that has ceased to run."""
        watched = self._watches.pop(loop, None)
        if watched is not None:
            watched.end()
            self._told(watched, 0.0)

    def _run(self) -> None:
        poll = self._least / 2
        told = 0.0
        while True:
            due = perf_counter() + poll
            time.sleep(poll)
            now = perf_counter()
            for watched in list(self._watches.values()):
                with suppress(OSError, RuntimeError):  # its thread has ended meanwhile
                    watched.look(now, now - due, poll)
                    if (holds := watched.holds(now)) is not None:
                        self._report.stall(id(watched.watch), *holds, event="holds")
                    self._told(watched, now if now - told >= EVERY else 0.0)
            if now - told >= EVERY:
                told = now

    def _told(self, watched: _Watched, now: float) -> None:
        """Report what has ended, and if `now` is a moment, the clocks."""
        watch = watched.watch
        while watch.ended:
            ended = watch.ended.popleft()
            self._report.stall(id(watch), ended, *watched.taken(ended))
        if now:
            waits, watched.waits = watched.waits, []
            self._report.clocks(id(watch), watch.look(), waits)


class _Taken:
    """The stacks of one callback, each with the seconds by which it was late, and the clocks at the first of them."""

    def __init__(self, first: Look) -> None:
        self.first = first
        self.stacks: list[tuple[Stack, float]] = []
        self.last = 0.0
        """The moment of the last one."""


class _Watched:
    """One loop, and the stacks that were taken of the callback that runs."""

    def __init__(self, watch: LoopWatch) -> None:
        self.watch = watch
        self.waits: list[tuple[Stack, int]] = []
        self._taken: dict[float, _Taken] = {}
        """What was taken of callbacks, by their beginning."""
        self._told = 0.0
        """The moment when a callback was last reported while it lasted."""
        self._timer: Any = None
        self._outside = around()

    def look(self, now: float, late: float, poll: float) -> None:
        """Take a stack if a callback, or a row of callbacks, lasts too long. `late`: seconds of this very look."""
        watch = self.watch
        began = watch.running()
        if began and now - began >= poll * 0.8:
            self._take(began, now, late)
        elif watch.due and now - watch.due >= watch.burst / 2:
            self._take(watch.due, now, late)
        elif now - watch.looks[-1].moment >= LOOK_EVERY:
            watch.looks.append(watch.look())

    def _take(self, began: float, now: float, late: float) -> None:
        taken = self._taken.get(began)
        if taken is None:
            taken = self._taken[began] = _Taken(self.watch.look())
        if len(taken.stacks) >= MOST_STACKS and now - taken.last < (now - began) / 20:
            return
        taken.last = now
        frame = sys._current_frames().get(self.watch.thread)
        if frame is not None and (stack := stack_of(frame, self._outside)) is not None:
            taken.stacks.append((stack, late))

    def holds(self, now: float) -> tuple[Ended, Look | None, list[tuple[Stack, float]]] | None:
        """Return a callback that still runs, with what was taken of it, if it is to be reported before it ends."""
        began = self.watch.running()
        if not began or now - began < HOLDS or now - self._told < HOLDS_EVERY:
            return None
        self._told = now
        taken = self._taken.get(began)
        ended = self.watch.so_far(began)
        return (ended, None, []) if taken is None else (ended, taken.first, taken.stacks)

    def taken(self, ended: Ended) -> tuple[Look | None, list[tuple[Stack, float]]]:
        """Return what was taken of something that has ended, and forget that and all that is older."""
        until = ended.began + ended.took if ended.row else ended.began
        found = [each for began, each in self._taken.items() if ended.began <= began <= until]
        for began in [began for began in self._taken if began <= until]:
            del self._taken[began]
        return found[0].first if found else None, [stack for each in found for stack in each.stacks]

    def look_at_tasks(self, seconds: float) -> None:
        """Count the lines at which tasks wait, now and again every `seconds`, in the thread of the loop."""

        def look() -> None:
            with suppress(Exception):
                self.waits = waiting(self.watch.loop)
            self.look_at_tasks(seconds)

        self._timer = self.watch.later(seconds, look)

    def end(self) -> None:
        """Let go of the loop."""
        if self._timer is not None:
            self._timer.cancel()
        self.watch.end()


_current: Watchdog | None = None


def begin(loop: Any, events: Any) -> None:
    """Watch a loop that begins to run in this thread."""
    global _current  # noqa: PLW0603 - one for each process
    if _current is None or _current.process != os.getpid():
        folder, least, burst, *own = os.environ["SYNC_VS_ASYNC_WATCH"].split(os.pathsep)
        own_paths(own)
        _current = Watchdog(folder, float(least), float(burst))
    _current.begin(loop, events)


def end(loop: Any) -> None:
    """Let go of a loop that ceases to run."""
    if _current is not None and loop is not None:
        _current.end(loop)
