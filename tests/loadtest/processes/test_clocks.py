import os
import time
from collections import namedtuple

import psutil
import pytest

from loadtest.processes.clocks import MachineTime, machine_time, process_time

Linux = namedtuple("Linux", "user nice system idle iowait irq softirq steal guest guest_nice")
MacOS = namedtuple("MacOS", "user nice system idle")


@pytest.fixture(autouse=True)
def _no_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.processes.clocks.throttled", lambda: 0.0)


def test_time_of_guests_is_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    core = Linux(user=10, nice=2, system=3, idle=80, iowait=4, irq=0.5, softirq=0.5, steal=1, guest=6, guest_nice=1)
    monkeypatch.setattr(psutil, "cpu_times", lambda *, percpu: [core, core][: 2 if percpu else 0])
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)
    monkeypatch.setattr("loadtest.processes.clocks.throttled", lambda: 1.5)
    assert machine_time() == MachineTime(busy=34, idle=168, stolen=2, throttled=1.5)


def test_only_usable_cores_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = [Linux(1, 0, 0, 9, 0, 0, 0, 0, 0, 0), Linux(100, 0, 0, 900, 0, 0, 0, 0, 0, 0)]
    monkeypatch.setattr(psutil, "cpu_times", lambda **_: cores)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0}, raising=False)
    assert machine_time() == MachineTime(busy=1, idle=9, stolen=0)


def test_a_system_without_affinity_and_without_steal_has_clocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_times", lambda **_: [MacOS(1, 2, 3, 4)])
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine_time() == MachineTime(busy=6, idle=4, stolen=0)


def test_a_difference_of_clocks_is_taken_column_by_column() -> None:
    assert MachineTime(5, 7, 1, 9).since(MachineTime(2, 3, 1, 8)) == MachineTime(3, 4, 0, 1)


@pytest.mark.parametrize(
    ("allowed", "used", "share"), [(None, 0.4, 0.25), (0.5, 0.4, 0.8), (0.5, 0.52, 1.0), (2.0, 0.4, 0.25)]
)
def test_a_quota_can_be_busier_than_the_machine(
    allowed: float | None, used: float, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loadtest.processes.clocks.quota", lambda: allowed)
    assert MachineTime(busy=1, idle=3, stolen=0).busy_share(used) == share


def test_a_process_that_computes_uses_its_clock() -> None:
    before, end = process_time(psutil.Process()), time.process_time() + 0.1
    while time.process_time() < end:
        pass
    assert process_time(psutil.Process()) - before >= 0.08  # ticks of 10 ms
