"""The times of callbacks. Code here runs for each callback of the service, so it does as little as it can."""

from __future__ import annotations

from asyncio import events
from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import Any

TIMED: dict[Any, Callable[..., None]] = {}
"""The functions that time the callbacks of loops written in Python, by loop."""


def timer(
    least: float,
    too_long: Callable[[float, float], None],
    failed: Callable[[Any, BaseException], None],
) -> tuple[Callable[[], float], Callable[[], float], Callable[..., None]]:
    """Return three functions: when the callback that runs began, the seconds in callbacks so far, one that times one.

    Errors of a callback go to `failed`; those of a handle never come here, because it hands them on itself. Variables
    of a function cost less than attributes, and this is the code that runs for every callback.
    """
    began = total = 0.0

    def running() -> float:
        return began

    def busy() -> float:
        return total

    def timed(callback: Any, *args: Any) -> None:
        nonlocal began, total
        began = start = perf_counter()
        try:
            callback(*args)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            failed(callback, error)
        finally:
            took = perf_counter() - start
            began = 0.0
            total += took
            if took >= least:
                too_long(start, took)

    return running, busy, timed


def soon(original: Callable[..., Any], timed: Callable[..., None]) -> Callable[..., Any]:
    """Return a `call_soon` that times its callbacks."""

    def call_soon(callback: Any, *args: Any, context: Any = None) -> Any:
        if len(args) == 1:  # a task goes on: the most frequent call, and the cheaper without *
            return original(timed, callback, args[0], context=context)
        if not args:  # a task begins
            return original(timed, callback, context=context)
        return original(timed, callback, *args, context=context)

    return call_soon


@cache
def time_handles() -> None:
    """Time the callbacks of all loops that are written in Python, once for each process."""
    run: Any = events.Handle._run
    find = TIMED.get

    def timed(self: Any) -> None:
        timer = find(self._loop)
        if timer is None:
            run(self)
        else:
            timer(run, self)

    events.Handle._run = timed  # type: ignore[method-assign] # all loops of the process call it
