"""The thread that looks at the loops of a process: it takes stacks while a callback lasts too long, and reports."""

from __future__ import annotations

import gc
import os
import signal
import time
from _thread import allocate_lock, get_native_id, start_new_thread
from collections import deque
from contextlib import suppress
from time import perf_counter
from typing import Any

from .loops import LoopWatch
from .report import Report
from .watched import Holds, Watched

EVERY = 0.25
"""Seconds between two reports of a loop's clocks."""

NAP = 0.005
"""Seconds between two looks at a loop at most. Longer ones would not tell who keeps the interpreter's lock."""

IDLE = 1.0
"""Seconds without a loop after which the thread ends."""

PATIENCE = 0.5
"""Seconds that the service waits at most for the thread to end, before it forks and when it exits."""


def nap(least: float) -> float:
    """Return the seconds between two looks at loops whose stalls of `least` seconds count."""
    return min(NAP, least / 2)


class Watchdog:
    """The watch of all loops of one process.

    `folder`: where the report goes. `least`: seconds of a callback that are too long, `burst` of many short ones. The
    threads of the loops write nothing and wait for nothing; the thread of the watchdog does that.
    """

    def __init__(self, folder: str, least: float, burst: float) -> None:
        self._least, self._burst = least, burst
        self._report = Report(folder)
        self._watched: dict[int, Watched] = {}
        self._over: deque[Watched] = deque()
        self._faults: deque[str] = deque(maxlen=100)
        self._alive = allocate_lock()
        """Held by the thread while it runs, and by what keeps it from being started."""
        self._wake = allocate_lock()
        """Held while the thread is to go on."""
        self._native = 0
        self.process = os.getpid()

    def watch_of(self, loop: Any) -> Watched:
        """Return a new watch for a loop."""
        kind = type(loop).__module__.partition(".")[0]
        return Watched(LoopWatch(kind, self._least, self._burst, self.start))

    def begin(self, watched: Watched, loop: Any) -> None:
        """Watch a loop that begins to run in this thread."""
        try:
            watched.begin(loop)
        except BaseException:
            watched.end()
            raise
        self._watched[watched.watch.number] = watched
        self.start()

    def end(self, watched: Watched) -> None:
        """Stop watching a loop that has ceased to run."""
        if self._watched.pop(watched.watch.number, None) is not None:
            self._over.append(watched)
            watched.end()

    def forget(self) -> None:
        """Stop watching the loops that a fork has copied from another process."""
        for watched in self._watched.values():
            with suppress(Exception):
                watched.end(forked=True)

    def fault(self, error: Exception) -> None:
        """Report a fault of the watcher, not of the service: its kind and place, without its message."""
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = "" if place is None else f" in {os.path.basename(place.tb_frame.f_code.co_filename)}:{place.tb_lineno}"
        self._faults.append(f"{type(error).__name__}{where}")
        self.start()

    def start(self) -> None:
        """Start the thread if there are loops, and it does not run. It is none that `threading` knows and waits for."""
        if not (self._watched or self._faults) or not self._alive.acquire(False):
            return
        self._wake.acquire(False)
        # A signal that the service waits for must not reach this thread.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            start_new_thread(self._run, ())
        except BaseException:
            self._alive.release()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def stop(self) -> bool:
        """End the thread after a last report, and keep it from being started. Return False if that takes too long."""
        runs = self._alive.locked()
        with suppress(RuntimeError):
            self._wake.release()
        if not self._alive.acquire(timeout=PATIENCE):
            return False
        until = perf_counter() + PATIENCE
        while runs and os.path.exists(f"/proc/self/task/{self._native}") and perf_counter() < until:
            time.sleep(0.0001)  # the thread has nothing more to do, but Python counts it before a fork
        return True

    def resume(self) -> None:
        """Allow the next beat of a loop to start the thread again. Python counts threads right after a fork."""
        self._alive.release()

    def _run(self) -> None:
        self._native = get_native_id()
        poll = nap(self._least)
        told = busy = perf_counter()
        stopped = False
        while not stopped and perf_counter() - busy <= IDLE:
            due = perf_counter() + poll
            stopped = self._wake.acquire(timeout=poll)
            now = perf_counter()
            try:
                self._look(now, now - due, poll, clocks=now - told >= EVERY)
            except Exception as error:
                self.fault(error)
            if now - told >= EVERY:
                told = now
            if self._watched:
                busy = now
        self._alive.release()
        if not stopped:
            with suppress(RuntimeError):  # the interpreter ends, and starts no thread any more
                self.start()  # a loop that has begun meanwhile found that this thread still ran

    def _look(self, now: float, late: float, poll: float, *, clocks: bool) -> None:
        """Look at each loop, and report. `late`: seconds of this very look. `clocks`: True if it is time for those."""
        for watched in list(self._watched.values()):
            watched.look(now, late, poll)
            self._tell(watched, clocks=clocks, holds=watched.holds(now))
        while self._over:
            self._tell(self._over.popleft(), clocks=False, holds=None)
        while self._faults:
            self._report.fault(self._faults.popleft())
        self._report.write()

    def _tell(self, watched: Watched, *, clocks: bool, holds: Holds | None) -> None:
        """Report what has ended, what still runs, and the clocks."""
        watch = watched.watch
        if not (watch.ended or clocks or holds):
            return
        if not watch.told:
            watch.told = True
            self._report.loop(watch.number, watch.kind)
        collects = gc.isenabled()
        gc.disable()  # objects of the service are collected in its own threads
        try:
            while watch.ended:
                ended = watch.ended.popleft()
                self._report.stall(watch.number, ended, *watched.taken(ended))
            if holds is not None:
                self._report.stall(watch.number, *holds, event="holds")
        finally:
            if collects:
                gc.enable()
        if clocks:
            look = watch.look()
            waits, watched.waits = watched.waits, []
            self._report.clocks(watch.number, look, watch.busy(), waits)
