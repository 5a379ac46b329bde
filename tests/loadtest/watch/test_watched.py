import sys
import threading
from typing import Any

from loadtest.watch.inside.loops import Ended, Look
from loadtest.watch.inside.watched import Watched

CLOCKS = Look(0.1, 0.1, None)


def callback(at_first: threading.Event, at_second: threading.Event) -> None:
    at_first.wait()
    at_second.wait()


class GoingOn:
    """A watch of a thread that goes on while its clocks are read, as when the interpreter's lock is given away."""

    due = 0.0

    def __init__(self) -> None:
        self.leave = threading.Event()
        self.end = threading.Event()
        self.runner = threading.Thread(target=callback, args=(self.leave, self.end))
        self.runner.start()
        assert self.runner.ident is not None
        self.thread = self.runner.ident
        self.wait_for(callback.__code__.co_firstlineno + 1)

    def running(self) -> float:
        return 1.0

    def cpu(self) -> float:
        return 0.0

    def look(self) -> Look:
        self.leave.set()
        self.wait_for(callback.__code__.co_firstlineno + 2)
        return CLOCKS

    def wait_for(self, line: int) -> None:
        while self.line() != line:
            pass

    def line(self) -> int:
        frame = sys._current_frames().get(self.thread)
        while frame is not None and frame.f_code is not callback.__code__:
            frame = frame.f_back
        return 0 if frame is None else frame.f_lineno


def test_a_stack_is_that_of_the_moment_at_which_the_lock_was_free_not_of_what_comes_while_clocks_are_read() -> None:
    watch: Any = GoingOn()
    try:
        watched = Watched(watch)
        watched.look(1.1, 0.0, 0.005)
        _, stacks = watched.taken(Ended(1.0, 0.1, CLOCKS, CLOCKS, 0.0, row=False))
    finally:
        watch.leave.set()
        watch.end.set()
        watch.runner.join()
    (sample,) = stacks
    assert sample.stack.line.line == callback.__code__.co_firstlineno + 1
