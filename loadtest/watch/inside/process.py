"""The watch of this process: it begins with the first loop, and anew in each process that is forked."""

from __future__ import annotations

import atexit
import os
import sys
from _thread import allocate_lock
from contextlib import suppress
from functools import cache
from typing import Any

from .stacks import own_paths
from .watchdog import PATIENCE, Watchdog
from .watched import Watched

WATCH = "_sync_vs_async_watch"
"""The attribute of a loop that holds its watch."""

_of: dict[int, Watchdog] = {}
"""The watchdog of this process, by the number of the process."""

_forking = allocate_lock()
"""Held while a thread forks."""

_stopped: list[Watchdog] = []
"""The watchdog while a thread forks."""


def changed(before: Any, loop: Any, settings: str) -> None:
    """Note that another loop runs in this thread, or none. `settings`: as `injection` writes them."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        return  # frames of other threads cannot be read while these run
    dog = _of.get(os.getpid()) or _watchdog(settings)
    try:
        if before is not None and (watched := _known(before)) is not None:
            dog.end(watched)
        if loop is not None:
            watched = _known(loop)
            if watched is None:
                watched = dog.watch_of(loop)
                setattr(loop, WATCH, watched)
            dog.begin(watched, loop)
    except Exception as error:
        dog.fault(error)


def _known(loop: Any) -> Watched | None:
    """Return the watch that a loop has in this process."""
    watched: Watched | None = getattr(loop, "__dict__", {}).get(WATCH)
    return watched if watched is not None and watched.watch.process == os.getpid() else None


def _watchdog(settings: str) -> Watchdog:
    _prepare()
    folder, least, burst, *own = settings.split("\n")
    own_paths(own)
    return _of.setdefault(os.getpid(), Watchdog(folder, float(least), float(burst)))


@cache
def _prepare() -> None:
    """Keep the thread of the watchdog from forks and from the end of the interpreter."""
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_forked)
    atexit.register(_exit)


def _before_fork() -> None:
    _forking.acquire(timeout=2 * PATIENCE)
    dog = _of.get(os.getpid())
    if dog is not None and dog.stop():
        _stopped.append(dog)


def _after_fork() -> None:
    try:
        while _stopped:
            _stopped.pop().resume()
    finally:
        with suppress(RuntimeError):
            _forking.release()


def _forked() -> None:
    """Forget the loops of the process that has forked this one."""
    _stopped.clear()
    with suppress(RuntimeError):
        _forking.release()
    for dog in _of.values():
        dog.forget()
    _of.clear()


def _exit() -> None:
    dog = _of.get(os.getpid())
    if dog is not None:
        dog.stop()
