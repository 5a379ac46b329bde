"""Bind processes to cores."""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress

import psutil

from .clocks import tree


@contextmanager
def confined(cores: Collection[int]) -> Iterator[None]:
    """Bind this process to `cores` until the context exits, with the processes that it starts meanwhile.

    Without any cores, nothing is bound.
    """
    with _bound([psutil.Process()], cores):
        yield


@contextmanager
def bound(root: int, cores: Collection[int]) -> Iterator[None]:
    """Bind a running process and its children to `cores`, as in `confined`, until the context exits."""
    with _bound(tree(root), cores):
        yield


@contextmanager
def inherited(cores: Collection[int]) -> Iterator[None]:
    """Bind only this thread until the context exits, so that the processes that it starts meanwhile keep to `cores`."""
    before = os.sched_getaffinity(0) if cores else ()
    try:
        if cores:
            os.sched_setaffinity(0, cores)
        yield
    finally:
        if before:
            os.sched_setaffinity(0, before)


@contextmanager
def _bound(processes: list[psutil.Process], cores: Collection[int]) -> Iterator[None]:
    before = dict(_allowed(processes)) if cores else {}
    try:
        for thread in before:
            _bind(thread, cores)
        yield
    finally:
        for thread, allowed in before.items():
            _bind(thread, allowed)


def _allowed(processes: list[psutil.Process]) -> Iterator[tuple[int, set[int]]]:
    """Yield the id of each living thread with its cores: on Linux each thread has cores of its own."""
    for process in processes:
        with suppress(psutil.Error):
            for thread in process.threads():
                with suppress(ProcessLookupError):  # it has ended meanwhile
                    yield thread.id, os.sched_getaffinity(thread.id)


def _bind(thread: int, cores: Collection[int]) -> None:
    with suppress(ProcessLookupError):
        os.sched_setaffinity(thread, cores)
