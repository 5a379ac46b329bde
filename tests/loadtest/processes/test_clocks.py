import os
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import psutil
import pytest

from loadtest.processes.clocks import (
    CoreTime,
    Switches,
    TreeTime,
    core_time,
    process_time,
    switches,
    tree,
    tree_time,
)
from tests.support.stalls import at_best, within

Linux = namedtuple("Linux", "user nice system idle iowait irq softirq steal guest guest_nice")
MacOS = namedtuple("MacOS", "user nice system idle")

TICK = 0.01
"""The resolution in seconds of the times in /proc, such as that of children that have ended."""

COMPUTES = """
import time
end = time.process_time() + {seconds}
while time.process_time() < end:
    pass
"""

WORKER = f"""
import sys, time
{COMPUTES.format(seconds=0.05)}
print(time.process_time(), flush=True)
sys.stdin.read()
"""
"""A program that computes, prints its own CPU time, and waits."""

MASTER = f"""
import subprocess, sys
worker = subprocess.Popen([sys.executable, "-c", {COMPUTES.format(seconds=0.1)!r} + "print(flush=True); input()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
worker.stdout.readline()
print(flush=True)
sys.stdin.readline()
worker.communicate(b"end")
print(flush=True)
sys.stdin.read()
"""
"""A program whose child computes, waits, and ends once the program reads a line."""


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.processes.clocks.throttled", lambda: 0.0)


@contextmanager
def running(program: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """Run a Python program until the context exits, and yield it with a function that reads its next line."""
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        yield process, process.stdout.readline


def test_time_of_guests_is_counted_once_and_interrupts_are_busy_time(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Linux(user=10, nice=2, system=3, idle=80, iowait=4, irq=0.5, softirq=0.75, steal=1, guest=6, guest_nice=1)
    monkeypatch.setattr(psutil, "cpu_times", lambda *, percpu: [core, core][: 2 if percpu else 0])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    monkeypatch.setattr("loadtest.processes.clocks.throttled", lambda: 1.5)
    assert core_time() == CoreTime(busy=34.5, idle=168, stolen=2, interrupts=2.5, throttled=1.5)


@pytest.mark.parametrize(
    ("cores", "expected"),
    [
        (None, CoreTime(busy=11, idle=99, stolen=0)),
        ([0], CoreTime(busy=1, idle=9, stolen=0)),
        ((1,), CoreTime(busy=10, idle=90, stolen=0)),
        ({0, 2}, CoreTime(busy=101, idle=909, stolen=0)),
    ],
)
def test_only_usable_or_chosen_cores_are_counted(
    cores: list[int] | None, expected: CoreTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [Linux(each, 0, 0, 9 * each, 0, 0, 0, 0, 0, 0) for each in (1, 10, 100)]
    monkeypatch.setattr(psutil, "cpu_times", lambda **_: rows)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    assert core_time(cores) == expected


def test_a_core_that_is_offline_has_no_row(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [Linux(each, 0, 0, 9 * each, 0, 0, 0, 0, 0, 0) for each in (1, 10, 100)]
    monkeypatch.setattr(psutil, "cpu_times", lambda **_: rows)
    statistics = tmp_path / "stat"
    statistics.write_text("cpu  1 2 3\ncpu0 1 2 3\ncpu2 1 2 3\ncpu3 1 2 3\nintr 5\n")
    monkeypatch.setattr("loadtest.processes.clocks.STATISTICS", statistics)
    assert core_time([2]).busy == 10
    assert core_time([0, 3]).busy == 101


def test_a_system_without_affinity_and_without_steal_has_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_times", lambda **_: [MacOS(1, 2, 3, 4)])
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert core_time() == CoreTime(busy=6, idle=4, stolen=0)


def test_a_difference_of_clocks_is_taken_column_by_column() -> None:
    assert CoreTime(5, 7, 1, 2, 9).since(CoreTime(2, 3, 1, 0.5, 8)) == CoreTime(3, 4, 0, 1.5, 1)


@pytest.mark.parametrize(
    ("allowed", "used", "share"), [(None, 0.4, 0.25), (0.5, 0.4, 0.8), (0.5, 0.52, 1.0), (2.0, 0.4, 0.25)]
)
def test_a_quota_can_be_busier_than_the_machine(
    allowed: float | None, used: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.processes.clocks.quota", lambda: allowed)
    assert CoreTime(busy=1, idle=3, stolen=0).busy_share(used) == share


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's times are less exact")
def test_the_clock_of_a_process_is_the_one_that_it_reads_itself() -> None:
    before = time.process_time()
    read = process_time(psutil.Process())
    assert before <= read <= time.process_time()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system's times are less exact")
@at_best()  # a host that stalls may count as CPU time
def test_the_clock_of_another_process_agrees_with_its_own() -> None:
    with running(WORKER) as (process, line):
        told = float(line())
        read = process_time(psutil.Process(process.pid))
    assert read >= told
    within(1.03 * told, read)


def test_a_system_without_such_clocks_has_those_in_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    before = time.process_time()
    read = process_time(psutil.Process())
    assert before - 3 * TICK <= read <= time.process_time() + 3 * TICK
    assert switches([psutil.Process()]) is None


def test_a_process_that_has_exited_has_no_time_and_no_tree() -> None:
    with running("") as (process, _):
        gone = psutil.Process(process.pid)
        process.communicate()
    with pytest.raises(psutil.NoSuchProcess):
        process_time(gone)
    assert tree(gone.pid) == []
    assert tree_time([gone]) == TreeTime({}, 0.0)
    if sys.platform == "linux":
        assert switches([gone]) == Switches(0, 0)


def test_the_time_of_a_child_counts_while_it_runs_and_once_it_has_ended() -> None:
    with running(MASTER) as (process, line):
        line()
        alive = tree_time(tree(process.pid))
        assert len(alive.own) == 2
        assert sum(alive.own.values()) >= 0.1
        assert alive.ended == 0
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
        line()
        after = tree_time(tree(process.pid))
        assert list(after.own) == [process.pid]
        assert after.ended >= 0.1 - 2 * TICK
        assert after.since(alive) >= -2 * TICK  # nothing is lost with the child


def test_a_difference_of_trees_is_what_all_processes_and_each_living_one_spent() -> None:
    before, after = TreeTime({1: 1.0, 2: 2.0}, 0.5), TreeTime({1: 1.5, 3: 0.25}, 2.75)
    assert after.since(before) == 1.0
    assert after.each_since(before) == [0.5, 0.25]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts the switches of each thread")
def test_the_switches_of_every_thread_count() -> None:
    enough, over = Event(), Event()

    def wait() -> None:
        for _ in range(50):
            time.sleep(0.0001)
        enough.set()
        over.wait()

    before = switches([psutil.Process()])
    thread = Thread(target=wait)
    thread.start()
    enough.wait()
    after = switches([psutil.Process()])
    over.set()
    thread.join()
    assert before
    assert after
    assert after.since(before).voluntary >= 50
    assert before.since(after) == Switches(0, 0)  # threads that end take their count along
