"""One loop as the watchdog sees it: the stacks that were taken of its callback, and where its tasks wait."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from time import perf_counter
from types import FrameType
from typing import Any, NamedTuple

from .loops import Ended, Look, LoopWatch, Sample
from .stacks import Stack, around, stack_of, waiting

TASKS_EVERY = 1.0
"""Seconds between two looks at the tasks of a loop."""

TASKS_SHARE = 0.005
"""The share of a loop's time that looks at its tasks may take."""

HOLDS = 0.25
"""Seconds of a callback from which on it is reported while it lasts."""

HOLDS_EVERY = 1.0
"""Seconds between two such reports of a loop."""

MOST_STACKS = 100
"""Stacks that are taken of one callback at even intervals. One that lasts longer is looked at less and less often."""

MOST_TAKEN = 1000
"""Callbacks whose stacks are kept. Those that end in good time are never asked for."""

LOOK_EVERY = 0.02
"""Seconds between two looks at the clocks of a loop that is not held."""


class Holds(NamedTuple):
    """A callback that still runs: as if it had ended now, the clocks at its first stack, and its stacks."""

    so_far: Ended
    first: Look | None
    samples: list[Sample]


class _Taken:
    """The stacks of one callback, and the clocks at the first of them."""

    def __init__(self, first: Look) -> None:
        self.first = first
        self.samples: list[Sample] = []
        self.last = 0.0
        """The moment of the last one."""


class Watched:
    """One loop, whenever it runs."""

    def __init__(self, watch: LoopWatch) -> None:
        self.watch = watch
        self.waits: list[tuple[Stack, int]] = []
        self._taken: dict[float, _Taken] = {}
        """Stacks of callbacks, by their beginning."""
        self._told = 0.0
        """The moment when a callback was last reported while it lasted."""
        self._outside: set[FrameType] = set()

    def begin(self, loop: Any) -> None:
        """Watch the loop, which begins to run in this thread."""
        self._outside = around()
        self.watch.begin(loop)
        self.watch.later(TASKS_EVERY, self._look_at_tasks)

    def end(self, *, forked: bool = False) -> None:
        """Stop watching the loop. `forked`: the loop is a copy of one that runs in another process."""
        self.watch.end(forked=forked)
        self._outside = set()

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
        if taken is not None and len(taken.samples) >= MOST_STACKS and now - taken.last < (now - began) / 20:
            return
        collects = gc.isenabled()
        gc.disable()  # objects of the service are collected in its own threads
        try:
            stack, cpu = self._stack(), self.watch.cpu()
        finally:
            if collects:
                gc.enable()
        if taken is None:  # after the stack: to read the clocks gives the lock away, and the callback would go on
            taken = self._taken[began] = _Taken(self.watch.look())
            if len(self._taken) > MOST_TAKEN:
                del self._taken[next(iter(self._taken))]
        taken.last = now
        if stack is not None:
            taken.samples.append(Sample(stack, now, cpu, late))

    def _stack(self) -> Stack | None:
        frame = sys._current_frames().get(self.watch.thread)
        return None if frame is None else stack_of(frame, self._outside)

    def holds(self, now: float) -> Holds | None:
        """Return a callback that still runs, with what was taken of it, if it is to be reported before it ends."""
        began = self.watch.running()
        if not began or now - began < HOLDS or now - self._told < HOLDS_EVERY:
            return None
        self._told = now
        taken = self._taken.get(began)
        ended = self.watch.so_far(began)
        return Holds(ended, None, []) if taken is None else Holds(ended, taken.first, taken.samples)

    def taken(self, ended: Ended) -> tuple[Look | None, list[Sample]]:
        """Return what was taken of something that has ended, and forget that and all that is older."""
        until = ended.began + ended.took if ended.row else ended.began
        found = [each for began, each in self._taken.items() if ended.began <= began <= until]
        for began in [began for began in self._taken if began <= until]:
            del self._taken[began]
        return found[0].first if found else None, [one for each in found for one in each.samples]

    def _look_at_tasks(self) -> None:
        """Note the lines at which tasks wait, now and again, in the thread of the loop."""
        began = perf_counter()
        with suppress(Exception):
            self.waits = waiting(self.watch.loop)
        took = perf_counter() - began
        with suppress(Exception):
            self.watch.excuse(took)
            self.watch.later(max(TASKS_EVERY, took / TASKS_SHARE), self._look_at_tasks)
