"""Processes and threads bound to cores, and free again afterwards."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Event, Thread, get_native_id

import psutil
import pytest

from loadtest.contenders.cores import usable
from loadtest.processes.affinity import bound, confined, inherited

CORES = sorted(usable() or ())

pytestmark = pytest.mark.skipif(len(CORES) < 2, reason="needs two cores, and a system that binds processes to cores")

ALL = set(CORES)
FIRST = set(CORES[:1])

NOTHING = "import sys; print(flush=True); sys.stdin.read()"

PARENT = f"""
import subprocess, sys, threading
started = []
def start():
    started.append(subprocess.Popen([sys.executable, "-c", {NOTHING!r}], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    started[-1].stdout.readline()
threading.Thread(target=threading.Event().wait, daemon=True).start()
start()
print(flush=True)
for line in sys.stdin:
    start()
    print(flush=True)
for each in started:
    each.communicate()
"""
"""A process with a second thread and a child, which starts another child for each line that it reads."""


@contextmanager
def waiting() -> Iterator[int]:
    """Run a second thread that waits until the context exits, and yield its id."""
    told: list[int] = []
    started, over = Event(), Event()

    def wait() -> None:
        told.append(get_native_id())
        started.set()
        over.wait()

    thread = Thread(target=wait)
    thread.start()
    started.wait()
    try:
        yield told[0]
    finally:
        over.set()
        thread.join()


@contextmanager
def running(program: str) -> Iterator[subprocess.Popen[str]]:
    """Run a Python program until the context exits, and yield it once it has printed a line."""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield process


def cores_of(root: int) -> list[set[int]]:
    """Return the cores of each thread of a process and its children, without duplicates."""
    master = psutil.Process(root)
    threads = [thread.id for process in (master, *master.children(recursive=True)) for thread in process.threads()]
    found = [os.sched_getaffinity(thread) for thread in threads]
    return [cores for place, cores in enumerate(found) if cores not in found[:place]]


def test_a_process_that_is_started_meanwhile_keeps_to_the_cores_and_only_this_thread_was_bound() -> None:
    with waiting() as other, ExitStack() as started:
        with inherited(FIRST):
            assert os.sched_getaffinity(other) == ALL
            process = started.enter_context(running(NOTHING))
        assert os.sched_getaffinity(0) == ALL
        assert cores_of(process.pid) == [FIRST]


def test_all_threads_of_this_process_are_confined_and_come_back() -> None:
    with waiting() as other:
        with confined(FIRST):
            assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == FIRST
            with running(NOTHING) as process:
                assert cores_of(process.pid) == [FIRST]
        assert os.sched_getaffinity(0) == os.sched_getaffinity(other) == ALL


def test_each_thread_comes_back_to_the_cores_that_it_had() -> None:
    with waiting() as other:
        os.sched_setaffinity(other, FIRST)
        with confined(ALL):
            assert os.sched_getaffinity(other) == ALL
        assert os.sched_getaffinity(other) == FIRST
        assert os.sched_getaffinity(0) == ALL


def test_a_running_process_is_bound_with_its_threads_and_children_and_those_it_starts_meanwhile() -> None:
    with running(PARENT) as process:
        assert process.stdin
        assert process.stdout
        assert cores_of(process.pid) == [ALL]
        with bound(process.pid, FIRST):
            assert os.sched_getaffinity(0) == ALL
            process.stdin.write("another\n")
            process.stdin.flush()
            process.stdout.readline()
            assert len(psutil.Process(process.pid).children()) == 2
            assert cores_of(process.pid) == [FIRST]
        assert os.sched_getaffinity(process.pid) == ALL


BINDINGS: list[Callable[[set[int]], AbstractContextManager[None]]] = [
    confined,
    inherited,
    lambda cores: bound(os.getpid(), cores),
]


@pytest.mark.parametrize("binding", BINDINGS, ids=["confined", "inherited", "bound"])
def test_a_failure_in_the_context_frees_the_cores_too(
    binding: Callable[[set[int]], AbstractContextManager[None]],
) -> None:
    def fail() -> None:
        with binding(FIRST):
            assert os.sched_getaffinity(0) == FIRST
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.sched_getaffinity(0) == ALL


@pytest.mark.parametrize("binding", BINDINGS, ids=["confined", "inherited", "bound"])
def test_without_cores_nothing_is_bound_nor_asked_of_a_system_that_cannot(
    binding: Callable[[set[int]], AbstractContextManager[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as elsewhere:
        for name in ("sched_getaffinity", "sched_setaffinity"):
            elsewhere.delattr(os, name)
        with binding(set()):
            pass
    assert os.sched_getaffinity(0) == ALL


def test_a_thread_that_ends_while_its_process_is_bound_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    known = os.sched_getaffinity

    with waiting() as other, monkeypatch.context() as ending:

        def ended(thread: int) -> set[int]:
            if thread == other:
                raise ProcessLookupError
            return known(thread)

        ending.setattr(os, "sched_getaffinity", ended)
        with confined(FIRST):
            assert known(0) == FIRST
            assert known(other) == ALL
    assert known(0) == ALL


def test_a_process_that_exits_while_it_is_bound_is_no_error() -> None:
    with running(NOTHING) as process, bound(process.pid, FIRST):
        process.communicate()
